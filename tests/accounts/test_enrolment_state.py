"""Where an enrolment stands: what the company sees and is told, and applying again."""

from typing import Any

import pytest
from django.test import Client

from accounts.access import Actor, system_actor
from accounts.models import Membership, Partner
from accounts.registry import enrolment_followers
from accounts.roles import Role
from accounts.services import CompanyFacts, end_membership, resubmit_enrolment, set_enrolment_state
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, NotPermitted
from mail.models import OutgoingEmail
from tests.accounts.enrolling import COMPANY, url
from tests.contracts import header_faults, html_faults
from tests.factories import CustomerAdministratorFactory, MembershipFactory, PartnerFactory, UserFactory
from tests.faults import fail_at_each_statement

BY = system_actor("tests")
State = Partner.EnrolmentState


@pytest.fixture
def membership(db: None) -> Membership:
    """The Global admin of a reseller in Brazil whose application waits."""
    partner = PartnerFactory(
        reseller=True, pending=True, country="BR", legal_name="Tailwind", mpn_id="0077001", city="São Paulo",
        state="SP", postal_code="01310-100", contact_phone="+5511961234567", contact_email="ana@tailwind.example",
    )  # fmt: skip
    user = UserFactory(full_name="Ana Lima", sign_in_name="ana@tailwind.example")
    return MembershipFactory(partner=partner, user=user)


@pytest.fixture
def rejected(membership: Membership) -> Membership:
    """The same after a rejection that nobody was told of."""
    partner = membership.partner
    set_enrolment_state(partner=partner, state=State.REJECTED, reason="Check the MPN ID.", by=BY)
    OutgoingEmail.objects.all().delete()
    membership.partner.refresh_from_db()
    return membership


def actor_of(membership: Membership) -> Actor:
    """The person at work."""
    return Actor(user=membership.user, partner=membership.partner, role=Role(membership.role))


def colleague(membership: Membership, role: Role, **person: Any) -> Membership:
    """Somebody else of the company."""
    return MembershipFactory(partner=membership.partner, role=role, user=UserFactory(**person))


def facts(**changes: str) -> CompanyFacts:
    """What the company says, corrected."""
    stored = {**COMPANY, "legal_name": "Tailwind", "postal_code": "01310-100", "contact_phone": "+5511961234567"}
    return CompanyFacts(**{name: {**stored, **changes}[name] for name in CompanyFacts.__dataclass_fields__})


def page_of(client: Client, membership: Membership, name: str = "status") -> str:
    """A page as a member of the company sees it."""
    client.force_login(membership.user)
    page = client.get(url(name))
    assert page.status_code == 200
    assert html_faults(page.content.decode()) == []
    assert header_faults(page) == []
    return page.content.decode()


# --- what the company is told ---
@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (State.PENDING, State.ACTIVE, "enrolment_approved"),
        (State.PENDING, State.REJECTED, "enrolment_rejected"),
        (State.ACTIVE, State.SUSPENDED, "enrolment_suspended"),
        (State.SUSPENDED, State.ACTIVE, "enrolment_reinstated"),
        (State.REJECTED, State.PENDING, "enrolment_reconsidered"),
    ],
)
def test_each_decision_is_mailed_to_each_mailbox_once(
    membership: Membership, before: str, after: str, kind: str
) -> None:
    colleague(membership, Role.GLOBAL_ADMIN, sign_in_name="bo@tailwind.example", language="pt-br")
    colleague(membership, Role.GLOBAL_ADMIN, sign_in_name="gone@tailwind.example", is_active=False)
    end_membership(membership=colleague(membership, Role.GLOBAL_ADMIN), by=BY)
    colleague(membership, Role.SALES_AGENT)
    Partner.objects.update(enrolment_state=before, contact_email="ANA@tailwind.example")
    set_enrolment_state(partner=membership.partner, state=after, reason="Because of <b>this</b>.", by=BY)
    emails = OutgoingEmail.objects.order_by("recipient")
    expected = [(kind, "ana@tailwind.example", "en"), (kind, "bo@tailwind.example", "pt-br")]
    assert [(email.kind, email.recipient.lower(), email.language) for email in emails] == expected
    for email in emails:
        assert "Tailwind" in email.subject
        assert "Because of <b>this</b>." in email.text
        assert "<b>this" not in email.html
        assert "http://localhost:8000/" in email.text


def test_a_contact_without_an_account_is_told_too(membership: Membership) -> None:
    Partner.objects.update(contact_email="office@tailwind.example", contact_name="Office", language="pt-br")
    set_enrolment_state(partner=membership.partner, state=State.ACTIVE, by=BY)
    emails = OutgoingEmail.objects.order_by("recipient").values_list("recipient", "language")
    assert list(emails) == [("ana@tailwind.example", "en"), ("office@tailwind.example", "pt-br")]


