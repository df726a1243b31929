"""The demo's incentives: rates, and the ledger of the months since the customers came, the older ones paid."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from accounts.access import Actor, system_actor
from accounts.models import Partner
from activity.models import Source
from catalogue.models import Segment, Sku
from core import clock
from subscriptions.incentives.accruing import accrue_due
from subscriptions.incentives.calculating import Month
from subscriptions.incentives.ledger import confirm_month, pay_month, settle_months
from subscriptions.incentives.rates import add_rate
from subscriptions.models import IncentiveMonth, Subscription
from subscriptions.services import set_reseller_of_record, set_support_contact

OFFICE = system_actor("demo data", Source.COMMAND)
# The offers that earn more than the others.
BETTER = {"Microsoft 365 E3": "6.5", "Microsoft 365 Business Premium": "7"}
MONTHS = 6


def load_incentives(now: datetime) -> None:
    """Rates, and half a year of the ledger: each month written when it was over, then confirmed, then paid."""
    this_month = now.date().replace(day=1)
    months = [Month(this_month)]
    while len(months) <= MONTHS:
        months.insert(0, Month((months[0].first - timedelta(days=1)).replace(day=1)))
    _add_rates(months[0].first)
    for month in months[:-1]:
        with clock.at(_moment(month.following, days=0)):
            accrue_due()
        _decide(month, now)


def change_hands(actor: Actor, resellers: dict[str, Partner], now: datetime) -> None:
    """Another earns, nobody earns, another answers, and one earns that is suspended later.

    So that months are shared and *Attribution* has something to show.
    """
    fabrikam = Q(resellers_of_record__reseller=resellers["fabrikam.example"], resellers_of_record__ends_at=None)
    rows = Subscription.objects.visible_to(actor).filter(fabrikam, created_at__lt=now - timedelta(days=60))
    some = list(rows.select_related("customer__provider").order_by("pk")[:8])
    changes: tuple[tuple[int, Callable[..., object], str | None], ...] = (
        (40, set_reseller_of_record, "contoso.example"),
        (33, set_reseller_of_record, None),
        (25, set_support_contact, "contoso.example"),
        (20, set_reseller_of_record, "woodgrove.example"),
    )
    for subscription, (days, name, domain) in zip(some[::2], changes, strict=False):
        with clock.at(now - timedelta(days=days)):
            name(subscription=subscription, reseller=resellers[domain] if domain else None, by=actor)


def _add_rates(begin: date) -> None:
    with clock.at(_moment(begin, days=-20)):
        add_rate(percent=Decimal(4), effective_from=begin, reason="Agreed for all offers", by=OFFICE)
        reason = "Education is sold at a discount already"
        add_rate(percent=Decimal("2.5"), effective_from=begin, segment=Segment.EDUCATION, reason=reason, by=OFFICE)
        for title, percent in BETTER.items():
            if sku := Sku.objects.filter(title=title).order_by("pk").first():
                add_rate(percent=Decimal(percent), effective_from=begin, sku=sku, reason="Launch offer", by=OFFICE)


def _decide(month: Month, now: datetime) -> None:
    """Confirmed after ten days, paid after forty."""
    rows = IncentiveMonth.objects.filter(month=month.first, finished_at__isnull=False)
    earned = [row for row in rows if row.provider.incentives_granted.filter(month=month.first).exists()]
    confirmed_at, paid_at = _moment(month.following, days=10), _moment(month.following, days=40)
    for row in earned:
        if confirmed_at < now:
            with clock.at(confirmed_at):
                confirm_month(month=row, by=OFFICE)
                settle_months()
        if paid_at < now:
            with clock.at(paid_at):
                pay_month(month=row, reason=f"Transfer {month.first:%Y-%m}", by=OFFICE)
                settle_months()


def _moment(day: date, *, days: int) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(3), tzinfo=timezone.get_default_timezone())
