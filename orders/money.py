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
# A sum at the list price, and at the estimated retail price as far as it is known.
Sums = tuple[Decimal, Decimal | None]


def bill_amount(price: Price, quantity: int) -> Decimal:
    """What so many licenses cost on each bill: their share of the whole term, rounded once."""
    return rounded(price.unit_price * quantity / price.billing_periods)


def term_amount(price: Price, quantity: int) -> Decimal:
    """What so many licenses cost over the whole term."""
    return rounded(price.unit_price * quantity)


def bill_retail(price: Price, quantity: int) -> Decimal | None:
    """The same as bill_amount() at the estimated retail price; None when the price list names none."""
    return None if price.erp_price is None else rounded(price.erp_price * quantity / price.billing_periods)


def term_retail(price: Price, quantity: int) -> Decimal | None:
    """The same as term_amount() at the estimated retail price; None when the price list names none."""
    return None if price.erp_price is None else rounded(price.erp_price * quantity)


@dataclass(frozen=True)
class Total:
    """The sum of all lines in one currency that are billed alike, or that run for the same term."""

    label: str
    currency: str
    amount: Decimal
    # The same at estimated retail prices; None where the price list names none for one of the offers.
    retail: Decimal | None = None

    @property
    def money(self) -> str:
        """The amount after its currency."""
        return money_text(self.amount, self.currency)

    @property
    def retail_money(self) -> str:
        """The amount at estimated retail prices after its currency, or nothing."""
        return money_text(self.retail, self.currency)

    @property
    def margin_words(self) -> str:
        """What lies between the two, and its share of the retail price: USD 10.00 (16.7%); or nothing."""
        if self.retail is None:
            return ""
        margin = self.retail - self.amount
        money = money_text(margin, self.currency)
        return f"{money} ({number_text(margin * 100 / self.retail, 1)}%)" if self.retail else money


def bill_totals(ordered: Iterable[Ordered]) -> list[Total]:
    """One total per currency and billing plan; what usage decides is in none of them."""
    found: dict[tuple[str, str], Sums] = {}
    for price, quantity in ordered:
        if not price.sku.is_usage_based:
            key = (price.billing_plan, price.currency)
            found[key] = _added(found.get(key), bill_amount(price, quantity), bill_retail(price, quantity))
    order = BillingPlan.values
    plans = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    return [Total(bill_label(plan), currency, *found[plan, currency]) for plan, currency in plans]


def term_totals(ordered: Iterable[Ordered]) -> list[Total]:
    """One total per currency and term, for what has a term."""
    found: dict[tuple[str, str], Sums] = {}
    for price, quantity in ordered:
        if price.term_months and not price.sku.is_usage_based:
            key = (price.term_duration, price.currency)
            found[key] = _added(found.get(key), term_amount(price, quantity), term_retail(price, quantity))
    order = TermDuration.values
    terms = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    return [Total(str(TermDuration(term).label), currency, *found[term, currency]) for term, currency in terms]


def _added(before: Sums | None, amount: Decimal, retail: Decimal | None) -> Sums:
    """One more line in the sums at the list price and at the retail price; the latter ends where one is not known."""
    listed, at_retail = before or (Decimal(0), Decimal(0))
    return listed + amount, None if at_retail is None or retail is None else at_retail + retail


def summary_words(ordered: Iterable[Ordered], *, prices: bool = True) -> str:
    """The running summary: 2 offers · 30 licenses · USD 1,050.00 per month; without prices only the first two."""
    ordered = list(ordered)
    if not ordered:
        return _("Nothing selected yet")
    licenses = sum(quantity for price, quantity in ordered if not price.sku.is_usage_based)
    words = [
        ngettext("%(number)s offer", "%(number)s offers", len(ordered)) % {"number": number_text(len(ordered))},
        ngettext("%(number)s license", "%(number)s licenses", licenses) % {"number": number_text(licenses)},
        *(f"{total.money} {total.label}" for total in (bill_totals(ordered) if prices else ())),
    ]
    return " · ".join(words)


# --- words ------------------------------------------------------------------------------------------------------------
def licenses_words(number: int) -> str:
    """A number of licenses in words."""
    return ngettext("%(number)s license", "%(number)s licenses", number) % {"number": number_text(number)}


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


def retail_words(price: Price) -> str:
    """The estimated retail price of one license on one bill; nothing when the price list names none."""
    retail = price.period_erp_price
    return "" if retail is None else f"{money_text(retail, price.currency)} {bill_label(price.billing_plan)}"


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
