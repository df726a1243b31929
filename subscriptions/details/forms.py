"""The small forms of Subscription details; each turns what was chosen into an intent that the rules judge."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.models import Price
from catalogue.models.prices import BILLING_MONTHS, TERM_MONTHS
from core import clock
from core.forms import PortalForm
from core.html import money_text, number_text
from subscriptions.decisions.outlook import term_words
from subscriptions.facts import facts_of
from subscriptions.intents import Intent, Kind, Priced
from subscriptions.models import AtEnd, Subscription
from subscriptions.options import limits_after_trial, own_prices, paths
from subscriptions.rules import AtEnd as RulesAtEnd
from subscriptions.rules import (
    Cancel,
    ChangeLicenses,
    DecideEnd,
    DropSchedule,
    Policy,
    Reactivate,
    ScheduleChange,
    Scheduled,
    Suspend,
)


class ChangeForm(PortalForm):
    """One kind of change of one subscription; `prices` says whether its reader may see any."""

    # The fields that stand for something of the subscription: what it is now is what they begin with.
    replaces: tuple[str, ...] = ()

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, prices: bool = False) -> None:
        self.subscription, self.prices_shown = subscription, prices
        super().__init__(data)

    def intent(self) -> Intent:
        """What was chosen; only after `is_valid()`."""
        raise NotImplementedError


def licenses_field(label: Any, initial: int) -> forms.IntegerField:
    """A number of licenses; the offer's limits are the rules' to say."""
    errors = {
        "required": gettext_lazy("Enter the number of licenses."),
        "invalid": gettext_lazy("Enter the number of licenses in digits."),
        "min_value": gettext_lazy("Enter 1 license or more."),
        "max_value": gettext_lazy("Enter a smaller number of licenses."),
    }
    return forms.IntegerField(label=label, min_value=1, max_value=10**9, initial=initial, error_messages=errors)


class LicensesForm(ChangeForm):
    """Another number of licenses, from now on."""

    replaces = ("quantity",)
    quantity = licenses_field(gettext_lazy("Licenses"), 1)

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        self.fields["quantity"].initial = subscription.quantity

    def intent(self) -> Intent:
        return ChangeLicenses(self.cleaned_data["quantity"])


class SuspendForm(ChangeForm):
    """Nothing to fill in."""

    def intent(self) -> Intent:
        return Suspend()


class ReactivateForm(ChangeForm):
    """Nothing to fill in."""

    def intent(self) -> Intent:
        return Reactivate()


class CancelForm(ChangeForm):
    """Nothing to fill in."""

    def intent(self) -> Intent:
        return Cancel()


class DropScheduleForm(ChangeForm):
    """Nothing to fill in."""

    def intent(self) -> Intent:
        return DropSchedule()


class EndForm(ChangeForm):
    """What happens at the end of the term."""

    replaces = ("at_end",)
    at_end = forms.ChoiceField(
        label=gettext_lazy("At the end of the term"),
        choices=[
            (AtEnd.RENEW, gettext_lazy("Renew")),
            (AtEnd.CANCEL, gettext_lazy("Cancel at expiration")),
            (AtEnd.EXTEND, gettext_lazy("Go on month by month (extended service term)")),
        ],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), gettext_lazy("Choose what happens at the end of the term.")
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        field: Any = self.fields["at_end"]
        field.initial = subscription.at_end
        choices = dict(field.choices)
        if subscription.is_trial:
            choices[AtEnd.RENEW] = _("Become a paid subscription")
        if not facts_of(subscription).goes_on_extended:
            del choices[AtEnd.EXTEND]
        field.choices = list(choices.items())

    def intent(self) -> Intent:
        return DecideEnd(RulesAtEnd(self.cleaned_data["at_end"]))


class PriceField(forms.TypedChoiceField):
    """A choice among prices of the catalogue, by their number."""

    def __init__(self, prices: list[Price], label: Any, *, shown: bool, titles: bool = False, **kwargs: Any) -> None:
        self.prices = {price.pk: price for price in prices}
        choices = [(price.pk, price_label(price, titles=titles, shown=shown)) for price in prices]
        super().__init__(choices=choices, coerce=lambda value: self.prices[int(value)], label=label, **kwargs)


def price_label(price: Price, *, titles: bool, shown: bool) -> str:
    """Enterprise E3 · 1 year, Monthly · USD 240.00 per license and term; the amount only where it is `shown`."""
    words = [price.sku.title] if titles else []
    if not shown:
        return " · ".join([*words, f"{price.term_label}, {price.billing_label}"])
    amount = _("%(amount)s per license and term") % {"amount": money_text(price.unit_price, price.currency)}
    return " · ".join([*words, f"{price.term_label}, {price.billing_label}", amount])


def longer(subscription: Subscription, prices: list[Price]) -> list[Price]:
    """Of the offer's own prices those of terms that are longer than the present one."""
    now = TERM_MONTHS.get(subscription.term_duration, 0)
    return [price for price in prices if price.term_months > now]


