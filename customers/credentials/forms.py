"""Why a new password is needed, and that the one just shown is stored."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from core.forms import PortalForm
from customers.credentials.services import REASON_LENGTH
from customers.models import TemporaryPassword

Reason = TemporaryPassword.Reason


class ReissueForm(PortalForm):
    """The reason for a new temporary password; `replaces` says which one the person knew of."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why is a new temporary password needed?"),
        choices=Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Select why a new temporary password is needed.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Details"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=REASON_LENGTH,
        required=False,
        help_text=gettext_lazy("Recorded, and told to another administrator of your company. Write no password here."),
    )
    replaces = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """Another reason is none until it is said."""
        data = super().clean() or self.cleaned_data
        if data.get("reason") == Reason.OTHER and not data.get("note"):
            self.add_error("note", ValidationError(gettext_lazy("Enter the reason in Details."), code="required"))
        return data


class StoredForm(PortalForm):
    """The word of the person that the one-time secret is in a safe place."""

    stored = forms.BooleanField(
        label=gettext_lazy("I have stored the user name and password"),
        error_messages={
            "required": gettext_lazy("Tick “I have stored the user name and password” once you have stored them.")
        },
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        # The one box that a browser itself must insist on: sending the form without it would leave the page, and with
        # the page the only sight of the password.
        self.fields["stored"].widget.attrs["required"] = True
