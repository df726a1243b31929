"""Products and their SKUs: what can be bought, and under which conditions."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.text import fold

SMALLEST_QUANTITY = 1
# What Partner Center itself allows where a SKU names no limit of its own.
LARGEST_QUANTITY = 10_000_000


def sku_code(product_id: str, sku_id: str) -> str:
    """The name of a SKU in Microsoft's files: CFQ7TTC0LDPB/0001."""
    return f"{product_id}/{sku_id}"


def sku_search_text(product_title: str, publisher: str, sku_title: str, code: str) -> str:
    """The folded words under which a SKU is found."""
    return fold(f"{product_title} {sku_title} {publisher} {code}")


class Product(models.Model):
    """What Microsoft (or another publisher) sells under one product ID."""

    product_id = models.CharField(_("product ID"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=255)
    publisher = models.CharField(_("publisher"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ("title", "product_id")

    def __str__(self) -> str:
        return self.title


class SkuQuerySet(models.QuerySet["Sku"]):
    """SKUs by words and by what an order needs of them."""

    def search(self, text: str) -> "SkuQuerySet":
        """SKUs whose title, publisher or ID contains every word of the text."""
        found = self
        for word in fold(text).split():
            found = found.filter(search_text__contains=word)
        return found


class Policy(models.TextChoices):
    """Which rules hold for subscriptions of an offer; the values of subscriptions.rules.Policy."""

    LEGACY = "legacy", _("Legacy")
    NEW_COMMERCE = "new_commerce", _("New commerce")


class Sku(models.Model):
    """One buyable variant of a product; the price list describes it, the offer matrix says how it may be sold."""

    class OwnershipLimitType(models.TextChoices):
        """What the limit per customer counts."""

        NONE = "none", _("None")
        CONCURRENT = "concurrent", _("At the same time")
        LIFETIME = "lifetime", _("Ever")

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="skus", verbose_name=_("product"))
    sku_id = models.CharField(_("SKU ID"), max_length=4)
    # Prerequisites and conversions name SKUs by this text, so that one which arrives later is connected by itself.
    code = models.CharField(_("product and SKU ID"), max_length=25, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=255)
    description = models.TextField(_("description"), blank=True)
    unit_of_measure = models.CharField(_("unit of measure"), max_length=100, blank=True)
    policy = models.CharField(_("rules"), max_length=12, choices=Policy.choices, default=Policy.NEW_COMMERCE)
    is_trial = models.BooleanField(_("is a trial"), default=False)
    is_usage_based = models.BooleanField(_("is billed by usage"), default=False)
    is_add_on = models.BooleanField(_("needs another subscription"), default=False)
    provisioning_id = models.CharField(_("provisioning ID"), max_length=100, blank=True)
    provisioning_string = models.CharField(_("provisioning string"), max_length=255, blank=True)
    min_licenses = models.PositiveIntegerField(_("fewest licenses"), null=True, blank=True)
    max_licenses = models.PositiveIntegerField(_("most licenses"), null=True, blank=True)
    asset_ownership_limit = models.PositiveIntegerField(_("limit per customer"), null=True, blank=True)
    asset_ownership_limit_type = models.CharField(
        _("limit counts"), max_length=10, choices=OwnershipLimitType.choices, default=OwnershipLimitType.NONE
    )
    # ";AD;AE;" so that both databases find a country by one LIKE; empty = no restriction is known.
    allowed_countries = models.TextField(_("allowed countries"), blank=True, default="")
    # When an offer matrix last listed the SKU, and since when a later one no longer does.
    offer_listed_at = models.DateTimeField(_("in the offer matrix since"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)
    search_text = models.TextField(editable=False, default="")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SkuQuerySet.as_manager()

    class Meta:
        verbose_name = _("SKU")
        verbose_name_plural = _("SKUs")
        ordering = ("title", "code")
        constraints = (
            models.UniqueConstraint(fields=["product", "sku_id"], name="sku_one_per_product_and_id"),
            models.CheckConstraint(
                condition=Q(asset_ownership_limit_type__in=["none", "concurrent", "lifetime"]),
                name="sku_ownership_limit_type_known",
            ),
            models.CheckConstraint(condition=Q(policy__in=["legacy", "new_commerce"]), name="sku_policy_known"),
            models.CheckConstraint(
                condition=Q(min_licenses=None) | Q(max_licenses=None) | Q(max_licenses__gte=models.F("min_licenses")),
                name="sku_license_limits_in_order",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the derived columns true to what they are derived from."""
        self.code = sku_code(self.product.product_id, self.sku_id)
        self.search_text = sku_search_text(self.product.title, self.product.publisher, self.title, self.code)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "code", "search_text"}
        super().save(*args, **kwargs)

    @property
    def countries(self) -> list[str]:
        """The countries where it may be sold; empty = no restriction is known."""
        return [code for code in self.allowed_countries.split(";") if code]

    def is_allowed_in(self, country: str) -> bool:
        """Whether the offer matrix lets it be sold in the country."""
        return not self.allowed_countries or f";{country};" in self.allowed_countries

    @property
    def quantity_limits(self) -> tuple[int, int]:
        """The fewest and the most licenses one order may ask for."""
        return max(self.min_licenses or 0, SMALLEST_QUANTITY), self.max_licenses or LARGEST_QUANTITY

    @property
    def is_license_based(self) -> bool:
        """Whether it is bought as a number of licenses rather than billed by usage."""
        return not self.is_usage_based

    @property
    def prerequisite_codes(self) -> list[str]:
        """The SKUs of which a customer must own one first, in the catalogue or not; a prefetch is used."""
        return sorted(row.required_code for row in self.prerequisites.all())

    @property
    def conversion_codes(self) -> list[str]:
        """The SKUs to which it may be upgraded, in the catalogue or not; a prefetch is used."""
        return sorted(row.target_code for row in self.conversions.all())

    @property
    def prerequisite_skus(self) -> SkuQuerySet:
        """The SKUs in the catalogue of which a customer must own one before buying this add-on."""
        return Sku.objects.filter(code__in=self.prerequisites.values("required_code")).select_related("product")

    @property
    def conversion_skus(self) -> SkuQuerySet:
        """The SKUs in the catalogue to which a subscription of this one may be upgraded."""
        return Sku.objects.filter(code__in=self.conversions.values("target_code")).select_related("product")


class SkuPrerequisite(models.Model):
    """A SKU that opens the way to an add-on, named as the offer matrix names it."""

    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="prerequisites")
    required_code = models.CharField(_("needs"), max_length=25, db_index=True)

    class Meta:
        verbose_name = _("prerequisite")
        verbose_name_plural = _("prerequisites")
        ordering = ("required_code",)
        constraints = (models.UniqueConstraint(fields=["sku", "required_code"], name="sku_prerequisite_once"),)

    def __str__(self) -> str:
        return self.required_code


class SkuConversion(models.Model):
    """A SKU to which a subscription may be upgraded, named as the offer matrix names it."""

    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="conversions")
    target_code = models.CharField(_("may become"), max_length=25, db_index=True)

    class Meta:
        verbose_name = _("upgrade path")
        verbose_name_plural = _("upgrade paths")
        ordering = ("target_code",)
        constraints = (models.UniqueConstraint(fields=["sku", "target_code"], name="sku_conversion_once"),)

    def __str__(self) -> str:
        return self.target_code
