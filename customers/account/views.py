"""The pages on which one section of a customer's Account is changed, and the agreement confirmed or accepted."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from accounts.access import can
from accounts.enrolment.session import next_of, with_next
from accounts.middleware import after_steps
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from core.pages import conflict
from customers.account.conflicts import Side, compared, conflicting, on_top, sides_of
from customers.account.facts import fixed_facts
from customers.account.forms import AcceptForm, AgreementForm, BillToForm, CompanyForm, ContactForm, SectionForm
from customers.agreements import AGREEMENT_NAME, AGREEMENT_URL, accept_agreement, attest_agreement, has_agreement
from customers.details import DetailsRejected
from customers.editing import EditedMeanwhile, change_bill_to, change_company, change_contact
from customers.models import Customer
from customers.pages import CustomerPage, account_url

# Others may change other sections again and again while one is saved; after so many times the person compares.
ATTEMPTS = 3


class ChangeSectionView(CustomerPage, FormView):
    """Change one section of the account; whoever was slower than somebody else compares first."""

    permission = Permission.EDIT_CUSTOMER
    form_class: type[SectionForm]
    template_name = "customers/change_section.html"
    title: Any

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form is about this customer."""
        return form_arguments(self.request, self.customer)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        back_url = account_url(self.customer.microsoft_id)
        return super().get_context_data(title=self.title, back_url=back_url, fixed=self.fixed(), **kwargs)

    def fixed(self) -> list[tuple[str, Any]]:
        """What belongs to the section and cannot be changed, with the reason."""
        return []

    def form_valid(self, form: SectionForm) -> HttpResponse:
        """Save it; where only another section was changed meanwhile, that is no conflict."""
        version = form.cleaned_data["version"]
        for _attempt in range(ATTEMPTS):
            try:
                return self.done(self.save(form, version))
            except DetailsRejected as refusal:
                add_errors(form, refusal)
                return self.form_invalid(form)
            except EditedMeanwhile:
                self.customer = self.customers_seen().get(pk=self.customer.pk)
                sides = sides_of(form, self.customer, version, self.actor)
                if conflicting(sides):
                    break
                version = self.customer.version
        return self.compare(form, sides)

    def save(self, form: SectionForm, version: int) -> Customer:
        """Call the section's service."""
        raise NotImplementedError

    def done(self, saved: Customer) -> HttpResponse:
        """Back to Account, saying whether there was anything to save."""
        if saved.version == self.customer.version:
            messages.info(self.request, _("Nothing was changed."))
        else:
            messages.success(self.request, _("%(section)s saved.") % {"section": self.title})
        return redirect(account_url(saved.microsoft_id))

    def compare(self, form: SectionForm, sides: list[Side]) -> HttpResponse:
        """The conflict page: theirs and mine side by side, and nothing typed is lost."""
        names = sorted({side.edit.who for side in sides if side.edit})
        text = _(
            "%(names)s changed %(customer)s after you opened the page. Nothing of yours was saved yet: compare, then "
            "apply yours on top of what is saved now, or leave it as it is."
        )
        return conflict(
            self.request,
            text=text % {"names": ", ".join(names) or _("Somebody"), "customer": self.customer},
            rows=compared(form, sides),
            again=[*on_top(form, sides), *self.carried(form), ("version", self.customer.version)],
            again_url=self.request.path,
            discard_url=account_url(self.customer.microsoft_id),
        )

    def carried(self, form: SectionForm) -> list[tuple[str, str]]:
        """What was said beside the section itself, to be sent once more with it."""
        return [("company_name_is_right", "on")] if form.data.get("company_name_is_right") else []


class ChangeCompanyView(ChangeSectionView):
    """*Company info*."""

    form_class = CompanyForm
    title = gettext_lazy("Company info")

    def save(self, form: CompanyForm, version: int) -> Customer:
        return change_company(customer=self.customer, version=version, company=form.info(), by=self.actor)

    def fixed(self) -> list[tuple[str, Any]]:
        """Its identity."""
        return fixed_facts(self.customer)


class ChangeContactView(ChangeSectionView):
    """*Primary contact*."""

    form_class = ContactForm
    title = gettext_lazy("Primary contact")

    def save(self, form: ContactForm, version: int) -> Customer:
        return change_contact(customer=self.customer, version=version, contact=form.info(), by=self.actor)


class ChangeBillToView(ChangeSectionView):
    """*Bill-to info*."""

    form_class = BillToForm
    title = gettext_lazy("Bill-to info")

    def save(self, form: BillToForm, version: int) -> Customer:
        return change_bill_to(customer=self.customer, version=version, bill_to=form.info(), by=self.actor)


def form_arguments(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """What a form about a customer is made of."""
    return {"data": request.POST if request.method == "POST" else None, "customer": customer}


def add_errors(form: Form, refusal: DetailsRejected) -> None:
    """Say each error of the service beside its field."""
    for name, texts in refusal.errors.items():
        form.add_error(name if name in form.fields else None, texts)


# --- the customer agreement -------------------------------------------------------------------------------------------
class AttestAgreementView(CustomerPage, FormView):
    """Confirm that the customer accepted its agreement, then go back to Account or on to what needed it."""

    permission = Permission.ATTEST_AGREEMENT
    form_class = AgreementForm
    template_name = "customers/attest_agreement.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form is about this customer."""
        return form_arguments(self.request, self.customer)

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
            add_errors(form, refusal)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(self.request, _("The customer agreement is confirmed."))
            return redirect(next_of(self.request) or account_url(self.customer.microsoft_id))
        return self.form_invalid(form)


class AcceptAgreementView(PermittedView, FormView):
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
