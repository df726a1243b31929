"""What people type into the wizard besides the customer details."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import Membership
from catalogue.models import BillingPlan, Price, Segment, TermDuration
from core.forms import PortalForm
from orders.attesting import attestation_of, attestation_words
from orders.catalogue import KINDS, OfferFilters, publishers
from orders.checks import quantity_problem
from orders.models import OrderDraft
from orders.money import Ordered
from orders.offers import Market, Offer, OfferKey, offers_of_skus, same_offer
from orders.owned import NOTHING_OWNED, Standing, repeat_problem

LICENSES, AGAIN = "licenses-", "again-"


def licenses_name(price: Price) -> str:
    """The name of the field for an offer, after its price row."""
    return f"{LICENSES}{price.pk}"


def again_name(price: Price) -> str:
    """The name of the box that confirms to order once more what the customer has already."""
    return f"{AGAIN}{price.pk}"


class AttestationForm(PortalForm):
    """What Submit sends: what was reviewed, and the word of the person in which part the provider acts.

    The box is never ticked by the portal: after each change of the order it is asked again.
    """

    reviewed = forms.CharField(widget=forms.HiddenInput, required=False)
    attestation = forms.BooleanField(required=False)

    def __init__(
        self, draft: OrderDraft, reviewed: str, problem: str = "", problem_of: str | None = "attestation"
    ) -> None:
        super().__init__({"reviewed": reviewed} if problem else None, initial={"reviewed": reviewed})
        if draft.is_account_only:
            # Nothing is ordered: in which part the provider acts is said with the first order.
            del self.fields["attestation"]
            if problem:
                self.add_error(None, problem)
            return
        field = self.fields["attestation"]
        field.label = attestation_words(draft)
        # The value says what was confirmed: a tick for another reseller counts for nothing.
        field.widget.attrs.update(value=attestation_of(draft), autocomplete="off")
        if problem:
            self.add_error(problem_of, problem)


class ColleagueForm(PortalForm):
    """To whom a draft goes."""

    colleague = forms.ModelChoiceField(
        queryset=Membership.objects.none(),
        label=gettext_lazy("Colleague"),
        empty_label=gettext_lazy("Select a colleague"),
    )

    def __init__(self, people: QuerySet[Membership], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        field = self.fields["colleague"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = people
        field.label_from_instance = lambda one: f"{one.user.full_name} – {one.get_role_display()}"  # type: ignore[method-assign]


class OfferFilterForm(PortalForm):
    """Which offers are listed; what cannot be understood narrows nothing."""

    q = forms.CharField(label=gettext_lazy("Search offers"), required=False, max_length=100)
    publisher = forms.ChoiceField(label=gettext_lazy("Publisher"), required=False)
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)
    term = forms.ChoiceField(label=gettext_lazy("Term"), required=False)
    billing = forms.ChoiceField(label=gettext_lazy("Billing"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)

    def __init__(self, data: Mapping[str, Any], *, market: Market) -> None:
        super().__init__({name: data.get(name, "") for name in self.base_fields})
        self.fields["q"].widget.input_type = "search"
        terms = [(term.value, term.label) for term in TermDuration if term.value]
        plans = [(plan.value, plan.label) for plan in BillingPlan if plan != BillingPlan.NONE]
        segments = [(segment, Segment(segment).label) for segment in market.segments]
        sellers = [(name, name) for name in publishers(market)]
        offered: dict[str, Any] = {
            "publisher": sellers,
            "segment": segments,
            "term": terms,
            "billing": plans,
            "kind": KINDS,
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            every = pgettext("billing", "All") if name == "billing" else _("All")
            field.choices = [("", every), *choices]
        for name in ("publisher", "segment"):
            if len(offered[name]) < 2:
                del self.fields[name]
        if not self.is_valid():
            self.data = dict(self.cleaned_data)
            self.full_clean()

    @property
    def filters(self) -> OfferFilters:
        """The filters that are in force."""
        return OfferFilters(**self.cleaned_data)


class LicensesField(forms.CharField):
    """A number of licenses in digits; blank says that the offer is not selected."""

    def __init__(self, offer: Offer, initial: int | None, standing: Standing = NOTHING_OWNED) -> None:
        label = _("Licenses for %(offer)s") % {"offer": offer.in_words}
        super().__init__(label=label, required=False, initial=initial)
        self.offer, self.standing = offer, standing
        self.widget.attrs.update(inputmode="numeric", autocomplete="off")

    def clean(self, value: Any) -> int:
        """The number, 0 for a blank field."""
        text = str(value or "").strip()
        if not text:
            return 0
        if not re.fullmatch(r"[0-9]+", text):
            raise ValidationError(
                _("Enter the number of licenses for %(offer)s in whole digits, like 10.")
                % {"offer": self.offer.sku.title}
            )
        # More digits than any limit has: say the limit rather than compute with it.
        number = int(text) if len(text.lstrip("0")) <= 10 else 10**10
        barrier = self.standing.barrier
        if problem := barrier.text if barrier else quantity_problem(self.offer, number):
            raise ValidationError(problem)
        return number


class GoneField(LicensesField):
    """The number of a chosen offer that is no longer on sale: it can only be taken out."""

    def clean(self, value: Any) -> int:
        """0, or the refusal."""
        if str(value or "").strip():
            text = _("%(offer)s is no longer on sale for this customer. Clear its number of licenses.")
            raise ValidationError(text % {"offer": self.offer.sku.title})
        return 0


class OffersForm(PortalForm):
    """One number of licenses for each listed offer, and a box for what the customer has of it already.

    `checked` demands what an order needs, before it is reviewed; without, what is missing may come later.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        offers: Iterable[Offer],
        gone: Iterable[Offer] = (),
        kept: Mapping[str, int],
        standings: Mapping[OfferKey, Standing],
        checked: bool = False,
    ) -> None:
        super().__init__(data)
        self.checked = checked
        for kind, some in ((LicensesField, offers), (GoneField, gone)):
            for offer in some:
                name = licenses_name(offer.price)
                standing = standings.get(offer.key, NOTHING_OWNED)
                self.fields[name] = kind(offer, kept.get(name), standing)
                if standing.having:
                    again = again_name(offer.price)
                    self.fields[again] = forms.CharField(required=False, max_length=6, initial=kept.get(again))

    def clean(self) -> dict[str, Any]:
        """What the customer has already is ordered once more only if that was confirmed."""
        cleaned: dict[str, Any] = super().clean() or {}
        confirmed = self.confirmed()
        for name, field in self.fields.items():
            if self.checked and isinstance(field, LicensesField) and cleaned.get(name):
                beside = confirmed.get(field.offer.price, 0)
                if problem := repeat_problem(field.offer.sku, field.standing, beside):
                    self.add_error(name, problem)
        return cleaned

    def confirmed(self) -> dict[Price, int]:
        """Beside how many subscriptions each offer is ordered once more, where somebody said so; not more than seen."""
        found = {}
        for field in self.fields.values():
            if isinstance(field, LicensesField):
                text = str(self.cleaned_data.get(again_name(field.offer.price)) or "")
                if text.isascii() and text.isdigit():
                    found[field.offer.price] = min(int(text), len(field.standing.having))
        return found

    def quantities(self) -> dict[Price, int]:
        """The number of licenses per offer's price row, 0 = not selected; of what was sent. Only after `is_valid()`."""
        return {
            field.offer.price: self.cleaned_data[name]
            for name, field in self.fields.items()
            if isinstance(field, LicensesField) and name in self.data
        }

    def typed(self) -> list[Ordered]:
        """What can be understood of the numbers so far, for the summary beside them."""
        self.is_valid()
        found = []
        for name, field in self.fields.items():
            if isinstance(field, LicensesField) and (number := self.cleaned_data.get(name)):
                found.append((field.offer.price_for(number) or field.offer.price, number))
        return found


