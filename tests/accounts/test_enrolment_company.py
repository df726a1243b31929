"""The last step of enrolling: an account, a company and a role, all or nothing."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.access import ANONYMOUS
from accounts.enrolment.session import ENROLLING
from accounts.models import EmailCode, Membership, Partner, User
from accounts.roles import Program, Role
from accounts.services import (
    AddressTaken,
    Newcomer,
    ProofMissing,
    enrol_with_account,
)
from activity.models import ActivityRecord
from core import clock
from mail.delivery import deliver
from mail.models import OutgoingEmail
from tests.accounts.enrolling import (
    ADDRESS,
    COMPANY,
    NEW_PASSWORD,
    PERSON,
    ask,
    digits,
    enroll,
    facts,
    proof,
    prove,
    type_code,
    url,
)
from tests.contracts import html_faults
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.faults import fail_at_each_statement

State = Partner.EnrolmentState
BUILT_ON = "Choose a password that is not built on your name, your company's name or the portal's."
TAKEN = "A company with this MPN ID is already enrolled. Ask a colleague who works there to invite you."


@pytest.fixture
def visitor(client: Client, db: None) -> Client:
    """A stranger who has proved the address."""
    return prove(client)


def newcomer() -> Newcomer:
    """Ana."""
    return Newcomer("Ana Lima", "pt-br", NEW_PASSWORD)


def counts() -> tuple[int, ...]:
    """How much there is of everything that enrolling writes."""
    return tuple(model.objects.count() for model in (User, Partner, Membership, ActivityRecord, OutgoingEmail))


# --- somebody new ---
def test_a_company_is_enrolled_with_its_first_person(visitor: Client) -> None:
    OutgoingEmail.objects.all().delete()
    response = enroll(visitor)
    assert (response.status_code, response["Location"]) == (302, url("done"))
    user, partner, membership = User.objects.get(), Partner.objects.get(), Membership.objects.get()
    assert (user.sign_in_name, user.email, user.full_name, user.language) == (ADDRESS, ADDRESS, "Ana Lima", "pt-br")
    assert user.check_password(NEW_PASSWORD)
    assert user.email_proved_at is not None
    assert (user.is_staff, user.is_superuser, user.must_change_password) == (False, False, False)
    assert (partner.program, partner.enrolment_state) == (Program.INDIRECT_RESELLER, State.PENDING)
    assert (partner.legal_name, partner.mpn_id, partner.mpn_key) == ("Tailwind Serviços Ltda.", "0077001", "77001")
    assert (partner.country, partner.state, partner.postal_code) == ("BR", "SP", "01310-100")
    assert (partner.contact_name, partner.contact_email, partner.contact_phone) == (
        "Ana Lima",
        ADDRESS,
        "+5511961234567",
    )
    assert (partner.language, partner.agreement_accepted_on) == ("pt-br", clock.now().date())
    assert (membership.user, membership.partner, membership.role) == (user, partner, Role.GLOBAL_ADMIN)
    rows = ActivityRecord.objects.order_by("pk").values_list("action", "actor_user_id", "ip")
    actions = ["user.created", "partner.enrolment_requested", "membership.began"]
    assert list(rows) == [(action, user.pk, "127.0.0.1") for action in actions]
    assert [email.recipient for email in OutgoingEmail.objects.filter(kind="enrolment_received")] == [ADDRESS]


def test_whoever_enrolls_is_signed_in_under_a_new_session(visitor: Client, settings: Any) -> None:
    before = visitor.session.session_key
    enroll(visitor)
    assert visitor.session.session_key != before
    assert ENROLLING not in visitor.session
    assert visitor.session["_auth_user_id"] == str(User.objects.get().pk)
    page = visitor.get(url("done"))
    assert "Tailwind Serviços Ltda." in page.content.decode()
    assert html_faults(page.content.decode()) == []
    # A later sign-in is the ordinary one, and asks for the second factor where it is required.
    settings.MFA_REQUIRED = True
    assert visitor.get(url("status"))["Location"] == reverse("mfa_activate_totp")


def test_the_second_factor_is_set_up_before_going_on(visitor: Client, settings: Any) -> None:
    settings.MFA_REQUIRED = True
    assert enroll(visitor, "/account/preferences/")["Location"] == "/account/preferences/"
    assert visitor.get("/account/preferences/")["Location"] == reverse("mfa_activate_totp")
    assert visitor.session["after_sign_in_steps"] == "/account/preferences/"


def test_the_journey_leads_back_to_where_it_began(client: Client, db: None) -> None:
    prove(client, next_page="/i/7/")
    assert enroll(client, "/i/7/")["Location"] == "/i/7/"


def test_what_the_session_knew_of_requests_survives(visitor: Client) -> None:
    session = visitor.session
    session["opened_invitations"] = {"7": "nonce"}
    session.save()
    enroll(visitor)
    assert visitor.session["opened_invitations"] == {"7": "nonce"}


def test_each_person_of_the_back_office_is_told(visitor: Client) -> None:
    UserFactory(back_office=True, sign_in_name="one@portal.example")
    UserFactory(is_staff=True, sign_in_name="two@portal.example", language="pt-br")
    UserFactory(is_staff=True, is_active=False)
    UserFactory(is_staff=True, email="")
    enroll(visitor)
    emails = OutgoingEmail.objects.filter(kind="enrolment_waiting").order_by("recipient")
    assert [(email.recipient, email.language) for email in emails] == [
        ("one@portal.example", "en"),
        ("two@portal.example", "pt-br"),
    ]
    address = "http://localhost:8000" + reverse("admin:accounts_partner_change", args=[Partner.objects.get().pk])
    assert all(address in email.text and ADDRESS in email.text and "0077001" in email.text for email in emails)
    mail.outbox.clear()
    deliver(emails[0].pk)
    assert len(mail.outbox) == 1


# --- what is refused ---
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("country", "", "Select the country or region."),
        ("country", "AQ", "Select a choice of the list for the country or region."),
        ("legal_name", "Ltda.", "Enter the whole company name; “Ltda.” is only its legal form."),
        ("legal_name", "", "Enter the legal name of the company."),
        ("legal_name", "Tail\u202ewind", "Remove the invisible control characters from this text."),
        ("mpn_id", "12a", "Enter the MPN ID in digits, at most 12, like 0012345."),
        ("mpn_id", "0000", "Enter the MPN ID in digits, at most 12, like 0012345."),
        ("mpn_id", "1234567890123", "Enter the MPN ID in digits, at most 12, like 0012345."),
        ("address_line_1", "", "Enter the street and number, or what stands for them."),
        ("city", "", "Enter the city."),
        ("state", "", "Select the state."),
        ("postal_code", "1", "Enter the CEP, like 40301-110."),
        ("contact_phone", "123", "Enter the telephone number, like +55 11 2345-6789."),
        ("full_name", "", "Enter the full name."),
        ("full_name", "Ana\u202eLima", "Remove the invisible control characters from this text."),
        ("language", "xx", "Select a choice of the list for the language of pages and e-mails."),
        ("password1", "short", "This password is too short. It must contain at least 12 characters."),
        ("password1", "servicos 1234", BUILT_ON),
        ("password2", "something else", "The two passwords differ. Enter the same password twice."),
        ("agreement", "", "Tick “I accept the Microsoft Partner Agreement for the company” to continue."),
    ],
)  # fmt: skip
def test_errors_stand_beside_their_field_and_nothing_is_lost(
    visitor: Client, field: str, value: str, said: str
) -> None:
    changes = {field: value, **({"password2": value} if field == "password1" else {})}
    page = enroll(visitor, **changes)
    assert page.status_code == 200
    assert page.context["form"].errors.get(field) == [said]
    assert html_faults(page.content.decode()) == []
    shown = page.content.decode()
    if field != "country":
        assert "Av. Paulista 1000" in shown or field == "address_line_1"
        assert 'value="BR" selected' in shown
    assert NEW_PASSWORD not in shown
    assert not User.objects.exists()


@pytest.mark.parametrize("mpn_id", ["0077001", "77001", "00 77-001"])
def test_a_number_in_use_is_a_field_error_however_it_is_spelled(visitor: Client, mpn_id: str) -> None:
    PartnerFactory(mpn_id="0077001", legal_name="Somebody Else")
    before = counts()
    page = enroll(visitor, mpn_id=mpn_id)
    assert page.context["form"].errors == {"mpn_id": [TAKEN]}
    assert "Somebody Else" not in page.content.decode()
    assert counts() == before


def test_asking_for_numbers_in_use_has_an_end(visitor: Client) -> None:
    PartnerFactory(mpn_id="0077001")
    for _try in range(20):
        assert enroll(visitor).context["form"].errors == {"mpn_id": [TAKEN]}
    page = enroll(visitor, mpn_id="77002")
    assert page.context["form"].errors == {"__all__": ["Too many attempts. Try again in 60 minutes."]}
    assert "Av. Paulista 1000" in page.content.decode()
    assert not User.objects.exists()


def test_the_fields_follow_the_country_without_javascript(visitor: Client) -> None:
    def update(country: str) -> Any:
        typed = {**COMPANY, **PERSON, "country": country, "update_address": "1", "legal_name": "<b>Typed</b>"}
        page = visitor.post(url("company"), typed)
        assert html_faults(page.content.decode()) == []
        return page

    page = update("HK")
    assert "postal_code" not in page.context["form"].fields
    assert page.context["form"].fields["state"].label == "Area"
    assert "Region of the programme: Asia and Pacific." in page.content.decode()
    page = update("BR")
    assert page.context["form"].fields["postal_code"].label == "CEP"
    shown = page.content.decode()
    assert "&lt;b&gt;Typed&lt;/b&gt;" in shown
    assert NEW_PASSWORD not in shown
    assert "There is a problem" not in shown
    assert not User.objects.exists()


def test_an_address_with_braces_is_no_template(client: Client, db: None) -> None:
    address = "{{request}}{%now%}@tailwind.example"
    prove(client, address)
    page = client.get(url("company")).content.decode()
    assert f'value="{address}"' in page
    enroll(client)
    assert User.objects.get().sign_in_name == address


def test_names_of_any_script_are_kept(visitor: Client) -> None:
    enroll(visitor, legal_name="  株式会社  青空 👩‍👩‍👧 ", full_name="أحمد العربي")
    assert (Partner.objects.get().legal_name, User.objects.get().full_name) == ("株式会社 青空 👩‍👩‍👧", "أحمد العربي")


# --- twice, and too late ---
def test_pressing_twice_makes_one_company(visitor: Client) -> None:
    kept = visitor.session.session_key
    first = enroll(visitor)
    after = counts()
    # Back and again, now signed in.
    assert enroll(visitor)["Location"] == url("status")
    assert visitor.get(url("company"))["Location"] == url("status")
    assert visitor.get(url("start"), follow=True).redirect_chain == [(url("company"), 302), (url("status"), 302)]
    assert counts() == after
    assert (first["Location"], kept != visitor.session.session_key) == (url("done"), True)


def test_the_second_of_two_presses_ends_signed_in_as_well(visitor: Client) -> None:
    second = Client()
    state = dict(visitor.session.items())
    enroll(visitor)
    after = counts()
    session = second.session
    session.update(state)
    session.save()
    second.cookies["session"] = session.session_key
    response = enroll(second)
    assert (response.status_code, response["Location"]) == (302, url("done"))
    assert second.session["_auth_user_id"] == str(User.objects.get().pk)
    assert counts() == after


@pytest.mark.parametrize(
    "change", [{"mpn_id": "77002"}, {"password1": "another river 10", "password2": "another river 10"}]
)
def test_other_answers_for_an_address_that_has_an_account_sign_nobody_in(
    visitor: Client, change: dict[str, str]
) -> None:
    state = dict(visitor.session.items())
    enroll(visitor)
    after = counts()
    second = Client()
    session = second.session
    session.update(state)
    session.save()
    second.cookies["session"] = session.session_key
    page = enroll(second, **change)
    assert page.context["form"].non_field_errors() == [
        f"Somebody already signs in as {ADDRESS}. Sign in with the password of that account."
    ]
    assert "_auth_user_id" not in second.session
    assert counts() == after


def test_an_account_opened_meanwhile_is_not_taken_over(visitor: Client) -> None:
    user = UserFactory(sign_in_name=ADDRESS)
    page = enroll(visitor)
    assert page.status_code == 200
    assert "_auth_user_id" not in visitor.session
    assert User.objects.get().password == user.password
    assert not Partner.objects.exists()


# --- the service ---
def test_enrolling_needs_a_proof_of_this_session(db: None) -> None:
    made = proof()
    for code_id, binding in ((made["code_id"], "another"), ("0" * 32, "a browser"), ("nonsense", "a browser")):
        with pytest.raises(ProofMissing):
            enrol_with_account(newcomer=newcomer(), facts=facts(), code_id=code_id, binding=binding, by=ANONYMOUS)
    EmailCode.objects.update(used_at=None)
    with pytest.raises(ProofMissing):
        enrol_with_account(newcomer=newcomer(), facts=facts(), by=ANONYMOUS, **made)
    assert counts() == (0, 0, 0, 0, 0)


def test_one_address_has_one_account(db: None) -> None:
    enrol_with_account(newcomer=newcomer(), facts=facts(), by=ANONYMOUS, **proof())
    before = counts()
    with pytest.raises(AddressTaken):
        enrol_with_account(newcomer=newcomer(), facts=facts(mpn_id="77002"), by=ANONYMOUS, **proof())
    assert counts() == before


def test_enrolling_is_whole_or_nothing(db: None) -> None:
    UserFactory(back_office=True)
    made, before = proof(), counts()

    def check() -> None:
        assert counts() == before

    fail_at_each_statement(lambda: enrol_with_account(newcomer=newcomer(), facts=facts(), by=ANONYMOUS, **made), check)
    assert counts() == (2, 1, 1, 3, 2)


def test_the_third_step_costs_the_same_whoever_is_enrolled(visitor: Client) -> None:
    with CaptureQueriesContext(connection) as one:
        visitor.get(url("company"))
    for _company in range(3):
        MembershipFactory()
    with CaptureQueriesContext(connection) as more:
        visitor.get(url("company"))
    assert len(one) == len(more) == 2


def test_typing_the_code_after_enrolling_leads_to_the_status(visitor: Client) -> None:
    enroll(visitor)
    assert visitor.get(url("code"))["Location"] == url("start")
    assert type_code(visitor, "123456")["Location"] == url("start")
    assert ask(visitor)["Location"] == url("company")
    assert digits()
