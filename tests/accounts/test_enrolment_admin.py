"""The queue of enrolments in the back office."""

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.access import system_actor
from accounts.look_alikes import look_alikes, mixes_alphabets, similar_names
from accounts.models import Partner, User
from accounts.services import set_enrolment_state
from activity.models import ActivityRecord
from core.exceptions import Refused
from mail.models import OutgoingEmail
from tests.contracts import header_faults
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.reading import text

State = Partner.EnrolmentState
QUEUE = "admin:accounts_partner_changelist"


@pytest.fixture
def back_office(db: None, client: Client) -> User:
    """Somebody of the back office, signed in."""
    person = UserFactory(back_office=True, full_name="Back Office")
    client.force_login(person)
    return person


def page_of(client: Client, partner: Partner) -> str:
    """The company's own page."""
    page = client.get(reverse("admin:accounts_partner_change", args=[partner.pk]))
    assert page.status_code == 200
    assert header_faults(page) == []
    return page.content.decode()


def decide(client: Client, partner: Partner, name: str, reason: str = "") -> Any:
    """Press a button of that page."""
    return client.post(reverse("admin:accounts_partner_decide", args=[partner.pk, name]), {"reason": reason})


# --- the queue ---
def test_what_waits_longest_comes_first(client: Client, back_office: User) -> None:
    PartnerFactory(legal_name="Active")
    for name, days in (("Young", 1), ("Old", 9), ("Older", 12)):
        PartnerFactory(legal_name=name, pending=True, created_at=timezone.now() - timezone.timedelta(days=days))
    PartnerFactory(legal_name="Rejected", enrolment_state=State.REJECTED)
    page = client.get(reverse(QUEUE))
    names = [partner.legal_name for partner in page.context["cl"].result_list]
    assert names == ["Older", "Old", "Young", "Active", "Rejected"]
    words = " ".join(page.content.decode().split())
    assert "3 enrolments wait for a decision." in words
    assert "The oldest has waited for 1 week, 5 days." in words
    pending = client.get(f"{reverse(QUEUE)}?enrolment_state__exact=pending")
    assert [partner.legal_name for partner in pending.context["cl"].result_list] == ["Older", "Old", "Young"]


def test_an_empty_queue_says_so(client: Client, back_office: User) -> None:
    PartnerFactory()
    assert "No enrolment waits for a decision." in client.get(reverse(QUEUE)).content.decode()


def test_the_queue_names_the_applicant_and_the_age(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True, created_at=timezone.now() - timezone.timedelta(days=3))
    first = MembershipFactory(partner=partner, user__full_name="Ana Lima")
    MembershipFactory(partner=partner)
    page = client.get(reverse(QUEUE)).content.decode()
    assert f"Ana Lima, {first.user.sign_in_name}" in page
    assert "3\xa0days" in page


def test_the_queue_costs_the_same_for_more_rows(
    client: Client, back_office: User, django_assert_num_queries: Any
) -> None:
    MembershipFactory(partner=PartnerFactory(pending=True))
    client.get(reverse(QUEUE))  # begins the session
    with django_assert_num_queries(9):
        client.get(reverse(QUEUE))
    for _company in range(2):
        MembershipFactory(partner=PartnerFactory(pending=True))
    with django_assert_num_queries(9):
        client.get(reverse(QUEUE))


# --- deciding on the company's page ---
@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (State.PENDING, {"approve", "reject"}),
        (State.ACTIVE, {"suspend"}),
        (State.REJECTED, {"reconsider"}),
        (State.SUSPENDED, {"reinstate"}),
    ],
)
def test_the_page_offers_what_the_state_allows(
    client: Client, back_office: User, state: str, offered: set[str]
) -> None:
    partner = PartnerFactory(enrolment_state=state)
    page = page_of(client, partner)
    names = {"approve", "reject", "suspend", "reinstate", "reconsider"}
    assert {name for name in names if f"/decide/{name}/" in page} == offered


