"""*Customer details*, the first step of the wizard for a new customer."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from crispy_forms.layout import HTML
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html_join

from accounts.roles import Permission
from core.exceptions import Refused
from customers.forms import CustomerDetailsForm, as_typed
from customers.look_alikes import LookAlike, look_alikes
from orders.checks import DETAILS
from orders.editions import as_typed_on, edition_of
from orders.review import CHANGE
from orders.services import EditedMeanwhile, keep_typed, save_details
from orders.views.access import StepView
from orders.views.comparing import compared, comparison
from orders.views.steps import CHECK


class DetailsView(StepView):
    """*Customer details*: who the customer is and which reseller is to manage it."""

    permission = Permission.ADD_CUSTOMER

    def answer_for_state(self) -> HttpResponse | None:
        """A customer that exists has no such step."""
        if self.draft.is_open and not self.draft.makes_customer:
            return redirect("orders:subscriptions", draft=self.draft.public_id)
        return super().answer_for_state()

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """What is kept; of what could not be taken, and with `check` of all, also what is wrong with it."""
        if typed := self.draft.typed.get(DETAILS):
            return self.show(self.form(typed))
        kept = self.kept()
        return self.show(self.form(kept if CHECK in request.GET else None, initial=kept))

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Keep the details and go on to the subscriptions; what cannot be taken is kept as it was typed."""
        form = self.form(request.POST)
        try:
            if form.is_valid() and self.taken(form):
                return self.go_on()
            typed = as_typed_on(request.POST, form.fields)
            self.save(DETAILS, lambda version: keep_typed(**self.saving(version), step=DETAILS, typed=typed))
        except EditedMeanwhile:
            return self.compare(form)
        return self.show(form)

    def taken(self, form: CustomerDetailsForm) -> bool:
        """Save what a valid form says, or say on the form why not."""
        reseller = form.cleaned_data["reseller"]
        contact = reseller if form.cleaned_data["reseller_supports"] else None
        facts = {"details": form.cleaned_details(), "reseller": reseller, "support_contact": contact}
        try:
            self.save(DETAILS, lambda version: save_details(**self.saving(version), **facts))
        except EditedMeanwhile:
            raise
        except Refused as refusal:
            form.add_error("reseller", str(refusal))
            return False
        return True

    def go_on(self) -> HttpResponse:
        """To the subscriptions, or back to Review; before that, once, to the customers that look like this one."""
        shown = self.request.POST.get("alike", "").split(",")
        if set(ids_of(look_alikes(self.draft.details, self.actor))) - set(shown):
            return redirect(f"{self.request.get_full_path()}#alike")
        step = "orders:review" if CHANGE in self.request.GET else "orders:subscriptions"
        return redirect(step, draft=self.draft.public_id)

    def compare(self, form: CustomerDetailsForm) -> HttpResponse:
        """What is saved now beside what was sent; where both say the same, it goes on top."""
        saved = self.draft.typed.get(DETAILS) or as_typed(self.kept())
        rows = compared(form, saved, details_typed(form, self.request.POST))
        self.opened = edition_of(self.draft, DETAILS)
        if rows:
            return comparison(self.request, rows, self.opened)
        return self.post(self.request, self.draft.public_id)

    def kept(self) -> dict[str, Any]:
        """The draft's details under the form's names; a new one begins where its reseller is, as most customers do."""
        reseller = self.draft.reseller
        likely = {"country": str(reseller.country), "language": reseller.language} if reseller else {}
        return {
            "company_name_is_right": True,
            **(self.draft.details or likely),
            "reseller": str(reseller.microsoft_id) if reseller else "",
            "reseller_supports": reseller is not None and self.draft.support_contact_id == reseller.pk,
        }

    def form(self, data: Mapping[str, Any] | None, initial: Mapping[str, Any] | None = None) -> CustomerDetailsForm:
        """The form for this draft."""
        initial = {"reseller": self.kept()["reseller"]} if initial is None else initial
        return CustomerDetailsForm(data, actor=self.actor, initial=initial)

    def show(self, form: CustomerDetailsForm) -> HttpResponse:
        """Render the page, which says what it was opened with and which other customers it showed."""
        alike = look_alikes(form.data if form.is_bound else form.initial, self.actor)
        hidden = {"version": edition_of(self.draft, DETAILS), "alike": ",".join(ids_of(alike))}
        inputs = format_html_join("", '<input type="hidden" name="{}" value="{}">', hidden.items())
        form.helper.layout.append(HTML(inputs))
        context = {"draft": self.draft, "form": form, "alike": alike, "from_review": CHANGE in self.request.GET}
        return render(self.request, "orders/details.html", context)


def ids_of(alike: Iterable[LookAlike]) -> list[str]:
    """What tells whether a page has shown them."""
    return [str(one.customer.microsoft_id) for one in alike]


def details_typed(form: CustomerDetailsForm, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, written as kept details are where it was understood, so that only what differs looks different."""
    names = [name for name in form.fields if name != "company_name_is_right"]
    typed = dict.fromkeys(names, "") | as_typed_on(sent, names)
    form.is_valid()
    understood = {name: value for name, value in getattr(form, "cleaned_data", {}).items() if name in typed}
    written = as_typed({name: value for name, value in understood.items() if isinstance(value, str | date | bool)})
    # Of who accepted nothing is written where it is the contact.
    the_same = {name for name in understood if name.startswith("agreement_")} - set(written)
    return {name: "" if name in the_same else written.get(name, text) for name, text in typed.items()}
