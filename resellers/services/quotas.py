"""How much may be asked: of a person, a provider, an address, and of one request sent again and again."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from mail.models import OutgoingEmail
from resellers.models import PartnershipRequest
from resellers.refusals import LimitReached
from resellers.services.mailing import request_mail
from resellers.standing import AGAIN, LINK_KINDS
from resellers.wording import moment_text

REQUESTS_PER_PERSON = 50  # in any 24 hours, like the two below; a request sent again counts like a new one
REQUESTS_PER_PROVIDER = 500
MAILS_PER_ADDRESS = 5  # of all providers together: nobody's mailbox is flooded through the portal
DAY = timedelta(days=1)
RESENDS_PER_REQUEST = 5
RESEND_PAUSE = timedelta(minutes=10)
GOT_NOWHERE = (OutgoingEmail.State.FAILED, OutgoingEmail.State.DROPPED)


def check_quota(provider: Partner, by: Actor) -> None:
    """Refuse a request that would be one too many today for the person or the company, new or sent again."""
    recent = PartnershipRequest.objects.filter(provider=provider, sent_at__gt=clock.now() - DAY)
    if free_at := _free_at(recent.filter(sent_by=by.user), REQUESTS_PER_PERSON):
        raise LimitReached(
            _(
                "You have sent %(limit)d requests in 24 hours, which is the limit. "
                "The next one is possible from %(moment)s."
            )
            % {"limit": REQUESTS_PER_PERSON, "moment": moment_text(free_at)}
        )
    if free_at := _free_at(recent, REQUESTS_PER_PROVIDER):
        raise LimitReached(
            _(
                "Your company has sent %(limit)d requests in 24 hours, which is the limit. "
                "The next one is possible from %(moment)s."
            )
            % {"limit": REQUESTS_PER_PROVIDER, "moment": moment_text(free_at)}
        )


def check_mailbox(provider: Partner, recipient_key: str) -> None:
    """Refuse a mail that would be one too many today for the address, whoever asks it."""
    mailed = PartnershipRequest.objects.filter(
        recipient_key=recipient_key, channel=PartnershipRequest.Channel.PORTAL, sent_at__gt=clock.now() - DAY
    )
    free_at = _free_at(mailed, MAILS_PER_ADDRESS)
    if free_at is None:
        return
    if mailed.exclude(provider=provider).exists():
        # When another provider wrote is not this one's to know.
        raise LimitReached(
            _("This address gets no more requests by mail today. Copy the message and send it yourself, or wait a day.")
        )
    raise LimitReached(
        _(
            "This address gets no more requests by mail today: %(limit)d in 24 hours is the limit. "
            "Copy the message and send it yourself, or wait until %(moment)s."
        )
        % {"limit": MAILS_PER_ADDRESS, "moment": moment_text(free_at)}
    )


def check_resend(request: PartnershipRequest, recipient_key: str | None) -> None:
    """Refuse to send a request again too often, or so soon that the last mail may still be on its way.

    `recipient_key` is where it is to go: None for another address that is not known yet.
    """
    if request.resend_number >= RESENDS_PER_REQUEST:
        raise LimitReached(
            _(
                "This request was sent again %(limit)d times, which is the limit. "
                "Revoke it if it is still open, and request a partnership anew."
            )
            % {"limit": RESENDS_PER_REQUEST}
        )
    assert request.sent_at is not None
    free_at = request.sent_at + RESEND_PAUSE
    # Another mailbox has not been written to, and a mail that failed has reached nobody.
    if free_at <= clock.now() or recipient_key != request.recipient_key or _mail_failed(request):
        return
    raise LimitReached(
        _("This request was sent a moment ago. It can be sent again from %(moment)s.")
        % {"moment": moment_text(free_at)}
    )


def check_mailed_again(request: PartnershipRequest) -> int:
    """Refuse to mail a link once more so soon, or so often, that it would help nobody; return how often it was."""
    mails = OutgoingEmail.objects.about(request).filter(kind__in=LINK_KINDS).exclude(state__in=GOT_NOWHERE)
    last = mails.first()
    if last is not None and last.created_at + RESEND_PAUSE > clock.now():
        raise LimitReached(
            _("The e-mail was sent to you a moment ago. Look for it in your mailbox, or ask again from %(moment)s.")
            % {"moment": moment_text(last.created_at + RESEND_PAUSE)}
        )
    number = OutgoingEmail.objects.about(request).filter(kind=AGAIN).count()
    if number >= RESENDS_PER_REQUEST:
        raise LimitReached(
            _(
                "This request was mailed to you again %(limit)d times, which is the limit. "
                "Ask %(provider)s to send it anew."
            )
            % {"limit": RESENDS_PER_REQUEST, "provider": request.provider}
        )
    same_mailbox = PartnershipRequest.objects.filter(recipient_key=request.recipient_key).order_by()
    today = OutgoingEmail.objects.filter(
        kind=AGAIN,
        about_type=PartnershipRequest._meta.label_lower,
        about_id__in=same_mailbox.annotate(key=Cast("pk", CharField())).values("key"),
        created_at__gt=clock.now() - DAY,
    )
    if free_at := _free_at(today, MAILS_PER_ADDRESS, "created_at"):
        raise LimitReached(
            _(
                "You have asked for %(limit)d of these e-mails in 24 hours, which is the limit. "
                "The next one is possible from %(moment)s."
            )
            % {"limit": MAILS_PER_ADDRESS, "moment": moment_text(free_at)}
        )
    return number


def _free_at(sent: QuerySet[Any], limit: int, moment: str = "sent_at") -> datetime | None:
    """When one more is possible again, or None if it is now: a day after the oldest of the last ones."""
    oldest = sent.order_by(f"-{moment}").values_list(moment, flat=True)[limit - 1 : limit].first()
    return oldest + DAY if oldest else None


def _mail_failed(request: PartnershipRequest) -> bool:
    mail = request_mail(request)
    return mail is not None and mail.state == OutgoingEmail.State.FAILED
