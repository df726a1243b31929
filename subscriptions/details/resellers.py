"""Subscription details: *Reseller (MPN ID)* and *Designated support contact*, each with its own Submit."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.models import Partner, mpn_key
from accounts.roles import Permission
from core.forms import PortalForm
from customers.forms import ResellerChoiceField
from customers.services import PartnershipRequired
from resellers.choosing import ResellerSource
from resellers.readiness import obstacles, reasons
from subscriptions.details.changing import SubscriptionPage
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact
from subscriptions.supporting import support_candidates


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
        field = self.fields["reseller"]
        assert isinstance(field, ResellerChoiceField)
        field.offer(ResellerSource(actor))
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
        field = self.fields["reseller"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = support_candidates(subscription.customer, current=current)
        field.initial = current.microsoft_id if current else ""
        # The names are at hand: the list is short, and the page need not ask the database for it.
        known = {one.pk: one for one in (subscription.customer.managing_reseller, current) if one is not None}
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

    def form(self, data: Any) -> Any:
        """The form with today's choices."""
        current = current_reseller(self.model, self.subscription)
        return self.form_class(data, actor=self.actor, subscription=self.subscription, current=current)

    def get(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID) -> HttpResponse:
        """The choice alone on a page."""
        return self.show(self.form(None))

    def post(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID) -> HttpResponse:
        """Name it; a reseller that may not be named today is refused beside the field."""
        form = self.form(request.POST)
        if form.is_valid():
            try:
                self.name(form.chosen())
            except PartnershipRequired as refusal:
                form.add_error("reseller", str(refusal))
            else:
                messages.success(request, self.said(form.chosen()))
                return redirect(self.subscription)
        return self.show(form)

    def name(self, reseller: Partner | None) -> None:
        """Name it; a support contact has access to the customer at this very moment."""
        if self.model is ResellerOfRecord:
            set_reseller_of_record(subscription=self.subscription, reseller=reseller, by=self.actor)
        else:
            set_support_contact(subscription=self.subscription, reseller=reseller, by=self.actor, with_access=True)

    def show(self, form: Any) -> HttpResponse:
        """Render the page."""
        title = form.fields["reseller"].label
        return self.render_to_response(self.get_context_data(form=form, subscription=self.subscription, question=title))

    def said(self, reseller: Partner | None) -> str:
        """What was done, in words."""
        if self.model is ResellerOfRecord:
            if reseller is None:
                return _("No reseller earns incentives with this subscription from now on.")
            return _("%(reseller)s earns the incentives from now on.") % {"reseller": reseller.name_and_mpn}
        name = str(reseller or self.subscription.customer.provider)
        return _("%(name)s answers the customer’s support requests from now on.") % {"name": name}
