"""Who takes over, one by one: a list of the customers or subscriptions with a field in each row."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.lists import PLACE, ListPage
from orders.partnerships.choices import Choices, TooManyExceptions
from orders.partnerships.consequences import (
    SUBSCRIPTION_RELATIONS,
    Held,
    Relation,
    managed_rows,
    named_rows,
)
from orders.partnerships.filters import ManagedFilter, NamedFilter
from orders.partnerships.forms import RowsForm
from orders.partnerships.tables import RowsTable
from orders.partnerships.takers import Takers
from orders.partnerships.views.ending import PLAN, EndingPage

# Rows of one page; more are never sent at once.
MOST_ROWS = 100
THEN = "then"


class RowsView(EndingPage, ListPage):
    """What the reseller has of one kind; each row with the choice for it, which stands in the address like all else."""

    http_method_names = ["get", "head", "post", "options"]
    template_name = "resellers/ending_rows.html"
    title = gettext_lazy("Choose one by one")
    default_sort = "name"
    empty_title = gettext_lazy("Nothing to choose for")
    empty_text = gettext_lazy("The reseller has nothing of this kind.")
    relation: Relation
    form: RowsForm | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Know what the list is of."""
        if kwargs["relation"] not in Relation.values:
            raise Http404
        self.relation = Relation(kwargs["relation"])
        return super().dispatch(request, *args, **kwargs)

    # --- the list ---------------------------------------------------------------------------------------------------
    @property
    def customer(self) -> str:
        """The path from a row to its customer."""
        return "customer" if self.relation == Relation.MANAGING else "subscription__customer"

    @property
    def filterset_class(self) -> Any:  # type: ignore[override]
        """A search by the customer."""
        return ManagedFilter if self.relation == Relation.MANAGING else NamedFilter

    @property
    def sorts(self) -> dict[str, Any]:  # type: ignore[override]
        """By the customer's name."""
        return {"name": f"{self.customer}__search_text"}

    def get_queryset(self) -> QuerySet[Any]:
        """The reseller's relations of this kind."""
        if self.relation == Relation.MANAGING:
            return managed_rows(self.partnership).select_related("customer")
        rows = named_rows(SUBSCRIPTION_RELATIONS[self.relation], self.partnership)
        return rows.select_related("subscription__customer")

    @cached_property
    def takers(self) -> Takers:
        """Who can take over."""
        return Takers(self.partnership)

    def rows_form(self, data: Any, rows: list[Any]) -> RowsForm:
        """The fields of these rows."""
        held = [self.held(row) for row in rows]
        context: dict[str, Any] = {"choices": self.choices, "takers": self.takers, "partnership": self.partnership}
        return RowsForm(data, rows=held, relation=self.relation, **context)

    def held(self, row: Any) -> Held:
        """The row as the choices know it."""
        customer = row.customer if self.relation == Relation.MANAGING else row.subscription.customer
        name = customer.company_name
        if self.relation != Relation.MANAGING:
            name = f"{row.subscription.nickname}, {name}"
        return Held(row.pk, customer.country_code, None, customer.pk, name)

    def prepare(self, rows: list[Any]) -> None:
        """Make the fields of the visible rows; after a refusal those with what was typed."""
        if self.form is None:
            self.form = self.rows_form(None, rows)

    def table_class(self, *args: Any, **kwargs: Any) -> RowsTable:  # type: ignore[override]
        """The table with the fields."""
        assert self.form is not None
        return RowsTable(*args, form=self.form, relation=self.relation, **kwargs)

    def kept_parameters(self) -> tuple[str, ...]:
        """The choices stay when the filter changes."""
        return (*super().kept_parameters(), PLAN)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        listing = context["listing"]
        here = listing.url(drop=(THEN,))
        return {
            **context,
            "partnership": self.partnership,
            "reseller": self.partnership.reseller,
            "relation": self.relation,
            "rows_form": self.form,
            "form": self.form if self.form and self.form.is_bound else context["form"],
            "are_typed": self.takers.are_typed,
            "action": here,
            "next_action": listing.url(drop=(THEN,), then=listing.page.next) if listing.page.next else "",
            "choose_url": self.address("end_choose", self.choices),
            "check_url": listing.url(drop=(THEN,), then="check"),
            "chosen_number": len(self.choices.by_row(self.relation)),
        }

    # --- what is chosen ---------------------------------------------------------------------------------------------
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the choices of these rows along, and show them, the next ones, or the last page."""
        form = self.rows_form(request.POST, self.sent_rows())
        if form.is_valid():
            try:
                choices = self.choices.with_exceptions(self.relation, form.chosen())
            except TooManyExceptions as refusal:
                form.add_error(None, str(refusal))
            else:
                return self.go_on(choices)
        self.form = form
        return self.get(request, *args, **kwargs)

    def sent_rows(self) -> list[Any]:
        """The rows whose fields were sent, those of this list alone."""
        names = [name.removeprefix("row-") for name in self.request.POST if name.startswith("row-")]
        keys = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 18]
        return list(self.get_queryset().filter(pk__in=keys[:MOST_ROWS]))

    def go_on(self, choices: Choices) -> HttpResponse:
        """Where the address of the button says."""
        query = self.request.GET.copy()
        then = query.pop(THEN, [""])[-1]
        if then == "check":
            return redirect(self.address("end_check", choices))
        query[PLAN] = choices.token(self.partnership)
        if then:
            for name in PLACE:
                query.pop(name, None)
            query["after"] = then
        messages.success(self.request, _("Your choices are kept on these pages. Nothing has been changed yet."))
        return redirect(f"{self.request.path}?{query.urlencode()}")
