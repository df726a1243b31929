"""The form with which the back office takes down a company's application."""

import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Partner
from core.companies import clean_company_name, clean_phone
from core.text import clean_name, email_key

LINES = ("address_line_1", "address_line_2", "city", "state", "postal_code", "contact_name")


class PartnerAddForm(forms.ModelForm):
    """A company's facts in the normal forms that enrolling takes; of its address what is known so far."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Partner
        fields = (
            "program", "legal_name", "mpn_id", "country", *LINES, "contact_email", "contact_phone", "language",
            "agreement_accepted_on",
        )  # fmt: skip

    def clean_legal_name(self) -> str:
        """A name that a company can have."""
        return clean_company_name(self.cleaned_data["legal_name"])

    def clean_contact_email(self) -> str:
        """The normal form of the address."""
        return email_key(self.cleaned_data["contact_email"])

    def clean_agreement_accepted_on(self) -> datetime.date | None:
        """A day that has begun."""
        day: datetime.date | None = self.cleaned_data["agreement_accepted_on"]
        if day is not None and day > timezone.localdate():
            raise ValidationError(_("Enter the day of acceptance; it cannot be in the future."), code="future")
        return day

    def clean(self) -> dict[str, Any]:
        """Each line without what deceives, and the telephone number as its country writes it."""
        cleaned = super().clean() or self.cleaned_data
        for name in LINES:
            self._clean_with(name, clean_name)
        if country := cleaned.get("country"):
            self._clean_with("contact_phone", lambda value: clean_phone(value, str(country), required=False))
        return cleaned

    def _clean_with(self, name: str, normal: Any) -> None:
        if name not in self.cleaned_data:
            return
        try:
            self.cleaned_data[name] = normal(self.cleaned_data[name])
        except ValidationError as error:
            self.add_error(name, error)
