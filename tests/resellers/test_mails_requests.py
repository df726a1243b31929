"""The mails of a tracked request, as they leave: sent again, reminded of twice, not deliverable."""

import email.policy
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
import time_machine
from django.core import mail as django_mail

from accounts.access import system_actor
from mail.delivery import deliver
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.services import resend_request
from resellers.services.reminders import remind_of_requests, tell_of_undeliverable_mail
from resellers.tokens import link_token, request_link
from tests.resellers.conftest import make_sent

BEGIN = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
PORTAL = system_actor("reminders")
# kind -> days after sending
WHEN = {"partnership_replaced": 1, "partnership_reminder": 7, "partnership_last_reminder": 12}


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    """The installation's address."""
    settings.PORTAL_BASE_URL = "https://portal.example"


@pytest.fixture(autouse=True)
def mpn_id(northwind) -> None:
    """A number of its own, for it stands in the mails."""
    northwind.mpn_id = "0012345"
    northwind.save()


def leaves(kind: str):
    """Deliver the mail of this kind; return the row, and the message as a mail program reads it."""
    row = OutgoingEmail.objects.get(kind=kind)
    django_mail.outbox.clear()
    deliver(row.pk)
    (message,) = django_mail.outbox
    return row, message_from_bytes(message.message().as_bytes(), policy=email.policy.default)


def made(kind: str, sender, **changes) -> tuple[PartnershipRequest, OutgoingEmail, object]:
    """The request of this mail, the row and the message."""
    with time_machine.travel(BEGIN, tick=False):
        request = make_sent(sender, **changes)
        deliver(OutgoingEmail.objects.get().pk)
    with time_machine.travel(BEGIN + timedelta(days=WHEN[kind]), tick=False):
        if kind == "partnership_replaced":
            request = resend_request(request=request, by=sender)
        else:
            remind_of_requests(by=PORTAL)
        return request, *leaves(kind)


def parts(message) -> tuple[str, str]:
    """The text and the HTML."""
    return tuple(message.get_body([kind]).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))


def addresses(text: str) -> set[str]:
    """Every address but the portal's own, which the foot names."""
    found = re.findall(r"https?://[^\s\"<>]+", text)
    return {one for one in found if one.rstrip(".") != "https://portal.example"}


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("kind", WHEN)
def test_the_frame_of_each_mail_with_the_link(kind, language, sender):
    request, row, message = made(kind, sender, language=language, message="Hello & <b>welcome</b>")
    text, html = parts(message)
    link = request_link(request)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in message.iter_parts()} == {"utf-8"}
    assert message["To"] == "riley@fabrikam.example"
    assert message["Reply-To"] == "sasha@northwind.example"
    assert message["Message-ID"] == row.message_id == f"<{row.pk.hex}@portal.example>"
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", language)
    # Where the header is folded, the parser keeps the space that begins the next line.
    assert 0 < len(message["Subject"].strip()) <= 60
    assert f"\n{link}\n" in text
    assert addresses(text) == addresses(html) == {link}
    assert set(re.findall(r'href="([^"]*)"', html)) == {link}
    assert f'lang="{language}"' in html
    assert "<img" not in html
    assert "<b>welcome" not in html
    preheader = " ".join(re.search(r"display:none[^>]*>(.*?)</div>", html, re.S)[1].split())
    assert 40 <= len(preheader) <= 100
    assert len(html) < 102_000


@pytest.mark.parametrize("kind", WHEN)
def test_no_link_lies_in_the_database(kind, sender):
    request, row, _message = made(kind, sender)
    row.refresh_from_db()
    stored = " ".join(str(value) for value in vars(row).values())
    assert link_token(request) not in stored
    assert request.nonce not in stored


@pytest.mark.parametrize("kind", WHEN)
def test_a_long_name_leaves_the_subject_short(kind, sender, northwind):
    northwind.legal_name = "Ñandú Distribuição " * 10
    northwind.save()
    assert len(made(kind, sender)[2]["Subject"].strip()) <= 60


