"""Orders to fulfill: the lines that wait, in the back office, and the three things that can be done with one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.back_office import ReasonActionForm, ReasonField, RecordedAdmin, clean_reason
from activity.models import ActivityQuerySet
from core.exceptions import Refused
from core.html import time_tag
from orders.fulfilment.deciding import fulfil_line, refuse_line, retry_line
from orders.models import OrderLine
from orders.order_pages.filters import order_number
from subscriptions.starting import SubscriptionIdTaken

State = OrderLine.State


class StateFilter(admin.SimpleListFilter):
    """The queue of what waits, unless something else is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Each state, and all of them."""
        return [*State.choices, ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those of the state."""
        wanted = self.value() or State.PENDING
        return queryset if wanted == "all" else queryset.filter(state=wanted)

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The links; what waits is chosen from the start."""
        chosen = self.value() or State.PENDING
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": chosen == value, "query_string": query, "display": title}


class FulfilForm(forms.Form):
    """The ID that the programme gave the subscription, if it did."""

    use_required_attribute = False

    subscription_id = forms.UUIDField(
        label=_("Subscription ID of the programme (optional)"),
        help_text=_("Left empty, the portal makes one. The customer’s account is set up with its first subscription."),
        required=False,
        widget=forms.TextInput({"size": 40, "autocomplete": "off"}),
        error_messages={"invalid": _("Enter an ID like 3fa85f64-5717-4562-b3fc-2c963f66afa6.")},
    )

    def clean_subscription_id(self) -> UUID | None:
        """Some ID: programs write zeros where there is none."""
        found: UUID | None = self.cleaned_data["subscription_id"]
        if found is not None and not found.int:
            raise ValidationError(self.fields["subscription_id"].error_messages["invalid"], code="invalid")
        return found


class RefuseForm(forms.Form):
    """The words that the people who ordered will read."""

    use_required_attribute = False

    reason = ReasonField(
        label=_("Reason, as the person who ordered will read it"),
        help_text=_("Add-ons of this line that wait are refused with it."),
        error_messages={"required": _("Give a reason: who placed the order will ask for it.")},
    )

    def clean_reason(self) -> str:
        """The normal form."""
        return clean_reason(self.cleaned_data["reason"])


class RetryForm(forms.Form):
    """Nothing has to be said: the line waits again."""


@dataclass(frozen=True)
class LineDecision:
    """One thing that can be done with a line in one state."""

    name: str
    state: str
    label: Any
    form: type[forms.Form]
    is_hard: bool = False

    def make_form(self, data: Any = None) -> forms.Form:
        """The form, its fields named after the decision, for several stand on one page."""
        form = self.form(data, auto_id=f"{self.name}_%s")
        form.decision = self  # type: ignore[attr-defined]
        return form

    def carry_out(self, line: OrderLine, by: Any, values: dict[str, Any]) -> OrderLine:
        """Call the service."""
        if self.name == "fulfil":
            return fulfil_line(line=line, subscription_id=values.get("subscription_id"), by=by)
        if self.name == "refuse":
            return refuse_line(line=line, reason=values["reason"], by=by)
        return retry_line(line=line, by=by)


DECISIONS = {
    one.name: one
    for one in (
        LineDecision("fulfil", State.PENDING, _("Fulfill the line"), FulfilForm),
        LineDecision("refuse", State.PENDING, _("Refuse the line"), RefuseForm, is_hard=True),
        LineDecision("retry", State.REFUSED, _("Let the line wait again"), RetryForm),
    )
}


@admin.register(OrderLine)
class OrderLineAdmin(RecordedAdmin):
    """Lines that wait, oldest first; everything about them is read here and decided by services."""

    list_display = ("offer_name", "quantity", "base", "order_number", "customer", "provider", "state", "placed_at")
    list_filter = (StateFilter,)
    list_select_related = ("order__customer", "order__provider", "base_line", "base_subscription")
    search_fields = ("order__customer__search_text",)
    ordering = ("pk",)
    state_field = "state"
    action_form = ReasonActionForm
    actions = ("fulfil", "refuse", "retry")
    change_form_template = "admin/orders/order_line.html"
    fields = (
        "order_number", "customer", "provider", "reseller", "placed_by", "placed_at", "offer_name", "sku_code",
        "quantity", "term_duration", "billing_plan", "unit_price", "currency", "base", "state", "refusal",
        "subscription", "decided_by", "decided_at",
    )  # fmt: skip
    readonly_fields = (
        "order_number", "customer", "provider", "reseller", "placed_by", "placed_at", "sku_code", "currency", "base",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: lines come with orders."""
        return False

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """By the number of the order, or by its customer."""
        if number := order_number(search_term.strip()):
            return queryset.filter(order_id=number.key), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Under the name of what it is for."""
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Orders to fulfill")})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With a form for each thing that the state allows."""
        line = OrderLine.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        possible = [one for one in DECISIONS.values() if line is not None and one.state == line.state]
        forms_shown = [one.make_form() for one in possible] if self.may_act(request) else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "decisions": forms_shown})

    # --- columns -----------------------------------------------------------------------------------------------------
    @admin.display(description=_("order"), ordering="order_id")
    def order_number(self, line: OrderLine) -> SafeString:
        """Leads to the whole order."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[line.order_id]), line.order
        )

    @admin.display(description=_("customer"))
    def customer(self, line: OrderLine) -> SafeString:
        """Leads to the customer, whose account is decided there."""
        customer = line.order.customer
        url = reverse("admin:customers_customer_change", args=[customer.pk])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, customer)

    @admin.display(description=_("provider"))
    def provider(self, line: OrderLine) -> str:
        """Who ordered."""
        return str(line.order.provider)

    @admin.display(description=_("reseller"))
    def reseller(self, line: OrderLine) -> str:
        """Who earns with it."""
        return line.order.reseller.name_and_mpn if line.order.reseller else "–"

    @admin.display(description=_("placed by"))
    def placed_by(self, line: OrderLine) -> str:
        """The person."""
        return str(line.order.placed_by)

    @admin.display(description=_("placed"), ordering="order__placed_at")
    def placed_at(self, line: OrderLine) -> SafeString:
        """When."""
        return time_tag(line.order.placed_at)

    @admin.display(description=_("SKU"))
    def sku_code(self, line: OrderLine) -> str:
        """What the programme calls it."""
        return line.sku.code

    @admin.display(description=_("currency"))
    def currency(self, line: OrderLine) -> str:
        """Of the order."""
        return line.order.currency

    @admin.display(description=_("add-on of"))
    def base(self, line: OrderLine) -> str:
        """What comes first."""
        if line.base_line is not None:
            return f"{line.base_line} ({line.base_line.get_state_display()})"
        return f"{line.base_subscription}" if line.base_subscription else "–"

    def records_of(self, row: OrderLine) -> ActivityQuerySet:
        """The order's records that name the line."""
        return super().records_of(row.order).filter(changes__offer=row.offer_name)

    # --- on the page of one line -------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """An address for each decision; what is none is not found."""
        decide = self.admin_site.admin_view(self.decide)
        return [path("<int:pk>/decide/<slug:name>/", decide, name="orders_orderline_decide"), *super().get_urls()]

    def decide(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask for what is needed, then decide; what was refused says why and keeps the words."""
        if not self.may_act(request):
            raise PermissionDenied
        line, decision = get_object_or_404(OrderLine.objects.select_related("order"), pk=pk), DECISIONS.get(name)
        if decision is None:
            raise Http404
        form = decision.make_form(request.POST if request.method == "POST" else None)
        if line.state == decision.state and form.is_valid():
            try:
                decision.carry_out(line, request.actor, form.cleaned_data)  # type: ignore[attr-defined]
            except SubscriptionIdTaken as refusal:
                form.add_error("subscription_id", str(refusal))
            except Refused as refusal:
                form.add_error(None, str(refusal))
                line.refresh_from_db(fields=["state"])
            else:
                self.message_user(request, _("Decided. The order’s page shows it."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:orders_orderline_changelist"))
        is_open = line.state == decision.state
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": line,
            "happened": None if is_open else self.happened(line, form),
            "title": decision.label,
            "form": form if is_open else decision.make_form(),
        }
        return TemplateResponse(request, "admin/orders/line_decision.html", context)

    # --- in the list -------------------------------------------------------------------------------------------------
    def decide_each(self, request: HttpRequest, queryset: QuerySet, name: str, **values: Any) -> None:
        """The same for the selected lines, each base before its add-ons."""
        decision = DECISIONS[name]
        self.call_for_each(
            request,
            queryset.order_by("pk"),
            lambda line: decision.carry_out(line, request.actor, values),  # type: ignore[attr-defined]
        )

    @admin.action(description=_("Fulfill, with IDs made by the portal"))
    def fulfil(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Start the subscriptions."""
        self.decide_each(request, queryset, "fulfil")

    @admin.action(description=_("Refuse (give a reason)"))
    def refuse(self, request: HttpRequest, queryset: QuerySet) -> None:
        """With one reason for all."""
        try:
            reason = clean_reason(request.POST.get("reason", ""))
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return
        self.decide_each(request, queryset, "refuse", reason=reason)

    @admin.action(description=_("Let wait again"))
    def retry(self, request: HttpRequest, queryset: QuerySet) -> None:
        """What was refused by mistake."""
        self.decide_each(request, queryset, "retry")
