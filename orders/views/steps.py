"""The steps of the wizard up to Review: start, Customer details, New subscription."""

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

from accounts.permitted import PermittedView
from accounts.roles import Permission
from catalogue.models.products import LARGEST_QUANTITY
from core.exceptions import InvalidTransition, Refused
from customers.account_status import AccountNotActive, require_active_account
from customers.models import Customer
from customers.pages import account_url
from customers.services import PartnershipRequired
from orders.account_only import skip_offers
from orders.catalogue import arranged, page_of_offers
from orders.checks import SUBSCRIPTIONS, Line, line_problems, lines_of, market_of, order_problems, ordered
from orders.editions import as_typed_on, edition_of
from orders.forms import AGAIN, LICENSES, OfferFilterForm, OffersForm, TypedLicenses, again_name, licenses_name
from orders.models import OrderDraft
from orders.money import summary_words
from orders.offer_rows import Counter, counter, kept_numbers, offer_rows
from orders.offers import Offer
from orders.partners_form import NAMES as PARTNERS
from orders.partners_form import PartnersForm, kept_partners
from orders.partners_form import sent as partners_sent
from orders.services import (
    EditedMeanwhile,
    NotReady,
    OffersRefused,
    keep_typed,
    open_drafts,
    save_subscriptions,
    start_draft,
)
from orders.views.access import StepView, own_partnership
from orders.views.agreement import agreement_first, agreement_later
from orders.views.comparing import compared, comparison

# Said by whoever sends a person back to an incomplete step: show what is missing at once.
CHECK = "check"
MOST_DRAFTS = 100


class StartView(PermittedView):
    """The beginning: what was left unfinished, and the button that starts a new customer."""

    permission = Permission.ADD_CUSTOMER

    def get(self, request: HttpRequest) -> HttpResponse:
        """Offer to resume; nothing is created by opening an address."""
        return render(request, "orders/start.html", {"drafts": list(open_drafts(self.actor)[:MOST_DRAFTS])})

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

    permission = Permission.PLACE_ORDER

    def post(self, request: HttpRequest, customer: UUID) -> HttpResponse:
        """Create the draft, in which the managing reseller is suggested if business may be done with it."""
        found = get_object_or_404(
            Customer.objects.visible_to(self.actor).select_related("provider"), microsoft_id=customer
        )
        managing = found.managing_relationship()
        try:
            require_active_account(found)
            manager = managing.reseller if managing else None
            draft = start_draft(reseller=manager, customer=found, is_suggestion=True, by=self.actor)
        except PartnershipRequired as refusal:
            messages.warning(request, str(refusal))
            draft = start_draft(reseller=None, customer=found, is_suggestion=True, by=self.actor)
        except AccountNotActive as refusal:
            messages.error(request, str(refusal))
            return redirect(account_url(found.microsoft_id))
        return redirect(draft)


