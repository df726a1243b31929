"""The forms of the pages on which single sections of a customer's Account are changed, and of the agreement's."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from crispy_forms.layout import HTML, Div, Field, Fieldset, Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.companies import clean_company_name, clean_phone, company_name_is_doubtful, show_phone
from core.forms import PortalForm
from customers import rules
from customers.agreements import Acceptance, agreement_in_force
from customers.editing import BILL_TO, OWN_BILL_TO, BillToInfo, CompanyInfo, ContactInfo, Section
from customers.form_parts import UPDATE, AgreementPart, CompanyPart, ContactPart, CountryChoicePart, CountryPart
from customers.models import BillTo, Customer

# The largest number that the column holds: a longer one was not read from a page of ours.
LARGEST_VERSION = 2**31 - 1
REOPEN = gettext_lazy("Open this page again and repeat your change: it did not say which version it shows.")


class SectionForm(CountryPart):
    """One section of an account, and the version of the account at which it was opened."""

    info_class: type[Section]
    # The field whose change by somebody else makes the section another one: then all of mine goes on top of it.
    whole_if_edited = ""

    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=1,
        max_value=LARGEST_VERSION,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REOPEN),
    )

    def stored(self, customer: Customer) -> dict[str, Any]:
        """The section as it is saved."""
        return dict(vars(self.info_class.of(customer)))

    def recorded_as(self, name: str) -> str:
        """What the record calls this field."""
        return name

    def as_typed(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Saved values as a person would type them."""
        return dict(values)

    def answers(self) -> dict[str, Any]:
        """The answers as they would be saved; only after `is_valid()`."""
        return {field.name: self.cleaned_data[field.name] for field in fields(self.info_class)}

    def info(self) -> Any:
        """The answers for the service; only after `is_valid()`."""
        return self.info_class(**self.answers())


class CompanyForm(CompanyPart, SectionForm):
    """*Company info*: name, registration ID and address, after the rules of a country that stays."""

    info_class = CompanyInfo
    field_order = "version company_name company_name_is_right registration_id".split()

    def __init__(self, data: Mapping[str, Any] | None = None, *, customer: Customer) -> None:
        self.country = customer.country_code
        initial: dict[str, Any] = dict(self.as_typed(self.stored(customer)))
        initial["company_name_is_right"] = company_name_is_doubtful(customer.company_name)
        super().__init__(data, initial={**initial, "version": customer.version})
        self.follow_address()
        self.follow_company()
        word = ["company_name_is_right"] if "company_name_is_right" in self.fields else []
        self.helper.layout = Layout(
            Fieldset(_("Company"), "company_name", *word, "registration_id"),
            Fieldset(_("Address"), *self.address_rows()),
        )

    def as_typed(self, values: Mapping[str, Any]) -> dict[str, str]:
        """With the separators of the registration ID."""
        return {**values, "registration_id": rules.show_registration_id(values["registration_id"], self.country)}


class ContactForm(ContactPart, SectionForm):
    """*Primary contact*."""

    info_class = ContactInfo

    def __init__(self, data: Mapping[str, Any] | None = None, *, customer: Customer) -> None:
        self.country, self.provider = customer.country_code, customer.provider
        initial = self.as_typed(self.stored(customer))
        super().__init__(data, initial={**initial, "version": customer.version})
        self.follow_contact()
        self.helper.layout = Layout(
            self.row("contact_first_name", "contact_last_name"),
            "contact_email",
            self.row("contact_phone", "language"),
        )

    def as_typed(self, values: Mapping[str, Any]) -> dict[str, str]:
        """With spaces in the telephone number."""
        return {**values, "contact_phone": show_phone(values["contact_phone"])}


