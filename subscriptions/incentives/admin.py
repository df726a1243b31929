"""Incentives in the back office: rates, the ledger and its months. Services do everything; nothing is removed."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.back_office import ReasonActionForm, RecordedAdmin, clean_reason
from core.exceptions import Refused
from core.html import number_text
from subscriptions.incentives import ledger, rates
from subscriptions.incentives.admin_forms import EndRateForm, RateForm, VoidRateForm
from subscriptions.models import IncentiveEntry, IncentiveMonth, IncentiveRate

PAGE = "admin:subscriptions_incentiverate_change"


@admin.register(IncentiveRate)
class IncentiveRateAdmin(RecordedAdmin):
    """Rates are added and ended; another percentage is another rate."""

    form = RateForm
    change_form_template = "admin/subscriptions/incentiverate.html"
    list_display = ("offer", "percent", "segment", "market_list", "effective_from", "effective_to", "voided_at")
    list_filter = ("segment", "effective_from", "effective_to")
    list_select_related = ("product", "sku")
    search_fields = ("sku__search_text", "product__title", "product__product_id")
    ordering = ("-effective_from", "-pk")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The form of a new one; of one that is there, what it says."""
        if obj is None:
            return ("offer", "segment", "countries", "percent", "effective_from", "effective_to", "reason")
        return (
            "offer",
            "segment",
            "market_list",
            "percent",
            "effective_from",
            "effective_to",
            "voided_at",
            "created_at",
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Words instead of columns."""
        return ("offer", "market_list", "voided_at", "created_at") if obj is not None else ()

    @admin.display(description=_("offer or product"))
    def offer(self, rate: IncentiveRate) -> str:
        """What it is for."""
        found = rate.sku or rate.product
        return f"{found} ({rate.sku.code if rate.sku else rate.product.product_id})" if found else str(_("All offers"))  # type: ignore[union-attr]

    @admin.display(description=_("markets"))
    def market_list(self, rate: IncentiveRate) -> str:
        """Where it holds."""
        return ", ".join(rate.countries) or str(_("All markets"))

    def save_model(self, request: HttpRequest, obj: IncentiveRate, form: Any, change: bool) -> None:
        """Add through the service."""
        names = ("percent", "effective_from", "effective_to", "reason")
        values = form.scope() | {name: form.cleaned_data[name] for name in names}
        obj.__dict__.update(rates.add_rate(by=request.actor, **values).__dict__)  # type: ignore[attr-defined]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A rate that somebody else added at the same moment is a refusal like any other."""
        try:
            return super().add_view(request, form_url, extra_context)
        except rates.RatesOverlap as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the forms that end it and void it."""
        pk = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        holds = self.may_act(request) and IncentiveRate.objects.filter(pk=pk, voided_at=None).exists()
        unused = holds and not IncentiveEntry.objects.filter(rate=pk).exists()
        forms = {"end_form": EndRateForm() if holds else None, "void_form": VoidRateForm() if unused else None}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **forms})

    def get_urls(self) -> list[URLPattern]:
        """The addresses that end and void a rate."""
        wrap, name = self.admin_site.admin_view, "subscriptions_incentiverate"
        return [
            path("<int:pk>/end/", wrap(self.end), name=f"{name}_end"),
            path("<int:pk>/void/", wrap(self.void), name=f"{name}_void"),
            *super().get_urls(),
        ]

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the day and the reason, then end."""
        said = _("The rate ends. Months that are written already do not change.")
        return self.decide(request, pk, EndRateForm, rates.end_rate, "end_form", _("End the rate"), said)

    def void(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason, then void."""
        said = _("The rate is voided: it holds on no day.")
        return self.decide(request, pk, VoidRateForm, rates.void_rate, "void_form", _("Void the rate"), said)

    def decide(
        self,
        request: HttpRequest,
        pk: int,
        form_class: type[VoidRateForm],
        service: Callable[..., object],
        form_name: str,
        title: Any,
        said: Any,
    ) -> HttpResponse:
        """Call the service with what was entered; what was refused says why and keeps the words."""
        if not self.may_act(request):
            raise PermissionDenied
        rate = get_object_or_404(IncentiveRate, pk=pk)
        form = form_class(request.POST if request.method == "POST" else None)
        if not rates.why_settled(rate, service) and form.is_valid():
            try:
                service(rate=rate, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            except Refused as refusal:
                form.add_error(None, str(refusal))
                rate.refresh_from_db()
            else:
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(reverse(PAGE, args=[pk]))
        settled = rates.why_settled(rate, service)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": rate,
            "title": title,
            "happened": self.happened(rate, form, settled) if settled else None,
            form_name: form_class() if settled else form,
        }
        return TemplateResponse(request, "admin/subscriptions/incentiverate_decide.html", context)


class Decided(RecordedAdmin):
    """Rows of the ledger: what can be done with them takes the words of the action's form."""

    action_form = ReasonActionForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: the worker writes them."""
        return False

    def decide(
        self, request: HttpRequest, queryset: QuerySet, service: Callable[..., object], name: str, **more: Any
    ) -> None:
        """The service for each selected row, given as `name`."""
        actor = request.actor  # type: ignore[attr-defined]
        self.call_for_each(request, queryset, lambda row: service(**{name: row}, by=actor, **more))

    def reason(self, request: HttpRequest) -> str:
        """The words, in their normal form."""
        try:
            return clean_reason(request.POST.get("reason", ""))
        except ValidationError:
            return ""


@admin.register(IncentiveEntry)
class IncentiveEntryAdmin(Decided):
    """The ledger: what was wrong is taken back or calculated again, by entries of their own."""

    list_display = (
        "month", "provider", "reseller", "mpn_id", "subscription", "base", "percent", "amount", "currency",
        "state_word",
    )  # fmt: skip
    list_filter = ("month", "currency")
    list_select_related = ("provider", "reseller", "subscription")
    search_fields = ("mpn_id__exact", "subscription__subscription_id__exact", "public_id__exact")
    actions = ("calculate_again", "take_back")
    fields = (
        "month", "provider", "reseller", "mpn_id", "subscription", "rate", "base", "percent", "amount", "currency",
        "state_word", "reverses", "calculation", "confirmed_at", "paid_at", "created_at",
    )  # fmt: skip

    @admin.display(description=_("state"))
    def state_word(self, entry: IncentiveEntry) -> str:
        """How far the money is."""
        return str(IncentiveEntry.State(entry.state).label)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """An ID finds its entries; what is none finds nothing."""
        try:
            return super().get_search_results(request, queryset, search_term)
        except ValidationError:
            return queryset.none(), False

    @admin.action(description=_("Calculate again by the rates of today (give a reason)"))
    def calculate_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        """What comes out otherwise is taken back and booked anew."""
        self.decide(request, queryset, ledger.recalculate_entry, "entry", reason=self.reason(request))

    @admin.action(description=_("Take back (give a reason)"))
    def take_back(self, request: HttpRequest, queryset: QuerySet) -> None:
        """An entry of the opposite amount."""
        self.decide(request, queryset, ledger.reverse_entry, "entry", reason=self.reason(request))


@admin.register(IncentiveMonth)
class IncentiveMonthAdmin(Decided):
    """Each provider's months: how far they are written, and what was decided about them."""

    list_display = ("month", "provider", "finished_at", "waiting_count", "confirmed_at", "paid_at")
    list_filter = ("month",)
    list_select_related = ("provider",)
    search_fields = ("provider__search_text",)
    ordering = ("-month", "provider__search_text", "pk")
    actions = ("confirm", "pay", "look_again")
    fields = ("month", "provider", "finished_at", "waiting_count", "confirmed_at", "paid_at", "created_at")

    @admin.display(description=_("waiting"))
    def waiting_count(self, month: IncentiveMonth) -> str:
        """How many subscriptions a later run has to look at."""
        return number_text(len(month.waiting))

    @admin.action(description=_("Confirm what the month holds"))
    def confirm(self, request: HttpRequest, queryset: QuerySet) -> None:
        """The worker marks the entries within a minute or two."""
        self.decide(request, queryset, ledger.confirm_month, "month")

    @admin.action(description=_("Mark as paid what is confirmed (give the payment reference as the reason)"))
    def pay(self, request: HttpRequest, queryset: QuerySet) -> None:
        """The same."""
        self.decide(request, queryset, ledger.pay_month, "month", reason=self.reason(request))

    @admin.action(description=_("Look again for what earned something and has no entry (give a reason)"))
    def look_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        """For a rate that came late; the worker writes what is missing with its next run."""
        self.decide(request, queryset, ledger.look_again, "month", reason=self.reason(request))
