"""*Not yet handed over*, as a list and on Home."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from core import clock
from customers.credentials import pending
from customers.credentials.pending import not_handed_over, waiting_for_home
from customers.credentials.services import issue_credentials, mark_stored, reissue_credentials, reveal_password
from customers.models import Customer, TemporaryPassword
from customers.services import create_customer
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of, details
from tests.factories import CustomerFactory, PartnerFactory

Browser = Callable[[User | None], Client]
Stage = TemporaryPassword.Stage
URL = reverse("customers:not_handed_over")


def issued_to(prefix: str, by: Actor) -> TemporaryPassword:
    """A new customer whose administrator's password waits to be shown."""
    assert by.partner is not None
    wanted = details(domain_prefix=prefix, company_name=f"Bakery {prefix}")
    customer = create_customer(provider=by.partner, details=wanted, reseller=None, by=by)
    return issue_credentials(customer=customer, session_key="a", by=by)


def reveal(issued: TemporaryPassword, by: Actor) -> None:
    """Look at it."""
    assert reveal_password(temporary_password=issued, session_key="a", by=by)


def found(actor: Actor) -> dict[str, str]:
    """Stage by domain of what the actor sees."""
    return {one.administrator.customer.domain_prefix: one.stage for one in not_handed_over(actor)}


@pytest.fixture
def four(sales: Actor) -> list[TemporaryPassword]:
    """Never shown, shown, stored, and used."""
    made = [issued_to(prefix, sales) for prefix in ("never", "shown", "stored", "used")]
    for issued in made[1:]:
        reveal(issued, sales)
    mark_stored(temporary_password=made[2], by=sales)
    User.objects.filter(pk=made[3].administrator.user.pk).update(must_change_password=False, password_expires_at=None)
    return made


# --- which ------------------------------------------------------------------------------------------------------------
def test_it_holds_what_nobody_stored_and_nobody_used(four: list[TemporaryPassword], sales: Actor) -> None:
    assert found(sales) == {"never": Stage.NOT_SHOWN, "shown": Stage.SHOWN}


def test_it_holds_everything_that_ran_out_unused(four: list[TemporaryPassword], sales: Actor) -> None:
    with time_machine.travel(clock.now() + timedelta(days=8)):
        assert found(sales) == {"never": Stage.EXPIRED, "shown": Stage.EXPIRED, "stored": Stage.EXPIRED}


def test_each_stage_is_filtered_by_the_rule_that_names_it(four: list[TemporaryPassword], sales: Actor) -> None:
    for days in (0, 8):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            rows = TemporaryPassword.objects.all()
            assert {one.pk: one.stage for one in rows} == {
                one.pk: stage for stage in Stage for one in rows.in_stage(stage)
            }


def test_only_the_last_password_of_a_customer_counts(four: list[TemporaryPassword], sales: Actor, admin: Actor) -> None:
    for issued in four[:3]:
        again = reissue_credentials(
            customer=issued.administrator.customer, replaces=issued, reason="lost", session_key="a", by=admin
        )
        reveal(again, admin)
        mark_stored(temporary_password=again, by=admin)
    assert found(sales) == {}


def test_it_is_the_providers_own_and_for_who_hands_passwords_over(
    four: list[TemporaryPassword], provider: Partner, reseller: Partner
) -> None:
    rival = actor_of(PartnerFactory())
    issued_to("theirs", rival)
    CustomerFactory(provider=provider, managed_by=reseller)
    assert set(found(actor_of(provider))) == {"never", "shown"}
    assert set(found(rival)) == {"theirs"}
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller), Actor()):
        assert found(actor) == {}
        assert waiting_for_home(actor) is None


