"""What the catalogue offers a subscription today: other terms and bills, better offers, and the next term's price."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from catalogue.models import Policy, Price, Segment, Sku
from catalogue.models.prices import BILLING_MONTHS, PriceQuerySet
from catalogue.models.products import LARGEST_QUANTITY
from customers.models import Customer
from subscriptions.facts import PLANS, TERMS, facts_of
from subscriptions.models import Subscription
from subscriptions.rules import Facts, OwnedTarget, Quote, Scheduled, Status, Target, decision_deadline, next_step
from subscriptions.rules.money import rounded
from subscriptions.rules.moving import joining_refused

# What a customer of each kind may buy, as the programme publishes it.
SEGMENTS: dict[str, tuple[str, ...]] = {
    Customer.Qualification.NONE: (Segment.COMMERCIAL,),
    Customer.Qualification.EDUCATION: (Segment.COMMERCIAL, Segment.EDUCATION),
    Customer.Qualification.GOVERNMENT: (Segment.GOVERNMENT,),
    Customer.Qualification.STATE_OWNED: (Segment.COMMERCIAL,),
}
# A trial that nobody decided about becomes this, or else what its offer has first.
TRIAL_BECOMES = (("P1Y", "Monthly"), ("P1Y", "Annual"), ("P1M", "Monthly"))


def on_sale(subscription: Subscription, at: datetime) -> PriceQuerySet:
    """Prices at that moment for the subscription's market, segment and currency."""
    rows = Price.objects.on_sale(country=subscription.customer.country_code, at=at, segments=[subscription.segment])
    return rows.filter(currency=subscription.currency)


def prices_of(subscription: Subscription, skus: list[Sku] | None, at: datetime) -> list[Price]:
    """Prices at that moment of the subscription's own offer, or of others."""
    wanted = [subscription.sku_id] if skus is None else [sku.pk for sku in skus]
    return list(on_sale(subscription, at).filter(sku_id__in=wanted))


def in_tier(prices: list[Price], quantity: int) -> list[Price]:
    """Those of the tier into which so many licenses fall."""
    return [p for p in prices if p.pricing_tier_min <= quantity <= (p.pricing_tier_max or LARGEST_QUANTITY)]


def own_prices(subscription: Subscription, at: datetime) -> list[Price]:
    """What the offer itself costs for each term and billing plan, for the present number of licenses."""
    return in_tier(prices_of(subscription, None, at), subscription.quantity)


def prices_billed(subscriptions: list[Subscription], billing_plan: str, at: datetime) -> list[Price | None]:
    """What each of one customer's costs for its present term when it is billed like that (a query)."""
    if not subscriptions:
        return []
    segments = {one.segment for one in subscriptions}
    rows = Price.objects.on_sale(country=subscriptions[0].customer.country_code, at=at, segments=segments)
    sold = list(rows.filter(sku__in={one.sku_id for one in subscriptions}, billing_plan=billing_plan))

    def of(one: Subscription) -> Price | None:
        key = (one.sku_id, one.segment, one.currency, one.term_duration)
        prices = [price for price in sold if (price.sku_id, price.segment, price.currency, price.term_duration) == key]
        return next(iter(in_tier(prices, one.quantity)), None)

    return [of(one) for one in subscriptions]


@dataclass(frozen=True)
class Path:
    """An offer to move to, for one term and billing plan; `owned` is what of it the customer has for it to join."""

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
            owned=None if owned is None else OwnedTarget(facts_of(owned), owned.pk),
        )


def paths(subscription: Subscription, at: datetime) -> list[Path]:
    """Every offer that the offer matrix lets the subscription become, as it is sold today.

    Of a paid subscription only what has its own term and billing plan; a trial may choose both.
    """
    codes = subscription.sku.conversions.values("target_code")
    return paths_among(subscription, list(on_sale(subscription, at).filter(sku__code__in=codes)), at)


