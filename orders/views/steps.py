"""The steps of the wizard up to Review: start, Customer details, New subscription."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_countries import countries

from accounts.roles import Permission
from catalogue.models import BillingPlan
from core.exceptions import Refused
from core.typeahead import sent_value
from customers.account_status import AccountNotActive, require_active_account
from customers.forms import CustomerDetailsForm
from customers.models import Customer
from customers.pages import account_url
from customers.services import PartnershipRequired
from orders.checks import Line, line_problems, lines_of, market_of, order_problems, ordered
from orders.forms import LicensesField, OfferFilterForm, OffersForm, TypedLicenses, licenses_name
from orders.models import OrderDraft
from orders.money import bill_label, summary_words
from orders.offers import MOST_OFFERS, Offer, arranged, list_offers, with_bases
from orders.review import CHANGE
from orders.services import OffersRefused, choose_offers, choose_reseller, open_drafts, save_details, start_draft
from orders.views.access import PermittedView, StepView, own_partnership
from orders.views.agreement import agreement_first

# Said by whoever sends a person back to an incomplete step: show what is missing at once.
CHECK = "check"


class StartView(PermittedView):
    """The beginning: what was left unfinished, and the button that starts a new customer."""

    permission = Permission.ADD_CUSTOMER

    def get(self, request: HttpRequest) -> HttpResponse:
        """Offer to resume; nothing is created by opening an address."""
        return render(request, "orders/start.html", {"drafts": list(open_drafts(self.actor)[:25])})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a draft of its own for each press; `reseller` is the Microsoft ID of the row it came from."""
        partnership = None
        if microsoft_id := request.POST.get("reseller", ""):
            partnership = own_partnership(self.actor, microsoft_id)
            if partnership is None:
                raise Http404
        try:
            return redirect(start_draft(reseller=partnership.reseller if partnership else None, by=self.actor))
        except PartnershipRequired as refusal:
            # The reseller's page says the same, with what repairs it.
            messages.error(request, str(refusal))
            return redirect(partnership or "orders:start")


class AddSubscriptionView(PermittedView):
    """Starts an order for a customer that exists."""

    def post(self, request: HttpRequest, customer: UUID) -> HttpResponse:
        """Create the draft, with the managing reseller already selected if business may be done with it."""
        found = get_object_or_404(
            Customer.objects.visible_to(self.actor).select_related("provider"), microsoft_id=customer
        )
        managing = found.managing_relationship()
        try:
            require_active_account(found)
            draft = start_draft(reseller=managing.reseller if managing else None, customer=found, by=self.actor)
        except PartnershipRequired as refusal:
            messages.warning(request, str(refusal))
            draft = start_draft(reseller=None, customer=found, by=self.actor)
        except AccountNotActive as refusal:
            messages.error(request, str(refusal))
            return redirect(account_url(found.microsoft_id))
        return redirect(draft)


