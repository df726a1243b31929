"""What subscriptions are filtered by, as conditions of the database; what may be canceled is what the rules allow."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q

from accounts.models import Partner
from resellers.models import Partnership
from subscriptions.models import LIVE, AtEnd, Subscription
from subscriptions.rules.facts import MOST_UPDATES

SOON = timedelta(days=30)
Status = Subscription.Status


def renewing(now: datetime) -> Q:
    """Whose next term begins by itself within 30 days."""
    return Q(status=Status.ACTIVE, at_end=AtEnd.RENEW, ends_at__gt=now, ends_at__lte=now + SOON)


def ending(now: datetime) -> Q:
    """Whose term is over within 30 days without renewing."""
    return Q(status__in=LIVE, ends_at__gt=now, ends_at__lte=now + SOON) & ~Q(status=Status.ACTIVE, at_end=AtEnd.RENEW)


def cancelable(now: datetime) -> Q:
    """Which the rules allow to be canceled at this moment: the same answer as `judge(facts, Cancel(), now)`."""
    windows = reduce(or_, cancelable_parts(now))
    runs = Q(ends_at=None) | Q(ends_at__gt=now)
    return Q(status__in=LIVE, version__lte=MOST_UPDATES) & runs & windows


def cancelable_parts(now: datetime) -> tuple[Q, Q]:
    """One or the other of which is true of what can be canceled; each is found by an index of its own."""
    return Q(is_extended=False, cancellable_until__gt=now), Q(is_extended=True)


def earned_by(reseller: Partner) -> Q:
    """Of which this reseller is the reseller of record now."""
    return Q(reseller_of_record=reseller)


def answered_by(reseller: Partner) -> Q:
    """Of which this reseller is the designated support contact now."""
    return Q(support_contact=reseller)


def partnership_ended(provider: Partner) -> Q:
    """Whose reseller of record is no partner of the provider any more."""
    partnerships = Partnership.objects.filter(provider=provider)
    former = partnerships.ended().exclude(reseller__in=partnerships.active().values("reseller")).values("reseller")
    return Q(reseller_of_record__in=former)