def choices(subscription: Subscription, at: datetime) -> tuple[list[Price], list[Path]]:
    """The offer's own prices, and the paths to others: both from one look at the price list."""
    codes = subscription.sku.conversions.values("target_code")
    wanted = Q(sku_id=subscription.sku_id) | Q(sku__code__in=codes)
    rows = list(on_sale(subscription, at).filter(wanted))
    own = [price for price in rows if price.sku_id == subscription.sku_id]
    return in_tier(own, subscription.quantity), paths_among(subscription, rows, at)


def paths_among(subscription: Subscription, prices: list[Price], at: datetime) -> list[Path]:
    """The paths that these prices open; what the customer has of them takes a query if there are any."""
    same = (subscription.term_duration, subscription.billing_plan)
    found = [
        price
        for price in in_tier(prices, subscription.quantity)
        if price.sku_id != subscription.sku_id
        and not price.sku.is_trial
        and (subscription.is_trial or (price.term_duration, price.billing_plan) == same)
    ]
    having = owned_of(subscription, [price.sku for price in found]) if found else []
    if subscription.policy == Policy.NEW_COMMERCE:
        # Of several the rules may refuse some; where they refuse all, the upgraded licenses stay on their own.
        facts = facts_of(subscription)
        # Nor is anything reckoned between two currencies.
        having = [
            one
            for one in having
            if one.currency == subscription.currency and joining_refused(facts, facts_of(one), at) is None
        ]
    owned = {one.sku_id: one for one in having}
    return [Path(price, owned.get(price.sku_id)) for price in found]


def owned_of(subscription: Subscription, skus: list[Sku]) -> list[Subscription]:
    """What the customer has of these offers and has not ended, oldest first."""
    rows = Subscription.objects.filter(customer=subscription.customer_id, sku__in=skus)
    rows = rows.select_related("sku__product")
    return list(rows.filter(status__in=["active", "suspended"]).exclude(pk=subscription.pk).order_by("-pk"))


class NextTerm:
    """The prices of the next term, for subscriptions.rules.steps_due; remembers which offer they are of."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.sku: Sku = subscription.sku

    def __call__(self, facts: Facts, at: datetime) -> Quote | None:
        """The price of the day, or None where the offer is no longer sold like that."""
        wanted = facts.scheduled or Scheduled()
        quote = self._quote(facts, wanted, at)
        as_it_is = Scheduled(quantity=wanted.quantity)
        if quote is not None or wanted == as_it_is:
            return quote
        # What was scheduled is no longer sold: rather as it is than not at all.
        quote = self._quote(facts, as_it_is, at)
        return replace(quote, as_scheduled=False) if quote is not None else None

    def _quote(self, facts: Facts, wanted: Scheduled, at: datetime) -> Quote | None:
        prices = in_tier(self._prices(facts, wanted, at), wanted.quantity or facts.quantity)
        price = self._chosen(facts, wanted, prices)
        if price is None and not facts.auto_renew:
            # An extended service term asks for the monthly plan alone.
            price = next((one for one in prices if one.term_duration == "P1M"), None)
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


def limits_after_trial(subscription: Subscription, now: datetime) -> tuple[int, int] | tuple[None, None]:
    """In how many licenses that is sold which a trial becomes by itself; unknown where that is nothing."""
    quote = NextTerm(subscription)(replace(facts_of(subscription), scheduled=None), now)
    return (quote.least, quote.most) if quote is not None else (None, None)


def next_term_cost(subscription: Subscription, facts: Facts, now: datetime) -> Decimal | None:
    """What the subscription's next term would cost at today's prices if it were like this; None where none follows."""
    prices, deadline = NextTerm(subscription), decision_deadline(facts)
    if deadline is None or facts.status != Status.ACTIVE:
        return None
    step = next_step(facts, deadline, lambda facts, _at: prices(facts, now))
    if step is None or step.after.status != Status.ACTIVE:
        return None
    return rounded(step.after.unit_price * step.after.quantity)
