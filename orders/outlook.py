"""What Review says of each line besides its price: when it renews, and until when it can be canceled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from core import clock
from core.html import date_text, money_text
from orders.checks import Line
from orders.money import bill_label, bill_retail, price_words, retail_words, term_words
from subscriptions.rules import Batch, Facts, Policy, Status
from subscriptions.rules.money import first_end


@dataclass(frozen=True)
class ReviewLine:
    """A line of the order as Review shows it, as if it started now."""

    line: Line
    now: datetime
    # When the base ends that the customer has of an add-on, where the add-on ends with it.
    base_ends_at: datetime | None = None

    @property
    def facts(self) -> Facts | None:
        """The subscription that it would start; none of an offer that is gone."""
        price, sku = self.line.price, self.line.sku
        if price is None:
            return None
        policy = Policy(sku.policy)
        return Facts(
            policy=policy,
            status=Status.ACTIVE,
            quantity=self.line.quantity,
            started_at=self.now,
            ends_at=first_end(
                self.now, price.term_months, policy, is_trial=sku.is_trial, base_ends_at=self.base_ends_at
            ),
            term_months=price.term_months,
            is_trial=sku.is_trial,
            is_microsoft=sku.product.publisher.startswith("Microsoft"),
            is_usage_based=sku.is_usage_based,
            batches=(Batch(self.line.quantity, self.now),) if policy == Policy.NEW_COMMERCE else (),
        )

    @property
    def term_words(self) -> str:
        """The term; nothing where there is none."""
        return term_words(self.line.price) if self.line.price else ""

    @property
    def end_words(self) -> str:
        """What happens at the end of the term, and when."""
        facts = self.facts
        if facts is None or facts.ends_at is None:
            return ""
        text = _("Trial ends on %(day)s") if facts.is_trial else _("Renews on %(day)s")
        return text % {"day": _day(facts.ends_at)}

    @property
    def cancel_until(self) -> datetime | None:
        """Until when it could be canceled; None where no such window is open."""
        return self.facts.cancel_until if self.facts else None

    @property
    def cancel_words(self) -> str:
        """The same in words."""
        return _("Can be canceled until %(day)s") % {"day": _day(self.cancel_until)} if self.cancel_until else ""

    @property
    def retail_words(self) -> str:
        """What one license costs at the estimated retail price on one bill; nothing where the list names none."""
        price = self.line.price
        return retail_words(price) if price and not price.sku.is_usage_based else ""

    @property
    def retail_amount_words(self) -> str:
        """What the licenses cost at the estimated retail price on one bill."""
        price = self.line.price
        if price is None or price.sku.is_usage_based:
            return ""
        amount = bill_retail(price, self.line.quantity)
        return "" if amount is None else f"{money_text(amount, price.currency)} {bill_label(price.billing_plan)}"

    @property
    def price_words(self) -> str:
        """What one license costs on one bill."""
        return price_words(self.line.price) if self.line.price else ""


def review_lines(lines: Iterable[Line]) -> list[ReviewLine]:
    """All lines, as of one moment."""
    now, chosen = clock.now(), list(lines)
    in_order = {line.sku.code for line in chosen}
    return [ReviewLine(line, now, _base_end(line, in_order)) for line in chosen]


def _base_end(line: Line, in_order: set[str]) -> datetime | None:
    """Under the legacy rules an add-on ends with its base; one of the same order lasts as long as it does itself."""
    codes = line.sku.prerequisite_codes if line.sku.policy == Policy.LEGACY else []
    if not codes or in_order.intersection(codes):
        return None
    bases = [one for one in line.owned if one.status == Status.ACTIVE and one.sku_code in codes]
    base = min(bases, key=lambda one: (codes.index(one.sku_code), one.pk), default=None)
    return base.ends_at if base is not None and base.policy == Policy.LEGACY else None


def _day(moment: datetime) -> str:
    return date_text(timezone.localtime(moment))
