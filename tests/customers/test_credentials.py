"""Temporary passwords: issued, shown once, stored, issued again."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.core import mail as django_mail
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Membership, Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.credentials import services
from customers.credentials.services import (
    DailyLimitReached,
    IssuedMeanwhile,
    ReasonMissing,
    blank_expired_envelopes,
    issue_credentials,
    mark_stored,
    reissue_credentials,
    reveal_password,
)
from customers.models import Customer, TemporaryPassword
from customers.services import create_customer
from customers.tasks import blank_expired_envelopes as blank_task
from mail.models import OutgoingEmail
from tests.customers.conftest import actor_of, details, everything
from tests.factories import PartnerFactory
from tests.faults import fail_at_each_statement
from tests.races import run_parallel

Reason = TemporaryPassword.Reason


def whole_database() -> str:
    """Every value of every table but the password hashes, as one text."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            parts.append(repr(cursor.fetchall()))
    return "\n".join(parts)


def reissue(
    customer: Customer, by: Actor, *, reason: str = Reason.LOST, note: str = "", session_key: str = "session-one"
) -> TemporaryPassword:
    """Issue another one, knowing of the last."""
    latest = TemporaryPassword.objects.filter(administrator__customer=customer).first()
    return reissue_credentials(
        customer=customer, replaces=latest, reason=reason, note=note, session_key=session_key, by=by
    )


@pytest.fixture
def customer(provider: Partner, reseller: Partner, sales: Actor) -> Customer:
    return create_customer(provider=provider, details=details(), reseller=reseller, by=sales)


def test_issue_and_reveal_give_the_password_that_signs_in(customer: Customer, sales: Actor) -> None:
    issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
    user = customer.administrators.get().user
    assert user.must_change_password
    assert timedelta(days=6) < user.password_expires_at - clock.now() < timedelta(days=8)
    password = reveal_password(temporary_password=issued, session_key="session-one", by=sales)
    assert password is not None
    assert user.check_password(password)
    assert ActivityRecord.objects.filter(action="customer.credentials_issued").count() == 1
    assert ActivityRecord.objects.filter(action="customer.password_revealed").count() == 1
    issued.refresh_from_db()
    assert (issued.ciphertext, issued.session_hash) == (None, "")
    assert issued.revealed_at is not None


def test_reveal_happens_once(customer: Customer, sales: Actor) -> None:
    issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
    assert reveal_password(temporary_password=issued, session_key="session-one", by=sales)
    for _again in range(2):
        assert reveal_password(temporary_password=issued, session_key="session-one", by=sales) is None
    assert ActivityRecord.objects.filter(action="customer.password_revealed").count() == 1


def test_reveal_is_for_the_issuer_in_the_same_session(customer: Customer, sales: Actor, admin: Actor) -> None:
    issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
    assert reveal_password(temporary_password=issued, session_key="session-two", by=sales) is None
    assert reveal_password(temporary_password=issued, session_key="session-one", by=admin) is None
    assert reveal_password(temporary_password=issued, session_key="session-one", by=Actor()) is None
    assert not ActivityRecord.objects.filter(action="customer.password_revealed").exists()
    assert reveal_password(temporary_password=issued, session_key="session-one", by=sales)


def test_reveal_ends_after_a_quarter_of_an_hour(customer: Customer, sales: Actor) -> None:
    issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
    with time_machine.travel(clock.now() + timedelta(minutes=14)):
        assert blank_expired_envelopes() == 0
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert reveal_password(temporary_password=issued, session_key="session-one", by=sales) is None
        blank_task()
    issued.refresh_from_db()
    assert (issued.ciphertext, issued.session_hash, issued.revealed_at) == (None, "", None)
    assert blank_expired_envelopes() == 0


def test_reveal_of_a_ciphertext_moved_from_another_row_shows_nothing(customer: Customer, admin: Actor) -> None:
    first = issue_credentials(customer=customer, session_key="session-one", by=admin)
    stolen = first.ciphertext
    second = reissue(customer, admin)
    TemporaryPassword.objects.filter(pk=second.pk).update(ciphertext=stolen)
    assert reveal_password(temporary_password=second, session_key="session-one", by=admin) is None


def test_a_new_password_ends_the_old_one(customer: Customer, sales: Actor, admin: Actor) -> None:
    first = issue_credentials(customer=customer, session_key="session-one", by=sales)
    second = reissue(customer, admin, session_key="session-two")
    assert reveal_password(temporary_password=first, session_key="session-one", by=sales) is None
    password = reveal_password(temporary_password=second, session_key="session-two", by=admin)
    assert customer.administrators.get().user.check_password(password)
    first.refresh_from_db()
    assert first.ciphertext is None


