"""What is asked about a customer, part by part: each part is a form that others are made of.

The wizard asks all at once, a section of the Account page one; the fields follow the country wherever they stand.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from crispy_forms.bootstrap import StrictButton
from crispy_forms.layout import HTML, Div, Field
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from accounts.models import Partner
from core.addresses import address_format, clean_address, find_state
from core.companies import clean_company_name, clean_phone, company_name_is_doubtful
from core.forms import PortalForm
from core.markets import REGISTRATION_IDS
from core.text import email_key
from customers import rules

# The name of the button that only brings the fields of another country.
UPDATE = "update_address"


def note(text: str) -> HTML:
    """A sentence between fields."""
    return HTML(format_html('<p class="form-text mt-2 mb-3">{}</p>', text))


class CountryPart(PortalForm):
    """Whatever follows a country; set `country`, two letters, before this is made."""

    country: str

    def demand(self, name: str, required: bool, refuse: Callable[[], Any]) -> None:
        """Make a field mandatory, with the words in which the rule itself refuses an empty one."""
        field = self.fields[name]
        field.required = required
        if not required:
            return
        try:
            refuse()
        except ValidationError as error:
            texts = error.message_dict.get(name, []) if hasattr(error, "error_dict") else error.messages
            field.error_messages["required"] = texts[0]

    def row(self, *names: str) -> Div:
        """Fields side by side, those that the country has."""
        return Div(*(name for name in names if name in self.fields), css_class="field-row")


class AddressPart(CountryPart):
    """An address as its country writes it."""

    address_line_1 = forms.CharField(
        label=gettext_lazy("Address line 1"),
        max_length=200,
        error_messages={"required": gettext_lazy("Enter the street and number, or what stands for them.")},
    )
    address_line_2 = forms.CharField(label=gettext_lazy("Address line 2"), max_length=200, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=100)
    state = forms.CharField(label=gettext_lazy("State or province"), max_length=100)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), max_length=20)

    def follow_address(self) -> None:
        """Give the fields the names, choices, examples and obligations of the country."""
        form = address_format(self.country)
        labels = {"city": form.city_label, "state": form.state_label, "postal_code": form.postal_label}
        for name, label in labels.items():
            if name not in form.used:
                del self.fields[name]
                continue
            self.fields[name].label = label
            self.demand(name, name in form.required, lambda: clean_address({}, self.country))
        if "state" in self.fields and form.states:
            nothing = _("Select the %(label)s") % {"label": str(form.state_label).lower()}
            self.fields["state"].widget = forms.Select(
                choices=[("", nothing), *form.states], attrs={"autocomplete": "off"}
            )
            self.initial["state"] = find_state(self.country, str(self.initial.get("state") or "")) or ""
        if "postal_code" in self.fields and form.postal_example:
            self.fields["postal_code"].help_text = _("Like %(example)s.") % {"example": form.postal_example}

    def clean(self) -> dict[str, Any]:
        """The parts of the address together."""
        cleaned = super().clean() or self.cleaned_data
        parts = {name: cleaned.get(name, "") for name in ("city", "state", "postal_code")}
        try:
            cleaned.update(clean_address(parts, self.country))
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                if name in self.fields and name not in self.errors:
                    self.add_error(name, texts[0])
        return cleaned

    def address_rows(self) -> list[Any]:
        """The address as the page shows it."""
        postal = [Field("postal_code", css_class="w-short")] if "postal_code" in self.fields else []
        return ["address_line_1", "address_line_2", self.row("city", "state"), *postal]


class CountryChoicePart(AddressPart):
    """An address whose country is chosen too; a button fetches its fields where there is no JavaScript.

    Set `provider`, and call `choose_country()`, before this is made.
    """

    provider: Partner

    country = forms.ChoiceField(label=gettext_lazy("Country or region"))

    def choose_country(self, data: Mapping[str, Any] | None, typed: dict[str, Any]) -> None:
        """Follow what was chosen, or begin where the provider is."""
        chosen = data.get("country", "") if data is not None else typed.get("country", "")
        self.country = chosen if chosen in self.provider.countries else str(self.provider.country)
        typed["country"] = self.country

    def offer_countries(self) -> None:
        """Those in which the provider does business."""
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, name) for code, name in countries if code in self.provider.countries]

    def update_button(self) -> list[Div]:
        """What brings the fields of another country; useless where there is only one."""
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        if len(list(field.choices)) < 2:
            return []
        button = StrictButton(
            _("Update address fields"), type="submit", name=UPDATE, value="1", css_class="btn-secondary btn-sm"
        )
        words = note(_("After you change the country, this brings its own fields. Nothing typed is lost."))
        return [Div(button, words, css_class="field")]


class CompanyPart(AddressPart):
    """What the company is called, where it is and under which number."""

    company_name = forms.CharField(label=gettext_lazy("Company name"), help_text=gettext_lazy("The exact legal name."))
    company_name_is_right = forms.BooleanField(label=gettext_lazy("The company name is right"), required=False)
    registration_id = forms.CharField(label=gettext_lazy("Company registration ID"), required=False)

    def follow_company(self) -> None:
        """The number by the rules of the country, and the word of the person only where the name is doubtful."""
        rule = REGISTRATION_IDS.get(self.country)
        if rule:
            self.fields["registration_id"].label = _("Company registration ID (%(name)s)") % {"name": rule.label}
            if rule.example:
                self.fields["registration_id"].help_text = _("Like %(example)s.") % {"example": rule.example}
        self.demand("registration_id", rule is not None, lambda: rules.clean_registration_id("", self.country))
        source = self.data if self.is_bound else self.initial
        if not company_name_is_doubtful(str(source.get("company_name") or "")):
            del self.fields["company_name_is_right"]

    def clean_company_name(self) -> str:
        """The legal name; a doubtful one wants the person's word."""
        name = clean_company_name(self.cleaned_data["company_name"])
        if company_name_is_doubtful(name) and not self.data.get(self.add_prefix("company_name_is_right")):
            raise ValidationError(
                _("Make sure that the company name is right: it is used to approve the account. Then tick the box."),
                code="doubtful",
            )
        return name

    def clean_registration_id(self) -> str:
        """The number by the rules of the country."""
        return rules.clean_registration_id(self.cleaned_data["registration_id"], self.country)


