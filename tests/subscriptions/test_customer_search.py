"""Search on the Customers list: what finds a customer, and that nothing finds another company's."""

import time
import uuid
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from catalogue.models import Price
from core import clock
from customers.models import Customer
from subscriptions.customer_list.search import id_range, words_of
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory

Browser = Callable[[User | None], Client]
LIST = reverse("customers:list")
CUSTOMER_ID = uuid.UUID("6fd1a2b3-c4d5-4e6f-8a9b-0c1d2e3f4a5b")
SUBSCRIPTION_ID = uuid.UUID("deadbeef-1234-4abc-9def-0123456789ab")


def listed(browser: Client, typed: str) -> list[str]:
    """The names found."""
    response = browser.get(f"{LIST}?{urlencode({'q': typed})}")
    assert response.status_code == 200
    return [record.company_name for record in response.context["table"].records]


@pytest.fixture
def bakery(provider: Partner, reseller: Partner, price: Price) -> Customer:
    """A customer with everything by which one can be found, beside one that is found by none of it."""
    other = CustomerFactory(provider=provider, company_name="Another", managed_by=reseller)
    SubscriptionFactory(customer=other, sku=price.sku)
    made = CustomerFactory(
        provider=provider,
        managed_by=reseller,
        company_name="Padaria São João",
        domain_prefix="padaria1",
        registration_id="11222333000181",
        contact_email="compras@trigo.example",
        microsoft_id=CUSTOMER_ID,
    )
    SubscriptionFactory(customer=made, sku=price.sku, subscription_id=SUBSCRIPTION_ID)
    return made


TERMS = {
    "a part of the name": "ADARI",
    "without the accents": "sao joao",
    "with other accents": "SÃO JOÂO",
    "domain": "padaria1.onmicrosoft",
    "e-mail": "compras@trigo.ex",
    "registration ID": "11222333000181",
    "its part": "22233300",
    "with separators": "11.222.333/0001-81",
    "with some separators": "11.222.333",
    "with blanks": "11.222.333 / 0001 - 81",
    "with typographic hyphens": "11.222.333/0001\u201381",
    "with words": "padaria 11.222.333/0001-81 trigo",
    "Microsoft ID": str(CUSTOMER_ID),
    "Microsoft ID in capitals": str(CUSTOMER_ID).upper(),
    "Microsoft ID without hyphens": CUSTOMER_ID.hex,
    "its beginning": "6fd1a2b3",
    "its beginning without hyphens": "6FD1A2B3C4D54",
    "subscription ID": str(SUBSCRIPTION_ID),
    "subscription ID in braces": f"{{{SUBSCRIPTION_ID}}}".upper(),
    "subscription ID without hyphens": SUBSCRIPTION_ID.hex,
    "its first eight digits": "deadbeef",
    "its beginning, up to a hyphen": "DEADBEEF-",
    "its beginning with a hyphen": "deadbeef-12",
    "its beginning, hyphen elsewhere": "deadbeef12-34",
    "beside another word": "padaria deadbeef-1234",
}


@pytest.mark.parametrize("typed", TERMS.values(), ids=TERMS)
def test_a_customer_is_found_by(bakery: Customer, admin: Actor, signed_in: Browser, typed: str) -> None:
    assert listed(signed_in(admin.user), typed) == ["Padaria São João"]


@pytest.mark.parametrize("typed", TERMS.values(), ids=TERMS)
def test_its_reseller_finds_it_too(bakery: Customer, reseller: Partner, signed_in: Browser, typed: str) -> None:
    assert listed(signed_in(actor_of(reseller).user), typed) == ["Padaria São João"]


@pytest.mark.parametrize("typed", TERMS.values(), ids=TERMS)
def test_nobody_else_finds_it(bakery: Customer, provider: Partner, signed_in: Browser, typed: str) -> None:
    canary = "Padaria"
    rival = PartnershipFactory(provider=provider).reseller
    CustomerFactory(provider=provider, managed_by=rival, company_name="Rival's own")
    former = PartnershipFactory(provider=provider).reseller
    bakery.reseller_relationships.update(ends_at=clock.now())
    CustomerFactory(provider=provider, managed_by=former)
    stranger = PartnerFactory()
    CustomerFactory(provider=stranger, company_name="Stranger's own")
    for company in (rival, former, stranger):
        browser = signed_in(actor_of(company).user)
        response = browser.get(f"{LIST}?{urlencode({'q': typed})}")
        assert response.context["listing"].page.count == 0
        page = response.content.decode().replace(response.context["filter_form"]["q"].as_widget(), "")
        chips = "".join(chip["value"] for chip in response.context["chips"])
        assert canary not in page.replace(chips, "")
        assert bakery.domain not in page


