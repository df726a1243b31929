"""What a SKU costs in a market, for a term, and when that price is offered."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalogue.models.products import Sku
from core import clock
from core.exceptions import Refused
from core.text import fold

# Microsoft writes a start that was always so as 1753, the first year its database knows.
OPEN_START = datetime(1753, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")


class TermDuration(models.TextChoices):
    """For how long one commits."""

    NONE = "", _("No term")
    MONTH = "P1M", _("1 month")
    YEAR = "P1Y", _("1 year")
    THREE_YEARS = "P3Y", _("3 years")


class BillingPlan(models.TextChoices):
    """How often the term is billed, in the words of the price list."""

    MONTHLY = "Monthly", _("Monthly")
    ANNUAL = "Annual", _("Annual")
    TRIENNIAL = "Triennial", _("Every three years")
    NONE = "None", pgettext_lazy("billing", "None")
    ONE_TIME = "OneTime", _("One time")


class Segment(models.TextChoices):
    """The kind of customer a price is meant for, in the words of the price list."""

    COMMERCIAL = "Commercial", _("Commercial")
    EDUCATION = "Education", _("Education")
    GOVERNMENT = "Government", _("Government")
    NONPROFIT = "NonProfit", _("Nonprofit")


TERM_MONTHS: dict[str, int] = {TermDuration.MONTH: 1, TermDuration.YEAR: 12, TermDuration.THREE_YEARS: 36}
BILLING_MONTHS: dict[str, int] = {BillingPlan.MONTHLY: 1, BillingPlan.ANNUAL: 12, BillingPlan.TRIENNIAL: 36}
# The only columns of a stored price that may change: they end it.
ENDING_FIELDS = frozenset({"is_listed", "sold_until"})


class PriceQuerySet(models.QuerySet["Price"]):
    """Prices by where, when and to whom they are offered; they can be ended, never rewritten or deleted."""

    def on_sale(self, *, country: str, at: date | datetime, segments: Iterable[str]) -> "PriceQuerySet":
        """What may be bought for a customer of these segments in the country at that moment, by title and term."""
        moment = at if isinstance(at, datetime) else datetime.combine(at, time.min, tzinfo=UTC)
        return (
            self.filter(
                Q(sold_until=None) | Q(sold_until__gt=moment),
                Q(sku__allowed_countries="") | Q(sku__allowed_countries__contains=f";{country};"),
                Q(sku__withdrawn_at=None) | Q(sku__withdrawn_at__gt=moment),
                market=country,
                segment__in=list(segments),
                sold_from__lte=moment,
            )
            .select_related("sku__product")
            .order_by("sku__product__title", "sku__title", "sku_id", "term_months", "billing_plan", "segment", "pk")
        )

    def search(self, text: str) -> "PriceQuerySet":
        """Prices of SKUs whose title, publisher or ID contains every word of the text."""
        found = self
        for word in fold(text).split():
            found = found.filter(sku__search_text__contains=word)
        return found

    def update(self, **values: Any) -> int:
        """End prices; any other change is refused, because orders stand on them."""
        if not ENDING_FIELDS.issuperset(values):
            raise Refused("A stored price is never changed; an import ends it and adds another.")
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refused: the history of prices is kept."""
        raise Refused("A stored price is never deleted; an import ends it.")


