"""The form of a company's support profile."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Partner
from accounts.profile_forms import phone_field, web_address_field
from accounts.services.support import Support
from core.companies import clean_phone
from core.forms import PortalForm
from core.text import email_key


class SupportProfileForm(PortalForm):
    """E-mail, telephone and site; without the first two a customer could not turn to anybody."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    phone = phone_field(_("Telephone"))
    website = web_address_field()

    def __init__(self, *args: Any, company: Partner, support: Support, **kwargs: Any) -> None:
        self.company = company
        super().__init__(*args, initial=vars(support), **kwargs)
        self.fields["phone"].required = True
        self.helper.layout = Layout("email", "phone", "website")

    def clean_email(self) -> str:
        """In the form in which addresses are compared."""
        return email_key(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        """In its international form."""
        return clean_phone(self.cleaned_data["phone"], str(self.company.country), required=True)

    def support(self) -> Support:
        """What was entered."""
        values = self.cleaned_data
        return Support(values["email"], values["phone"], values["website"])
