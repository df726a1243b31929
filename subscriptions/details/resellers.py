"""Subscription details: *Reseller (MPN ID)* and *Designated support contact*, each with its own Submit."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import Partner, mpn_key
from accounts.roles import Permission
from core import html
from core.forms import PortalForm
from core.pages import conflict
from core.posting import PostedHere
from core.typeahead import TypeaheadInput
from customers.forms import ResellerChoiceField
from customers.services import PartnershipRequired
from resellers.choosing import ResellerSource
from resellers.readiness import obstacles, reasons
from subscriptions.details.changing import SubscriptionPage
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import NamedMeanwhile, set_reseller_of_record, set_support_contact
from subscriptions.supporting import support_candidates


def shown_before(current: Partner | None) -> forms.CharField:
    """Whom the page showed, so that nobody overwrites unseen what somebody else has chosen since."""
    initial = str(current.microsoft_id) if current else ""
    return forms.CharField(required=False, max_length=36, initial=initial, widget=forms.HiddenInput)


class ResellerOfRecordForm(PortalForm):
    """A partnered reseller, nobody, or one by its MPN ID."""

    reseller = ResellerChoiceField(
        label=gettext_lazy("Reseller (MPN ID)"),
        empty_label=gettext_lazy("No indirect reseller"),
    )
    mpn_id = forms.CharField(
        label=gettext_lazy("Reseller not in the list? Enter its MPN ID"),
        required=False,
        max_length=12,
        widget=forms.TextInput({"inputmode": "numeric"}),
    )

    def __init__(self, data: Any, *, actor: Any, subscription: Subscription, current: Partner | None) -> None:
        super().__init__(data, auto_id="record-%s")
        self.subscription = subscription
        self.fields["was"] = shown_before(current)
        field = self.fields["reseller"]
        assert isinstance(field, ResellerChoiceField)
        field.offer(ResellerSource(actor, customer_country=subscription.customer.country_code))
        if isinstance(field.widget, TypeaheadInput):
            # A select has an entry for it; a text field only looks as if it had not been filled in.
            field.help_text = _("Empty it for no indirect reseller: no incentive will be paid then.")
        if current is not None and not self.is_bound:
            field.begin_with(str(current.microsoft_id), current.name_and_mpn)

    def clean_mpn_id(self) -> Partner | None:
        """Verified: its form, that it exists, and that it is not the provider's own."""
        text: str = self.cleaned_data["mpn_id"].strip()
        if not text:
            return None
        if not text.isascii() or not text.isdigit():
            raise ValidationError(_("Enter the MPN ID in digits, like 4847383."), code="digits")
        found = Partner.objects.filter(mpn_key=mpn_key(text)).first()
        if found is not None and found == self.subscription.customer.provider:
            raise ValidationError(_("This is your own MPN ID. Choose an indirect reseller."), code="own")
        if found is None or not found.is_reseller:
            raise ValidationError(_("No indirect reseller has this MPN ID. Check the number."), code="unknown")
        country = self.subscription.customer.country_code
        if obstacle := obstacles(self.subscription.customer.provider, found, customer_country=country):
            raise ValidationError(reasons(obstacle), code="not_ready")
        return found

    def chosen(self) -> Partner | None:
        """Who is to be reseller of record; a number that was entered goes before the list."""
        return self.cleaned_data["mpn_id"] or self.cleaned_data["reseller"]


