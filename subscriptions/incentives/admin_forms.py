"""The forms of the back office about incentives."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.back_office import ReasonField, clean_reason
from catalogue.models import Product, Sku
from subscriptions.incentives.rates import ENDS_TOO_EARLY, HIGHEST, OUT_OF_RANGE, RatesOverlap, overlapping
from subscriptions.models import IncentiveRate


class RateForm(forms.ModelForm):
    """A new rate; the offer or product by its ID, so that nobody scrolls through thousands."""

    offer = forms.CharField(
        label=_("Offer or product"),
        required=False,
        max_length=25,
        help_text=_("Product and SKU ID (CFQ7TTC0LDPB/0001), or a product ID for all its SKUs; empty: every offer."),
    )
    countries = forms.CharField(
        label=_("Markets"),
        required=False,
        max_length=1000,
        help_text=_("Two-letter codes of countries, as in BR US; empty: every market."),
    )
    reason = ReasonField(label=_("Reason"), required=False, rows=2)

    class Meta:
        model = IncentiveRate
        fields = ("segment", "percent", "effective_from", "effective_to")
        help_texts = {
            "segment": _("Empty: every segment."),
            "effective_to": _("The last day on which it holds; empty: until further notice."),
        }

    def clean_offer(self) -> Product | Sku | None:
        """The SKU or the product with this ID."""
        text = self.cleaned_data["offer"].strip().upper()
        if not text:
            return None
        found = Sku.objects.filter(code__iexact=text).first() or Product.objects.filter(product_id__iexact=text).first()
        if found is None:
            raise ValidationError(_("The catalogue has no offer and no product with this ID."))
        return found

    def clean_countries(self) -> list[str]:
        """Known country codes, in upper case."""
        codes = self.cleaned_data["countries"].replace(",", " ").replace(";", " ").upper().split()
        if unknown := [code for code in codes if code not in countries]:
            raise ValidationError(_("Unknown countries: %(codes)s."), params={"codes": ", ".join(unknown)})
        return sorted(set(codes))

    def clean_percent(self) -> Decimal:
        """A share of the whole."""
        percent: Decimal = self.cleaned_data["percent"]
        if not 0 <= percent <= HIGHEST:
            raise ValidationError(OUT_OF_RANGE)
        return percent

    def clean_reason(self) -> str:
        """The normal form."""
        return clean_reason(self.cleaned_data["reason"])

    def clean(self) -> dict[str, Any]:
        """Say of an overlap beside the form what the service would say."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        begin, end = cleaned.get("effective_from"), cleaned.get("effective_to")
        if begin and end and end < begin:
            self.add_error("effective_to", str(ENDS_TOO_EARLY))
        if not self.errors:
            values = self.scope() | {name: cleaned[name] for name in ("effective_from", "effective_to")}
            if other := overlapping(**values):
                raise ValidationError(str(RatesOverlap(other)))
        return cleaned

    def scope(self) -> dict[str, Any]:
        """For what the rate is meant, as the service takes it."""
        offer = self.cleaned_data["offer"]
        return {
            "sku": offer if isinstance(offer, Sku) else None,
            "product": offer if isinstance(offer, Product) else None,
            "segment": self.cleaned_data["segment"],
            "markets": self.cleaned_data["countries"],
        }


class VoidRateForm(forms.Form):
    """Why a rate never should have been."""

    prefix_of_ids = "void"
    use_required_attribute = False

    reason = ReasonField(label=_("Reason"), rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.prefix_of_ids}_%s", **kwargs})

    def clean_reason(self) -> str:
        """The normal form."""
        return clean_reason(self.cleaned_data["reason"])


class EndRateForm(VoidRateForm):
    """The last day of a rate, and why."""

    prefix_of_ids = "end"
    field_order = ("effective_to", "reason")

    effective_to = forms.DateField(label=_("Last day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
