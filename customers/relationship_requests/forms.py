"""The forms of a request for a reseller relationship: whom it is about, the draft, a reason."""

from typing import Any

from crispy_forms.layout import Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core.forms import PortalForm
from core.typeahead import TypeaheadField, TypeaheadInput
from customers.choosing import CustomerSource
from customers.forms import ResellerChoiceField
from customers.models import Customer, RelationshipRequest, ResellerRelationship
from resellers.choosing import ResellerSource
from resellers.forms import MESSAGE_LANGUAGES
from resellers.readiness import obstacles, reasons

Scope = ResellerRelationship.Scope


class WhomForm(PortalForm):
    """Which reseller the customer is asked for, and with which access.

    The box is the programme's: ticked, the reseller manages; not ticked, it sees and requests.
    """

    customer: Any = None

    reseller = ResellerChoiceField(
        label=gettext_lazy("Indirect reseller"),
        required=True,
        empty_label=gettext_lazy("Choose a reseller"),
        empty_note="",
        error_messages={"required": gettext_lazy("Select the indirect reseller.")},
    )
    delegated = forms.BooleanField(
        label=gettext_lazy("Include delegated administration: the reseller manages the account and its subscriptions"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Without it, the reseller sees the account and its subscriptions and requests changes."),
    )

    def __init__(self, *args: Any, actor: Actor, customer: Customer | None = None, **kwargs: Any) -> None:
        self.actor, self.customer = actor, customer
        super().__init__(*args, **kwargs)
        choice = self.fields["reseller"]
        assert isinstance(choice, ResellerChoiceField)
        country = customer.country_code if customer else ""
        choice.offer(ResellerSource(actor, customer_country=country))

    def clean_reseller(self) -> Partner:
        """The words for no choice are no choice."""
        reseller: Partner | None = self.cleaned_data["reseller"]
        if reseller is None:
            raise ValidationError(self.fields["reseller"].error_messages["required"], code="required")
        return reseller

    def clean(self) -> dict[str, Any]:
        """Say at once what would be refused, and what repairs it."""
        super().clean()
        cleaned = self.cleaned_data
        reseller, customer = cleaned.get("reseller"), self.customer
        if reseller and customer:
            found = obstacles(customer.provider, reseller, customer_country=customer.country_code)
            if found:
                self.add_error("reseller", ValidationError(reasons(found), code="not_ready"))
        return cleaned

    @property
    def scope(self) -> str:
        """What the box means; only after `is_valid()`."""
        return Scope.MANAGE if self.cleaned_data["delegated"] else Scope.VIEW_AND_REQUEST


class CustomerAndWhomForm(WhomForm):
    """The same for a customer that is named here too."""

    whom = TypeaheadField(
        label=gettext_lazy("Customer"),
        empty_label=gettext_lazy("Choose a customer"),
        widget=TypeaheadInput(attrs={"placeholder": gettext_lazy("Name or domain")}),
        error_messages={"required": gettext_lazy("Select the customer.")},
    )
    field_order = ("whom", "reseller", "delegated")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        choice = self.fields["whom"]
        assert isinstance(choice, TypeaheadField)
        choice.offer(CustomerSource(actor, reverse("customers:suggest")))

    def clean_whom(self) -> Customer:
        """The customer that the request is about."""
        self.customer = self.cleaned_data["whom"]
        if self.customer is None:
            raise ValidationError(self.fields["whom"].error_messages["required"], code="required")
        return self.customer


class DraftForm(WhomForm):
    """What the sender decides about a request; the link and the frame around the words are the portal's."""

    language = forms.ChoiceField(label=gettext_lazy("Language of the message"), choices=MESSAGE_LANGUAGES)
    message = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=gettext_lazy(
            "Up to 1,000 characters. Who asks for whom, the link and its date are added by the portal."
        ),
    )

    def __init__(self, *args: Any, draft: RelationshipRequest, **kwargs: Any) -> None:
        initial = {
            "reseller": draft.reseller.microsoft_id,
            "delegated": draft.scope == Scope.MANAGE,
            "language": draft.language,
            "message": draft.message,
        }
        super().__init__(*args, customer=draft.customer, initial=initial, **kwargs)
        self.helper.layout = Layout(*(Field(name) for name in self.fields))

    def entered(self) -> dict[str, Any]:
        """What the service takes."""
        cleaned = self.cleaned_data
        return {
            "reseller": cleaned["reseller"],
            "scope": self.scope,
            "language": cleaned["language"],
            "message": cleaned["message"],
        }


class DeclineForm(PortalForm):
    """Why the customer says no."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("The provider reads it."),
    )
