"""The forms about who manages a customer."""

from typing import Any

from crispy_forms.layout import Field, Fieldset, Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core.forms import PortalForm
from customers.forms import ResellerChoiceField
from customers.models import Customer, ResellerRelationship
from resellers.choosing import ResellerSource
from resellers.readiness import obstacles, reasons
from subscriptions.wording import subscriptions_text

Scope = ResellerRelationship.Scope


class ReasonForm(PortalForm):
    """Why something is taken away, for the mail and the record."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)


class ManagingForm(PortalForm):
    """Which reseller manages the customer, and what it may do; a reseller that is not ready is refused beside it."""

    reseller = ResellerChoiceField(
        label=gettext_lazy("Indirect reseller"),
        required=True,
        empty_label=gettext_lazy("Choose a reseller"),
        empty_note="",
        error_messages={"required": gettext_lazy("Select the indirect reseller.")},
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Access"),
        widget=forms.RadioSelect,
        initial=Scope.MANAGE,
        choices=[
            (Scope.MANAGE, gettext_lazy("Manage: administrator access to the account and its subscriptions")),
            (Scope.VIEW_AND_REQUEST, gettext_lazy("View and request: it sees everything and asks you for changes")),
        ],
    )
    of_record = forms.BooleanField(required=False)
    support = forms.BooleanField(required=False)

    def __init__(self, *args: Any, customer: Customer, actor: Actor, number: int, **kwargs: Any) -> None:
        self.customer = customer
        super().__init__(*args, **kwargs)
        choice = self.fields["reseller"]
        assert isinstance(choice, ResellerChoiceField)
        choice.offer(ResellerSource(actor, customer_country=customer.country_code))
        names = {"number": subscriptions_text(number)}
        self.fields["of_record"].label = _("Also make it reseller of record of all %(number)s") % names
        self.fields["support"].label = _("Also make it designated support contact of all %(number)s") % names
        also = [Fieldset(_("Subscriptions"), "of_record", "support")] if number else []
        if not number:
            del self.fields["of_record"], self.fields["support"]
        self.helper.layout = Layout(Field("reseller"), Field("scope"), *also)

    def clean_reseller(self) -> Partner:
        """Say at once what would be refused, and what repairs it."""
        reseller: Partner | None = self.cleaned_data["reseller"]
        if reseller is None:
            raise forms.ValidationError(self.fields["reseller"].error_messages["required"], code="required")
        found = obstacles(self.customer.provider, reseller, customer_country=self.customer.country_code)
        if found:
            raise forms.ValidationError(reasons(found), code="not_ready")
        return reseller

    def wanted(self) -> dict[str, Any]:
        """Scope, and on what it is named beside; only after `is_valid()`."""
        named = {name: bool(self.cleaned_data.get(name)) for name in ("of_record", "support")}
        return {"scope": self.cleaned_data["scope"], **named}


class ChangeManagingForm(ManagingForm):
    """The same for a customer that a reseller manages; the other one may be told why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("The reseller that loses the customer reads it."),
    )

    def __init__(self, *args: Any, present: ResellerRelationship, **kwargs: Any) -> None:
        self.present = present
        super().__init__(*args, **kwargs)
        self.initial.setdefault("scope", present.scope)
        self.helper.layout.fields.append(Field("reason"))

    def clean_reseller(self) -> Partner:
        """Another one than has it."""
        reseller = super().clean_reseller()
        if reseller.pk == self.present.reseller_id:
            text = _("%(reseller)s manages this customer already. Choose another reseller, or change its access.")
            raise forms.ValidationError(text % {"reseller": reseller}, code="same")
        return reseller
