"""People, memberships and enrolment."""

import itertools
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.access import Actor, system_actor
from accounts.models import Membership, Partner, User
from accounts.roles import Program, Role
from accounts.services import (
    ENROLMENT_TRANSITIONS,
    add_member,
    end_membership,
    enrol_partner,
    open_account,
    reset_second_factor,
    send_password_link,
    set_enrolment_state,
    set_user_active,
    update_preferences,
)
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, Refused
from mail.models import OutgoingEmail
from tests.factories import PartnerFactory, UserFactory

BY = system_actor("tests")
State = Partner.EnrolmentState


@pytest.fixture
def broken_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """No record can be written."""

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.services.people.record", fail)
    monkeypatch.setattr("accounts.services.companies.record", fail)


# --- people ---
def test_open_account_tells_the_person_how_to_choose_a_password(db: None) -> None:
    user = open_account(sign_in_name="Robin@Northwind.Example", full_name="Robin Silva", language="pt-br", by=BY)
    assert (user.sign_in_name, user.email) == ("robin@northwind.example", "robin@northwind.example")
    assert not user.has_usable_password()
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient, email.language) == ("account_opened", "robin@northwind.example", "pt-br")
    assert ActivityRecord.objects.get().action == "user.created"


def test_open_account_writes_no_mail_to_a_name_without_mailbox(db: None) -> None:
    user = open_account(sign_in_name="admin@woodgrove.onmicrosoft.com", email="", full_name="Robin Silva", by=BY)
    assert user.email == ""
    assert not OutgoingEmail.objects.exists()


@pytest.mark.parametrize("spelling", ["robin@northwind.example", "ROBIN@Northwind.Example "])
def test_open_account_refuses_a_name_in_use(db: None, spelling: str) -> None:
    UserFactory(sign_in_name="robin@northwind.example")
    with pytest.raises(Refused):
        open_account(sign_in_name=spelling, full_name="Another Robin", by=BY)
    assert User.objects.count() == 1


def test_open_account_refuses_what_only_looks_like_a_name(db: None) -> None:
    with pytest.raises(ValidationError):
        open_account(sign_in_name="mıke@northwind.example", full_name="Mike", by=BY)


def test_open_account_saves_nothing_when_the_record_fails(db: None, broken_record: None) -> None:
    with pytest.raises(RuntimeError):
        open_account(sign_in_name="robin@northwind.example", full_name="Robin Silva", by=BY)
    assert not User.objects.exists()
    assert not OutgoingEmail.objects.exists()


def test_set_user_active_is_recorded_and_refuses_a_second_time(user: User) -> None:
    set_user_active(user=user, active=False, by=BY)
    with pytest.raises(InvalidTransition):
        set_user_active(user=user, active=False, by=BY)
    user.refresh_from_db()
    assert not user.is_active
    assert list(ActivityRecord.objects.values_list("action", flat=True)) == ["user.deactivated"]


def test_nobody_deactivates_themselves(user: User) -> None:
    with pytest.raises(Refused):
        set_user_active(user=user, active=False, by=Actor(user=user))
    user.refresh_from_db()
    assert user.is_active


def test_update_preferences_records_what_changed(user: User) -> None:
    before = user.full_name
    by = Actor(user=user)
    update_preferences(user=user, full_name="Robin", language="pt-br", time_zone="UTC", theme="auto", by=by)
    row = ActivityRecord.objects.get()
    assert row.changes == {"full_name": [before, "Robin"], "language": ["en", "pt-br"]}
    update_preferences(user=user, full_name="Robin", language="pt-br", time_zone="UTC", theme="auto", by=by)
    assert ActivityRecord.objects.count() == 1


def test_update_preferences_saves_nothing_when_the_record_fails(user: User, broken_record: None) -> None:
    with pytest.raises(RuntimeError):
        update_preferences(
            user=user, full_name="Robin", language="pt-br", time_zone="UTC", theme="auto", by=Actor(user=user)
        )
    user.refresh_from_db()
    assert user.language == "en"


