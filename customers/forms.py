"""The form of *Customer details*, for the wizard."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.bootstrap import AppendedText, StrictButton
from crispy_forms.layout import HTML, Div, Field, Fieldset, Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from accounts.access import Actor
from accounts.models import Partner
from core.addresses import address_format, clean_address, find_state
from core.companies import clean_company_name, clean_phone, company_name_is_doubtful, show_phone
from core.forms import PortalForm
from core.markets import REGISTRATION_IDS
from core.text import email_key
from customers import rules
from customers.details import CustomerDetails
from customers.models import TENANT_DOMAIN, Customer
from customers.services import domain_is_free
from resellers.models import Partnership

# The name of the button that only brings the fields of another country.
UPDATE = "update_address"
SIGNATORY = ("first_name", "last_name", "email", "phone")


class ResellerChoiceField(forms.ModelChoiceField):
    """A choice among resellers by their Microsoft ID, each with its MPN ID."""

    def label_from_instance(self, obj: Partner) -> str:
        """Fabrikam (MPN ID 0012345)."""
        return obj.name_and_mpn


def resellers_of(actor: Actor) -> QuerySet[Partner]:
    """The resellers with which the actor's company has a partnership, by name.

    Those that would be refused today are among them: who chooses one is told why and what repairs it.
    """
    partnerships = Partnership.objects.visible_to(actor).active()
    return Partner.objects.filter(pk__in=partnerships.values("reseller")).order_by("legal_name", "pk")


class CustomerDetailsForm(PortalForm):
    """Who the customer is. The fields follow the country; a button fetches them where there is no JavaScript."""

    reseller = ResellerChoiceField(
        label=gettext_lazy("Indirect reseller"),
        queryset=Partner.objects.none(),
        to_field_name="microsoft_id",
        required=False,
        empty_label=gettext_lazy("No reseller (direct customer)"),
        help_text=gettext_lazy(
            "The reseller will have administrator access to this customer’s subscriptions and services."
        ),
    )
    country = forms.ChoiceField(label=gettext_lazy("Country or region"))
    company_name = forms.CharField(label=gettext_lazy("Company name"), help_text=gettext_lazy("The exact legal name."))
    company_name_is_right = forms.BooleanField(label=gettext_lazy("The company name is right"), required=False)
    domain_prefix = forms.CharField(
        label=gettext_lazy("Primary domain name"),
        help_text=gettext_lazy("Letters and digits, similar to the company name. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Enter the primary domain name, like contoso.")},
    )
    registration_id = forms.CharField(label=gettext_lazy("Company registration ID"), required=False)
    qualification = forms.ChoiceField(
        label=gettext_lazy("Special qualification"),
        choices=Customer.Qualification.choices,
        initial=Customer.Qualification.NONE,
    )
    address_line_1 = forms.CharField(
        label=gettext_lazy("Address line 1"),
        max_length=200,
        error_messages={"required": gettext_lazy("Enter the street and number, or what stands for them.")},
    )
    address_line_2 = forms.CharField(label=gettext_lazy("Address line 2"), max_length=200, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=100)
    state = forms.CharField(label=gettext_lazy("State or province"), max_length=100)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), max_length=20)
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

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        actor: Actor,
        initial: Mapping[str, Any] | None = None,
        reseller_queryset: QuerySet[Partner] | None = None,
        **kwargs: Any,
    ) -> None:
        assert actor.partner is not None
        self.provider = actor.partner
        typed = dict(initial or {})
        if data is not None and UPDATE in data:
            # Not an answer yet: what was typed comes back, in the fields of the country chosen now.
            typed = {**typed, **{name: data.get(name, "") for name in self.base_fields}}
            data = None
        else:
            typed = _as_typed(typed)
        typed.setdefault("language", self.provider.language)
        chosen = data.get("country", "") if data is not None else typed.get("country", "")
        self.country = chosen if chosen in self.provider.countries else str(self.provider.country)
        typed["country"] = self.country
        super().__init__(data, initial=typed, **kwargs)
        resellers = self._field("reseller", ResellerChoiceField)
        resellers.queryset = resellers_of(actor) if reseller_queryset is None else reseller_queryset
        known = [(code, name) for code, name in countries if code in self.provider.countries]
        self._field("country", forms.ChoiceField).choices = known
        self._follow_country()
        name = data.get("company_name", "") if data is not None else typed.get("company_name", "")
        if not company_name_is_doubtful(str(name or "")):
            del self.fields["company_name_is_right"]
        self.helper.layout = self._layout()

    def _field(self, name: str, kind: type[Any]) -> Any:
        field = self.fields[name]
        assert isinstance(field, kind)
        return field

    # --- the fields of a country ------------------------------------------------------------------------------------
    def _follow_country(self) -> None:
        """Give the fields the names, choices, examples and obligations of the country."""
        form = address_format(self.country)
        labels = {"city": form.city_label, "state": form.state_label, "postal_code": form.postal_label}
        for name, label in labels.items():
            if name not in form.used:
                del self.fields[name]
                continue
            self.fields[name].label = label
            self._demand(name, name in form.required, lambda: clean_address({}, self.country))
        if "state" in self.fields and form.states:
            nothing = _("Select the %(label)s") % {"label": str(form.state_label).lower()}
            self.fields["state"].widget = forms.Select(
                choices=[("", nothing), *form.states], attrs={"autocomplete": "off"}
            )
            self.initial["state"] = find_state(self.country, str(self.initial.get("state") or "")) or ""
        if "postal_code" in self.fields and form.postal_example:
            self.fields["postal_code"].help_text = _("Like %(example)s.") % {"example": form.postal_example}
        rule = REGISTRATION_IDS.get(self.country)
        if rule:
            self.fields["registration_id"].label = _("Company registration ID (%(name)s)") % {"name": rule.label}
            if rule.example:
                self.fields["registration_id"].help_text = _("Like %(example)s.") % {"example": rule.example}
        self._demand("registration_id", rule is not None, lambda: rules.clean_registration_id("", self.country))
        self._demand("contact_phone", rule is not None, lambda: clean_phone("", self.country, required=True))

    def _demand(self, name: str, required: bool, refuse: Any) -> None:
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

    # --- cleaning: the rules are in customers.rules, the service applies them again ----------------------
    def clean_company_name(self) -> str:
        """The legal name; a doubtful one wants the person's word."""
        name = clean_company_name(self.cleaned_data["company_name"])
        if company_name_is_doubtful(name) and not self.data.get(self.add_prefix("company_name_is_right")):
            raise ValidationError(
                _("Make sure that the company name is right: it is used to approve the account. Then tick the box."),
                code="doubtful",
            )
        return name

    def clean_domain_prefix(self) -> str:
        """A prefix nobody has, as of now."""
        prefix = rules.clean_domain_prefix(self.cleaned_data["domain_prefix"])
        if not domain_is_free(prefix):
            raise ValidationError(
                _("%(domain)s is taken. Enter another primary domain name.") % {"domain": f"{prefix}.{TENANT_DOMAIN}"},
                code="taken",
            )
        return prefix

    def clean_registration_id(self) -> str:
        """The number by the rules of the country."""
        return rules.clean_registration_id(self.cleaned_data["registration_id"], self.country)

    def clean_contact_email(self) -> str:
        """An address of the customer's own."""
        return rules.clean_contact_email(self.cleaned_data["contact_email"], self.provider)

    def clean_contact_phone(self) -> str:
        """The number in its international form."""
        required = self.fields["contact_phone"].required
        return clean_phone(self.cleaned_data["contact_phone"], self.country, required=required)

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

    def clean(self) -> dict[str, Any]:
        """The parts of the address together, and the person who accepted: complete, or the primary contact."""
        cleaned = super().clean() or self.cleaned_data
        parts = {name: cleaned.get(name, "") for name in ("city", "state", "postal_code")}
        try:
            cleaned.update(clean_address(parts, self.country))
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                if name in self.fields and name not in self.errors:
                    self.add_error(name, texts[0])
        if not any(cleaned.get(f"agreement_{part}") or f"agreement_{part}" in self.errors for part in SIGNATORY):
            for part in SIGNATORY:
                cleaned[f"agreement_{part}"] = cleaned.get(f"contact_{part}", "")
            return cleaned
        missing = {
            "first_name": _("Enter the first name of the person who accepted, or leave all four fields empty."),
            "last_name": _("Enter the last name of the person who accepted, or leave all four fields empty."),
            "email": _("Enter the e-mail address of the person who accepted, or leave all four fields empty."),
        }
        for part, text in missing.items():
            if not cleaned.get(f"agreement_{part}") and f"agreement_{part}" not in self.errors:
                self.add_error(f"agreement_{part}", text)
        return cleaned

    def cleaned_details(self) -> CustomerDetails:
        """The answers in their normal forms; only after `is_valid()`."""
        names = CustomerDetails.__dataclass_fields__
        return CustomerDetails(**{name: value for name, value in self.cleaned_data.items() if name in names})

    # --- the page ---------------------------------------------------------------------------------------------------
    def _layout(self) -> Layout:
        return Layout(
            # Return in a text field presses the first button of a form: let that be the one which goes on.
            HTML(f'<button type="submit" hidden tabindex="-1">{_("Continue")}</button>'),
            Field("reseller"),
            Fieldset(
                _("Company"),
                Field("country"),
                *self._update_button(),
                Field("company_name"),
                *(["company_name_is_right"] if "company_name_is_right" in self.fields else []),
                AppendedText("domain_prefix", f".{TENANT_DOMAIN}"),
                Field("registration_id"),
                Field("qualification"),
            ),
            Fieldset(
                _("Address"),
                Field("address_line_1"),
                Field("address_line_2"),
                self._row("city", "state"),
                *([Field("postal_code", css_class="w-short")] if "postal_code" in self.fields else []),
            ),
            Fieldset(
                _("Primary contact"),
                self._row("contact_first_name", "contact_last_name"),
                Field("contact_email"),
                self._row("contact_phone", "language"),
            ),
            Fieldset(
                _("Customer agreement"),
                note(_("Confirm that the customer accepted the Microsoft Customer Agreement.")),
                Field("agreement_accepted_on", css_class="w-short"),
                note(_("Who accepted it? Leave these four fields empty if it was the primary contact.")),
                self._row("agreement_first_name", "agreement_last_name"),
                self._row("agreement_email", "agreement_phone"),
            ),
        )

    def _row(self, *names: str) -> Div:
        """Fields side by side, those that the country has."""
        return Div(*(name for name in names if name in self.fields), css_class="field-row")

    def _update_button(self) -> list[Div]:
        """What brings the fields of another country; useless where there is only one."""
        if len(self._field("country", forms.ChoiceField).choices) < 2:
            return []
        button = StrictButton(
            _("Update address fields"), type="submit", name=UPDATE, value="1", css_class="btn-secondary btn-sm"
        )
        words = note(_("After you change the country, this brings its own fields. Nothing typed is lost."))
        return [Div(button, words, css_class="field")]


def note(text: str) -> HTML:
    """A sentence between fields."""
    return HTML(format_html('<p class="form-text mt-2 mb-3">{}</p>', text))


def _as_typed(initial: dict[str, Any]) -> dict[str, Any]:
    """Kept details as a person would type them: separators back, and no second time what the contact says already."""
    country = str(initial.get("country") or "")
    if initial.get("registration_id"):
        initial["registration_id"] = rules.show_registration_id(initial["registration_id"], country)
    if all(initial.get(f"agreement_{part}") == initial.get(f"contact_{part}") for part in SIGNATORY):
        for part in SIGNATORY:
            initial.pop(f"agreement_{part}", None)
    for name in ("contact_phone", "agreement_phone"):
        if initial.get(name):
            initial[name] = show_phone(initial[name])
    if company_name_is_doubtful(str(initial.get("company_name") or "")):
        initial["company_name_is_right"] = True
    return initial
