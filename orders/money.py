"""What chosen offers cost, on each bill and over the term, in numbers and in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from catalogue.models import BillingPlan, Price, TermDuration
from catalogue.models.prices import rounded
from core.html import money_text, number_text

# A price and a number of licenses of it.
Ordered = tuple[Price, int]


def bill_amount(price: Price, quantity: int) -> Decimal:
    """What so many licenses cost on each bill: their share of the whole term, rounded once."""
    return rounded(price.unit_price * quantity / price.billing_periods)


def term_amount(price: Price, quantity: int) -> Decimal:
    """What so many licenses cost over the whole term."""
    return rounded(price.unit_price * quantity)


@dataclass(frozen=True)
class Total:
    """The sum of all lines in one currency that are billed alike, or that run for the same term."""

    label: str
    currency: str
    amount: Decimal

    @property
    def money(self) -> str:
        """The amount after its currency."""
        return money_text(self.amount, self.currency)


def bill_totals(ordered: Iterable[Ordered]) -> list[Total]:
    """One total per currency and billing plan; what usage decides is in none of them."""
    found: dict[tuple[str, str], Decimal] = {}
    for price, quantity in ordered:
        if not price.sku.is_usage_based:
            key = (price.billing_plan, price.currency)
            found[key] = found.get(key, Decimal(0)) + bill_amount(price, quantity)
    order = BillingPlan.values
    plans = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    return [Total(bill_label(plan), currency, found[plan, currency]) for plan, currency in plans]


def term_totals(ordered: Iterable[Ordered]) -> list[Total]:
    """One total per currency and term, for what has a term."""
    found: dict[tuple[str, str], Decimal] = {}
    for price, quantity in ordered:
        if price.term_months and not price.sku.is_usage_based:
            key = (price.term_duration, price.currency)
            found[key] = found.get(key, Decimal(0)) + term_amount(price, quantity)
    order = TermDuration.values
    terms = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    return [Total(str(TermDuration(term).label), currency, found[term, currency]) for term, currency in terms]


def summary_words(ordered: Iterable[Ordered]) -> str:
    """The running summary: 2 offers · 30 licenses · USD 1,050.00 per month."""
    ordered = list(ordered)
    if not ordered:
        return _("Nothing selected yet")
    licenses = sum(quantity for price, quantity in ordered if not price.sku.is_usage_based)
    words = [
        ngettext("%(number)s offer", "%(number)s offers", len(ordered)) % {"number": number_text(len(ordered))},
        ngettext("%(number)s license", "%(number)s licenses", licenses) % {"number": number_text(licenses)},
        *(f"{total.money} {total.label}" for total in bill_totals(ordered)),
    ]
    return " · ".join(words)


# --- words ------------------------------------------------------------------------------------------------------------
def bill_label(billing_plan: str) -> str:
    """How often an amount is billed, after it."""
    labels = {
        BillingPlan.MONTHLY: _("per month"),
        BillingPlan.ANNUAL: _("per year"),
        BillingPlan.TRIENNIAL: _("every three years"),
        BillingPlan.ONE_TIME: _("once"),
        BillingPlan.NONE: _("in all"),
    }
    return labels[BillingPlan(billing_plan)]


def price_words(price: Price) -> str:
    """The price of one license on one bill, or that usage decides."""
    if price.sku.is_usage_based:
        return _("By usage")
    if price.sku.is_trial and not price.unit_price:
        return _("Free trial")
    return f"{money_text(price.period_price, price.currency)} {bill_label(price.billing_plan)}"


def term_words(price: Price) -> str:
    """The term, empty when there is none."""
    return price.term_label if price.term_months else ""


def billing_words(price: Price) -> str:
    """How it is billed, as part of a longer description."""
    words = {
        BillingPlan.MONTHLY: pgettext("billing", "billed monthly"),
        BillingPlan.ANNUAL: pgettext("billing", "billed every year"),
        BillingPlan.TRIENNIAL: pgettext("billing", "billed every three years"),
        BillingPlan.ONE_TIME: pgettext("billing", "billed once"),
    }
    return words.get(BillingPlan(price.billing_plan), "")