def test_issuing_again_takes_its_own_permission(customer: Customer, reseller: Partner, sales: Actor) -> None:
    issue_credentials(customer=customer, session_key="session-one", by=sales)
    kept = customer.administrators.get().user.password
    for actor in (sales, actor_of(reseller), actor_of(PartnerFactory())):
        with pytest.raises(NotPermitted):
            reissue(customer, actor)
    assert customer.administrators.get().user.password == kept
    assert TemporaryPassword.objects.count() == 1


def test_issuing_needs_a_session(customer: Customer, sales: Actor) -> None:
    with pytest.raises(NotPermitted):
        issue_credentials(customer=customer, session_key="", by=sales)


def test_issuing_again_is_limited_per_day(customer: Customer, sales: Actor, admin: Actor) -> None:
    issue_credentials(customer=customer, session_key="session-one", by=sales)
    for _again in range(services.REISSUES_PER_DAY):
        reissue(customer, admin)
    kept = customer.administrators.get().user.password
    with pytest.raises(DailyLimitReached):
        reissue(customer, admin)
    assert customer.administrators.get().user.password == kept
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        reissue(customer, admin)


def test_issuing_keeps_nothing_when_a_statement_fails(customer: Customer, sales: Actor) -> None:
    before, unusable = everything(), customer.administrators.get().user.password

    def unchanged() -> None:
        assert everything() == before
        assert customer.administrators.get().user.password == unusable

    fail_at_each_statement(lambda: issue_credentials(customer=customer, session_key="session-one", by=sales), unchanged)


