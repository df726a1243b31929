"""The mails about answers that wait, end or never come: to whom, what they say, and that no link opens anything."""

import re
from datetime import timedelta

import pytest
from django.core import mail as django_mail

from accounts.access import ANONYMOUS, system_actor
from accounts.models import Partner, User
from accounts.services import set_enrolment_state
from core import clock
from mail.delivery import deliver
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    ask_for_new_link,
    confirm_acceptance,
    refuse_acceptance,
    revoke_request,
    withdraw_acceptance,
)
from tests.resellers.conftest import make_sent

LONG = "Very Long Company Name With Many Words Indeed, International Holding Ltda."


@pytest.fixture(autouse=True)
def base_url(settings) -> None:
    """The installation's address."""
    settings.PORTAL_BASE_URL = "https://portal.example"


def set_company(company, state) -> None:
    """The enrolment as it is to be, by nobody's decision."""
    Partner.objects.filter(pk=company.pk).update(enrolment_state=state)


def waits_for_word(sent, sender, casey):
    """Accepted from another domain."""
    return accept_request(request=sent, nonce=sent.nonce, by=casey)


def waits_for_both(sent, sender, casey):
    """Accepted from another domain for a company that is not enrolled yet."""
    set_company(casey.partner, "pending")
    return waits_for_word(sent, sender, casey)


def waits_for_enrolment(sent, sender, casey):
    """Accepted at the right domain for a company that is not enrolled yet."""
    set_company(casey.partner, "pending")
    PartnershipRequest.objects.update(recipient="casey@contoso.example", recipient_key="casey@contoso.example")
    return waits_for_word(sent, sender, casey)


def confirmed(sent, sender, casey):
    """Confirmed, and the enrolment is still to come."""
    confirm_acceptance(acceptance=waits_for_both(sent, sender, casey), by=sender)


def refused(sent, sender, casey):
    """Not confirmed."""
    refuse_acceptance(acceptance=waits_for_word(sent, sender, casey), reason="We meant <Fabrikam>.", by=sender)


def revoked(sent, sender, casey):
    """Revoked while it waited."""
    waits_for_word(sent, sender, casey)
    revoke_request(request=sent, by=sender)


def withdrawn(sent, sender, casey):
    """Withdrawn by the company."""
    withdraw_acceptance(acceptance=waits_for_word(sent, sender, casey), by=casey)


def rejected_late(sent, sender, casey):
    """The enrolment was rejected, after the time of the request."""
    waits_for_enrolment(sent, sender, casey)
    PartnershipRequest.objects.update(expires_at=clock.now())
    office = system_actor("back office")
    set_enrolment_state(partner=casey.partner, state="rejected", reason="Not a company.", by=office)


def wanted_expired(sent, sender, casey):
    """A new link is wanted by whoever holds an expired one."""
    PartnershipRequest.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    ask_for_new_link(request=sent, nonce=sent.nonce, by=ANONYMOUS)


def wanted_elsewhere(sent, sender, casey):
    """A new link is wanted by somebody else."""
    ask_for_new_link(request=sent, nonce=sent.nonce, by=casey)


STAFF, PERSON = "sasha@northwind.example", "casey@contoso.example"
# how it came about, the kind, to whom, words of the text, the page that its button opens
CASES = [
    (waits_for_word, "partnership_accepted_waiting", STAFF, "Confirm that this is the company", "/confirm/"),
    (waits_for_both, "partnership_accepted_waiting", STAFF, "begins when both are done", "/confirm/"),
    (waits_for_enrolment, "partnership_accepted_waiting", STAFF, "There is nothing for you to do", "/requests/"),
    (confirmed, "partnership_confirmed", PERSON, "is the company it asked", "/enroll/status/"),
    (refused, "partnership_not_confirmed", PERSON, "We meant <Fabrikam>.", "/"),
    (revoked, "partnership_not_confirmed", PERSON, "withdrew the request", "/"),
    (withdrawn, "partnership_acceptance_ended", STAFF, "has withdrawn", "/requests/"),
    (rejected_late, "partnership_acceptance_ended", STAFF, "was not approved", "/requests/"),
    (wanted_expired, "partnership_new_link_wanted", STAFF, "The link has expired.", "/requests/"),
    (wanted_elsewhere, "partnership_new_link_wanted", STAFF, "made for another address", "/requests/"),
]


def left(kind):
    """Deliver the one mail of this kind; return what left."""
    deliver(OutgoingEmail.objects.get(kind=kind).pk)
    (message,) = django_mail.outbox
    return message


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize(("act", "kind", "to", "said", "opens"), CASES, ids=[case[0].__name__ for case in CASES])
def test_each_mail(sender, casey, act, kind, to, said, opens, language):
    User.objects.update(language=language)
    Partner.objects.filter(pk=casey.partner.pk).update(legal_name=LONG)
    Partner.objects.filter(pk=sender.partner.pk).update(legal_name=LONG.replace("Very", "Too"))
    sender.user.refresh_from_db()
    act(make_sent(sender), sender, casey)
    message = left(kind)
    html = message.alternatives[0][0]
    assert message.to == [to]
    assert message.reply_to == ([STAFF] if to == PERSON else [])
    assert len(message.subject) <= 60
    assert f'lang="{language}"' in html.lower()
    if language == "en":
        assert said in " ".join(message.body.split())
    assert "<Fabrikam>" not in html
    preheader = re.search(r"display:none[^>]*>(.*?)</div>", html, re.S)[1]
    assert 40 <= len(preheader) <= 90
    links = {one.rstrip(".") for one in re.findall(r"https?://[^\s\"<>]+", message.body + html)}
    (page,) = links - {"https://portal.example"}
    assert opens in page.removeprefix("https://portal.example")
    assert "/i/" not in page
    assert f"\n{page}\n" in f"{message.body}\n"


def test_the_reason_of_the_back_office_is_not_passed_on(sender, casey):
    rejected_late(make_sent(sender), sender, casey)
    message = left("partnership_acceptance_ended")
    assert "Not a company." not in message.body
    assert "you can send it again" in " ".join(message.body.split())