@pytest.mark.parametrize(
    "typed", ["deadbee", "eadbeef1", "deadbeef-1235", "deadbeefdeadbeef", "padaria deadbeee", "beef-1234", "%", "a_a"]
)
def test_what_begins_no_id_and_occurs_nowhere_finds_nothing(
    bakery: Customer, admin: Actor, signed_in: Browser, typed: str
) -> None:
    assert listed(signed_in(admin.user), typed) == []


def test_a_deleted_subscription_still_leads_to_its_customer(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    bakery.subscriptions.update(status="deleted")
    assert listed(signed_in(admin.user), "deadbeef") == ["Padaria São João"]


def test_search_and_filters_narrow_together(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    assert listed(browser, "padaria") == ["Padaria São João"]
    for query in ("q=deadbeef&status=pending", "q=deadbeef&reseller=none", "q=deadbeef&agreement=accepted"):
        assert browser.get(f"{LIST}?{query}").context["table"].records == []


@pytest.mark.parametrize(("typed", "queries"), [("padaria", 8), ("padaria deadbeef deadbeef-1", 9)])
def test_search_takes_one_query_more_for_ids_and_none_for_words(
    bakery: Customer, admin: Actor, signed_in: Browser, django_assert_num_queries: Callable, typed: str, queries: int
) -> None:
    browser = signed_in(admin.user)
    browser.get(LIST)
    with django_assert_num_queries(queries):
        assert listed(browser, typed) == ["Padaria São João"]


def test_an_id_is_looked_up_as_a_range_of_its_index(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    with CaptureQueriesContext(connection) as captured:
        listed(browser, "deadbeef")
    [found] = [query["sql"] for query in captured if "BETWEEN" in query["sql"]]
    assert '"subscriptions_subscription"."subscription_id" BETWEEN' in found
    assert "LIKE" not in found


# --- bad input --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["q", "reseller", "country", "status", "agreement", "azure", "sort", "open", "after"])
@pytest.mark.parametrize(
    "raw", ["%00", "a%00b", "%ED%A0%80", "%FF%FE", "%F0%9F%92%A9", "%E2%80%AE", quote("' OR 1=1 --"), "x" * 3000]
)
def test_no_value_breaks_the_list(bakery: Customer, admin: Actor, signed_in: Browser, name: str, raw: str) -> None:
    response = signed_in(admin.user).get(f"{LIST}?{name}={raw}")
    assert response.status_code in (200, 400)
    if raw == "x" * 3000 and name == "q":
        assert "must be 200 characters or fewer" in response.content.decode()
        assert response.context["table"].records == []


@pytest.mark.parametrize("typed", ["%" * 200, "_" * 200, "\\" * 200, "% " * 100, "(a+)+" * 40, "-" * 200, "0" * 200])
def test_no_pattern_is_slow_or_matches_by_itself(
    bakery: Customer, admin: Actor, signed_in: Browser, typed: str
) -> None:
    browser = signed_in(admin.user)
    browser.get(LIST)
    began = time.process_time()
    assert listed(browser, typed) == []
    assert time.process_time() - began < 0.3


# --- the parts --------------------------------------------------------------------------------------------------------
def test_words_are_folded_and_few() -> None:
    assert words_of(" Á  b\tC ") == ["a", "b", "c"]
    assert words_of("12 / 34 - 5") == ["12", "34", "5"]
    assert words_of("- /") == ["-", "/"]
    assert words_of("a b c d e f g h") == ["a", "b", "c", "d", "e", "f"]
    assert words_of("") == []


@pytest.mark.parametrize("word", ["", "deadbee", "deadbeeg", "0" * 33, "padaria1"])
def test_what_is_too_short_too_long_or_no_hex_begins_no_id(word: str) -> None:
    assert id_range(word) is None


def test_an_id_is_a_range_of_one() -> None:
    assert id_range(str(SUBSCRIPTION_ID)) == (SUBSCRIPTION_ID, SUBSCRIPTION_ID)
    assert id_range("deadbeef-1") == (
        uuid.UUID("deadbeef-1000-0000-0000-000000000000"),
        uuid.UUID("deadbeef-1fff-ffff-ffff-ffffffffffff"),
    )
