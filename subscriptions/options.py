"""What the catalogue offers a subscription today: other terms and bills, better offers, and the next term's price."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalogue.models import Price, Sku
from catalogue.models.prices import BILLING_MONTHS, TERM_MONTHS
from catalogue.models.products import LARGEST_QUANTITY
from subscriptions.facts import PLANS, TERMS, facts_of
from subscriptions.models import Subscription
from subscriptions.rules import Facts, OwnedTarget, Quote, Scheduled, Status, Target

# A trial that nobody decided about becomes this, or else what its offer has first.
TRIAL_BECOMES = (("P1Y", "Monthly"), ("P1Y", "Annual"), ("P1M", "Monthly"))


def prices_of(subscription: Subscription, skus: list[Sku] | None, at: datetime) -> list[Price]:
    """Prices at that moment of the subscription's own offer, or of others, for its market, segment and currency."""
    wanted = [subscription.sku_id] if skus is None else [sku.pk for sku in skus]
    rows = Price.objects.on_sale(country=subscription.customer.country_code, at=at, segments=[subscription.segment])
    return list(rows.filter(sku_id__in=wanted, currency=subscription.currency))


def in_tier(prices: list[Price], quantity: int) -> list[Price]:
    """Those of the tier into which so many licenses fall."""
    return [p for p in prices if p.pricing_tier_min <= quantity <= (p.pricing_tier_max or LARGEST_QUANTITY)]


def own_prices(subscription: Subscription, at: datetime) -> list[Price]:
    """What the offer itself costs for each term and billing plan, for the present number of licenses."""
    return in_tier(prices_of(subscription, None, at), subscription.quantity)


@dataclass(frozen=True)
class Path:
    """An offer to move to, for one term and billing plan; `owned` is what the customer has of it already."""

    price: Price
    owned: Subscription | None = None

    def target(self) -> Target:
        """The same as the rules see it."""
        sku, owned = self.price.sku, self.owned
        least, most = sku.quantity_limits
        return Target(
            code=sku.code,
            title=sku.title,
            unit_price=self.price.unit_price,
            term_months=self.price.term_months,
            billing_months=BILLING_MONTHS.get(self.price.billing_plan, 0),
            least=least,
            most=most,
            owned=None
            if owned is None
            else OwnedTarget(
                status=Status(owned.status),
                ends_at=owned.ends_at,
                term_months=TERM_MONTHS.get(owned.term_duration, 0),
                window_until=owned.cancellable_until,
            ),
        )


def paths(subscription: Subscription, at: datetime) -> list[Path]:
    """Every offer that the offer matrix lets the subscription become, as it is sold today.

    Of a paid subscription only what has its own term and billing plan; a trial may choose both.
    """
    skus = list(subscription.sku.conversion_skus.filter(is_trial=False).exclude(pk=subscription.sku_id))
    if not skus:
        return []
    prices = in_tier(prices_of(subscription, skus, at), subscription.quantity)
    if not subscription.is_trial:
        same = (subscription.term_duration, subscription.billing_plan)
        prices = [price for price in prices if (price.term_duration, price.billing_plan) == same]
    having = {one.sku_id: one for one in owned_of(subscription, skus)}
    return [Path(price, having.get(price.sku_id)) for price in prices]


def owned_of(subscription: Subscription, skus: list[Sku]) -> list[Subscription]:
    """What the customer has of these offers and has not ended, oldest first."""
    rows = Subscription.objects.filter(customer=subscription.customer_id, sku__in=skus)
    return list(rows.filter(status__in=["active", "suspended"]).exclude(pk=subscription.pk).order_by("-pk"))


class NextTerm:
    """The prices of the next term, for subscriptions.rules.steps_due; remembers which offer they are of."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.sku: Sku = subscription.sku

    def __call__(self, facts: Facts, at: datetime) -> Quote | None:
        """The price of the day, or None where the offer is no longer sold like that."""
        wanted = facts.scheduled or Scheduled()
        prices = self._prices(facts, wanted, at)
        price = self._chosen(facts, wanted, in_tier(prices, wanted.quantity or facts.quantity))
        if price is None:
            return None
        self.sku = price.sku
        least, most = price.sku.quantity_limits
        monthly = [one.unit_price for one in prices if (one.term_duration, one.sku_id) == ("P1M", price.sku_id)]
        return Quote(
            unit_price=price.unit_price,
            term_months=price.term_months,
            billing_months=BILLING_MONTHS.get(price.billing_plan, 0),
            least=least,
            most=most,
            monthly_price=min(monthly, default=None),
        )

    def _prices(self, facts: Facts, wanted: Scheduled, at: datetime) -> list[Price]:
        if wanted.offer:
            return prices_of(self.subscription, list(Sku.objects.filter(code=wanted.offer)), at)
        if facts.is_trial:
            skus = list(self.subscription.sku.conversion_skus.filter(is_trial=False))
            # An offer without a listed conversion becomes itself, if it is sold.
            return prices_of(self.subscription, skus or None, at)
        return prices_of(self.subscription, [self.sku], at)

    def _chosen(self, facts: Facts, wanted: Scheduled, prices: list[Price]) -> Price | None:
        found = {(price.term_duration, price.billing_plan): price for price in reversed(prices)}
        if facts.is_trial and wanted.term_months is None:
            return next((found[key] for key in TRIAL_BECOMES if key in found), next(iter(found.values()), None))
        term = TERMS.get(facts.term_months if wanted.term_months is None else wanted.term_months, "")
        months = facts.billing_months if wanted.billing_months is None else wanted.billing_months
        return found.get((str(term), str(PLANS.get(months, "None"))))


def next_term_price(subscription: Subscription, at: datetime) -> Decimal | None:
    """What one license costs for the next term at this moment's price, or None where it is no longer sold."""
    quote = NextTerm(subscription)(facts_of(subscription), at)
    return quote.unit_price if quote else None
