"""Export of the Customers list: exactly what is filtered, with the columns that were chosen, and nothing of others."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import export as core_export
from customers.models import Customer, CustomerAgreement, ResellerRelationship
from subscriptions.customer_list.columns import COLUMNS, columns_for
from subscriptions.models import Subscription
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnershipFactory, SubscriptionFactory
from tests.races import at_once

Browser = Callable[[User | None], Client]
LIST, EXPORT = reverse("customers:list"), reverse("customers:export")
DAY = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)


def read(response, separator: str = ",") -> list[list[str]]:
    """The lines of the file."""
    assert response.status_code == 200, response
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator))


def exported(browser: Client, *columns: str, separator: str = ",", **query: str) -> list[list[str]]:
    """The lines of the file with these columns."""
    return read(browser.post(f"{EXPORT}?{urlencode(query)}", {"columns": list(columns)}), separator)


@pytest.fixture
def bakery(provider: Partner, reseller: Partner, admin: Actor) -> Customer:
    """A Brazilian bakery with everything that a line can say."""
    made = CustomerFactory(
        provider=provider,
        managed_by=reseller,
        company_name="Padaria; São João",
        domain_prefix="padaria",
        country="BR",
        city="São Paulo",
        state="SP",
        postal_code="01310-100",
        registration_id="11222333000181",
        qualification=Customer.Qualification.EDUCATION,
        contact_email="+1@padaria.example",
        contact_phone="+5511987654321",
        created_at=DAY - timedelta(days=9),
        changed_at=DAY,
    )
    for quantity, status in ((1200, "active"), (5, "suspended"), (70, "deleted")):
        SubscriptionFactory(customer=made, quantity=quantity, status=status)
    for days in (3, 5):
        CustomerAgreement.objects.create(
            customer=made,
            accepted_on=DAY.date() - timedelta(days=days),
            first_name="Ana",
            last_name="Lima",
            email="ana@padaria.example",
            confirmed_by=made.created_by,
        )
    return made


def test_every_column(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    response = signed_in(admin.user).post(EXPORT, {"columns": [column.key for column in columns_for(admin)]})
    assert header_faults(response) == []
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = response.headers["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename\*=UTF-8''Customers%20\d{4}-\d\d-\d\d\.csv", name)
    header, line = read(response)
    assert dict(zip(header, line, strict=True)) == {
        "Microsoft ID": str(bakery.microsoft_id),
        "Company name": "Padaria; São João",
        "Primary domain name": "padaria.onmicrosoft.com",
        "Country or region": "Brazil",
        "Status": "Active",
        "Indirect reseller": "Fabrikam",
        "MPN ID": "0012345",
        "Company registration ID": "11.222.333/0001-81",
        "Primary contact": "Ana Lima",
        "E-mail address": "'+1@padaria.example",
        "Telephone number": "'+5511987654321",
        "Subscriptions": "2",
        "Licenses": "1205",
        "Customer agreement accepted on": "2026-03-11",
        "Special qualification": "Education",
        "City": "São Paulo",
        "State or province": "SP",
        "Postal code": "01310-100",
        "Created": "2026-03-05 23:30+00:00",
        "Changed": "2026-03-14 23:30+00:00",
    }


def test_a_customer_that_has_nothing_leaves_cells_empty(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory(provider=provider)
    columns = ("reseller", "mpn_id", "registration_id", "subscriptions", "licenses", "accepted_on")
    assert exported(signed_in(admin.user), *columns)[1] == ["", "", "", "0", "0", ""]


def test_only_the_chosen_columns_in_the_order_of_the_page(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    header, line = exported(signed_in(admin.user), "licenses", "company_name", "reseller")
    assert (header, line) == (
        ["Company name", "Indirect reseller", "Licenses"],
        ["Padaria; São João", "Fabrikam", "1205"],
    )


def test_brazilians_get_semicolons_their_own_words_and_their_own_time(
    bakery: Customer, admin: Actor, signed_in: Browser
) -> None:
    User.objects.filter(pk=admin.user.pk).update(language="pt-br", time_zone="America/Sao_Paulo")
    columns = ("company_name", "country", "licenses", "changed_at")
    header, line = exported(signed_in(admin.user), *columns, separator=";")
    assert header[1] == "País ou região"
    assert line == ["Padaria; São João", "Brasil", "1205", "2026-03-14 20:30-03:00"]


# --- what is in it ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    [
        "q=padaria",
        "q=11.222.333/0001-81",
        "status=under_review",
        "reseller=none",
        "agreement=none&sort=company_name",
        "agreement=accepted",
        "sort=-company_name&per_page=100",
        "sort=created",
        "sort=nothing",
        "q=nobody",
        "q=bakery&status=active&reseller=none&agreement=none&sort=-created",
    ],
)
def test_exactly_what_is_filtered_and_in_its_order(
    bakery: Customer, provider: Partner, admin: Actor, signed_in: Browser, query: str
) -> None:
    CustomerFactory.create_batch(3, provider=provider)
    CustomerFactory(provider=provider, status=Customer.Status.UNDER_REVIEW)
    CustomerFactory(company_name="Padaria of somebody else")
    browser = signed_in(admin.user)
    shown = browser.get(f"{LIST}?{query}").context["listing"].page.rows
    lines = read(browser.post(f"{EXPORT}?{query}", {"columns": ["microsoft_id"]}))
    assert [line[0] for line in lines[1:]] == [str(row.microsoft_id) for row in shown]


def test_the_place_in_the_list_cuts_nothing_off(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    CustomerFactory.create_batch(30, provider=provider)
    browser = signed_in(admin.user)
    second = browser.get(browser.get(LIST).context["listing"].next_url)
    assert len(second.context["listing"].page.rows) == 5
    query = second.wsgi_request.GET.urlencode()
    assert "after" in query
    assert len(read(browser.post(f"{EXPORT}?{query}", {"columns": ["company_name"]}))) == 31


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "|calc",
        "\uff1d1+1",
        " =1",
        "\u200b=1",
        "%0a",
        '"x";=1',
        "=cmd|' /C calc'!A0",
    ],
)
def test_no_cell_is_a_formula_and_numbers_stay_numbers(
    bakery: Customer, reseller: Partner, admin: Actor, signed_in: Browser, text: str
) -> None:
    texts = ("company_name", "contact_first_name", "contact_email", "contact_phone", "city", "state", "postal_code")
    Customer.objects.update(**dict.fromkeys(texts, text[:20]), registration_id=text[:20])
    Partner.objects.filter(pk=reseller.pk).update(legal_name=text, mpn_id=text[:12])
    header, line = exported(signed_in(admin.user), *[column.key for column in columns_for(admin)])
    cells = dict(zip(header, line, strict=True))
    assert (cells["Subscriptions"], cells["Licenses"]) == ("2", "1205")
    if text != '"x";=1':
        for label in (
            "Company name",
            "Indirect reseller",
            "MPN ID",
            "Telephone number",
            "City",
            "Company registration ID",
        ):
            assert cells[label].startswith("'"), label
    assert cells["Company name"].removeprefix("'") == text


# --- the page ---------------------------------------------------------------------------------------------------------
def test_the_page_says_what_the_file_will_hold(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    query = {"q": "padaria", "status": "active", "sort": "company_name"}
    browser = signed_in(admin.user)
    response = browser.get(f"{EXPORT}?{urlencode(query)}&after=x&open=y&new=z&before=w")
    page = response.content.decode()
    assert response.context["filters"] == [("Search by name, domain, ID or e-mail", "padaria"), ("Status", "Active")]
    assert "The file holds 1 customer," in page
    assert f'action="{EXPORT}?{urlencode(query).replace("&", "&amp;")}"' in page
    assert f'href="{LIST}?{urlencode(query).replace("&", "&amp;")}"' in page
    boxes = re.findall(r'<input type="checkbox"[^>]* name="columns" value="(\w+)"[^>]* checked', page)
    assert boxes == [column.key for column in COLUMNS if column.key != "provider"]
    assert "data-busy-guard" not in page[page.index(f'action="{EXPORT}') - 200 : page.index(f'action="{EXPORT}') + 200]
    assert html_faults(page) == []
    assert not ActivityRecord.objects.filter(action="customers.exported").exists()


def test_the_list_leads_to_the_page_with_its_filters(bakery: Customer, admin: Actor, signed_in: Browser) -> None:
    browser = signed_in(admin.user)
    page = browser.get(f"{LIST}?q=padaria&sort=company_name&open=x&new=y").content.decode()
    assert f'href="{EXPORT}?q=padaria&amp;sort=company_name"' in page
    assert EXPORT not in browser.get(f"{LIST}?q=nobody").content.decode()


@pytest.mark.parametrize("columns", [[], ["provider"], ["company_name", "password"], ["\x00"], ["x" * 5000]])
def test_a_choice_that_is_none_is_asked_again(
    bakery: Customer, admin: Actor, signed_in: Browser, columns: list[str]
) -> None:
    response = signed_in(admin.user).post(f"{EXPORT}?q=padaria", {"columns": columns})
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.context["form"].errors["columns"]
        assert html_faults(response.content.decode()) == []
    if not columns:
        assert "Choose at least one column." in response.content.decode()
    assert not ActivityRecord.objects.filter(action="customers.exported").exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_filter_that_is_not_understood_exports_nothing(
    bakery: Customer, admin: Actor, signed_in: Browser, method: str
) -> None:
    response = getattr(signed_in(admin.user), method)(f"{EXPORT}?status=wrong&q=a&open=x")
    assert (response.status_code, response.url) == (302, f"{LIST}?status=wrong&q=a")
    assert not ActivityRecord.objects.filter(action="customers.exported").exists()


def test_the_page_takes_as_many_queries_for_three_as_for_one(
    provider: Partner, admin: Actor, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    browser = signed_in(admin.user)
    for customers in (1, 2):
        CustomerFactory.create_batch(customers, provider=provider)
        browser.get(EXPORT)
        with django_assert_num_queries(6):
            browser.get(EXPORT)


# --- who --------------------------------------------------------------------------------------------------------------
def test_a_reseller_takes_its_own_customers_and_learns_of_nobody_else(
    bakery: Customer, provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    rival = PartnershipFactory(provider=provider, reseller__legal_name="Rival services").reseller
    CustomerFactory(provider=provider, managed_by=rival, company_name="Rival's customer")
    CustomerFactory(provider=provider, company_name="Direct customer")
    former = CustomerFactory(provider=provider, managed_by=reseller, company_name="Former customer")
    ResellerRelationship.objects.filter(customer=former).update(ends_at=DAY + timedelta(days=900))
    other = PartnershipFactory(reseller=reseller, provider__legal_name="Tailwind").provider
    CustomerFactory(provider=other, managed_by=reseller, company_name="Tailwind's customer", changed_at=DAY)
    actor = actor_of(reseller)
    keys = [column.key for column in columns_for(actor)]
    assert "reseller" not in keys
    assert "mpn_id" not in keys
    browser = signed_in(actor.user)
    lines = exported(browser, *keys)
    at = {title: place for place, title in enumerate(lines[0])}
    found = [(line[at["Company name"]], line[at["Indirect provider"]]) for line in lines[1:]]
    assert sorted(found) == [("Padaria; São João", "Northwind"), ("Tailwind's customer", "Tailwind")]
    assert exported(browser, "company_name", q="rival") == [["Company name"]]
    for key in ("reseller", "mpn_id"):
        assert browser.post(EXPORT, {"columns": [key]}).context["form"].errors["columns"]
    for line in exported(signed_in(actor_of(rival).user), "company_name", "subscriptions", "accepted_on")[1:]:
        assert line == ["Rival's customer", "0", ""]


def test_who_may_export(bakery: Customer, provider: Partner, signed_in: Browser, client: Client) -> None:
    assert len(exported(signed_in(actor_of(provider, Role.HELPDESK_AGENT).user), "company_name")) == 2
    assert client.post(EXPORT, {"columns": ["company_name"]}).status_code == 302
    assert client.get(EXPORT).status_code == 302


def test_the_export_is_recorded_without_what_was_in_it(
    bakery: Customer, provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    exported(signed_in(admin.user), "company_name", "licenses", q="padaria", status="active", sort="company_name")
    exported(signed_in(actor_of(reseller).user), "company_name")
    first, second = ActivityRecord.objects.filter(action="customers.exported").order_by("pk")
    assert (first.actor_user_id, first.provider_id, first.reseller_id) == (
        admin.user.pk,
        provider.microsoft_id,
        None,
    )
    assert first.changes == {"columns": ["company_name", "licenses"], "filters": 2}
    assert (second.provider_id, second.reseller_id) == (None, reseller.microsoft_id)
    assert second.changes == {"columns": ["company_name"], "filters": 0}


def test_without_its_record_nothing_is_exported(
    bakery: Customer, admin: Actor, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError

    monkeypatch.setattr("activity.services.ActivityRecord.save", fail)
    browser = signed_in(admin.user)
    with pytest.raises(OperationalError):
        browser.post(EXPORT, {"columns": ["company_name"]})


# --- how it is read ---------------------------------------------------------------------------------------------------
def many(provider: Partner, number: int) -> None:
    made = CustomerFactory.build_batch(number, provider=provider, created_by=CustomerFactory().created_by)
    Customer.objects.bulk_create(made)


@pytest.mark.parametrize(
    ("columns", "queries"),
    [(["company_name", "country"], 1), (["reseller", "mpn_id", "subscriptions", "licenses", "accepted_on"], 1 + 3 * 3)],
)
def test_a_long_file_asks_for_some_hundred_at_a_time(
    provider: Partner,
    admin: Actor,
    signed_in: Browser,
    django_assert_num_queries: Callable,
    columns: list[str],
    queries: int,
) -> None:
    many(provider, 1_100)
    response = signed_in(admin.user).post(EXPORT, {"columns": columns})
    with django_assert_num_queries(queries):
        assert len(read(response)) == 1_101


@pytest.fixture
def pieces(bakery: Customer, provider: Partner, admin: Actor, signed_in: Browser) -> Iterator[bytes]:
    """A file of which the first piece was taken."""
    many(provider, 1_500)
    response = signed_in(admin.user).post(EXPORT, {"columns": ["company_name", "licenses"]})
    pieces = iter(response.streaming_content)
    first = next(pieces)
    assert first.count(b"\n") == 1 + core_export.ROWS_AT_ONCE
    yield pieces
    response.close()
    assert not connection.in_atomic_block


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_file_is_of_one_moment(pieces: Iterator[bytes], bakery: Customer) -> None:
    assert connection.in_atomic_block

    def change() -> None:
        Customer.objects.update(changed_at=DAY + timedelta(days=999), company_name="Changed")
        Subscription.objects.update(quantity=1)

    at_once(change)
    rest = b"".join(pieces).decode()
    assert "Changed" not in rest
    assert "Padaria; São João,1205" in rest
    assert rest.count("\n") == 1_501 - core_export.ROWS_AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_whoever_goes_away_leaves_no_transaction_open(pieces: Iterator[bytes]) -> None:
    """The fixture closes the response in the middle and looks."""