# --- the list ---------------------------------------------------------------------------------------------------------
def test_the_list_says_who_when_and_how_far(
    four: list[TemporaryPassword], sales: Actor, admin: Actor, signed_in: Browser
) -> None:
    issued_to("theirs", actor_of(PartnerFactory()))
    response = signed_in(sales.user).get(URL)
    page = response.content.decode()
    assert (html_faults(page), header_faults(response)) == ([], [])
    for words in ("Bakery never", "Never shown", "Bakery shown", "Shown, not stored", str(sales.user), "Setup info"):
        assert words in page, words
    for words in ("Bakery stored", "Bakery used", "theirs", "Issue a new one"):
        assert words not in page, words
    customer = four[0].administrator.customer
    assert reverse("customers:detail", args=[customer.microsoft_id]) in page
    assert "Issue a new one" in signed_in(admin.user).get(URL).content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=shown", ["shown"]),
        ("?state=not_shown", ["never"]),
        ("?state=expired", []),
        ("?state=nonsense", []),
        ("?q=NEVER", ["never"]),
        ("?sort=customer", ["never", "shown"]),
        ("?sort=-customer", ["shown", "never"]),
        ("?sort=issued", ["never", "shown"]),
        ("?sort=-expires", ["shown", "never"]),
    ],
)
def test_the_list_is_filtered_and_sorted(
    four: list[TemporaryPassword], sales: Actor, signed_in: Browser, query: str, expected: list[str]
) -> None:
    page = signed_in(sales.user).get(URL + query).context["listing"].page
    assert [row.administrator.customer.domain_prefix for row in page.rows] == expected


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number_of_rows(
    sales: Actor, signed_in: Browser, number: int, django_assert_num_queries: Callable
) -> None:
    for one in range(number):
        issued_to(f"number{one}", sales)
    browser = signed_in(sales.user)
    browser.get(URL)
    with django_assert_num_queries(5):
        assert len(browser.get(URL).context["listing"].page.rows) == number


def test_an_empty_list_says_what_appears_there(sales: Actor, signed_in: Browser) -> None:
    assert "Every password is handed over" in signed_in(sales.user).get(URL).content.decode()


def test_from_the_list_who_saw_it_says_that_it_is_stored(
    four: list[TemporaryPassword], sales: Actor, signed_in: Browser
) -> None:
    browser, shown = signed_in(sales.user), four[1]
    address = reverse("customers:credentials", args=[shown.administrator.customer.microsoft_id, shown.public_id])
    assert 'name="stored"' in browser.get(address).content.decode()
    browser.post(f"{address}stored/", {"stored": "on"})
    assert found(sales) == {"never": Stage.NOT_SHOWN}


# --- on Home ----------------------------------------------------------------------------------------------------------
def test_home_lists_the_latest_and_counts_the_rest(
    sales: Actor, signed_in: Browser, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable
) -> None:
    assert "Not yet handed over" not in signed_in(sales.user).get("/").content.decode()
    for number in range(3):
        issued_to(f"number{number}", sales)
    monkeypatch.setattr(pending, "SHOWN_ON_HOME", 2)
    with django_assert_num_queries(2):
        waiting = waiting_for_home(sales)
    assert waiting is not None
    assert [row.administrator.customer.domain_prefix for row in waiting.rows] == ["number2", "number1"]
    assert (waiting.count, waiting.count_text) == (3, "3")
    page = signed_in(sales.user).get("/").content.decode()
    assert html_faults(page) == []
    section = page.partition('aria-labelledby="not-handed-over"')[2].partition("</section>")[0]
    for words in ("Not yet handed over", "Bakery number2", "Bakery number1", "Never shown", URL):
        assert words in section, words
    assert "Bakery number0" not in section
    monkeypatch.setattr(pending, "COUNT_CAP", 3)
    capped = waiting_for_home(sales)
    assert capped is not None
    assert (capped.count, capped.count_text) == (3, "2+")


def test_home_tells_a_helpdesk_agent_nothing_of_passwords(sales: Actor, provider: Partner, signed_in: Browser) -> None:
    issued_to("never", sales)
    helpdesk = actor_of(provider, Role.HELPDESK_AGENT)
    assert "Not yet handed over" not in signed_in(helpdesk.user).get("/").content.decode()


def test_home_asks_once_when_little_waits(sales: Actor, django_assert_num_queries: Callable) -> None:
    issued_to("never", sales)
    with django_assert_num_queries(1):
        waiting = waiting_for_home(sales)
    assert waiting is not None
    customer = Customer.objects.get()
    assert [row.administrator.customer for row in waiting.rows] == [customer]