class ContactPart(CountryPart):
    """Whom to speak with; set `provider` before this is made."""

    provider: Partner

    contact_first_name = forms.CharField(
        label=gettext_lazy("First name"),
        max_length=50,
        error_messages={"required": gettext_lazy("Enter the contact’s first name.")},
    )
    contact_last_name = forms.CharField(
        label=gettext_lazy("Last name"),
        max_length=50,
        error_messages={"required": gettext_lazy("Enter the contact’s last name.")},
    )
    contact_email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        error_messages={"required": gettext_lazy("Enter the contact’s e-mail address, like name@company.com.")},
    )
    contact_phone = forms.CharField(
        label=gettext_lazy("Telephone number"), max_length=40, required=False, widget=forms.TextInput({"type": "tel"})
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of e-mails and pages"),
        choices=settings.LANGUAGES,
    )

    def follow_contact(self) -> None:
        """Where the country wants the company's number it wants the telephone too."""
        required = self.country in REGISTRATION_IDS
        self.demand("contact_phone", required, lambda: clean_phone("", self.country, required=True))

    def clean_contact_email(self) -> str:
        """An address of the customer's own."""
        return rules.clean_contact_email(self.cleaned_data["contact_email"], self.provider)

    def clean_contact_phone(self) -> str:
        """The number in its international form."""
        required = self.fields["contact_phone"].required
        return clean_phone(self.cleaned_data["contact_phone"], self.country, required=required)


class AgreementPart(CountryPart):
    """Who accepted the customer agreement, and when."""

    agreement_accepted_on = forms.DateField(
        label=gettext_lazy("Accepted on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={
            "required": gettext_lazy("Enter the day on which the customer accepted the agreement."),
            "invalid": gettext_lazy("Enter the day of acceptance as a date, like 2025-03-28."),
        },
    )
    agreement_first_name = forms.CharField(label=gettext_lazy("First name"), max_length=50, required=False)
    agreement_last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=50, required=False)
    agreement_email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254, required=False)
    agreement_phone = forms.CharField(
        label=gettext_lazy("Telephone number"), max_length=40, required=False, widget=forms.TextInput({"type": "tel"})
    )

    def clean_agreement_accepted_on(self) -> date:
        """Today or before."""
        return rules.clean_accepted_on(self.cleaned_data["agreement_accepted_on"])

    def clean_agreement_email(self) -> str:
        """The normal form, when one was entered."""
        value: str = self.cleaned_data["agreement_email"]
        return email_key(value) if value else ""

    def clean_agreement_phone(self) -> str:
        """The number in its international form, when one was entered."""
        return clean_phone(self.cleaned_data["agreement_phone"], self.country, required=False)