def test_the_request_sent_again_word_for_word(sender):
    request, _row, message = made("partnership_replaced", sender, message="My own words.")
    assert message["Subject"] == "New link: partnership request from Northwind Distribution"
    text, html = parts(message)
    assert text == (
        "This request takes the place of the one sent on 1 Mar 2027. The link in\n"
        "the earlier e-mail no longer works.\n\n"
        "My own words.\n\n"
        "Northwind Distribution (United States, MPN ID 0012345) asks your company\n"
        "to become its indirect reseller.\n\n"
        "Read the request and answer it with this personal link:\n"
        f"{request_link(request)}\n\n"
        "The link is valid until 16 Mar 2027 09:30 UTC.\n\n"
        "If you accept, Northwind Distribution can:\n"
        "- Add new customers on your behalf\n"
        "- Submit orders on behalf of your customers\n"
        "- Associate you with a subscription so that you can manage it on behalf\n"
        "of the customer who purchased it\n"
        "- Designate you as the customer’s support contact for specific\n"
        "subscriptions\n\n"
        "A Global admin or Admin agent of a company enrolled as an indirect\n"
        "reseller can accept. You can end the partnership at any time.\n\n"
        "--\n"
        "You received this because Sasha Berg (Northwind Distribution) entered\n"
        "your address. Not you? Ignore this e-mail.\n"
    )
    assert "takes the place of the one sent on 1 Mar 2027" in " ".join(html.split())


def test_the_first_reminder_word_for_word(sender):
    request, _row, message = made("partnership_reminder", sender, message="My own words.")
    assert message["Subject"] == "Reminder: partnership request from Northwind Distribution"
    assert parts(message)[0] == (
        "Sasha Berg (Northwind Distribution) sent you this partnership request on\n"
        "1 Mar 2027, and it has not been answered yet.\n\n"
        "Northwind Distribution (United States, MPN ID 0012345) asks your company\n"
        "to become its indirect reseller.\n\n"
        "Read the request and answer it with this personal link:\n"
        f"{request_link(request)}\n\n"
        "The link is valid until 15 Mar 2027 09:30 UTC.\n\n"
        "A Global admin or Admin agent of a company enrolled as an indirect\n"
        "reseller can accept. You can end the partnership at any time.\n\n"
        "If you do not want the partnership, select Decline on the same page, and\n"
        "you will not be reminded again.\n\n"
        "--\n"
        "You received this because Sasha Berg (Northwind Distribution) entered\n"
        "your address. Not you? Ignore this e-mail.\n"
    )


def test_the_last_reminder_word_for_word(sender):
    request, _row, message = made("partnership_last_reminder", sender)
    assert message["Subject"] == "Last reminder: partnership with Northwind Distribution"
    assert parts(message)[0] == (
        "The partnership request that Sasha Berg (Northwind Distribution) sent\n"
        "you on 1 Mar 2027 ends soon. This is the last reminder.\n\n"
        "The link is valid until 15 Mar 2027 09:30 UTC.\n\n"
        "Northwind Distribution (United States, MPN ID 0012345) asks your company\n"
        "to become its indirect reseller.\n\n"
        "Read the request and answer it with this personal link:\n"
        f"{request_link(request)}\n\n"
        "A Global admin or Admin agent of a company enrolled as an indirect\n"
        "reseller can accept. You can end the partnership at any time.\n\n"
        "--\n"
        "You received this because Sasha Berg (Northwind Distribution) entered\n"
        "your address. Not you? Ignore this e-mail.\n"
    )


def test_reminders_tell_the_time_of_the_sender(sender):
    sender.user.time_zone = "America/Sao_Paulo"
    sender.user.save()
    text, _html = parts(made("partnership_reminder", sender)[2])
    assert "The link is valid until 15 Mar 2027 06:30 BRT." in text


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_the_sender_reads_what_to_do_about_an_address(sender, language):
    sender.user.language = language
    sender.user.save()
    request = make_sent(sender)
    OutgoingEmail.objects.update(state="failed", last_error="SMTPRecipientsRefused 550")
    tell_of_undeliverable_mail()
    row, message = leaves("partnership_undeliverable")
    text, html = parts(message)
    page = f"https://portal.example/resellers/requests/{request.public_id}/correct/"
    assert message["To"] == "sasha@northwind.example"
    assert message["Content-Language"] == language
    assert message["Message-ID"] == row.message_id
    assert len(message["Subject"].strip()) <= 60
    assert addresses(text) == addresses(html) == {page}
    assert f"\n{page}\n" in text
    assert "riley@fabrikam.example" in text
    assert "/i/" not in text + html
    if language == "en":
        assert message["Subject"] == "A partnership request could not be sent"
        assert text.startswith(
            "An e-mail of your partnership request to riley@fabrikam.example could\n"
            "not be sent. The mail server refuses it for good, and further attempts\n"
            "will not help.\n"
        )