def test_an_application_is_approved_by_a_button(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True)
    response = decide(client, partner, "approve")
    assert (response.status_code, response["Location"]) == (302, reverse(QUEUE))
    partner.refresh_from_db()
    assert partner.enrolment_state == State.ACTIVE
    assert ActivityRecord.objects.get().actor_user_id == back_office.pk
    assert OutgoingEmail.objects.get().kind == "enrolment_approved"


def test_an_application_is_rejected_with_words_on_one_line(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True)
    decide(client, partner, "reject", "  The MPN ID is\r\nanother company's. ")
    partner.refresh_from_db()
    assert (partner.enrolment_state, partner.enrolment_reason) == (
        State.REJECTED,
        "The MPN ID is another company's.",
    )
    assert "The MPN ID is another company's." in " ".join(OutgoingEmail.objects.get().text.split())


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "Give a reason: the company will ask for it."),
        ("   ", "Give a reason: the company will ask for it."),
        ("Fake\u202eelif", "Remove the invisible control characters from this text."),
        ("x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
    ],
)
def test_a_reason_that_cannot_be_sent_stays_on_the_page(
    client: Client, back_office: User, reason: str, said: str
) -> None:
    partner = PartnerFactory(pending=True)
    page = decide(client, partner, "reject", reason)
    assert page.status_code == 200
    assert page.context["form"].errors == {"reason": [said]}
    assert reason in page.content.decode()
    partner.refresh_from_db()
    assert partner.enrolment_state == State.PENDING


def test_a_decision_out_of_turn_shows_the_one_that_was_made_and_keeps_the_words(
    client: Client, back_office: User
) -> None:
    partner = PartnerFactory(pending=True)
    decide(client, partner, "reject", "No website")
    late = decide(client, partner, "approve", "A good reason")
    opened = client.get(reverse("admin:accounts_partner_decide", args=[partner.pk, "approve"]))
    for page in (late, opened):
        assert page.status_code == 200
        assert header_faults(page) == []
        read = text(page.content.decode())
        assert f"This can no longer be decided Enrolment rejected · {back_office.full_name}" in read
        assert "Reason: No website" in read
        assert 'type="submit"' not in page.content.decode().partition('id="content"')[2]
    assert ("A good reason" in late.content.decode(), "A good reason" in opened.content.decode()) == (True, False)
    assert ActivityRecord.objects.count() == 1


