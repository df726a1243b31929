"""What is asked of those who say no."""

from typing import Any

from crispy_forms.layout import Field, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PortalForm
from resellers.models import PartnershipRequest


class DeclineForm(PortalForm):
    """Why a company declines; nobody has to say."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=PartnershipRequest.DeclineReason.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    note = forms.CharField(
        label=_("Note to the provider"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Up to 500 characters."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(Field("reason"), Field("note"))


class RefuseForm(PortalForm):
    """Why the provider does not confirm a company."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The person who accepted reads it. Up to 500 characters."),
    )
