"""Companies are told of what is to be decided: in time, once, of their own alone, in the language of who reads it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from customers.models import Customer
from mail.models import OutgoingEmail
from subscriptions.changing import change_subscription
from subscriptions.clockwork import run_due
from subscriptions.decisions import digests
from subscriptions.decisions.digests import KIND, tell_companies, tell_company
from subscriptions.models import DecisionNotice, Subscription
from subscriptions.rules import AtEnd, DecideEnd, Suspend
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, ResellerRelationshipFactory
from tests.faults import fail_at_each_statement
from tests.races import at_once
from tests.subscriptions.living import also_sold, bought, offer, ready_customer

BOUGHT = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
END = datetime(2027, 1, 15, 10, 30, tzinfo=UTC)


def before(days: float) -> time_machine.travel:
    """So many days before the end of a year that began on 15 January 2026."""
    return time_machine.travel(END - timedelta(days=days), tick=False)


def told() -> list[tuple[str, str]]:
    """To whom, and of what, oldest first; forgets it."""
    mails = OutgoingEmail.objects.filter(kind=KIND).order_by("created_at", "recipient")
    found = [(mail.recipient, mail.subject) for mail in mails]
    mails.delete()
    return found


@pytest.fixture
def yearly(customer: Customer, sales: Actor) -> Subscription:
    """Bought on 15 January 2026 for a year."""
    return bought(customer, offer(), sales, at=BOUGHT)


def test_both_companies_are_told_thirty_and_seven_days_before_and_never_twice(yearly: Subscription) -> None:
    for days in (90, 32, 31):
        with before(days):
            assert (tell_companies(), told()) == (0, [])
    month = "Decide within 30 days: 1 subscription"
    with before(30):
        assert tell_companies() == 2
        assert told() == [("contact@northwind.example", month), ("hello@fabrikam.example", month)]
        assert (tell_companies(), told()) == (0, [])
    for days in (29, 20, 8.5, 8):
        with before(days):
            assert (tell_companies(), told()) == (0, [])
    week = "Decide within 7 days: 1 subscription"
    with before(7):
        assert tell_companies() == 2
        assert told() == [("contact@northwind.example", week), ("hello@fabrikam.example", week)]
    for days in (6.9, 3, 0.01, -1):
        with before(days):
            assert (tell_companies(), told()) == (0, [])
    assert sorted(DecisionNotice.objects.values_list("days_before", flat=True)) == [7, 7, 30, 30]


def test_the_first_run_of_a_day_tells_of_all_that_fall_due_on_it(customer: Customer, sales: Actor) -> None:
    for hours in (-10, 0, 13):
        bought(customer, offer(), sales, at=BOUGHT + timedelta(hours=hours))
    with time_machine.travel(datetime(2026, 12, 16, 0, 0, 1, tzinfo=UTC), tick=False):
        tell_companies()
        assert {subject for _to, subject in told()} == {"Decide within 30 days: 3 subscriptions"}


def test_what_ends_at_midnight_is_decided_on_the_day_before(customer: Customer, sales: Actor) -> None:
    bought(customer, offer(), sales, at=datetime(2026, 1, 15, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 12, 15, 0, 5, tzinfo=UTC), tick=False):
        assert tell_companies() == 2
    assert "decide by 14 Jan 2027" in OutgoingEmail.objects.filter(kind=KIND)[0].text


def test_a_missed_notice_is_made_up_for_by_one_mail(yearly: Subscription) -> None:
    with before(21):
        tell_companies()
        assert {subject for _to, subject in told()} == {"Decide within 30 days: 1 subscription"}
    DecisionNotice.objects.all().delete()
    with before(2):
        tell_companies()
        assert {subject for _to, subject in told()} == {"Decide within 7 days: 1 subscription"}
        assert tell_companies() == 0


def test_each_term_has_its_own_notices(yearly: Subscription) -> None:
    with before(5):
        tell_companies()
    told()
    with before(-1):
        assert run_due() == 1
        assert tell_companies() == 0
    with before(-365 + 7):
        assert tell_companies() == 2


def test_what_renews_every_month_is_told_of_a_week_before_alone(customer: Customer, sales: Actor) -> None:
    monthly = also_sold(offer(), term_duration="P1M")
    bought(customer, monthly, sales, at=BOUGHT)
    for days, expected in ((30, 0), (20, 0), (7, 2), (6, 0)):
        with time_machine.travel(datetime(2026, 2, 15, 10, 30, tzinfo=UTC) - timedelta(days=days), tick=False):
            assert tell_companies() == expected


def test_a_mail_is_grouped_by_customer_with_links_and_says_what_happens(
    customer: Customer, yearly: Subscription, provider: Partner, sales: Actor
) -> None:
    second = ready_customer(provider, company_name="Zoo")
    ending = bought(second, offer(), sales, at=BOUGHT + timedelta(days=20))
    also = bought(customer, offer(policy="legacy"), sales, at=BOUGHT + timedelta(days=1))
    with before(60):
        change_subscription(subscription=ending, intent=DecideEnd(AtEnd.CANCEL), by=sales)
    with before(7):
        tell_companies()
    provider_mail, reseller_mail = OutgoingEmail.objects.filter(kind=KIND).order_by("recipient")
    assert provider_mail.subject == "Decide within 7 days: 1 subscription"
    text = " ".join(provider_mail.text.split())
    for expected in (
        "Within 7 days: 1 subscription",
        "Within 30 days: 2 subscriptions",
        f"- {yearly.nickname} – decide by 15 Jan 2027 Renews: 1 year · Monthly, 10 licenses",
        f"- {ending.nickname} – decide by 4 Feb 2027 Ends, as was decided",
        f"{also.get_absolute_url()}",
        f"{second.get_absolute_url()}",
        "/renewals/",
    ):
        assert expected in text
    assert f'{yearly.get_absolute_url()}"' in provider_mail.html
    assert "USD" not in provider_mail.text + provider_mail.html
    assert "Padaria" in reseller_mail.text
    assert "Zoo" not in reseller_mail.text + reseller_mail.html
    assert "Zoo" in provider_mail.html


def test_a_reseller_is_told_of_what_it_manages_alone(yearly: Subscription, sales: Actor) -> None:
    outsider = PartnerFactory(reseller=True, contact_email="out@side.example")
    PartnershipFactory(provider=yearly.provider, reseller=outsider)
    relationship = yearly.customer.reseller_relationships.get()
    relationship.ends_at = END - timedelta(days=100)
    relationship.begins_at = BOUGHT
    relationship.save()
    with before(30):
        tell_companies()
    assert [to for to, _subject in told()] == ["contact@northwind.example"]
    ResellerRelationshipFactory(customer=yearly.customer, reseller=outsider)
    with before(29):
        tell_companies()
    assert [to for to, _subject in told()] == ["out@side.example"]


@pytest.mark.parametrize("state", ["suspended", "rejected", "pending"])
def test_a_company_that_may_not_act_is_not_written_to(yearly: Subscription, reseller: Partner, state: str) -> None:
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state=state)
    with before(30):
        tell_companies()
    assert [to for to, _subject in told()] == ["contact@northwind.example"]
    assert not DecisionNotice.objects.filter(partner=reseller).exists()


def test_the_reader_s_own_language_and_zone_are_used(yearly: Subscription, provider: Partner) -> None:
    Partner.objects.update(language="pt-br")
    person = actor_of(provider, Role.SALES_AGENT).user
    assert person is not None
    person.email, person.language, person.time_zone = provider.contact_email, "en", "Pacific/Kiritimati"
    person.save()
    with before(30):
        tell_companies()
    by_language = {mail.language: mail for mail in OutgoingEmail.objects.filter(kind=KIND)}
    assert by_language["en"].recipient == provider.contact_email
    assert "16 Jan 2027" in by_language["en"].text
    assert "15/01/2027" in by_language["pt-br"].text


def test_what_is_suspended_is_told_of_before_it_is_deleted(customer: Customer, sales: Actor) -> None:
    with time_machine.travel(BOUGHT, tick=False):
        subscription = bought(customer, offer(policy="legacy"), sales)
        change_subscription(subscription=subscription, intent=Suspend(), by=sales)
    with time_machine.travel(BOUGHT + timedelta(days=84), tick=False):
        tell_companies()
    assert "Is deleted with all its data" in OutgoingEmail.objects.filter(kind=KIND)[0].text


def test_a_long_mail_lists_the_first_and_says_how_many_are_left(
    customer: Customer, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MOST_LISTED", 2)
    price: Price = offer()
    for hours in range(4):
        bought(customer, price, sales, at=BOUGHT + timedelta(hours=hours))
    with before(7):
        tell_companies()
    mail = OutgoingEmail.objects.filter(kind=KIND).first()
    assert mail is not None
    assert mail.subject == "Decide within 7 days: 4 subscriptions"
    assert "2 more are in the calendar." in mail.text
    assert mail.text.count("decide by") == 2
    assert DecisionNotice.objects.count() == 8


def test_one_that_fails_keeps_no_other_from_its_turn(
    yearly: Subscription, provider: Partner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = digests._write

    def rigged(company: Partner, due: Any) -> None:
        if company == provider:
            raise RuntimeError("rigged")
        real(company, due)

    monkeypatch.setattr(digests, "_write", rigged)
    with before(30):
        assert tell_companies() == 1
        assert [to for to, _subject in told()] == ["hello@fabrikam.example"]
        assert not DecisionNotice.objects.filter(partner=provider).exists()
        monkeypatch.undo()
        assert tell_companies() == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_notice_and_mail_are_kept_together_or_not_at_all(yearly: Subscription, provider: Partner) -> None:
    def check() -> None:
        assert (DecisionNotice.objects.count(), told()) == (0, [])

    with before(30):
        fail_at_each_statement(lambda: tell_company(provider.pk), check)
        assert DecisionNotice.objects.count() == 1
    assert len(told()) == 1


def test_somebody_elses_customers_are_never_in_it(yearly: Subscription) -> None:
    rival = PartnerFactory(contact_email="rival@tailwind.example")
    CustomerFactory(provider=rival)
    with before(7):
        tell_companies()
    assert "rival@tailwind.example" not in {to for to, _subject in told()}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_runs_at_once_write_once(provider: Partner, reseller: Partner, sales: Actor) -> None:
    customer, price = ready_customer(provider, managed_by=reseller), offer()
    for _number in range(3):
        bought(customer, price, sales, at=BOUGHT)
    with before(30):
        results = at_once(tell_companies, tell_companies, tell_companies)
    assert sum(results) == 2
    assert len(told()) == 2
    assert DecisionNotice.objects.count() == 6