def test_what_is_decided_at_the_same_moment_is_shown_too(
    client: Client, back_office: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = PartnerFactory(pending=True)

    def decided_first(*_given: Any, **_named: Any) -> None:
        Partner.objects.filter(pk=partner.pk).update(enrolment_state=State.REJECTED)
        raise Refused("Too late.")

    monkeypatch.setattr(services, "set_enrolment_state", decided_first)
    assert "This can no longer be decided" in decide(client, partner, "approve", "A good reason").content.decode()


def test_opening_a_decision_decides_nothing(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True)
    page = client.get(reverse("admin:accounts_partner_decide", args=[partner.pk, "reject"]))
    assert page.status_code == 200
    assert header_faults(page) == []
    partner.refresh_from_db()
    assert partner.enrolment_state == State.PENDING


def test_unknown_companies_and_decisions_are_not_found(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True)
    for pk, name in ((partner.pk, "delete"), (partner.pk + 1, "approve")):
        assert client.post(reverse("admin:accounts_partner_decide", args=[pk, name])).status_code == 404
    assert client.get(reverse("admin:accounts_partner_change", args=["%00"])).status_code in (302, 400, 404)


def test_who_may_only_look_decides_nothing(client: Client, db: None) -> None:
    person = UserFactory(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_partner"))
    client.force_login(person)
    partner = PartnerFactory(pending=True)
    assert "/decide/" not in page_of(client, partner)
    assert decide(client, partner, "approve").status_code == 403
    partner.refresh_from_db()
    assert partner.enrolment_state == State.PENDING


def test_partners_and_strangers_decide_nothing(client: Client, db: None) -> None:
    partner = PartnerFactory(pending=True)
    assert decide(client, partner, "approve").status_code == 302
    client.force_login(MembershipFactory().user)
    assert decide(client, partner, "approve").status_code in (302, 403)
    partner.refresh_from_db()
    assert partner.enrolment_state == State.PENDING


def test_a_reason_in_the_list_is_cleaned_as_well(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True)
    data = {"action": "reject", "_selected_action": [partner.pk], "reason": "Fake\u202eelif"}
    page = client.post(reverse(QUEUE), data, follow=True)
    assert "Remove the invisible control characters" in page.content.decode()
    partner.refresh_from_db()
    assert partner.enrolment_state == State.PENDING


def test_the_page_shows_facts_reason_and_look_alikes_escaped(client: Client, back_office: User) -> None:
    PartnerFactory(legal_name="<i>Tailwind</i> Ltd", contact_email="a@tailwind.example")
    partner = PartnerFactory(
        legal_name="<b>Tailwind</b>", pending=True, contact_email="b@tailwind.example", city="<script>x</script>"
    )
    page = page_of(client, partner)
    assert "<b>Tailwind" not in page
    assert "<i>Tailwind" not in page
    assert "<script>x" not in page
    assert "same e-mail domain" in page
    set_enrolment_state(partner=partner, state=State.REJECTED, reason="<u>No</u>", by=system_actor("tests"))
    page = page_of(client, partner)
    assert "&lt;u&gt;No&lt;/u&gt;" in page


# --- look-alikes ---
@pytest.mark.parametrize(
    ("name", "other", "alike"),
    [
        ("Fabrikam Inc.", "FABRIKAM LLC", True),
        ("Fabrikam", "Fabricam", True),
        ("Fabrikam", "Fаbrikаm", True),  # the second with Cyrillic letters
        ("Fabrikam", "Fabr1kam", True),
        ("Fabrikam Services", "Fabricam Holding", True),
        ("São João", "Sao Joao Ltda", True),
        ("Fabrikam", "Contoso", False),
        ("ABC Software", "ABC Plumbing", False),
        ("Ltd.", "Contoso", False),
        ("株式会社青空", "株式会社青空", True),
    ],
)
def test_names_are_compared_as_people_remember_them(name: str, other: str, alike: bool) -> None:
    assert (similar_names(name, {1: other}) != {}) is alike


def test_look_alikes_say_what_they_have_in_common(db: None) -> None:
    partner = PartnerFactory(
        legal_name="Fabrikam", contact_email="a@fabrikam.example", contact_phone="+12065550100", pending=True
    )
    domain = PartnerFactory(legal_name="Zebra", contact_email="b@fabrikam.example")
    PartnerFactory(legal_name="Yacht", contact_email="b@notfabrikam.example")
    both = PartnerFactory(legal_name="Fabricam", contact_phone="+12065550100")
    PartnerFactory(legal_name="Xylophone", contact_phone="")
    found = [(one.partner, one.reasons) for one in look_alikes(partner)]
    assert found == [(both, ["similar name", "same telephone number"]), (domain, ["same e-mail domain"])]


def test_a_public_mail_domain_says_nothing(db: None) -> None:
    partner = PartnerFactory(legal_name="Fabrikam", contact_email="a@gmail.com")
    PartnerFactory(legal_name="Zebra", contact_email="b@gmail.com")
    assert look_alikes(partner) == []


def test_look_alikes_take_two_queries(db: None, django_assert_num_queries: Any) -> None:
    partner = PartnerFactory(legal_name="Fabrikam")
    for number in range(3):
        PartnerFactory(legal_name=f"Fabrikam {number}")
    with django_assert_num_queries(2):
        assert len(look_alikes(partner)) == 3


@pytest.mark.parametrize(
    ("name", "mixed"),
    [("Fаbrikam", True), ("Fabrikam", False), ("Фабрикам Ltd", False), ("Fabrikam Ωμέγα", False), ("Ωmega", True)],
)
def test_mixed_alphabets_are_told(name: str, mixed: bool) -> None:
    assert mixes_alphabets(name) is mixed


def test_the_age_is_told_in_the_clock_of_the_portal(client: Client, back_office: User) -> None:
    partner = PartnerFactory(pending=True)
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=20), tick=False):
        assert "20\xa0minutes" in page_of(client, partner)
