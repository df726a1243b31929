"""The pages on which one section of a customer's Account is changed, and the agreement confirmed or accepted."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView

from accounts.access import can
from accounts.enrolment.session import next_of, with_next
from accounts.middleware import after_steps
from accounts.roles import Permission
from core.exceptions import Refused
from customers.account.forms import AcceptForm, AgreementForm
from customers.agreements import AGREEMENT_NAME, AGREEMENT_URL, accept_agreement, attest_agreement, has_agreement
from customers.details import DetailsRejected
from customers.pages import CustomerPage, PermittedPage, account_url


class AttestAgreementView(CustomerPage, FormView):
    """Confirm that the customer accepted its agreement, then go back to Account or on to what needed it."""

    permission = Permission.ATTEST_AGREEMENT
    form_class = AgreementForm
    template_name = "customers/attest_agreement.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form is about this customer."""
        data = self.request.POST if self.request.method == "POST" else None
        return {"data": data, "customer": self.customer}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        next_page = next_of(self.request)
        return super().get_context_data(
            agreement_name=AGREEMENT_NAME,
            agreement_url=AGREEMENT_URL,
            action=with_next(self.request.path, next_page),
            back_url=next_page or account_url(self.customer.microsoft_id),
            **kwargs,
        )

    def form_valid(self, form: AgreementForm) -> HttpResponse:
        """Confirm it; what is refused is said on the form."""
        try:
            attest_agreement(customer=self.customer, acceptance=form.acceptance(), by=self.actor)
        except DetailsRejected as refusal:
            for name, texts in refusal.errors.items():
                form.add_error(name, texts)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(self.request, _("The customer agreement is confirmed."))
            return redirect(next_of(self.request) or account_url(self.customer.microsoft_id))
        return self.form_invalid(form)


class AcceptAgreementView(PermittedPage, FormView):
    """The last step of a customer's first sign-in: its administrator accepts the agreement, or leaves."""

    permission = Permission.ACCEPT_AGREEMENT
    form_class = AcceptForm
    template_name = "customers/accept_agreement.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Nothing to do here where an agreement is in force."""
        if can(self.actor, self.permission) and has_agreement(self.actor.customer):
            return redirect(after_steps(request) if request.method == "POST" else "home")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            customer=self.actor.customer,
            person=self.actor.user,
            agreement_name=AGREEMENT_NAME,
            agreement_url=AGREEMENT_URL,
            **kwargs,
        )

    def form_valid(self, form: AcceptForm) -> HttpResponse:
        """Accept it, and go where the person was heading."""
        accept_agreement(customer=self.actor.customer, by=self.actor)
        messages.success(self.request, _("You accepted the %(agreement)s.") % {"agreement": AGREEMENT_NAME})
        return redirect(after_steps(self.request))