class BillToForm(CountryChoicePart, SectionForm):
    """*Bill-to info*: the company itself, or another company, person and address."""

    info_class = BillToInfo
    whole_if_edited = "bills_to"
    COMPANY, OWN = "company", "own"
    field_order = "version bills_to company_name first_name last_name email phone country".split()

    bills_to = forms.ChoiceField(
        label=gettext_lazy("Where the bills go"),
        widget=forms.RadioSelect,
        choices=[
            (COMPANY, gettext_lazy("Same as the company")),
            (OWN, gettext_lazy("Another company, person or address")),
        ],
    )
    company_name = forms.CharField(label=gettext_lazy("Company name"), help_text=gettext_lazy("As it is to be billed."))
    first_name = forms.CharField(label=gettext_lazy("First name"), max_length=50)
    last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=50)
    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    phone = forms.CharField(
        label=gettext_lazy("Telephone number"), max_length=40, required=False, widget=forms.TextInput({"type": "tel"})
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, customer: Customer) -> None:
        self.provider = customer.provider
        initial: dict[str, Any] = {**self.as_typed(self.stored(customer)), "version": customer.version}
        initial["country"] = initial["country"] or customer.country_code
        if data is not None and UPDATE in data:
            # Not an answer yet: what was typed comes back, in the fields of the country chosen now.
            initial, data = {name: data.get(name, "") for name in self.base_fields}, None
        self.choose_country(data, initial)
        super().__init__(data, initial=initial)
        self.offer_countries()
        self.follow_address()
        self.helper.layout = Layout(
            # Return in a text field presses the first button of a form: let that be the one which goes on.
            HTML(f'<button type="submit" hidden tabindex="-1">{_("Continue")}</button>'),
            "bills_to",
            Div(
                Fieldset(_("Company"), "company_name"),
                Fieldset(
                    _("Contact"),
                    self.row("first_name", "last_name"),
                    self.row("email", "phone"),
                ),
                Fieldset(_("Address"), Field("country"), *self.update_button(), *self.address_rows()),
                css_class="bill-to-own",
            ),
        )

    def stored(self, customer: Customer) -> dict[str, Any]:
        """The section as it is saved; empty texts where the bills go to the company."""
        row = BillTo.objects.filter(customer=customer).first()
        kept = vars(BillToInfo.of(row)) if row else dict.fromkeys((field.name for field in fields(BillToInfo)), "")
        return {"bills_to": row is not None, **kept}

    def recorded_as(self, name: str) -> str:
        """What the record calls this field."""
        return OWN_BILL_TO if name == "bills_to" else f"{BILL_TO}{name}"

    def as_typed(self, values: Mapping[str, Any]) -> dict[str, str]:
        """With the choice in the words of the form, and spaces in the telephone number."""
        bills_to = self.OWN if values["bills_to"] else self.COMPANY
        return {**values, "bills_to": bills_to, "phone": show_phone(values["phone"])}

    def clean_company_name(self) -> str:
        """The legal name."""
        return clean_company_name(self.cleaned_data["company_name"])

    def clean_email(self) -> str:
        """An address of the customer's own."""
        return rules.clean_contact_email(self.cleaned_data["email"], self.provider)

    def clean_phone(self) -> str:
        """The number in its international form, when one was entered."""
        return clean_phone(self.cleaned_data["phone"], self.country, required=False)

    def clean(self) -> dict[str, Any]:
        """Where the bills go to the company, nothing else was asked."""
        if self.cleaned_data.get("bills_to") != self.COMPANY:
            return super().clean()
        for name in [name for name in self.errors if name != "version"]:
            del self.errors[name]
        return self.cleaned_data

    def answers(self) -> dict[str, Any]:
        """The answers as they would be saved; only after `is_valid()`."""
        if self.cleaned_data["bills_to"] == self.COMPANY:
            return {"bills_to": False, **dict.fromkeys((field.name for field in fields(BillToInfo)), "")}
        return {"bills_to": True, **super().answers()}

    def info(self) -> BillToInfo | None:
        """The answers for the service, None for the company itself; only after `is_valid()`."""
        answers = self.answers()
        return BillToInfo(**answers) if answers.pop("bills_to") else None


class AgreementForm(AgreementPart):
    """Confirm who accepted the customer agreement; filled in with whoever did before, or with the primary contact."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, customer: Customer) -> None:
        self.country = customer.country_code
        super().__init__(data, initial=likely_acceptance(customer))
        for name in ("agreement_first_name", "agreement_last_name", "agreement_email"):
            self.fields[name].required = True
        self.helper.layout = Layout(
            Field("agreement_accepted_on", css_class="w-short"),
            Fieldset(
                _("Who accepted it"),
                self.row("agreement_first_name", "agreement_last_name"),
                self.row("agreement_email", "agreement_phone"),
            ),
        )

    def acceptance(self) -> Acceptance:
        """The answers in their normal forms; only after `is_valid()`."""
        return Acceptance(**{name.removeprefix("agreement_"): value for name, value in self.cleaned_data.items()})


def likely_acceptance(customer: Customer) -> dict[str, str]:
    """The person of the agreement in force, else the primary contact; never the day, which is for a person to say."""
    before = agreement_in_force(customer)
    source, prefix = (before, "") if before else (customer, "contact_")
    values = {name: getattr(source, f"{prefix}{name}") for name in ("first_name", "last_name", "email", "phone")}
    return {f"agreement_{name}": value for name, value in {**values, "phone": show_phone(values["phone"])}.items()}


class AcceptForm(PortalForm):
    """The word of the customer's administrator."""

    accepted = forms.BooleanField(
        label=gettext_lazy("I have read the agreement and accept it for my company"),
        error_messages={
            "required": gettext_lazy(
                "Tick “I have read the agreement and accept it for my company” to go on, or sign out."
            )
        },
    )
