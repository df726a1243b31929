"""The one question: may this be done, from when, at what cost, until when can it be undone, and what else changes."""

from datetime import datetime

from django.utils.translation import gettext as _

from subscriptions.rules import legacy, new_commerce
from subscriptions.rules.answers import Answer, Refused
from subscriptions.rules.changes import Change
from subscriptions.rules.ends import due_at
from subscriptions.rules.facts import MOST_UPDATES, Facts, Status


def judge(facts: Facts, change: Change, now: datetime) -> Answer:
    """Answer for one change of one subscription at one moment. Never raises for any facts and any change."""
    return _never(facts, now) or (new_commerce if facts.is_new_commerce else legacy).judge(facts, change, now)


def _never(facts: Facts, now: datetime) -> Refused | None:
    """What stands against every change alike."""
    if facts.status == Status.DELETED:
        return Refused("2011", _("This subscription is deleted. Order the offer anew if the customer needs it."))
    if facts.status in (Status.EXPIRED, Status.DISABLED):
        return Refused(
            "900277",
            _("The term of this subscription is over and cannot be taken up again. Order the offer anew."),
        )
    if facts.ends_at is not None and now >= facts.ends_at:
        return Refused("900278", _("The end of the term is being processed. Try again in a few minutes."))
    if (due := due_at(facts)) is not None and now >= due:
        return Refused("900278", _("The time to reactivate it has passed: it is being deleted. Order the offer anew."))
    if facts.updates >= MOST_UPDATES:
        return Refused(
            "900311",
            _("This subscription was changed %(number)s times, which is as often as the programme allows.")
            % {"number": MOST_UPDATES},
        )
    return None
