"""The mails of a request: what they say, to whom, and that the link is in them only while it leaves."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail as django_mail

from accounts.access import ANONYMOUS
from core import clock
from mail.delivery import deliver
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.services import accept_request, decline_request, revoke_request
from resellers.tokens import link_token, request_link
from resellers.wording import wording
from tests.resellers.conftest import make_sent

State = OutgoingEmail.State


def delivered(kind):
    """Deliver the mail of this kind; return what left."""
    kept = OutgoingEmail.objects.get(kind=kind)
    deliver(kept.pk)
    (message,) = django_mail.outbox
    return message


def html_of(message) -> str:
    """The HTML part."""
    return message.alternatives[0][0]


def links_of(message) -> set[str]:
    """Every address in both parts."""
    found = re.findall(r"https?://[^\s\"<>]+", message.body + html_of(message))
    # The foot of each mail names the portal.
    return {address for address in found if address.rstrip(".") != "https://portal.example"}


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    """The installation's address."""
    settings.PORTAL_BASE_URL = "https://portal.example"


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_the_request_as_it_leaves(sender, language):
    sent = make_sent(sender, language=language, message="Hello & <b>welcome</b>,\nsecond line.")
    message = delivered("partnership_request")
    link = request_link(sent)
    assert message.to == ["riley@fabrikam.example"]
    assert message.reply_to == ["sasha@northwind.example"]
    assert message.subject == wording(sent).subject
    assert len(message.subject) <= 60
    assert link.startswith("https://portal.example/i/")
    assert f"\n{link}\n" in message.body
    assert "Hello & <b>welcome</b>,\nsecond line." in message.body
    assert "Hello &amp; &lt;b&gt;welcome&lt;/b&gt;,<br>second line." in html_of(message)
    assert f'lang="{language}"' in html_of(message).lower()
    assert links_of(message) == {link}
    preheader = re.search(r"display:none[^>]*>(.*?)</div>", html_of(message), re.S)[1]
    assert 40 <= len(preheader) <= 90


def test_links_in_the_words_are_not_made_to_work(sender):
    make_sent(sender, message='See https://evil.example/login and <a href="https://evil.example/">here</a>')
    message = delivered("partnership_request")
    assert set(re.findall(r'href="([^"]*)"', html_of(message))) == {request_link(PartnershipRequest.objects.get())}


def test_the_link_is_not_in_the_database(sent):
    kept = OutgoingEmail.objects.get()
    stored = " ".join(str(value) for value in OutgoingEmail.objects.values().get().values())
    assert link_token(sent) not in stored
    assert sent.nonce not in stored
    assert kept.dedupe_key.startswith(f"partnership_request:{sent.public_id}:")


def test_a_revoked_request_is_not_mailed(sent, sender):
    kept = OutgoingEmail.objects.get()
    revoke_request(request=sent, by=sender)
    deliver(kept.pk)
    assert django_mail.outbox == []
    assert OutgoingEmail.objects.get().state == State.DROPPED


def test_a_request_whose_link_moved_on_is_not_mailed(sent):
    PartnershipRequest.objects.update(nonce="f" * 32)
    deliver(OutgoingEmail.objects.get().pk)
    assert django_mail.outbox == []


@pytest.mark.parametrize("how", ["accepted", "declined", "expired"])
def test_an_answered_or_expired_request_is_not_mailed(sent, riley, how):
    kept = OutgoingEmail.objects.get()
    if how == "accepted":
        accept_request(request=sent, nonce=sent.nonce, by=riley)
    elif how == "declined":
        decline_request(request=sent, nonce=sent.nonce, by=riley)
    with time_machine.travel(clock.now() + timedelta(days=15 if how == "expired" else 0)):
        deliver(kept.pk)
    assert django_mail.outbox == []


def test_the_sender_hears_that_it_was_accepted(sent, riley, fabrikam):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    message = delivered("partnership_accepted")
    assert message.to == ["sasha@northwind.example"]
    assert message.subject == "Fabrikam Services accepted your request"
    assert "Riley Stone accepted the partnership request" in " ".join(message.body.split())
    assert fabrikam.mpn_id in message.body
    assert links_of(message) == {"https://portal.example/resellers/"}


def test_the_person_who_accepted_is_welcomed(sent, riley):
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    message = delivered("partnership_welcome")
    assert message.to == ["riley@fabrikam.example"]
    assert message.reply_to == ["sasha@northwind.example"]
    assert message.subject == "You are now connected with Northwind Distribution"
    assert "- Add new customers on your behalf" in message.body
    assert "https://portal.example/providers/" in links_of(message)


def test_the_sender_hears_that_it_was_declined(sent, sender):
    sender.user.time_zone = "America/Sao_Paulo"
    sender.user.save()
    decline_request(request=sent, nonce=sent.nonce, by=ANONYMOUS)
    message = delivered("partnership_declined")
    assert message.to == ["sasha@northwind.example"]
    assert "The partnership request to riley@fabrikam.example was declined." in message.body
    assert "BRT" in message.body
    assert f"https://portal.example{sent.get_absolute_url()}" in links_of(message)


def test_no_mail_but_the_request_carries_its_link(sent, riley):
    decline_request(request=sent, nonce=sent.nonce, by=riley)
    accept_request(request=sent, nonce=sent.nonce, by=riley)
    for kept in OutgoingEmail.objects.exclude(kind="partnership_request"):
        assert "/i/" not in kept.text + kept.html
        assert len(kept.subject) <= 60