def test_send_password_link_needs_a_mailbox(user: User) -> None:
    send_password_link(user=user, by=BY)
    assert OutgoingEmail.objects.get().kind == "password_reset"
    with pytest.raises(Refused):
        send_password_link(user=UserFactory(customer_administrator=True), by=BY)


# --- memberships ---
def test_add_member_opens_an_account_for_somebody_new(db: None) -> None:
    partner = PartnerFactory()
    membership = add_member(
        partner=partner, role=Role.SALES_AGENT, email="New@Company.example", full_name="New Person", by=BY
    )
    assert membership.user.sign_in_name == "new@company.example"
    row = ActivityRecord.objects.get(action="membership.began")
    assert (row.provider_id, row.changes) == (
        partner.microsoft_id,
        {"person": "new@company.example", "role": "sales_agent"},
    )


def test_add_member_finds_somebody_known_by_any_spelling(user: User) -> None:
    membership = add_member(
        partner=PartnerFactory(reseller=True), role=Role.ADMIN_AGENT, email=user.email.upper(), by=BY
    )
    assert membership.user == user
    assert user.memberships.count() == 2
    assert not OutgoingEmail.objects.exists()


def test_add_member_refuses_a_second_role_in_a_company(membership: Membership) -> None:
    with pytest.raises(Refused, match="already works"):
        add_member(partner=membership.partner, role=Role.SALES_AGENT, user=membership.user, by=BY)
    assert Membership.objects.count() == 1


def test_add_member_refuses_an_unknown_role(user: User) -> None:
    with pytest.raises(ValueError, match="owner"):
        add_member(partner=PartnerFactory(), role="owner", user=user, by=BY)


def test_add_member_saves_nothing_when_the_record_fails(db: None, broken_record: None) -> None:
    partner = PartnerFactory()
    with pytest.raises(RuntimeError):
        add_member(partner=partner, role=Role.SALES_AGENT, email="new@company.example", full_name="New", by=BY)
    assert (User.objects.count(), Membership.objects.count()) == (0, 0)


def test_end_membership_takes_the_rights_at_the_next_request(client: Client, membership: Membership) -> None:
    client.force_login(membership.user)
    assert client.get(reverse("accounts:preferences")).wsgi_request.actor.partner == membership.partner
    end_membership(membership=membership, by=BY)
    actor = client.get(reverse("accounts:preferences")).wsgi_request.actor
    assert (actor.partner, actor.role, actor.is_provider) == (None, None, False)
    with pytest.raises(InvalidTransition):
        end_membership(membership=membership, by=BY)


def test_end_membership_lets_somebody_come_back(membership: Membership) -> None:
    end_membership(membership=membership, by=BY)
    again = add_member(partner=membership.partner, role=Role.SALES_AGENT, user=membership.user, by=BY)
    assert Membership.objects.current().get() == again


# --- enrolment ---
def facts(**others: object) -> dict[str, object]:
    """What a company says about itself."""
    return {
        "program": Program.INDIRECT_RESELLER,
        "legal_name": "Fabrikam",
        "mpn_id": "0012345",
        "country": "US",
        "address_line_1": "1 Main Street",
        "contact_name": "Robin Silva",
        "contact_email": "robin@fabrikam.example",
        **others,
    }


def test_enrol_partner_waits_for_a_decision(db: None) -> None:
    partner = enrol_partner(by=BY, **facts())
    assert (partner.enrolment_state, partner.mpn_id, partner.is_enrolled) == (State.PENDING, "0012345", False)
    assert ActivityRecord.objects.get().reseller_id == partner.microsoft_id