def test_a_decision_is_whole_or_nothing(membership: Membership) -> None:
    def check() -> None:
        assert Partner.objects.get().enrolment_state == State.PENDING
        assert not OutgoingEmail.objects.exists()
        assert not ActivityRecord.objects.exists()

    fail_at_each_statement(lambda: set_enrolment_state(partner=membership.partner, state=State.ACTIVE, by=BY), check)
    assert Partner.objects.get().enrolment_state == State.ACTIVE


def test_followers_hear_of_a_decision_and_can_undo_it(membership: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, Actor]] = []

    def follow(partner: Partner, by: Actor) -> None:
        heard.append((partner.enrolment_state, by))
        raise RuntimeError

    monkeypatch.setattr("accounts.services.companies.enrolment_followers", [*enrolment_followers, follow])
    with pytest.raises(RuntimeError):
        set_enrolment_state(partner=membership.partner, state=State.ACTIVE, by=BY)
    assert heard == [(State.ACTIVE, BY)]
    assert Partner.objects.get().enrolment_state == State.PENDING


# --- what the company sees ---
def test_a_pending_company_reads_what_happens_next(client: Client, membership: Membership) -> None:
    page = page_of(client, membership)
    assert "The application of Tailwind is being verified." in page
    assert "three to five business days" in page
    assert "+55 11 96123-4567" in page
    assert page_of(client, membership, "done").count("What happens next") == 1


def test_a_rejected_company_reads_why_and_can_correct(client: Client, rejected: Membership) -> None:
    page = page_of(client, rejected)
    assert "Check the MPN ID." in page
    assert f'href="{url("apply_again")}"' in page
    assert client.get(url("done"))["Location"] == url("status")


def test_a_colleague_reads_who_can_correct(client: Client, rejected: Membership) -> None:
    helpdesk = colleague(rejected, Role.HELPDESK_AGENT)
    other = MembershipFactory(user__full_name="Somebody Elsewhere")
    page = page_of(client, helpdesk)
    assert "Check the MPN ID." in page
    assert "Ana Lima" in page
    assert other.user.full_name not in page
    assert url("apply_again") not in page
    for method in ("get", "post"):
        assert getattr(client, method)(url("apply_again"), COMPANY).status_code == 403


def test_a_suspended_company_reads_why_and_whom_to_ask(client: Client, membership: Membership) -> None:
    set_enrolment_state(partner=membership.partner, state=State.ACTIVE, by=BY)
    set_enrolment_state(partner=membership.partner, state=State.SUSPENDED, reason="Payments are disputed.", by=BY)
    page = page_of(client, membership)
    assert "Payments are disputed." in page
    assert "Settle it with the back office of the portal" in page
    assert url("apply_again") not in page


def test_an_active_company_is_sent_home(client: Client, membership: Membership) -> None:
    set_enrolment_state(partner=membership.partner, state=State.ACTIVE, by=BY)
    assert "Tailwind is enrolled." in page_of(client, membership)


def test_somebody_without_a_company_may_enroll_one(client: Client, db: None) -> None:
    client.force_login(UserFactory())
    page = client.get(url("status")).content.decode()
    assert html_faults(page) == []
    assert f'href="{url("company")}"' in page


@pytest.mark.parametrize("kind", ["back_office", "customer_administrator"])
def test_who_has_another_home_is_sent_there(client: Client, db: None, kind: str) -> None:
    user = UserFactory(back_office=True) if kind == "back_office" else CustomerAdministratorFactory().user
    client.force_login(user)
    assert client.get(url("status"))["Location"] == "/"


def test_strangers_sign_in_first(client: Client, db: None) -> None:
    for name in ("status", "apply_again", "done", "prove_email"):
        assert client.get(url(name))["Location"] == f"/account/sign-in/?next={url(name)}"


def test_the_status_costs_the_same_for_a_large_company(
    client: Client, rejected: Membership, django_assert_num_queries: Any
) -> None:
    helpdesk = colleague(rejected, Role.HELPDESK_AGENT)
    client.force_login(helpdesk.user)
    client.get(url("status"))  # begins the session
    with django_assert_num_queries(4):
        client.get(url("status"))
    for _colleague in range(3):
        colleague(rejected, Role.GLOBAL_ADMIN)
    with django_assert_num_queries(4):
        client.get(url("status"))


