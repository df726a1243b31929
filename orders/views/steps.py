"""The steps of the wizard up to Review: start, Customer details, New subscription."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import InvalidTransition
from customers.account_status import AccountNotActive, require_active_account
from customers.models import Customer
from customers.pages import account_url
from customers.services import PartnershipRequired
from orders.account_only import skip_offers
from orders.checks import SUBSCRIPTIONS, Line, line_problems, market_of, priced_lines
from orders.editions import edition_of
from orders.forms import OfferFilterForm, OffersForm
from orders.models import OrderDraft
from orders.partners_form import PartnersForm, kept_partners
from orders.services import NotReady, keep_typed, open_drafts, save_subscriptions, start_draft
from orders.views.access import StepView, own_partnership
from orders.views.agreement import agreement_first, agreement_later
from orders.views.offering import OffersPage

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
    """Starts an order for a customer that exists; the filters that it is sent narrow the offers at first."""

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
        filters = OfferFilterForm(request.POST, market=market_of(draft)).filters
        words = {name: value for name, value in vars(filters).items() if value}
        return redirect(f"{draft.get_absolute_url()}?{urlencode(words)}" if words else draft)


class SubscriptionsView(OffersPage, StepView):
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
        return self.show_kept(checked=CHECK in request.GET)

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Keep the numbers and go on to Review, if they make an order."""
        return self.keep() or self.go_on()

    def go_on(self) -> HttpResponse:
        """Review, or this page with what is still missing."""
        lines = self.judged_lines()
        if line_problems(self.draft, lines) or self.draft.reseller_is_suggested:
            return self.show(self.request.POST, None, lines, checked=True)
        return redirect("orders:review", draft=self.draft.public_id)

    # --- what is kept ------------------------------------------------------------------------------------------------
    def lines(self) -> list[Line]:
        return priced_lines(self.draft)

    def edition(self, lines: list[Line] | None = None) -> str:
        return edition_of(self.draft, SUBSCRIPTIONS, lines)

    def store(self, form: OffersForm, partners: PartnersForm | None) -> None:
        choice = partners.choice() if partners else None
        facts = {"quantities": form.quantities(), "confirmed": form.confirmed()}
        facts["partners"] = vars(choice) if choice else None
        self.save(SUBSCRIPTIONS, lambda version: save_subscriptions(**self.saving(version), **facts))

    def store_typed(self, sent: Mapping[str, str]) -> None:
        self.save(SUBSCRIPTIONS, lambda version: keep_typed(**self.saving(version), step=SUBSCRIPTIONS, typed=sent))

    def partners(self, data: Mapping[str, Any] | None, checked: bool = False) -> PartnersForm | None:
        """Who earns and answers, for a customer that exists; a new one's reseller is chosen with its details."""
        if self.draft.makes_customer:
            return None
        if data is None and checked:
            data = kept_partners(self.draft)
        return PartnersForm(data, draft=self.draft, actor=self.actor, checked=checked)

    def addresses(self) -> dict[str, str]:
        names = {"here": "subscriptions", "update": "update_offers", "all": "all_offers", "cancel": "confirm_cancel"}
        return {key: reverse(f"orders:{name}", args=[self.draft.public_id]) for key, name in names.items()}


class UpdateOffersView(SubscriptionsView):
    """Keeps the numbers and shows the page again, with other filters or a new summary."""

    keeps_filters = True

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Nothing to keep: who comes here from signing in again finds the page itself."""
        return redirect("orders:subscriptions", draft=draft)

    def go_on(self) -> HttpResponse:
        """The page, found again under an address that says its filters."""
        return redirect(self.filtered_address(keeps_filters=self.keeps_filters))


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
            lines, problems = self.lines(), [problem.message for problem in refusal.problems]
            return self.show(self.request.POST, self.typed(self.request.POST, lines), lines, problems=problems)
        except InvalidTransition as refusal:
            messages.error(self.request, str(refusal))
            return redirect("orders:subscriptions", draft=self.draft.public_id)
        return redirect("orders:review", draft=self.draft.public_id)


def back_to(url_name: str, draft: OrderDraft) -> HttpResponse:
    """Redirect to a step that is not complete, which then says so."""
    return redirect(f"{reverse(url_name, args=[draft.public_id])}?{CHECK}=1")
