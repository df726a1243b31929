"""What resellers earn: the rates, and the ledger that is only ever added to."""

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Product, Segment, Sku
from core import clock
from subscriptions.models.subscriptions import Subscription


class IncentiveRate(models.Model):
    """How much of what a subscription costs its reseller of record earns, for some offers, from a day on."""

    # Neither: every offer. The narrower of two rates counts.
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    segment = models.CharField(_("segment"), max_length=12, choices=Segment.choices, blank=True)
    # ";BR;US;", so that both databases find a country by one LIKE; empty: every market.
    markets = models.TextField(_("markets"), blank=True, default="")
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=3)
    effective_from = models.DateField(_("effective from"))
    effective_to = models.DateField(_("effective to"), null=True, blank=True)
    # Entered by mistake, and no entry rests on it: it holds on no day.
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("incentive rate")
        verbose_name_plural = _("incentive rates")
        constraints = (
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="incentiverate_is_a_share"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="incentiverate_ends_after_begin",
            ),
            models.CheckConstraint(condition=Q(product=None) | Q(sku=None), name="incentiverate_offer_or_product"),
        )

    def __str__(self) -> str:
        offers = self.sku or self.product or _("all offers")
        return f"{self.percent.normalize():f} % · {offers}"

    @property
    def countries(self) -> list[str]:
        """The markets it holds in; none: every market."""
        return [code for code in self.markets.split(";") if code]


class IncentiveEntryQuerySet(models.QuerySet["IncentiveEntry"]):
    """Entries by who may see them."""

    def visible_to(self, actor: Actor) -> "IncentiveEntryQuerySet":
        """A provider's resellers' all; a reseller's own; nothing for anybody else."""
        if actor.is_provider:
            return self.filter(provider=actor.partner)
        if actor.is_reseller:
            return self.filter(reseller=actor.partner)
        return self.none()


class IncentiveEntry(models.Model):
    """What one reseller of record earned with one subscription in one month.

    Never changed but for being confirmed and paid, which the database itself sees to (migration 0005). What was wrong
    is taken back by an entry of its own and, where something is right instead, by a further one.
    """

    class State(models.TextChoices):
        """How far the money is; derived from the two moments."""

        ACCRUED = "accrued", _("Accrued")
        CONFIRMED = "confirmed", _("Confirmed")
        PAID = "paid", _("Paid")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(
        Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="incentives_granted"
    )
    reseller = models.ForeignKey(
        Partner, verbose_name=_("reseller"), on_delete=models.PROTECT, related_name="incentives"
    )
    subscription = models.ForeignKey(
        Subscription, verbose_name=_("subscription"), on_delete=models.PROTECT, related_name="incentives"
    )
    # The month's first day.
    month = models.DateField(_("month"))
    # 0 the first time; a corrected amount is the next.
    sequence = models.PositiveSmallIntegerField(default=0, editable=False)
    reverses = models.OneToOneField(
        "self",
        verbose_name=_("takes back"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reversed_by",
        editable=False,
    )
    mpn_id = models.CharField(_("MPN ID"), max_length=12)
    rate = models.ForeignKey(
        IncentiveRate, verbose_name=_("incentive rate"), on_delete=models.PROTECT, related_name="entries"
    )
    base = models.DecimalField(_("base"), max_digits=15, decimal_places=2)
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=3)
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    # The steps of the calculation, for the page that says why.
    calculation = models.JSONField(_("calculation"), default=dict, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)

    objects = IncentiveEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("incentive")
        verbose_name_plural = _("incentives")
        constraints = (
            models.UniqueConstraint(
                fields=["subscription", "reseller", "month", "sequence"],
                condition=Q(reverses=None),
                name="incentiveentry_once",
            ),
            models.CheckConstraint(
                condition=Q(paid_at=None) | Q(confirmed_at__isnull=False), name="incentiveentry_paid_after_confirmed"
            ),
        )
        indexes = (
            models.Index(fields=["provider", "-month", "-id"], name="incentiveentry_provider"),
            models.Index(fields=["reseller", "-month", "-id"], name="incentiveentry_reseller"),
        )

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} · {self.reseller} · {self.currency} {self.amount}"

    @property
    def state(self) -> str:
        """Accrued, confirmed or paid."""
        if self.paid_at is not None:
            return self.State.PAID
        return self.State.CONFIRMED if self.confirmed_at is not None else self.State.ACCRUED

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to."""
        return {
            "provider": self.provider.microsoft_id,
            "reseller": self.reseller.microsoft_id,
            "customer": self.subscription.customer.microsoft_id,
        }


class IncentiveMonth(models.Model):
    """How far the ledger of one provider's month is written, and up to which moment it was confirmed and paid."""

    provider = models.ForeignKey(
        Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="incentive_months"
    )
    # The month's first day.
    month = models.DateField(_("month"))
    # Everything up to this subscription's primary key is done: a run that was interrupted goes on behind it.
    done_up_to = models.BigIntegerField(default=0, editable=False)
    # Primary keys of those left for a later run: overdue themselves, or failed.
    waiting = models.JSONField(default=list, editable=False)
    finished_at = models.DateTimeField(_("written"), null=True, blank=True, editable=False)
    # Entries made up to then are confirmed, are paid; the worker sees to it.
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True, editable=False)
    # Whether the worker has seen to that.
    is_settled = models.BooleanField(default=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("month of incentives")
        verbose_name_plural = _("months of incentives")
        constraints = (models.UniqueConstraint(fields=["provider", "month"], name="incentivemonth_once"),)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} · {self.provider}"

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to."""
        return {"provider": self.provider.microsoft_id}


class IncentiveTotalQuerySet(models.QuerySet["IncentiveTotal"]):
    """Totals by who may see them."""

    def visible_to(self, actor: Actor) -> "IncentiveTotalQuerySet":
        """A provider's resellers' all; a reseller's own; nothing for anybody else."""
        if actor.is_provider:
            return self.filter(provider=actor.partner)
        if actor.is_reseller:
            return self.filter(reseller=actor.partner)
        return self.none()


class IncentiveTotal(models.Model):
    """The sums of a reseller's entries of one month, provider and currency.

    Written in the transaction that writes the entries, under the lock of the month.
    """

    provider = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    currency = models.CharField(_("currency"), max_length=3)
    entries = models.PositiveIntegerField(_("entries"), default=0)
    base = models.DecimalField(_("base"), max_digits=17, decimal_places=2, default=0)
    amount = models.DecimalField(_("amount"), max_digits=17, decimal_places=2, default=0)
    # How much of the amount is confirmed, is paid.
    confirmed = models.DecimalField(_("confirmed"), max_digits=17, decimal_places=2, default=0)
    paid = models.DecimalField(_("paid"), max_digits=17, decimal_places=2, default=0)

    objects = IncentiveTotalQuerySet.as_manager()

    class Meta:
        verbose_name = _("total of incentives")
        verbose_name_plural = _("totals of incentives")
        constraints = (
            models.UniqueConstraint(fields=["provider", "month", "reseller", "currency"], name="incentivetotal_once"),
        )
        indexes = (models.Index(fields=["reseller", "-month", "id"], name="incentivetotal_reseller"),)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} · {self.reseller} · {self.currency} {self.amount}"
