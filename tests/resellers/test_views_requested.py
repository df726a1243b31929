"""The Requested tab: where each request stands, what may be done, and what somebody should look at."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.access import ANONYMOUS, Actor
from accounts.models import Partner
from core import clock
from core.html import date_text
from mail.models import OutgoingEmail
from resellers.filters import ATTENTION
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    ask_for_new_link,
    decline_request,
    draft_request,
    note_opened,
    resend_request,
    revoke_request,
)
from resellers.tokens import link_token
from tests.factories import PartnershipRequestFactory, UserFactory
from tests.resellers.conftest import make_draft, make_sent, signed_in
from tests.resellers.pages import checked, names, rows, words

State = PartnershipRequest.State
# From the second request of a session on: who asks (session, person, memberships), how many wait, count, rows, how the
# mails of the visible requests came, and who has accepted them.
QUERIES = 8
RESELLERS, REQUESTED, ENDED = (reverse(f"resellers:{name}") for name in ("list", "requested", "ended"))
OPEN = ["Copy link", "Resend", "Extend", "Revoke"]


def listed(response) -> dict[str, tuple[str, ...]]:
    """Address -> sent, valid until, delivery, state, actions."""
    return {row[0]: tuple(row[1:]) for row in rows(response)}


def actions(response, address: str) -> list[str]:
    """What the row of this address offers."""
    return [one.strip() for one in listed(response)[address][-1].split(address) if one.strip()]


@pytest.fixture
def everything(sender, northwind, riley, casey, tailwind) -> dict[str, PartnershipRequest]:
    """A request in every state, each to an address that says so, and one of another provider."""
    make_sent(tailwind, "theirs@contoso.example")
    draft_request(by=sender)
    made = {"draft": make_draft(sender, "draft@fabrikam.example")}
    for name in ("open", "declined", "revoked", "expired", "overdue", "replaced", "elsewhere", "failed", "wanted"):
        made[name] = make_sent(sender, f"{name}@fabrikam.example")
    decline_request(request=made["declined"], nonce=made["declined"].nonce, by=ANONYMOUS)
    revoke_request(request=made["revoked"], by=sender)
    PartnershipRequest.objects.filter(pk=made["expired"].pk).update(state=State.EXPIRED, expires_at=clock.now())
    PartnershipRequest.objects.filter(pk=made["overdue"].pk).update(expires_at=clock.now())
    with time_machine.travel(clock.now() + timedelta(minutes=15)):
        made["newer"] = resend_request(request=made["replaced"], by=sender)
    accept_request(request=made["elsewhere"], nonce=made["elsewhere"].nonce, by=casey)
    OutgoingEmail.objects.about(made["failed"]).update(state="failed")
    reader = UserFactory(sign_in_name="pat@adatum.example", full_name="Pat Kim")
    ask_for_new_link(request=made["wanted"], nonce=made["wanted"].nonce, by=Actor(user=reader))
    made["shared"] = PartnershipRequestFactory(
        provider=northwind, created_by=sender.user, sent=True, recipient="", channel="clipboard"
    )
    made["accepted"] = make_sent(sender, "riley@fabrikam.example")
    accept_request(request=made["accepted"], nonce=made["accepted"].nonce, by=riley)
    return made


# --- rows -------------------------------------------------------------------------------------------------------------
def test_each_state_offers_what_it_allows(sender, everything):
    response = checked(signed_in(sender).get(f"{REQUESTED}?state=all"))
    shown = listed(response)
    state = {address: cells[3] for address, cells in shown.items()}
    confirm = "Contoso Group’s Casey Lund accepted from another domain: confirm"
    assert {address: (state[address], actions(response, address)) for address in shown} == {
        "draft@fabrikam.example": ("Draft", ["Continue"]),
        "open@fabrikam.example": ("Awaiting reply", OPEN),
        "declined@fabrikam.example": ("Declined", ["Copy link", "Resend", "Revoke"]),
        "revoked@fabrikam.example": ("Revoked", ["View"]),
        "expired@fabrikam.example": ("Expired", ["Resend"]),
        "overdue@fabrikam.example": ("Expired", ["Resend"]),
        "replaced@fabrikam.example": ("Replaced", ["View"]),
        "elsewhere@fabrikam.example": (f"Awaiting reply {confirm}", ["Confirm", "Refuse", "Revoke"]),
        "failed@fabrikam.example": ("Awaiting reply", ["Copy link", "Correct the address", "Extend", "Revoke"]),
        "wanted@fabrikam.example": (
            "Awaiting reply New link wanted",
            ["Copy link", "Send to pat@adatum.example", "Resend", "Extend", "Revoke"],
        ),
        "Personal link": ("Awaiting reply", ["Copy link", "Make a new link", "Extend", "Revoke"]),
        "riley@fabrikam.example": ("Accepted", ["View"]),
    }
    page = response.content.decode()
    for request in PartnershipRequest.objects.all():
        assert link_token(request) not in page
    assert f'href="{everything["open"].get_absolute_url()}#link"' in page
    acceptance = everything["elsewhere"].pending_acceptances.get()
    assert f'href="{reverse("resellers:confirm_acceptance", args=[acceptance.public_id])}"' in page


def test_every_action_of_a_row_opens(sender, everything):
    with time_machine.travel(clock.now() + timedelta(minutes=30)):
        desk = signed_in(sender)
        page = desk.get(f"{REQUESTED}?state=all").content.decode()
        body = re.search(r"<tbody.*?</tbody>", page, re.S)[0]
        addresses = sorted(set(re.findall(r'<a\b[^>]*? href="(/[^"#]*)', body)))
        assert len(addresses) > 30
        for address in addresses:
            assert (desk.get(address).status_code, address) == (200, address)


def test_who_sent_it_and_how_long_it_lasts(sender):
    sent = make_sent(sender, "riley@fabrikam.example", valid_days=30)
    today = date_text(clock.now())
    until = f"{date_text(sent.expires_at)} in 29 days"
    assert listed(signed_in(sender).get(REQUESTED))["riley@fabrikam.example"][:2] == (f"{today} Sasha Berg", until)
    for left, said in (
        (timedelta(days=1, hours=2), "in 1 day"),
        (timedelta(hours=5, minutes=59), "in 5 hours"),
        (timedelta(minutes=3), "in 1 hour"),
    ):
        PartnershipRequest.objects.update(expires_at=clock.now() + left + timedelta(seconds=30))
        assert listed(signed_in(sender).get(REQUESTED))["riley@fabrikam.example"][1].endswith(f" {said}")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Waiting to be sent"),
        ({"attempts": 1, "last_error": "SMTPDataError 451"}, "Waiting to be sent again"),
        ({"attempts": 0, "last_error": "ConnectionRefusedError"}, "Waiting to be sent again"),
        ({"state": "sending", "lease_until": "now"}, "Being sent"),
        ({"state": "sent", "sent_at": "now"}, "Handed to the mail server"),
        ({"state": "failed", "last_error": "SMTPRecipientsRefused 550"}, "Could not be sent"),
        ({"state": "dropped"}, "Withdrawn"),
    ],
)
def test_how_far_the_mail_came(sender, sent, fields, said):
    fields = {name: clock.now() if value == "now" else value for name, value in fields.items()}
    OutgoingEmail.objects.update(**fields)
    response = signed_in(sender).get(REQUESTED)
    assert listed(response)["riley@fabrikam.example"][2] == said
    assert said in words(signed_in(sender).get(sent.get_absolute_url()))
    assert "delivered" not in words(response).lower()


def test_the_mail_of_a_request_is_its_own_and_no_reminder(sender, sent):
    OutgoingEmail.objects.update(state="sent", sent_at=clock.now())
    OutgoingEmail.objects.create(
        kind="partnership_reminder",
        recipient=sent.recipient,
        language="en",
        subject="x",
        text="x",
        html="x",
        message_id="<x@y>",
        about_type="resellers.partnershiprequest",
        about_id=str(sent.pk),
    )
    assert listed(signed_in(sender).get(REQUESTED))["riley@fabrikam.example"][2] == "Handed to the mail server"


def test_whether_a_person_has_opened_it(sender, sent):
    note_opened(request=sent, nonce=sent.nonce, by=ANONYMOUS)
    said = f"Waiting to be sent Opened by a person on {date_text(clock.now())}"
    assert listed(signed_in(sender).get(REQUESTED))["riley@fabrikam.example"][2] == said


def test_an_acceptance_that_waits_for_its_enrolment_needs_nobody_here(sender, sent, riley):
    Partner.objects.filter(pk=riley.partner.pk).update(enrolment_state="pending")
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    response = signed_in(sender).get(REQUESTED)
    assert listed(response)["riley@fabrikam.example"][3] == (
        "Awaiting reply Fabrikam Services accepted and waits for its enrolment"
    )
    assert actions(response, "riley@fabrikam.example") == ["Revoke"]


# --- filters ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=draft", ["draft"]),
        ("state=sent", ["elsewhere", "failed", "open", "replaced", "shared", "wanted"]),
        ("state=expired", ["expired", "overdue"]),
        ("state=declined", ["declined"]),
        ("state=revoked", ["revoked"]),
        ("state=accepted", ["accepted"]),
        ("state=superseded", ["replaced"]),
        ("attention=failed", ["failed"]),
        ("attention=new_link", ["wanted"]),
        ("attention=confirm", ["elsewhere"]),
        ("attention=expiring", []),
        ("attention=failed&state=expired", []),
        ("q=elsewhere", ["elsewhere"]),
    ],
)
def test_filters_find_what_they_name(sender, everything, query, found):
    address = {"shared": "Personal link", "accepted": "riley@fabrikam.example"}
    response = checked(signed_in(sender).get(f"{REQUESTED}?{query}"))
    assert sorted(names(response)) == sorted(address.get(name, f"{name}@fabrikam.example") for name in found)


def test_what_a_newer_request_replaced_is_left_out_until_asked_for(sender, everything):
    desk = signed_in(sender)
    assert names(desk.get(REQUESTED)).count("replaced@fabrikam.example") == 1
    assert names(desk.get(f"{REQUESTED}?state=all")).count("replaced@fabrikam.example") == 2
    assert "theirs@contoso.example" not in names(desk.get(f"{REQUESTED}?state=all"))


def test_a_week_before_the_end_is_soon(sender, casey):
    sent, waiting = make_sent(sender), make_sent(sender, "w@fabrikam.example")
    accept_request(request=waiting, nonce=waiting.nonce, by=casey)
    for left, found in ((timedelta(days=7, minutes=1), []), (timedelta(days=6, hours=23), [str(sent)])):
        PartnershipRequest.objects.update(expires_at=clock.now() + left)
        assert names(signed_in(sender).get(f"{REQUESTED}?attention=expiring")) == found


@pytest.mark.parametrize("query", ["state=nonsense", "attention=nonsense", "attention=%00", "state=sent&state=x"])
def test_an_unknown_filter_shows_no_rows_and_says_why(sender, sent, query):
    response = signed_in(sender).get(f"{REQUESTED}?{query}")
    assert response.status_code in (200, 400)
    assert names(response) == []


def test_each_kind_of_trouble_can_be_chosen(sender, sent):
    form = signed_in(sender).get(REQUESTED).context["filter_form"]
    labels = [str(label) for _value, label in form.fields["attention"].choices]
    assert labels == ["All", "Could not be sent", "New link wanted", "Acceptance to confirm", "Expires within 7 days"]
    assert list(ATTENTION) == ["failed", "new_link", "confirm", "expiring"]


# --- tabs and counts --------------------------------------------------------------------------------------------------
def test_the_tabs_of_the_section(sender, sent):
    for address, current in ((RESELLERS, "Active"), (REQUESTED, "Requested"), (ENDED, "Ended")):
        tabs = signed_in(sender).get(address).context["tabs"]
        assert [(tab["label"], tab["current"], tab["count"]) for tab in tabs] == [
            ("Active", current == "Active", None),
            ("Requested", current == "Requested", 1),
            ("Ended", current == "Ended", None),
        ]


def test_who_sees_the_requests(sender, helpdesk, riley, tailwind, client):
    for actor, status in ((sender, 200), (tailwind, 200), (helpdesk, 403), (riley, 403)):
        assert (signed_in(actor).get(REQUESTED).status_code, actor) == (status, actor)
    assert client.get(REQUESTED).url == f"{reverse('account_login')}?next={REQUESTED}"


def test_the_tab_counts_what_waits_for_an_answer(sender, riley):
    make_sent(sender, "open@fabrikam.example")
    revoke_request(request=make_sent(sender, "revoked@fabrikam.example"), by=sender)
    page = words(signed_in(sender).get(RESELLERS))
    assert re.search(r'Requested <span class="tab-count">1</span>', page)
    assert 'aria-current="page">Active' in page
    assert re.search(r'aria-current="page">Requested', words(signed_in(sender).get(REQUESTED)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=open", ["open@fabrikam.example"]),
        ("state=revoked", ["revoked@fabrikam.example"]),
        ("sort=recipient", ["open@fabrikam.example", "revoked@fabrikam.example"]),
        ("sort=nonce", ["revoked@fabrikam.example", "open@fabrikam.example"]),
    ],
)
def test_searching_requests(sender, tailwind, query, found):
    make_sent(sender, "open@fabrikam.example")
    revoke_request(request=make_sent(sender, "revoked@fabrikam.example"), by=sender)
    make_sent(tailwind, "open@contoso.example")
    assert names(checked(signed_in(sender).get(f"{REQUESTED}?{query}"))) == found


@pytest.mark.parametrize("count", [1, 3])
def test_the_requests_cost_the_same_with_more_rows(sender, django_assert_num_queries, count):
    for number in range(count):
        make_sent(sender, f"p{number}@fabrikam.example")
    desk = signed_in(sender)
    desk.get(REQUESTED)
    with django_assert_num_queries(QUERIES):
        assert len(rows(desk.get(REQUESTED))) == count


def test_no_requests_yet(sender):
    assert "No requests yet" in words(checked(signed_in(sender).get(REQUESTED)))