def test_a_password_lies_nowhere_in_the_clear(
    customer: Customer, sales: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "Kan4-ry7p-Qm3v-Zt5w"
    monkeypatch.setattr("accounts.services.people.new_temporary_password", lambda: canary)
    issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
    assert canary not in whole_database()
    assert canary not in repr(vars(issued))
    assert reveal_password(temporary_password=issued, session_key="session-one", by=sales) == canary
    assert canary not in whole_database()
    assert canary not in caplog.text
    assert not django_mail.outbox


def test_envelopes_open_with_an_older_key_and_not_without_it(customer: Customer, sales: Actor, admin: Actor) -> None:
    with override_settings(ENVELOPE_KEYS=["old"]):
        issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
    with override_settings(ENVELOPE_KEYS=["new"]):
        assert reveal_password(temporary_password=issued, session_key="session-one", by=sales) is None
    with override_settings(ENVELOPE_KEYS=["new", "old"]):
        assert reveal_password(temporary_password=issued, session_key="session-one", by=sales)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_who_reveal_at_once_see_it_once() -> None:
    provider = PartnerFactory(contact_email="contact@northwind.example")
    actor = actor_of(provider, Role.SALES_AGENT)
    numbers = iter(range(1000))

    def issue() -> TemporaryPassword:
        wanted = details(domain_prefix=f"race{next(numbers)}")
        customer = create_customer(provider=provider, details=wanted, reseller=None, by=actor)
        return issue_credentials(customer=customer, session_key="session-one", by=actor)

    def once(issued: TemporaryPassword, results: list[object]) -> None:
        assert not [result for result in results if isinstance(result, Exception)]
        assert len([result for result in results if result is not None]) == 1

    run_parallel(
        lambda issued, _n: reveal_password(temporary_password=issued, session_key="session-one", by=actor),
        n=8,
        rounds=10,
        before=issue,
        after=once,
    )


# --- issued again -----------------------------------------------------------------------------------------------------
@pytest.fixture
def issued(customer: Customer, sales: Actor) -> TemporaryPassword:
    """The one that came with the customer."""
    return issue_credentials(customer=customer, session_key="session-one", by=sales)


def test_the_first_one_is_issued_once(customer: Customer, issued: TemporaryPassword, sales: Actor) -> None:
    with pytest.raises(InvalidTransition):
        issue_credentials(customer=customer, session_key="session-one", by=sales)
    assert TemporaryPassword.objects.get() == issued


def test_issuing_again_keeps_and_records_the_reason(
    customer: Customer, issued: TemporaryPassword, admin: Actor
) -> None:
    again = reissue(customer, admin, reason=Reason.OTHER, note="  Our courier: lost the envelope ")
    assert (issued.reason, again.reason) == ("", "other: Our courier: lost the envelope")
    assert again.reason_words == "Another reason: Our courier: lost the envelope"
    kept = ActivityRecord.objects.filter(action="customer.credentials_issued").order_by("pk")
    assert [row.changes["reason"] for row in kept] == [None, "other: Our courier: lost the envelope"]


@pytest.mark.parametrize(("reason", "note"), [("", "why"), ("because", "why"), (Reason.OTHER, "  ")])
def test_issuing_again_needs_a_reason(
    customer: Customer, issued: TemporaryPassword, admin: Actor, reason: str, note: str
) -> None:
    before, hashed = everything(), customer.administrators.get().user.password
    with pytest.raises(ReasonMissing):
        reissue(customer, admin, reason=reason, note=note)
    assert (everything(), customer.administrators.get().user.password) == (before, hashed)


def test_issuing_again_signs_out_whoever_is_signed_in_with_the_old_one(
    customer: Customer, issued: TemporaryPassword, admin: Actor
) -> None:
    browser, user = Client(), customer.administrators.get().user
    User.objects.filter(pk=user.pk).update(must_change_password=False, password_expires_at=None)
    browser.force_login(User.objects.get(pk=user.pk))
    page = reverse("subscriptions:list", args=[customer.microsoft_id])
    assert browser.get(page).status_code == 200
    reissue(customer, admin)
    assert browser.get(page).url.startswith(reverse("account_login"))


def test_a_second_press_gets_the_same_password(customer: Customer, issued: TemporaryPassword, admin: Actor) -> None:
    def press() -> TemporaryPassword:
        return reissue_credentials(
            customer=customer, replaces=issued, reason=Reason.LOST, session_key="session-one", by=admin
        )

    first = press()
    before = everything()
    assert press() == first
    assert everything() == before


def test_a_password_issued_meanwhile_is_not_ended_unseen(
    customer: Customer, issued: TemporaryPassword, admin: Actor, provider: Partner
) -> None:
    reissue(customer, admin)
    hashed = customer.administrators.get().user.password
    colleague = actor_of(provider, Role.ADMIN_AGENT)
    for actor, session in ((colleague, "session-one"), (admin, "session-two")):
        with pytest.raises(IssuedMeanwhile, match="issued a new temporary password at"):
            reissue_credentials(customer=customer, replaces=issued, reason=Reason.LOST, session_key=session, by=actor)
    assert customer.administrators.get().user.password == hashed


def test_issuing_again_keeps_nothing_when_a_statement_fails(
    customer: Customer, issued: TemporaryPassword, admin: Actor
) -> None:
    actor_of(admin.partner)  # type: ignore[arg-type]
    before, hashed = everything(), customer.administrators.get().user.password

    def unchanged() -> None:
        assert everything() == before
        assert customer.administrators.get().user.password == hashed

    fail_at_each_statement(lambda: reissue(customer, admin), unchanged)
    assert everything()["TemporaryPassword"] == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_issue_at_once_end_one_password_and_not_each_others() -> None:
    provider = PartnerFactory(contact_email="contact@northwind.example")
    actors = [actor_of(provider), actor_of(provider)]
    numbers = iter(range(1000))

    def before() -> TemporaryPassword:
        wanted = details(domain_prefix=f"race{next(numbers)}")
        customer = create_customer(provider=provider, details=wanted, reseller=None, by=actors[0])
        return issue_credentials(customer=customer, session_key="a", by=actors[0])

    def check(first: TemporaryPassword, results: list[object]) -> None:
        assert sorted(type(result).__name__ for result in results) == ["IssuedMeanwhile", "TemporaryPassword"]
        assert first.administrator.temporary_passwords.count() == 2

    run_parallel(
        lambda first, number: reissue_credentials(
            customer=first.administrator.customer,
            replaces=first,
            reason=Reason.LOST,
            session_key="a",
            by=actors[number],
        ),
        n=2,
        rounds=5,
        before=before,
        after=check,
    )


# --- who is told ------------------------------------------------------------------------------------------------------
def mails() -> list[tuple[str, str, str]]:
    """Kind, recipient and language of the mails about issuing again."""
    rows = OutgoingEmail.objects.filter(kind__startswith="credentials_reissued").order_by("kind")
    return [(row.kind, row.recipient, row.language) for row in rows]


def test_the_first_password_is_told_to_nobody(issued: TemporaryPassword) -> None:
    assert mails() == []


def test_another_global_admin_and_the_customer_are_told(
    customer: Customer, issued: TemporaryPassword, provider: Partner, admin: Actor
) -> None:
    actor_of(provider, Role.ADMIN_AGENT)
    gone = actor_of(provider, Role.GLOBAL_ADMIN)
    Membership.objects.filter(user=gone.user).update(ended_at=clock.now())
    actor_of(PartnerFactory(), Role.GLOBAL_ADMIN)
    boss = actor_of(provider, Role.GLOBAL_ADMIN)
    User.objects.filter(pk=boss.user.pk).update(language="pt-br")  # type: ignore[union-attr]
    Customer.objects.filter(pk=customer.pk).update(language="pt-br")
    reissue(customer, admin, reason=Reason.EXPOSED, note="Sent to the wrong list")
    assert mails() == [
        ("credentials_reissued", boss.user.email, "pt-br"),  # type: ignore[union-attr]
        ("credentials_reissued_customer", "ana@padaria.example", "pt-br"),
    ]
    to_boss = OutgoingEmail.objects.get(kind="credentials_reissued")
    assert "Sent to the wrong list" in to_boss.text
    assert "Sent to the wrong list" not in OutgoingEmail.objects.get(kind="credentials_reissued_customer").text
    assert f"/customers/{customer.microsoft_id}/account/" in to_boss.text


def test_without_a_global_admin_an_admin_agent_is_told(
    customer: Customer, issued: TemporaryPassword, provider: Partner, admin: Actor, sales: Actor
) -> None:
    agent = actor_of(provider, Role.ADMIN_AGENT)
    reissue(customer, admin)
    assert mails()[0][:2] == ("credentials_reissued", agent.user.email)  # type: ignore[union-attr]


def test_without_anybody_else_the_company_itself_is_told(
    customer: Customer, issued: TemporaryPassword, provider: Partner, admin: Actor
) -> None:
    reissue(customer, admin)
    assert mails()[0][:2] == ("credentials_reissued", "contact@northwind.example")
    OutgoingEmail.objects.all().delete()
    Partner.objects.filter(pk=provider.pk).update(contact_email=admin.user.email)  # type: ignore[union-attr]
    reissue(customer, admin)
    assert [kind for kind, _to, _language in mails()] == ["credentials_reissued_customer"]


# --- stored -----------------------------------------------------------------------------------------------------------
def test_stored_is_noted_and_recorded_once(issued: TemporaryPassword, sales: Actor) -> None:
    reveal_password(temporary_password=issued, session_key="session-one", by=sales)
    first = mark_stored(temporary_password=issued, by=sales)
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        assert mark_stored(temporary_password=issued, by=sales).stored_at == first.stored_at
    assert first.stored_at is not None
    assert ActivityRecord.objects.filter(action="customer.credentials_stored").count() == 1


def test_what_nobody_saw_is_not_stored(issued: TemporaryPassword, sales: Actor) -> None:
    with pytest.raises(InvalidTransition):
        mark_stored(temporary_password=issued, by=sales)
    issued.refresh_from_db()
    assert issued.stored_at is None


def test_stored_is_said_by_who_saw_it(issued: TemporaryPassword, sales: Actor, admin: Actor, reseller: Partner) -> None:
    reveal_password(temporary_password=issued, session_key="session-one", by=sales)
    for actor in (admin, actor_of(reseller), actor_of(PartnerFactory()), Actor()):
        with pytest.raises(NotPermitted):
            mark_stored(temporary_password=issued, by=actor)
    assert not ActivityRecord.objects.filter(action="customer.credentials_stored").exists()


def test_stored_keeps_nothing_when_a_statement_fails(issued: TemporaryPassword, sales: Actor) -> None:
    reveal_password(temporary_password=issued, session_key="session-one", by=sales)

    def unchanged() -> None:
        assert TemporaryPassword.objects.get().stored_at is None
        assert not ActivityRecord.objects.filter(action="customer.credentials_stored").exists()

    fail_at_each_statement(lambda: mark_stored(temporary_password=issued, by=sales), unchanged)
    assert TemporaryPassword.objects.get().stored_at is not None


# --- how long it waits ------------------------------------------------------------------------------------------------
def test_the_setting_says_how_long_a_password_waits(customer: Customer, sales: Actor) -> None:
    with override_settings(TEMPORARY_PASSWORD_DAYS=2), time_machine.travel(clock.now(), tick=False):
        issued = issue_credentials(customer=customer, session_key="session-one", by=sales)
        assert issued.valid_until == clock.now() + timedelta(days=2)
        assert issued.administrator.user.password_expires_at is None
        assert customer.administrators.get().user.password_expires_at == issued.valid_until


def test_what_nobody_looked_at_in_time_leaves_no_ciphertext_behind(issued: TemporaryPassword) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert blank_expired_envelopes() == 1
    assert not TemporaryPassword.objects.filter(ciphertext__isnull=False).exists()