class TypedLicenses:
    """The numbers in a POST, found again under today's price rows.

    `unknown` of them are for nothing that is on sale here, and for none of the chosen price rows that are `gone`.
    """

    def __init__(self, data: Mapping[str, Any], market: Market, gone: Collection[int]) -> None:
        names = [name for name in data if re.fullmatch(rf"{LICENSES}\d{{1,18}}", name)]
        typed = {int(name.removeprefix(LICENSES)): data[name] for name in names}
        rows = Price.objects.select_related("sku").in_bulk([pk for pk, text in typed.items() if str(text).strip()])
        offers = offers_of_skus(market, (row.sku_id for row in rows.values()))
        self.offers: dict[OfferKey, Offer] = {}
        self.data: dict[str, Any] = {f"{LICENSES}{pk}": text for pk, text in typed.items()}
        self.unknown = 0
        for pk, text in typed.items():
            if not str(text).strip() or pk in gone:
                continue
            row = rows.get(pk)
            offer = same_offer(offers, row) if row is not None and row.market == market.country else None
            if offer is None:
                self.unknown += 1
                continue
            self.offers[offer.key] = offer
            # The price changed while the page was open: the number belongs to the offer, not to the old row.
            self.data[licenses_name(offer.price)] = text
            self.data[again_name(offer.price)] = str(data.get(f"{AGAIN}{pk}", ""))
