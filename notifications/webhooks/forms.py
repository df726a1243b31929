"""Forms of endpoints."""

from datetime import timedelta
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.exceptions import Refused
from core.forms import PortalForm
from notifications.webhooks.addresses import check_url
from notifications.webhooks.events import EventCategory


class EndpointForm(PortalForm):
    """What an endpoint is called, where it is, and what it wants to know."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("How your company calls it, like Billing."))
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("An HTTPS address that your program answers at, like https://company.com/webhooks."),
    )
    categories = forms.MultipleChoiceField(
        label=_("Events"), choices=EventCategory.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.base_fields["url"].keep_text = True
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout("name", "url", "categories")

    def clean_url(self) -> str:
        """An address that webhooks may go to, as far as can be told without asking for the name."""
        try:
            return check_url(str(self.cleaned_data["url"]))
        except Refused as refusal:
            raise ValidationError(str(refusal), code="address") from refusal


class ReplayForm(PortalForm):
    """Since when failed deliveries are sent again."""

    DAYS = (("1", _("The last 24 hours")), ("7", _("The last 7 days")), ("90", _("The last 90 days")))
    period = forms.ChoiceField(label=_("Failed within"), choices=DAYS, widget=forms.RadioSelect, initial="1")

    def since(self) -> timedelta:
        """How far back."""
        return timedelta(days=int(self.cleaned_data["period"]))