# --- applying again ---
def test_a_rejected_company_corrects_its_facts_and_applies_again(client: Client, rejected: Membership) -> None:
    UserFactory(back_office=True, sign_in_name="office@portal.example")
    page = page_of(client, rejected, "apply_again")
    assert 'value="0077001"' in page
    assert 'value="+55 11 96123-4567"' in page
    answers = {**COMPANY, "legal_name": "Tailwind", "mpn_id": "77009"}
    assert client.post(url("apply_again"), answers)["Location"] == url("status")
    partner = Partner.objects.get()
    assert (partner.enrolment_state, partner.enrolment_reason) == (State.PENDING, "")
    assert (partner.enrolment_decided_at, partner.mpn_id, partner.mpn_key) == (None, "77009", "77009")
    row = ActivityRecord.objects.get(action="partner.resubmitted")
    assert row.changes == {
        "enrolment_state": ["rejected", "pending"],
        "mpn_id": ["0077001", "77009"],
        "address_line_1": ["1 Main Street", "Av. Paulista 1000"],
    }
    assert row.actor_user_id == rejected.user_id
    kinds = OutgoingEmail.objects.order_by("kind").values_list("kind", "recipient")
    assert list(kinds) == [
        ("enrolment_received", "ana@tailwind.example"),
        ("enrolment_waiting", "office@portal.example"),
    ]
    assert "corrected its facts after a rejection" in OutgoingEmail.objects.get(kind="enrolment_waiting").text.replace(
        "\n", " "
    )
    # Pressed twice: the same.
    assert client.post(url("apply_again"), answers)["Location"] == url("status")
    assert OutgoingEmail.objects.count() == 2


def test_its_own_number_is_not_in_use(rejected: Membership) -> None:
    resubmit_enrolment(partner=rejected.partner, facts=facts(), by=actor_of(rejected))
    assert Partner.objects.get().enrolment_state == State.PENDING


def test_another_companys_number_is_refused_beside_the_field(client: Client, rejected: Membership) -> None:
    PartnerFactory(mpn_id="77002")
    client.force_login(rejected.user)
    page = client.post(url("apply_again"), {**COMPANY, "mpn_id": "0077002"})
    assert list(page.context["form"].errors) == ["mpn_id"]
    assert "Av. Paulista 1000" in page.content.decode()
    assert Partner.objects.get(pk=rejected.partner_id).enrolment_state == State.REJECTED


def test_asking_for_numbers_in_use_has_an_end(client: Client, rejected: Membership) -> None:
    PartnerFactory(mpn_id="77002")
    client.force_login(rejected.user)
    for _try in range(20):
        client.post(url("apply_again"), {**COMPANY, "mpn_id": "77002"})
    page = client.post(url("apply_again"), {**COMPANY, "mpn_id": "77003"})
    assert page.context["form"].errors == {"__all__": ["Too many attempts. Try again in 60 minutes."]}
    assert Partner.objects.get(pk=rejected.partner_id).mpn_id == "0077001"


def test_another_country_brings_its_fields(client: Client, rejected: Membership) -> None:
    client.force_login(rejected.user)
    page = client.post(url("apply_again"), {**COMPANY, "country": "US", "update_address": "1"})
    assert page.context["form"].fields["postal_code"].label == "ZIP code"
    assert Partner.objects.get().enrolment_state == State.REJECTED


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE, State.SUSPENDED])
def test_only_after_a_rejection(client: Client, membership: Membership, state: str) -> None:
    Partner.objects.update(enrolment_state=state)
    client.force_login(membership.user)
    for method in ("get", "post"):
        assert getattr(client, method)(url("apply_again"), COMPANY)["Location"] == url("status")
    with pytest.raises(InvalidTransition):
        resubmit_enrolment(partner=membership.partner, facts=facts(), by=actor_of(membership))
    assert Partner.objects.get().legal_name == "Tailwind"


def test_only_a_global_admin_of_this_company(rejected: Membership) -> None:
    others = [
        colleague(rejected, Role.ADMIN_AGENT),
        MembershipFactory(),
        end_membership(membership=colleague(rejected, Role.GLOBAL_ADMIN), by=BY),
    ]
    # An actor is as old as its page: what it says about a role is not believed.
    for other in others:
        by = Actor(user=other.user, partner=rejected.partner, role=Role.GLOBAL_ADMIN)
        with pytest.raises(NotPermitted):
            resubmit_enrolment(partner=rejected.partner, facts=facts(), by=by)
    with pytest.raises(NotPermitted):
        resubmit_enrolment(partner=rejected.partner, facts=facts(), by=BY)
    assert Partner.objects.get(pk=rejected.partner_id).enrolment_state == State.REJECTED


def test_applying_again_is_whole_or_nothing(rejected: Membership) -> None:
    records = ActivityRecord.objects.count()

    def check() -> None:
        partner = Partner.objects.get()
        assert (partner.enrolment_state, partner.mpn_id) == (State.REJECTED, "0077001")
        assert (OutgoingEmail.objects.count(), ActivityRecord.objects.count()) == (0, records)

    by = actor_of(rejected)
    fail_at_each_statement(
        lambda: resubmit_enrolment(partner=rejected.partner, facts=facts(mpn_id="77009"), by=by), check
    )
    assert Partner.objects.get().mpn_id == "77009"