class DetailsView(StepView):
    """*Customer details*: who the customer is and which reseller is to manage it."""

    permission = Permission.ADD_CUSTOMER

    def answer_for_state(self) -> HttpResponse | None:
        """A customer that exists has no such step."""
        if self.draft.is_open and not self.draft.makes_customer:
            return redirect("orders:subscriptions", draft=self.draft.public_id)
        return super().answer_for_state()

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """What is kept; with `check`, also what is wrong with it."""
        kept = self.kept()
        return self.show(self.form(kept if CHECK in request.GET else None, initial=kept))

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Keep the details and go on to the subscriptions."""
        form = self.form(request.POST)
        if form.is_valid():
            try:
                save_details(
                    draft=self.draft,
                    details=form.cleaned_details(),
                    reseller=form.cleaned_data["reseller"],
                    by=self.actor,
                )
            except Refused as refusal:
                form.add_error("reseller", str(refusal))
            else:
                step = "orders:review" if CHANGE in request.GET else "orders:subscriptions"
                return redirect(step, draft=self.draft.public_id)
        return self.show(form)

    def kept(self) -> dict[str, Any]:
        """The draft's details under the form's names; a new one begins where its reseller is, as most customers do."""
        reseller = self.draft.reseller
        likely = {"country": str(reseller.country), "language": reseller.language} if reseller else {}
        return {
            "company_name_is_right": True,
            **(self.draft.details or likely),
            "reseller": str(reseller.microsoft_id) if reseller else "",
        }

    def form(self, data: Mapping[str, Any] | None, initial: Mapping[str, Any] | None = None) -> CustomerDetailsForm:
        """The form for this draft."""
        initial = {"reseller": self.kept()["reseller"]} if initial is None else initial
        return CustomerDetailsForm(data, actor=self.actor, initial=initial)

    def show(self, form: CustomerDetailsForm) -> HttpResponse:
        """Render the page."""
        context = {"draft": self.draft, "form": form, "from_review": CHANGE in self.request.GET}
        return render(self.request, "orders/details.html", context)


class SubscriptionsView(StepView):
    """*New subscription*: the offers for the customer, each with a number of licenses."""

    def answer_for_state(self) -> HttpResponse | None:
        """Which offers there are depends on the customer: its details come first."""
        if self.draft.is_open and self.draft.makes_customer and not self.draft.details:
            return back_to("orders:details", self.draft)
        return super().answer_for_state() or agreement_first(self.request, self.draft, self.actor)

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """The chosen offers, then those that match the filters."""
        return self.show(request.GET, None, lines_of(self.draft), checked=CHECK in request.GET)

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Keep the numbers and go on to Review, if they make an order."""
        return self.keep(request) or self.go_on()

    def keep(self, request: HttpRequest) -> HttpResponse | None:
        """Save what was typed; the page again with the errors, if there are any."""
        lines = lines_of(self.draft)
        gone = {line.chosen.pk for line in lines if line.offer is None}
        typed = TypedLicenses(request.POST, market_of(self.draft), gone)
        form = self.form(self.values(typed, lines), typed, lines, ())
        problems = []
        if typed.unknown:
            problems.append(_("An offer that you chose is not on sale for this customer."))
        if form.is_valid() and not problems:
            try:
                choose_offers(draft=self.draft, quantities=form.quantities(), by=self.actor)
                if not self.draft.makes_customer:
                    choose_reseller(draft=self.draft, reseller=form.cleaned_data["reseller"], by=self.actor)
            except OffersRefused as refusal:
                problems += refusal.errors.values()
            except Refused as refusal:
                problems.append(str(refusal))
            else:
                return None
        return self.show(request.POST, typed, lines, problems=problems)

    def go_on(self) -> HttpResponse:
        """Review, or this page with what is still missing."""
        lines = lines_of(self.draft)
        if line_problems(self.draft, lines):
            return self.show(self.request.POST, None, lines, checked=True)
        return redirect("orders:review", draft=self.draft.public_id)

    # --- the page ---------------------------------------------------------------------------------------------------
    def values(self, typed: TypedLicenses, lines: list[Line]) -> dict[str, Any]:
        """What was typed, under the names that the fields have today."""
        values = {**typed.data, "reseller": sent_value(self.request.POST, "reseller")}
        for line in lines:
            before = licenses_name(line.chosen)
            if line.offer and before in values:
                values.setdefault(licenses_name(line.offer.price), values[before])
        return values

    def form(
        self,
        data: Mapping[str, Any] | None,
        typed: TypedLicenses | None,
        lines: list[Line],
        listed: Sequence[Offer],
    ) -> OffersForm:
        """One field per chosen, typed and listed offer."""
        chosen = {line.offer.key: line.offer for line in lines if line.offer}
        chosen |= typed.offers if typed else {}
        return OffersForm(
            data,
            offers=arranged(list(chosen.values()), listed),
            gone=[Offer((line.chosen,)) for line in lines if line.offer is None],
            kept=kept_numbers(lines),
            resellers_for=None if self.draft.makes_customer else self.actor,
            reseller=self.reseller_id(),
        )

    def reseller_id(self) -> str:
        """The Microsoft ID of the reseller chosen so far, or nothing."""
        return str(self.draft.reseller.microsoft_id) if self.draft.reseller else ""

    def show(
        self,
        data: Mapping[str, Any],
        typed: TypedLicenses | None,
        lines: list[Line],
        problems: Sequence[str] = (),
        checked: bool = False,
    ) -> HttpResponse:
        """Render the page with the numbers typed, or else those kept; `checked` says what they lack."""
        market = market_of(self.draft)
        filter_form = OfferFilterForm(data, market=market)
        found = list_offers(market, filter_form.filters)
        values: Mapping[str, Any] | None = self.values(typed, lines) if typed else None
        if checked:
            values = {**kept_numbers(lines), "reseller": self.reseller_id()}
            problems = order_problems(self.draft, lines)
        form = self.form(values, typed, lines, found.offers)
        for problem in problems:
            form.add_error(None, problem)
        context = {
            "draft": self.draft,
            "form": form,
            "filter_form": filter_form,
            "rows": offer_rows(form, lines),
            "is_cut": found.is_cut,
            "filtered": bool(filter_form.filters),
            "customer_name": str(self.draft),
            "country_name": countries.name(market.country),
            "most": MOST_OFFERS,
            "summary": summary_words(form.typed() if form.is_bound else ordered(lines)),
            "reseller_field": form["reseller"] if "reseller" in form.fields else None,
        }
        return render(self.request, "orders/subscriptions.html", context)