class Price(models.Model):
    """What one unit of a SKU costs for the whole term, as one row of a price list said it.

    Immutable except for being ended. `effective_*` are the list's words; `sold_*` is when the portal offers it: from
    the effective date, or from the moment it replaced an earlier price, until its end, its successor or its absence
    from a later list. So at any moment a key (SKU, market, currency, term, billing plan, segment, tier) has one price.
    """

    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="prices", verbose_name=_("SKU"))
    market = models.CharField(_("market"), max_length=2)
    currency = models.CharField(_("currency"), max_length=3)
    term_duration = models.CharField(_("term"), max_length=3, choices=TermDuration.choices, blank=True, default="")
    term_months = models.PositiveSmallIntegerField(editable=False, default=0)
    billing_plan = models.CharField(_("billing"), max_length=10, choices=BillingPlan.choices)
    segment = models.CharField(_("segment"), max_length=12, choices=Segment.choices)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    erp_price = models.DecimalField(_("estimated retail price"), max_digits=14, decimal_places=4, null=True, blank=True)
    pricing_tier_min = models.PositiveIntegerField(_("from licenses"), default=1)
    pricing_tier_max = models.PositiveIntegerField(_("to licenses"), null=True, blank=True)
    effective_from = models.DateTimeField(_("effective from"), default=OPEN_START)
    effective_to = models.DateTimeField(_("effective to"), null=True, blank=True)
    is_listed = models.BooleanField(_("is in the latest list"), default=True)
    sold_from = models.DateTimeField(_("offered from"), editable=False)
    sold_until = models.DateTimeField(_("offered until"), null=True, blank=True)
    created_at = models.DateTimeField(_("imported"), default=clock.now, editable=False)

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = (
            models.UniqueConstraint(
                fields=[
                    "sku",
                    "market",
                    "segment",
                    "term_duration",
                    "billing_plan",
                    "currency",
                    "pricing_tier_min",
                    "effective_from",
                ],
                condition=Q(is_listed=True),
                name="price_listed_once",
            ),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="price_not_negative"),
            models.CheckConstraint(condition=Q(term_duration__in=TermDuration.values), name="price_term_known"),
            models.CheckConstraint(condition=Q(billing_plan__in=BillingPlan.values), name="price_billing_plan_known"),
            models.CheckConstraint(condition=Q(segment__in=Segment.values), name="price_segment_known"),
            models.CheckConstraint(
                condition=Q(is_listed=True) | Q(sold_until__isnull=False), name="price_unlisted_has_end"
            ),
        )
        indexes = (models.Index(fields=["market", "segment", "sku"], name="price_market_segment_sku"),)

    def __str__(self) -> str:
        return f"{self.sku.title} · {self.term_label} · {self.billing_label} · {self.market}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store a new price, or end a stored one; refuse any other change."""
        if not self._state.adding:
            fields = kwargs.get("update_fields")
            if fields is None or not ENDING_FIELDS.issuperset(fields):
                raise Refused("A stored price is never changed; an import ends it and adds another.")
        else:
            self.term_months = term_months(self.term_duration)
            self.sold_from = self.sold_from or self.effective_from
            self.sold_until = self.sold_until or self.effective_to
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused: the history of prices is kept."""
        raise Refused("A stored price is never deleted; an import ends it.")

    @property
    def term_label(self) -> str:
        """The term in words: 1 year."""
        return str(self.get_term_duration_display())

    @property
    def billing_label(self) -> str:
        """The billing plan in words: Monthly."""
        return str(self.get_billing_plan_display())

    @property
    def billing_periods(self) -> int:
        """How many bills one term brings; a price without a term or a plan is billed once."""
        months = BILLING_MONTHS.get(self.billing_plan)
        return max(self.term_months // months, 1) if months else 1

    @property
    def period_price(self) -> Decimal:
        """The price of one unit on one bill, to the cent."""
        return rounded(self.unit_price / self.billing_periods)

    @property
    def period_erp_price(self) -> Decimal | None:
        """The estimated retail price of one unit on one bill, to the cent; None when the list names none."""
        return None if self.erp_price is None else rounded(self.erp_price / self.billing_periods)

    @property
    def term_price(self) -> Decimal:
        """The price of one unit for the whole term, to the cent."""
        return rounded(self.unit_price)

    @property
    def monthly_price(self) -> Decimal:
        """The price of one unit spread over the months of the term, to the cent, for comparing terms."""
        return rounded(self.unit_price / (self.term_months or 1))

    @property
    def is_license_based(self) -> bool:
        """Whether it is bought as a number of licenses rather than billed by usage."""
        return self.sku.is_license_based


def term_months(term_duration: str) -> int:
    """How many months the term has; 0 = no term."""
    return TERM_MONTHS.get(term_duration, 0)


def rounded(amount: Decimal) -> Decimal:
    """An amount to the cent, halves upwards."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)
