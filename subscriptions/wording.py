"""Numbers of subscriptions as words, and what comes at the end of a term."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalogue.models.prices import TERM_MONTHS
from core.html import number_text
from subscriptions.models import AtEnd, Subscription
from subscriptions.rules.facts import has_extended_term
from subscriptions.rules.money import after_months

OVER = (Subscription.Status.EXPIRED, Subscription.Status.DISABLED, Subscription.Status.DELETED)
# Before the day on which it comes.
WHAT_COMES: dict[str, Any] = {
    "ended": _("Ended on"),
    "deleted": _("Is deleted on"),
    "renews": _("Renews on"),
    "converts": _("Becomes paid on"),
    "extends": _("Goes on monthly from"),
    "expires": _("Expires on"),
}


def subscriptions_text(number: int) -> str:
    """1 subscription, 31 subscriptions."""
    return ngettext("%(number)s subscription", "%(number)s subscriptions", number) % {"number": number_text(number)}


def what_comes(subscription: Any, ends_at: datetime) -> tuple[str, datetime]:
    """What comes or came with the end of a term, a key of WHAT_COMES, and when; takes what a row keeps of one too."""
    next_step_at = subscription.next_step_at
    if subscription.status in OVER:
        return "ended", min(subscription.ended_at or ends_at, ends_at)
    if subscription.status == Subscription.Status.SUSPENDED and next_step_at is not None and next_step_at < ends_at:
        return "deleted", next_step_at
    if subscription.is_trial and subscription.at_end == AtEnd.RENEW:
        # Of trials only those of new commerce have a window in which to cancel; those of the legacy rules end.
        return ("converts" if subscription.cancellable_until else "expires"), ends_at
    if subscription.at_end == AtEnd.RENEW:
        return "renews", ends_at
    return ("extends" if _goes_on(subscription, ends_at) else "expires"), ends_at


def _goes_on(subscription: Any, ends_at: datetime) -> bool:
    """Whether it goes on month by month: it was told to, or nobody decided about a term of new commerce."""
    # What is suspended at the end of its term is disabled whatever was decided.
    if subscription.status != Subscription.Status.ACTIVE or subscription.at_end == AtEnd.CANCEL:
        return False
    if subscription.at_end == AtEnd.EXTEND or subscription.is_trial:
        return subscription.at_end == AtEnd.EXTEND
    months = TERM_MONTHS.get(subscription.term_duration, 12)
    return has_extended_term(after_months(ends_at, -months), ends_at)
