"""*Add subscription* for a reseller: the page of offers, without prices, that leads to a request."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property

from accounts.roles import Permission
from customers.pages import CustomerPage
from orders.asking.notices import open_order_request
from orders.asking.services import customer_obstacles, keep_typed_request, own_draft, save_order_request
from orders.asking.wanted import Wanted, edition_of, unsaved_draft
from orders.checks import Line, line_problems
from orders.forms import OffersForm
from orders.models import OrderDraft
from orders.partners_form import SupportForm
from orders.views.offering import OffersPage
from subscriptions.models import ChangeRequest


class AskSubscriptionView(OffersPage, CustomerPage):
    """What is chosen here is kept in a draft of the person's; its own page says it and submits it."""

    permission = Permission.REQUEST_CHANGE
    template_name = "orders/ask.html"
    prices = False

    def get(self, request: HttpRequest, microsoft_id: UUID) -> HttpResponse:
        """The chosen offers, then those that match the filters."""
        return self.show_kept()

    def post(self, request: HttpRequest, microsoft_id: UUID) -> HttpResponse:
        """Keep the numbers and go on to what would be asked."""
        return self.keep() or self.go_on()

    def go_on(self) -> HttpResponse:
        """The draft, to be checked and submitted; or this page with what is still missing."""
        lines = self.judged_lines()
        if self.kept is None or line_problems(self.draft, lines, self.actor):
            return self.show(self.request.POST, None, lines, checked=True)
        return redirect(self.kept)

    # --- what is kept ------------------------------------------------------------------------------------------------
    @cached_property
    def kept(self) -> ChangeRequest | None:
        """The person's draft for the customer."""
        return own_draft(self.customer, self.actor)

    @property
    def stored(self) -> dict[str, Any]:
        """What it says."""
        return self.kept.values if self.kept else {}

    @property
    def draft(self) -> OrderDraft:  # type: ignore[override]
        """The order that would come of it."""
        assert self.actor.partner is not None
        return unsaved_draft(self.customer, self.actor.partner, self.stored)

    def lines(self) -> list[Line]:
        return Wanted(self.draft, self.stored, self.actor).priced_lines

    def edition(self, lines: list[Line] | None = None) -> str:
        return str(edition_of(self.stored))

    @property
    def edition_sent(self) -> int:
        """The edition that the page was opened with; one that is none is never the present one."""
        text = self.opened or self.request.POST.get("version", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1

    def store(self, form: OffersForm, partners: SupportForm | None) -> None:
        supports = partners is not None and partners.contact() is not None
        self.saved(save_order_request, quantities=form.quantities(), confirmed=form.confirmed(), supports=supports)

    def store_typed(self, sent: Mapping[str, str]) -> None:
        self.saved(keep_typed_request, typed=sent)

    def saved(self, service: Any, **facts: Any) -> None:
        """Keep it, and go on with what is kept then."""
        try:
            service(customer=self.customer, edition=self.edition_sent, by=self.actor, **facts)
        finally:
            self.__dict__.pop("kept", None)

    # --- the page ----------------------------------------------------------------------------------------------------
    def partners(self, data: Mapping[str, Any] | None, checked: bool = False) -> SupportForm | None:
        """Whether the reseller answers; that it is of record goes without saying."""
        return SupportForm(data, draft=self.draft, actor=self.actor)

    def addresses(self) -> dict[str, str]:
        names = {"here": "ask_subscription", "update": "update_asked", "all": "all_asked"}
        ids = [self.customer.microsoft_id]
        found = {key: reverse(f"orders:{name}", args=ids) for key, name in names.items()}
        return {**found, "cancel": self.customer.get_absolute_url()}

    def context(self) -> dict[str, Any]:
        """Who decides, what keeps the customer from getting anything now, and what was asked before."""
        return {
            "customer": self.customer,
            "obstacles": [problem.message for problem in customer_obstacles(self.draft, self.actor)],
            "asked": open_order_request(self.customer, self.actor),
            "kept": self.kept,
        }


class UpdateAskedView(AskSubscriptionView):
    """Keeps the numbers and shows the page again, with other filters or a new summary."""

    keeps_filters = True

    def get(self, request: HttpRequest, microsoft_id: UUID) -> HttpResponse:
        """Nothing to keep: who comes here from signing in again finds the page itself."""
        return redirect("orders:ask_subscription", microsoft_id=microsoft_id)

    def go_on(self) -> HttpResponse:
        """The page, found again under an address that says its filters."""
        return redirect(self.filtered_address(keeps_filters=self.keeps_filters))