class SubscriptionsView(StepView):
    """*New subscription*: the offers for the customer, each with a number of licenses."""

    def answer_for_state(self) -> HttpResponse | None:
        """Which offers there are depends on the customer: its details come first."""
        if self.draft.is_open and self.draft.makes_customer and not self.draft.details:
            return back_to("orders:details", self.draft)
        return (
            super().answer_for_state()
            or agreement_first(self.request, self.draft, self.actor)
            or agreement_later(self.request, self.draft)
        )

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """The chosen offers, then those that match the filters; what could not be taken stands as it was typed."""
        lines = lines_of(self.draft)
        if kept := self.draft.typed.get(SUBSCRIPTIONS):
            return self.show(request.GET, self.typed(kept, lines), lines, partners=self.partners(kept))
        return self.show(request.GET, None, lines, checked=CHECK in request.GET)

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Keep the numbers and go on to Review, if they make an order."""
        return self.keep(request) or self.go_on()

    def keep(self, request: HttpRequest) -> HttpResponse | None:
        """Save what was typed; the page again with the errors, if there are any."""
        lines = lines_of(self.draft)
        typed = self.typed(request.POST, lines)
        form, _shown = self.form(self.values(typed, lines), typed, lines, ())
        partners = self.partners(request.POST)
        problems = []
        if typed.unknown:
            problems.append(_("An offer that you chose is not on sale for this customer."))
        try:
            if form.is_valid() and (partners is None or partners.is_valid()) and not problems:
                problems += self.refusals(form, partners)
                if not problems:
                    return None
            sent = as_typed_on(request.POST, self.telling(lines))
            self.save(SUBSCRIPTIONS, lambda version: keep_typed(**self.saving(version), step=SUBSCRIPTIONS, typed=sent))
        except EditedMeanwhile:
            return self.compare(form, partners)
        return self.show(request.POST, typed, lines, problems=problems, partners=partners)

    def refusals(self, form: OffersForm, partners: PartnersForm | None) -> list[str]:
        """Save what valid forms say; what keeps it from being saved."""
        choice = partners.choice() if partners else None
        facts = {"quantities": form.quantities(), "confirmed": form.confirmed()}
        facts["partners"] = vars(choice) if choice else None
        try:
            self.save(SUBSCRIPTIONS, lambda version: save_subscriptions(**self.saving(version), **facts))
        except EditedMeanwhile:
            raise
        except OffersRefused as refusal:
            return list(refusal.errors.values())
        except Refused as refusal:
            return [str(refusal)]
        return []

    def compare(self, form: OffersForm, partners: PartnersForm | None) -> HttpResponse | None:
        """What is saved now beside what was sent; where both say the same, it goes on top."""
        lines, sent = lines_of(self.draft), self.request.POST
        kept = self.draft.typed.get(SUBSCRIPTIONS, {})
        mine = {name: value for name, value in self.values(self.typed(sent, lines), lines).items() if name in sent}
        numbers = {name: value for name, value in mine.items() if name.startswith(LICENSES)}
        rows = compared(form, {**kept_numbers(lines), **kept}, numbers)
        if partners is not None:
            rows += compared(partners, {**kept_partners(self.draft), **kept}, partners_sent(sent))
        self.opened = edition_of(self.draft, SUBSCRIPTIONS)
        return comparison(self.request, rows, self.opened) if rows else self.keep(self.request)

    def go_on(self) -> HttpResponse:
        """Review, or this page with what is still missing."""
        lines = lines_of(self.draft)
        if line_problems(self.draft, lines) or self.draft.reseller_is_suggested:
            return self.show(self.request.POST, None, lines, checked=True)
        return redirect("orders:review", draft=self.draft.public_id)

    # --- the page ---------------------------------------------------------------------------------------------------
    def typed(self, sent: Mapping[str, Any], lines: list[Line]) -> TypedLicenses:
        """The numbers that were sent, now or before."""
        gone = {line.chosen.pk for line in lines if line.offer is None}
        return TypedLicenses(sent, market_of(self.draft), gone)

    def telling(self, lines: list[Line]) -> list[str]:
        """The fields that say something: numbers, blanks where a number was kept, boxes, who earns and answers."""
        kept, sent = kept_numbers(lines), self.request.POST
        said = [name for name in sent if sent[name].strip() or name in kept]
        return [*PARTNERS, *(name for name in said if name.startswith((LICENSES, AGAIN)))]

    def values(self, typed: TypedLicenses, lines: list[Line]) -> dict[str, Any]:
        """What was typed, under the names that the fields have today."""
        values = dict(typed.data)
        for line in lines:
            for name in (licenses_name, again_name):
                before = name(line.chosen)
                if line.offer and before in values:
                    values.setdefault(name(line.offer.price), values[before])
        return values

    def form(
        self,
        data: Mapping[str, Any] | None,
        typed: TypedLicenses | None,
        lines: list[Line],
        listed: Sequence[Offer],
        checked: bool = False,
    ) -> tuple[OffersForm, Counter]:
        """One field per chosen, typed and listed offer, and what is said of each."""
        chosen = {line.offer.key: line.offer for line in lines if line.offer}
        chosen |= typed.offers if typed else {}
        offers = arranged(list(chosen.values()), listed)
        shown = counter(market_of(self.draft), self.draft.customer, offers)
        form = OffersForm(
            data,
            offers=offers,
            gone=[Offer((line.chosen,)) for line in lines if line.offer is None],
            kept=kept_numbers(lines),
            standings=shown.standings,
            checked=checked,
        )
        return form, shown

    def partners(self, data: Mapping[str, Any] | None, checked: bool = False) -> PartnersForm | None:
        """Who earns and answers, for a customer that exists; a new one's reseller is chosen with its details."""
        if self.draft.makes_customer:
            return None
        return PartnersForm(data, draft=self.draft, actor=self.actor, checked=checked)

    def show(
        self,
        data: Mapping[str, Any],
        typed: TypedLicenses | None,
        lines: list[Line],
        problems: Sequence[str] = (),
        checked: bool = False,
        partners: PartnersForm | None = None,
    ) -> HttpResponse:
        """Render the page with the numbers typed, or else those kept; `checked` says what they lack."""
        market = market_of(self.draft)
        filter_form = OfferFilterForm(data, market=market)
        found = page_of_offers(market, filter_form.filters, page_number(data))
        values: Mapping[str, Any] | None = self.values(typed, lines) if typed else None
        if checked:
            values = kept_numbers(lines)
            problems = order_problems(self.draft, lines)
        form, shown = self.form(values, typed, lines, found.offers, checked)
        for problem in problems:
            form.add_error(None, problem)
        partners = partners or self.partners(kept_partners(self.draft) if checked else None, checked)
        forms = [form, partners] if partners else [form]
        context = {
            "draft": self.draft,
            "edition": edition_of(self.draft, SUBSCRIPTIONS, lines),
            # The first of the forms in which something is wrong: the frame of the page says so in its title.
            "form": next((one for one in forms if one.errors), form),
            "forms": forms,
            "partners": partners,
            "filter_form": filter_form,
            "rows": offer_rows(form, lines, shown),
            "found": found,
            "filtered": bool(filter_form.filters),
            "customer_name": str(self.draft),
            "country_name": countries.name(market.country),
            "most_licenses": LARGEST_QUANTITY,
            "summary": summary_words(form.typed() if form.is_bound else ordered(lines)),
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
        number = page_number(self.request.POST)
        if self.keeps_filters and number > 1:
            words["page"] = str(number)
        address = reverse("orders:subscriptions", args=[self.draft.public_id])
        return redirect(f"{address}?{urlencode(words)}" if words else address)


class SkipOffersView(SubscriptionsView):
    """Goes on without subscriptions; numbers that were typed are kept first, and then stand in the way."""

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Nothing is skipped by opening an address."""
        return redirect("orders:subscriptions", draft=draft)

    def go_on(self) -> HttpResponse:
        """Review of the account alone."""
        try:
            self.draft = skip_offers(draft=self.draft, version=self.draft.version, by=self.actor)
        except NotReady as refusal:
            lines, problems = lines_of(self.draft), [problem.message for problem in refusal.problems]
            return self.show(self.request.POST, self.typed(self.request.POST, lines), lines, problems=problems)
        except InvalidTransition as refusal:
            messages.error(self.request, str(refusal))
            return redirect("orders:subscriptions", draft=self.draft.public_id)
        return redirect("orders:review", draft=self.draft.public_id)


def page_number(data: Mapping[str, Any]) -> int:
    """Which page of offers is asked for: that of the button, else the one that was open; what is no number is 1."""
    text = str(data.get("page") or data.get("at") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def back_to(url_name: str, draft: OrderDraft) -> HttpResponse:
    """Redirect to a step that is not complete, which then says so."""
    return redirect(f"{reverse(url_name, args=[draft.public_id])}?{CHECK}=1")
