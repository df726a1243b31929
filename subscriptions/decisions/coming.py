"""Which subscriptions come to a decision, and of which of them a company was not told yet."""

from datetime import UTC, datetime, time, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from catalogue.models import TermDuration
from core import clock
from subscriptions.models import DecisionNotice, SubscriptionQuerySet
from subscriptions.rules import DECIDABLE

# Days before the decision date on which a company is told; the later notice makes up for a missed earlier one.
NOTICES = (7, 30)
SOON_DAYS = 30


def coming(rows: SubscriptionQuerySet, until: datetime) -> SubscriptionQuerySet:
    """Those whose decision is still open and falls due by then.

    For what lives, `next_step_at` is subscriptions.rules.decision_deadline: both follow from the same facts.
    """
    return rows.filter(
        status__in=[status.value for status in DECIDABLE], next_step_at__gt=clock.now(), next_step_at__lte=until
    )


def within_days(days: int) -> datetime:
    """The midnight that ends the day so many days from now (UTC): every run of a day finds the same decisions."""
    return datetime.combine(clock.now().astimezone(UTC).date() + timedelta(days=days + 1), time.min, UTC)


def soon(rows: SubscriptionQuerySet) -> SubscriptionQuerySet:
    """Those to be decided about within thirty days."""
    return coming(rows, within_days(SOON_DAYS))


def untold(rows: SubscriptionQuerySet, days: int, partner: int | OuterRef) -> SubscriptionQuerySet:
    """Those due for the notice of so many days of which the company has had neither this notice nor a later one.

    What is renewed every month is told of a week before alone: a month before is the day on which it began.
    """
    told = DecisionNotice.objects.filter(
        subscription=OuterRef("pk"), ends_at=OuterRef("next_step_at"), partner=partner, days_before__lte=days
    )
    due = coming(rows, within_days(days)).filter(~Exists(told))
    return due if days == min(NOTICES) else due.exclude(term_duration=TermDuration.MONTH)


def by_deadline(rows: QuerySet) -> QuerySet:
    """What a notice or a page says of them, the first decision first."""
    return rows.select_related("customer__provider", "sku__product", "parent").order_by("next_step_at", "pk")