def other_bills(subscription: Subscription, prices: list[Price]) -> list[Price]:
    """Of the offer's own prices those of the present term, billed otherwise."""
    same = (subscription.term_duration, subscription.billing_plan)
    return [price for price in prices if price.term_duration == same[0] and price.billing_plan != same[1]]


class PricedForm(ChangeForm):
    """A change to one of the prices of today."""

    kind: Kind
    label: Any = gettext_lazy("New term")
    titles = False

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        error = _("Choose again: this is no longer offered like that.")
        field = PriceField(
            self.prices(),
            self.label,
            shown=self.prices_shown,
            titles=self.titles,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": error},
        )
        self.fields["price"] = field
        self._dress("price", field)

    @property
    def offers_nothing(self) -> bool:
        """Whether there is no price to choose."""
        return not self.fields["price"].choices  # type: ignore[attr-defined]

    def prices(self) -> list[Price]:
        """What can be chosen today."""
        raise NotImplementedError

    def intent(self) -> Intent:
        return Priced(self.kind, self.cleaned_data["price"], self.cleaned_data.get("quantity"))


class TermForm(PricedForm):
    """A longer term, from now on."""

    kind = Kind.TERM

    def prices(self) -> list[Price]:
        return longer(self.subscription, own_prices(self.subscription, clock.now()))


class BillingForm(PricedForm):
    """Other bills."""

    kind, label = Kind.BILLING, gettext_lazy("New billing")

    def prices(self) -> list[Price]:
        return other_bills(self.subscription, own_prices(self.subscription, clock.now()))


class UpgradeForm(PricedForm):
    """A better offer, for all of the licenses or some."""

    kind, label, titles = Kind.UPGRADE, gettext_lazy("New offer"), True

    quantity = licenses_field(gettext_lazy("Licenses to upgrade"), 1)

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        if self.kind == Kind.UPGRADE and subscription.policy == Policy.LEGACY:
            # The legacy rules upgrade a subscription whole.
            del self.fields["quantity"]
            return
        self.fields["quantity"].initial = subscription.quantity
        self.order_fields(["price", "quantity"])

    def prices(self) -> list[Price]:
        return [path.price for path in paths(self.subscription, clock.now())]


class ConvertForm(UpgradeForm):
    """A paid offer in the place of a trial."""

    kind = Kind.CONVERT

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        self.fields["quantity"].label = _("Licenses")


