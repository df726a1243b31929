"""Forms on a reseller's pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PortalForm


class RemoveAccessForm(PortalForm):
    """Why the access ends; the reseller reads it."""

    reason = forms.CharField(
        label=_("Reason"), help_text=_("The reseller reads it in the e-mail."), max_length=500, required=False
    )