class SupportContactForm(PortalForm):
    """The provider, or a reseller that manages the customer."""

    reseller = forms.ModelChoiceField(
        label=gettext_lazy("Designated support contact"),
        queryset=Partner.objects.none(),
        to_field_name="microsoft_id",
        required=False,
    )

    def __init__(self, data: Any, *, actor: Any, subscription: Subscription, current: Partner | None) -> None:
        super().__init__(data, auto_id="support-%s")
        self.fields["was"] = shown_before(current)
        field = self.fields["reseller"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = support_candidates(subscription.customer, current=current)
        field.initial = current.microsoft_id if current else ""
        # The names are at hand: the list is short, and the page need not ask the database for it.
        known = {one.pk: one for one in (subscription.customer.managing_reseller, current) if one is not None}
        if not known:
            field.help_text = _(
                "No reseller manages this customer. Establish a reseller relationship under Account first."
            )
        field.choices = [
            ("", str(subscription.customer.provider)),
            *((str(one.microsoft_id), one.name_and_mpn) for one in known.values()),
        ]

    def chosen(self) -> Partner | None:
        """Who is to answer; None is the provider."""
        found: Partner | None = self.cleaned_data["reseller"]
        return found


def current_reseller(
    model: type[ResellerOfRecord] | type[SupportContact], subscription: Subscription
) -> Partner | None:
    """Who has this relation to the subscription now."""
    relation = model._default_manager.filter(subscription=subscription, ends_at=None).select_related("reseller").first()
    return relation.reseller if relation else None


class NameResellerView(SubscriptionPage, TemplateView):
    """Names the reseller of one relation from this moment on; the past stays as it was."""

    permission = Permission.PLACE_ORDER
    template_name = "subscriptions/name_reseller.html"
    model: Any = ResellerOfRecord
    form_class: Any = ResellerOfRecordForm
    route = "reseller"

    @cached_property
    def current(self) -> Partner | None:
        """Who is named now."""
        return current_reseller(self.model, self.subscription)

    @property
    def address(self) -> str:
        """Where the form is sent to."""
        return address_of(self.subscription, self.route)

    def form(self, data: Any) -> Any:
        """The form with today's choices."""
        return self.form_class(data, actor=self.actor, subscription=self.subscription, current=self.current)

    def get(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID) -> HttpResponse:
        """The choice alone on a page."""
        return self.show(self.form(None))

    def post(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID) -> HttpResponse:
        """Name it; a reseller that may not be named today is refused beside the field."""
        form = self.form(request.POST)
        if form.is_valid():
            if form.chosen() == self.current:
                messages.info(request, _("This is how it is already. Nothing was changed."))
                return redirect(self.subscription)
            try:
                self.name(form)
            except PartnershipRequired as refusal:
                form.add_error("reseller", str(refusal))
            except NamedMeanwhile as meanwhile:
                return self.meanwhile(form, meanwhile.current)
            else:
                messages.success(request, self.said(form.chosen()))
                return redirect(self.subscription)
        return self.show(form)

    def name(self, form: Any) -> None:
        """Name it; a support contact has access to the customer at this very moment."""
        values = {"subscription": self.subscription, "reseller": form.chosen(), "by": self.actor}
        # A form that does not say what it was about, as those of before did not, overwrites what there is.
        values["instead_of"] = form.cleaned_data["was"] if "was" in form.data else None
        if self.model is ResellerOfRecord:
            set_reseller_of_record(**values)
        else:
            set_support_contact(**values, with_access=True)

    def meanwhile(self, form: Any, current: Partner | None) -> HttpResponse:
        """Somebody else's choice beside mine."""
        rows = [(form.fields["reseller"].label, *(self.words(one) for one in (current, form.chosen())))]
        again = [(name, form.data.get(name, "")) for name in form.fields if name != "was"]
        return conflict(
            self.request,
            rows=rows,
            again=[*again, ("was", str(current.microsoft_id) if current else "")],
            again_url=self.address,
            discard_url=self.subscription.get_absolute_url(),
        )

    def words(self, reseller: Partner | None) -> Any:
        """A choice as people read it."""
        if reseller is not None:
            return html.name(reseller.name_and_mpn)
        if self.model is ResellerOfRecord:
            return _("No indirect reseller")
        return html.name(self.subscription.customer.provider)

    def show(self, form: Any, verified: str = "") -> HttpResponse:
        """Render the page."""
        verify = {"label": _("Verify"), "action": address_of(self.subscription, "verify_reseller")}
        context = {
            "form": form,
            "subscription": self.subscription,
            "question": form.fields["reseller"].label,
            "address": self.address,
            "verify": verify if "mpn_id" in form.fields else None,
            "verified": verified,
        }
        return self.render_to_response(self.get_context_data(**context))

    def said(self, reseller: Partner | None) -> str:
        """What was done, in words."""
        if self.model is ResellerOfRecord:
            if reseller is None:
                return _("No reseller earns incentives with this subscription from now on.")
            return _("%(reseller)s earns the incentives from now on.") % {"reseller": reseller.name_and_mpn}
        name = str(reseller or self.subscription.customer.provider)
        return _("%(name)s answers the customer’s support requests from now on.") % {"name": name}


class VerifyResellerView(PostedHere, NameResellerView):
    """Says whose MPN ID was entered, and whether that reseller can be named; nothing is changed."""

    def form_page(self) -> str:
        """Where the reseller is named."""
        return self.address

    def post(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID) -> HttpResponse:
        """The same form with the answer above it."""
        form, words = self.form(request.POST), ""
        if form.is_valid():
            found: Partner | None = form.cleaned_data["mpn_id"]
            if found is None:
                form.add_error("mpn_id", _("Enter the MPN ID that is to be verified."))
            else:
                words = _("The MPN ID is that of %(reseller)s. Select Submit to name it.") % {"reseller": found}
        return self.show(form, words)


def address_of(subscription: Subscription, name: str) -> str:
    """A page of the subscription by the name of its address."""
    return reverse(f"subscriptions:{name}", args=[subscription.customer.microsoft_id, subscription.subscription_id])
