"""Partnership requests of the demo in every state, so that each page of theirs can be opened by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.access import Actor
from activity.models import Source
from core import clock
from core.text import email_key
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    ask_for_new_link,
    change_draft,
    decline_request,
    draft_request,
    note_opened,
    revoke_request,
    send_request,
)
from resellers.services.expiry import expire_overdue
from resellers.services.resending import resend_request

Actors = dict[str, Actor]
Answer = Callable[[PartnershipRequest, Actors], object]
ANONYMOUS = Actor(source=Source.PAGE)


class DemoRequest(NamedTuple):
    """A request of one provider: to whom, how many days ago, valid how long, and what became of it when."""

    recipient: str
    sent_days_ago: float
    answer: Answer | None = None
    answered_days_ago: float = 0
    valid_days: int = 14
    provider: str = "northwind.example"


def opened(request: PartnershipRequest, actors: Actors) -> None:
    """Somebody went on from the page of the link and has not answered."""
    note_opened(request=request, nonce=request.nonce, by=ANONYMOUS)


def declined(request: PartnershipRequest, actors: Actors) -> None:
    """Declined with a reason."""
    reason = PartnershipRequest.DeclineReason.NOT_NOW
    note = "We are moving offices. Please ask us again in the new year."
    decline_request(request=request, nonce=request.nonce, by=ANONYMOUS, reason=reason, note=note)


def revoked(request: PartnershipRequest, actors: Actors) -> None:
    """Withdrawn by who sent it."""
    revoke_request(request=request, by=actors["northwind.example"])


def sent_again(request: PartnershipRequest, actors: Actors) -> None:
    """Replaced by a newer request to the same address."""
    resend_request(request=request, by=actors["northwind.example"])


def expired(request: PartnershipRequest, actors: Actors) -> None:
    """Nobody answered, and then somebody asks for a new link."""
    expire_overdue(by=Actor(system="demo data", source=Source.COMMAND))
    ask_for_new_link(request=PartnershipRequest.objects.get(pk=request.pk), nonce=request.nonce, by=ANONYMOUS)


def accepted_by(domain: str) -> Answer:
    """Accepted by the first person of this company, in whatever way it then goes on."""

    def accept(request: PartnershipRequest, actors: Actors) -> None:
        accept_request(request=request, nonce=request.nonce, by=actors[domain])

    return accept


REQUESTS = (
    DemoRequest("info@relecloud.example", 3),
    DemoRequest("partners@vanarsdel.example", 2, opened, 1),
    DemoRequest("cloud@tailspintoys.example", 12.5),
    DemoRequest("hello@wingtiptoys.example", 6, declined, 4),
    DemoRequest("sales@southridgevideo.example", 20, revoked, 18),
    DemoRequest("it@thephonecompany.example", 9, sent_again, 2),
    DemoRequest("owner@bestforyou.example", 31, expired, 1, valid_days=14),
    DemoRequest("info@parnellaerospace.example", 1),
    # Asked at another domain than its people's: waits for one click of Northwind.
    DemoRequest("partnerships@lucernegroup.example", 4, accepted_by("lucernepublishing.example"), 1),
    # Not verified yet: the acceptance waits for the back office.
    DemoRequest("globaladmin@proseware.example", 5, accepted_by("proseware.example"), 3),
    # Not answered, so that it can be accepted by hand.
    DemoRequest("globaladmin@litware.example", 2, provider="tailwind.example"),
)
# Its mail was refused for good.
UNDELIVERABLE = "info@parnellaerospace.example"


def load_requests(actors: Actors, now: datetime) -> None:
    """Make them as their people would have, in the order of time."""
    for planned in sorted(REQUESTS, key=lambda one: -one.sent_days_ago):
        sender = actors[planned.provider]
        with clock.at(now - timedelta(days=planned.sent_days_ago)):
            request = draft_request(by=sender)
            request = change_draft(
                request=request,
                recipient=planned.recipient,
                language="en",
                message=request.message,
                valid_days=planned.valid_days,
                by=sender,
            )
            request = send_request(request=request, by=sender)
        if planned.answer:
            with clock.at(now - timedelta(days=planned.answered_days_ago)):
                planned.answer(PartnershipRequest.objects.get(pk=request.pk), actors)
    _draft(actors["northwind.example"], now)


def refuse_mail() -> None:
    """Let one mail have failed for good, as a mail server says it."""
    mails = OutgoingEmail.objects.filter(recipient=email_key(UNDELIVERABLE))
    mails.update(state=OutgoingEmail.State.FAILED, sent_at=None, last_error="SMTPRecipientsRefused 550")


def _draft(sender: Actor, now: datetime) -> None:
    """A request that somebody began and has not sent."""
    with clock.at(now - timedelta(hours=5)):
        draft = draft_request(by=sender)
        change_draft(
            request=draft,
            recipient="team@adatum.example",
            language="en",
            message=draft.message,
            valid_days=30,
            by=sender,
        )