class UpdateOffersView(SubscriptionsView):
    """Keeps the numbers and shows the page again, with other filters or a new summary."""

    keeps_filters = True

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Nothing to keep: who comes here from signing in again finds the page itself."""
        return redirect("orders:subscriptions", draft=draft)

    def go_on(self) -> HttpResponse:
        """The page, found again under an address that says its filters."""
        filters = OfferFilterForm(self.request.POST, market=market_of(self.draft)).filters
        words = {name: value for name, value in vars(filters).items() if value} if self.keeps_filters else {}
        address = reverse("orders:subscriptions", args=[self.draft.public_id])
        return redirect(f"{address}?{urlencode(words)}" if words else address)


class OfferRow:
    """An offer as the table shows it: its words, its field, what was typed and what is wrong with it."""

    def __init__(self, form: OffersForm, name: str, field: LicensesField, offer: Offer, line: Line | None) -> None:
        self.offer = offer
        self.name = name
        self.label = field.label
        self.value = form[name].value()
        self.errors: list[str] = form.errors.get(name, []) if form.is_bound else []
        # The same offer as in the row above, for another term or billing plan.
        self.is_variant = False
        self.is_chosen = bool(self.value)
        self.is_gone = line is not None and line.offer is None
        self.old_words = line.chosen_words if line is not None and line.price_changed else ""
        price = offer.price
        self.bill_label = bill_label(price.billing_plan)
        self.plan_order = BillingPlan.values.index(price.billing_plan)
        # For the running summary in the browser: "1:150.0000 100:140.0000", first quantity and price of each tier.
        self.tiers = " ".join(f"{tier.pricing_tier_min}:{tier.unit_price:.4f}" for tier in offer.prices)

    @property
    def described_by(self) -> str:
        """The ids of what explains the field."""
        ids = [f"hint-{self.name}"] if self.offer.hints else []
        return " ".join([*ids, f"error-{self.name}"] if self.errors else ids)


def offer_rows(form: OffersForm, lines: list[Line]) -> list[OfferRow]:
    """The rows in the order of the form's fields; chosen offers that are gone come first."""
    by_name = {licenses_name(line.offer.price if line.offer else line.chosen): line for line in lines}
    fields = [(name, field) for name, field in form.fields.items() if isinstance(field, LicensesField)]
    offers = with_bases([field.offer for _name, field in fields])
    rows = []
    for (name, field), offer in zip(fields, offers, strict=True):
        rows.append(OfferRow(form, name, field, offer, by_name.get(name)))
    rows.sort(key=lambda row: not row.is_gone)
    for above, row in itertools.pairwise(rows):
        row.is_variant = above.offer.sku.pk == row.offer.sku.pk and above.is_chosen == row.is_chosen
    return rows


def kept_numbers(lines: list[Line]) -> dict[str, int]:
    """The numbers of licenses in the draft, by the names of their fields."""
    return {licenses_name(line.offer.price if line.offer else line.chosen): line.quantity for line in lines}


def back_to(url_name: str, draft: OrderDraft) -> HttpResponse:
    """Redirect to a step that is not complete, which then says so."""
    return redirect(f"{reverse(url_name, args=[draft.public_id])}?{CHECK}=1")