class ScheduleForm(ChangeForm):
    """What the next term is to be like: licenses, term and billing, or another offer."""

    replaces = ("quantity", "price")
    quantity = licenses_field(gettext_lazy("Licenses from the renewal on"), 1)

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        kept = subscription.scheduled or {}
        self.fields["quantity"].initial = kept.get("quantity") or subscription.quantity
        prices = self.prices()
        label = _("Offer, term and billing from the renewal on")
        field = PriceField(prices, label, shown=self.prices_shown, titles=True, required=False)
        field.choices = [("", _("As now")), *field.choices]
        field.empty_value = None
        field.initial = next((price.pk for price in prices if self.is_scheduled(price, kept)), "")
        self.fields["price"] = field
        self._dress("price", field)

    def prices(self) -> list[Price]:
        """What the next term can be like otherwise than now."""
        now, subscription = clock.now(), self.subscription
        present = (subscription.sku_id, subscription.term_duration, subscription.billing_plan)
        found = [*own_prices(subscription, now), *(path.price for path in paths(subscription, now))]
        return [price for price in found if (price.sku_id, price.term_duration, price.billing_plan) != present]

    def is_scheduled(self, price: Price, kept: Mapping[str, Any]) -> bool:
        """Whether this is what was scheduled, so that another number of licenses does not undo it."""
        wanted = (kept.get("term_months"), kept.get("billing_months"), kept.get("offer"))
        return wanted == self.terms_of(price)

    def terms_of(self, price: Price) -> tuple[int, int, str | None]:
        """Months of the term and between bills, and the offer where it is another one."""
        offer = price.sku.code if price.sku_id != self.subscription.sku_id else None
        return price.term_months, BILLING_MONTHS.get(price.billing_plan, 0), offer

    def clean(self) -> dict[str, Any]:
        """Something has to be different."""
        cleaned = super().clean() or self.cleaned_data
        same = cleaned.get("quantity") == self.subscription.quantity and not cleaned.get("price")
        if same and not self.errors and not self.subscription.scheduled:
            raise ValidationError(_("Enter what is to be different from the renewal on."))
        return cleaned

    def intent(self) -> Intent:
        price: Price | None = self.cleaned_data.get("price")
        quantity = self.cleaned_data["quantity"]
        wanted = Scheduled(quantity=quantity if quantity != self.subscription.quantity else None)
        if price is None:
            # Everything as now is what the page about dropping it says of what was scheduled.
            if wanted.is_empty:
                return DropSchedule()
            trial = self.subscription.is_trial
            return ScheduleChange(wanted, *(limits_after_trial(self.subscription, clock.now()) if trial else ()))
        least, most = price.sku.quantity_limits
        term, billing, other = self.terms_of(price)
        return ScheduleChange(Scheduled(wanted.quantity, term, billing, other), least, most)


class RenameForm(ChangeForm):
    """What the subscription is called; the rules know no names."""

    replaces = ("nickname",)
    nickname = forms.CharField(label=gettext_lazy("Subscription nickname"), max_length=300)

    def __init__(self, data: Mapping[str, Any] | None, *, subscription: Subscription, **kwargs: Any) -> None:
        super().__init__(data, subscription=subscription, **kwargs)
        self.fields["nickname"].initial = subscription.nickname


# The last part of the address → the form.
FORMS: dict[str, type[ChangeForm]] = {
    "licenses": LicensesForm,
    "suspend": SuspendForm,
    "reactivate": ReactivateForm,
    "cancel": CancelForm,
    "end": EndForm,
    "schedule": ScheduleForm,
    "drop-schedule": DropScheduleForm,
    "term": TermForm,
    "billing": BillingForm,
    "upgrade": UpgradeForm,
    "convert": ConvertForm,
    "nickname": RenameForm,
}
# Which page repairs what the rules say is possible instead.
INSTEAD = {
    "Suspend": ("suspend", gettext_lazy("Suspend it instead")),
    "Reactivate": ("reactivate", gettext_lazy("Reactivate it")),
    "ScheduleChange": ("schedule", gettext_lazy("Schedule it for the renewal")),
    "DecideEnd": ("end", gettext_lazy("Choose what happens at the end of the term")),
    "ConvertTrial": ("convert", gettext_lazy("Convert the trial")),
    "Upgrade": ("upgrade", gettext_lazy("Upgrade it")),
}


class MessageForm(PortalForm):
    """Why something is asked for."""

    message = forms.CharField(
        label=gettext_lazy("Message to the provider"),
        help_text=gettext_lazy("Why the customer needs it, or until when."),
        widget=forms.Textarea,
        max_length=1000,
        required=False,
    )


class NicknameForm(PortalForm):
    """What the subscription is called here."""

    nickname = forms.CharField(label=gettext_lazy("Subscription nickname"), max_length=300)


def scheduled_words(subscription: Subscription) -> list[str]:
    """What was scheduled for the renewal, in words."""
    kept = subscription.scheduled or {}
    words = []
    if kept.get("quantity"):
        words.append(_("%(number)s licenses") % {"number": number_text(kept["quantity"])})
    if kept.get("offer"):
        price = Price.objects.filter(sku__code=kept["offer"]).select_related("sku").first()
        words.append(price.sku.title if price else kept["offer"])
    if kept.get("term_months"):
        months = {"term_months": kept["term_months"], "billing_months": kept.get("billing_months") or 0}
        words.append(term_words(replace(facts_of(subscription), **months)))
    return words