@pytest.mark.parametrize("mpn_id", ["0012345", "12345", "00000012345"])
def test_enrol_partner_refuses_a_number_in_use_however_it_is_spelled(db: None, mpn_id: str) -> None:
    enrol_partner(by=BY, **facts())
    with pytest.raises(ValidationError, match="already enrolled"):
        enrol_partner(by=BY, **facts(legal_name="Other", mpn_id=mpn_id))
    assert Partner.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"mpn_id": "12a"}, {"program": "direct"}, {"contact_email": "robin"}, {"legal_name": ""}]
)
def test_enrol_partner_refuses_incomplete_facts(db: None, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        enrol_partner(by=BY, **facts(**wrong))
    assert not Partner.objects.exists()


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State.values, State.values)))
def test_enrolment_moves_only_as_the_table_says(db: None, before: str, after: str) -> None:
    partner = PartnerFactory(enrolment_state=before)
    action = ENROLMENT_TRANSITIONS[before].get(after)
    if action is None:
        with pytest.raises(InvalidTransition):
            set_enrolment_state(partner=partner, state=after, reason="A reason", by=BY)
        expected, rows = before, []
    else:
        set_enrolment_state(partner=partner, state=after, reason="A reason", by=BY)
        expected, rows = after, [action]
    partner.refresh_from_db()
    assert partner.enrolment_state == expected
    assert list(ActivityRecord.objects.values_list("action", flat=True)) == rows


def test_enrolment_table_is_the_programmes() -> None:
    moves = {(str(before), str(after)) for before, afters in ENROLMENT_TRANSITIONS.items() for after in afters}
    assert moves == {
        ("pending", "active"),
        ("pending", "rejected"),
        ("active", "suspended"),
        ("suspended", "active"),
        ("rejected", "pending"),
    }


@pytest.mark.parametrize(("before", "after"), [("pending", "rejected"), ("active", "suspended")])
def test_enrolment_is_not_taken_away_without_a_reason(db: None, before: str, after: str) -> None:
    partner = PartnerFactory(enrolment_state=before)
    with pytest.raises(Refused, match="reason"):
        set_enrolment_state(partner=partner, state=after, reason="  ", by=BY)
    partner.refresh_from_db()
    assert partner.enrolment_state == before


def test_enrolment_is_judged_by_the_stored_row(db: None) -> None:
    stale = PartnerFactory(pending=True)
    set_enrolment_state(partner=Partner.objects.get(), state=State.REJECTED, reason="No address", by=BY)
    with pytest.raises(InvalidTransition):
        set_enrolment_state(partner=stale, state=State.ACTIVE, by=BY)


def test_enrolment_saves_nothing_when_the_record_fails(db: None, broken_record: None) -> None:
    partner = PartnerFactory(pending=True)
    with pytest.raises(RuntimeError):
        set_enrolment_state(partner=partner, state=State.ACTIVE, by=BY)
    partner.refresh_from_db()
    assert partner.enrolment_state == State.PENDING


def test_suspension_ends_the_companys_rights_at_the_next_request(client: Client, membership: Membership) -> None:
    client.force_login(membership.user)
    assert client.get(reverse("accounts:preferences")).wsgi_request.actor.is_provider
    set_enrolment_state(partner=membership.partner, state=State.SUSPENDED, reason="Unpaid", by=BY)
    assert not client.get(reverse("accounts:preferences")).wsgi_request.actor.is_provider


def test_nothing_is_saved_when_the_record_fails(membership: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    other = UserFactory()
    TOTP.activate(other, generate_totp_secret())

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.services.people.record", fail)
    monkeypatch.setattr("accounts.services.companies.record", fail)
    attempts: list[Callable[[], object]] = [
        lambda: add_member(partner=membership.partner, role=Role.SALES_AGENT, user=other, by=BY),
        lambda: end_membership(membership=membership, by=BY),
        lambda: set_user_active(user=other, active=False, by=BY),
        lambda: reset_second_factor(user=other, by=BY),
        lambda: enrol_partner(by=BY, **facts()),
        lambda: send_password_link(user=other, by=BY),
    ]
    for attempt in attempts:
        with pytest.raises(RuntimeError):
            attempt()
    other.refresh_from_db()
    membership.refresh_from_db()
    assert (other.is_active, membership.ended_at, Membership.objects.count()) == (True, None, 1)
    assert (Authenticator.objects.count(), Partner.objects.count(), OutgoingEmail.objects.count()) == (1, 1, 0)
