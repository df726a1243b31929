"""The forms of a request for a reseller relationship: whom it is about, the draft, a reason."""

from typing import Any

from crispy_forms.layout import Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core.forms import PortalForm
from core.text import fold
from customers.forms import ResellerChoiceField, resellers_of
from customers.models import Customer, RelationshipRequest, ResellerRelationship
from resellers.forms import MESSAGE_LANGUAGES
from resellers.readiness import obstacles, reasons

Scope = ResellerRelationship.Scope
SHOWN_MATCHES = 5


class WhomForm(PortalForm):
    """Which reseller the customer is asked for, and with which access.

    The box is the programme's: ticked, the reseller manages; not ticked, it sees and requests.
    """

    customer: Any = None

    reseller = ResellerChoiceField(
        label=gettext_lazy("Indirect reseller"),
        queryset=Partner.objects.none(),
        to_field_name="microsoft_id",
        empty_label=gettext_lazy("Choose a reseller"),
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
        choice.queryset = resellers_of(actor)

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

    typed = forms.CharField(
        label=gettext_lazy("Customer"),
        max_length=200,
        help_text=gettext_lazy("The primary domain name, the Microsoft ID or the company name."),
        error_messages={"required": gettext_lazy("Enter the customer.")},
    )
    field_order = ("typed", "reseller", "delegated")

    def clean_typed(self) -> str:
        """The one customer that it means; it is looked for among the actor's own."""
        typed: str = self.cleaned_data["typed"]
        self.customer = find_customer(self.actor, typed)
        return typed


def find_customer(actor: Actor, typed: str) -> Customer:
    """The one customer that a name, a domain or an ID means; ValidationError says when it is none or more than one."""
    words = fold(typed).split()[:6]
    rows = Customer.objects.visible_to(actor).select_related("provider").order_by("search_text", "pk")
    for word in words:
        rows = rows.filter(search_text__contains=word)
    found = list(rows[: SHOWN_MATCHES + 1])
    exact = [one for one in found if fold(typed) in (fold(one.company_name), one.domain, str(one.microsoft_id))]
    found = exact if len(exact) == 1 else found
    if len(found) == 1:
        return found[0]
    if not found:
        text = _("No customer of yours is called “%(typed)s”. Enter its domain, or a part of its name.")
        raise ValidationError(text % {"typed": typed})
    names = ", ".join(f"{one} ({one.domain})" for one in found[:SHOWN_MATCHES])
    raise ValidationError(
        _("More than one customer matches. Enter the domain of one of them: %(names)s") % {"names": names}
    )


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
