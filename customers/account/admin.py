"""Decisions of the back office about customers' accounts: on the customer's own page, and for selected rows."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.back_office import ReasonActionForm, ReasonField, RecordedAdmin, clean_reason
from core.exceptions import Refused
from customers.account_status import DECISIONS, REASON_NEEDED, decide_account
from customers.models import Customer

Status = Customer.Status


@dataclass(frozen=True)
class AccountDecision:
    """One way in which the back office can decide."""

    name: str
    status: str
    label: Any
    consequence: Any
    is_hard: bool = False

    @property
    def needs_reason(self) -> bool:
        """Whether the provider must be told why."""
        return self.status in REASON_NEEDED


ACCOUNT_DECISIONS = {
    one.name: one
    for one in (
        AccountDecision(
            "approve", Status.ACTIVE, _("Approve the account"),
            _("Subscriptions can be ordered and licenses changed at once."),
        ),
        AccountDecision(
            "review", Status.UNDER_REVIEW, _("Put the account under review"),
            _("Until it is decided nothing can be ordered and no licenses changed. What the customer has goes on."),
            True,
        ),
        AccountDecision(
            "disapprove", Status.NOT_APPROVED, _("Do not approve the account"),
            _("Nothing can be ordered and no licenses changed. What the customer has goes on, and nothing is deleted."),
            True,
        ),
    )
}  # fmt: skip


class AccountDecisionForm(forms.Form):
    """The words that the provider, the reseller and the customer will read."""

    reason = ReasonField(required=False)

    def __init__(self, data: Any = None, *, decision: AccountDecision) -> None:
        super().__init__(data, auto_id=f"{decision.name}_%s")
        self.decision = decision
        needed = _("Reason, as the provider and the customer will read it")
        self.fields["reason"].label = (
            needed if decision.needs_reason else _("Words to the provider and the customer (optional)")
        )
        self.fields["reason"].required = decision.needs_reason
        self.fields["reason"].error_messages["required"] = _("Give a reason: the provider will ask for it.")
        self.use_required_attribute = False

    def clean_reason(self) -> str:
        """The normal form."""
        return clean_reason(self.cleaned_data["reason"])


class AccountDecisions(RecordedAdmin):
    """What the admin of customers can do: decide, with a reason; everything else there is to look at."""

    state_field = "status"
    action_form = ReasonActionForm
    actions = ("approve", "review", "disapprove")
    change_form_template = "admin/customers/customer.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With a form for each decision that the state allows."""
        customer = Customer.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        allowed = DECISIONS[customer.status] if customer and self.may_act(request) else {}
        open_to = [one for one in ACCOUNT_DECISIONS.values() if one.status in allowed]
        extra = {"decisions": [AccountDecisionForm(decision=one) for one in open_to]}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    # --- on the page of one customer ---------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """An address for each decision; what is none is not found."""
        decide = self.admin_site.admin_view(self.decide)
        return [path("<int:pk>/decide/<slug:name>/", decide, name="customers_customer_decide"), *super().get_urls()]

    def decide(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask for the words, then decide; what was refused says why and keeps the words."""
        if not self.may_act(request):
            raise PermissionDenied
        customer, decision = get_object_or_404(Customer, pk=pk), ACCOUNT_DECISIONS.get(name)
        if decision is None:
            raise Http404
        form = AccountDecisionForm(request.POST if request.method == "POST" else None, decision=decision)
        if decision.status in DECISIONS[customer.status] and form.is_valid():
            try:
                self.move(request, customer, decision, form.cleaned_data["reason"])
            except Refused as refusal:
                form.add_error(None, str(refusal))
                customer.refresh_from_db()
            else:
                self.message_user(request, _("Decided. Who added the customer is told by e-mail."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:customers_customer_change", args=[pk]))
        is_open = decision.status in DECISIONS[customer.status]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": customer,
            "happened": None if is_open else self.happened(customer, form),
            "title": decision.label,
            "form": form if is_open else AccountDecisionForm(decision=decision),
        }
        return TemplateResponse(request, "admin/customers/customer_decision.html", context)

    def move(self, request: HttpRequest, customer: Customer, decision: AccountDecision, reason: str) -> None:
        """Decide, as the person who is signed in."""
        decide_account(customer=customer, status=decision.status, reason=reason, by=request.actor)

    # --- in the list -------------------------------------------------------------------------------------------------
    def move_each(self, request: HttpRequest, queryset: QuerySet, name: str) -> None:
        """The same for the selected rows, with one reason for all."""
        try:
            reason = clean_reason(request.POST.get("reason", ""))
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return
        decision = ACCOUNT_DECISIONS[name]
        self.call_for_each(request, queryset, lambda customer: self.move(request, customer, decision, reason))

    @admin.action(description=_("Approve the account"))
    def approve(self, request: HttpRequest, queryset: QuerySet) -> None:
        """It becomes active."""
        self.move_each(request, queryset, "approve")

    @admin.action(description=_("Put the account under review (give a reason)"))
    def review(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Nothing is ordered until it is decided."""
        self.move_each(request, queryset, "review")

    @admin.action(description=_("Do not approve the account (give a reason)"))
    def disapprove(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Nothing is ordered."""
        self.move_each(request, queryset, "disapprove")
