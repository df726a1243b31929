"""The form of *Customer details*, for the wizard."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crispy_forms.bootstrap import AppendedText
from crispy_forms.layout import HTML, Field, Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from core.companies import company_name_is_doubtful, show_phone
from core.typeahead import TypeaheadField, TypeaheadInput, sent_value
from customers import rules
from customers.details import CustomerDetails
from customers.form_parts import UPDATE, AgreementPart, CompanyPart, ContactPart, CountryChoicePart, note
from customers.models import TENANT_DOMAIN, Customer
from customers.services import domain_is_free
from resellers.choosing import ResellerSource

SIGNATORY = ("first_name", "last_name", "email", "phone")


class ResellerChoiceField(TypeaheadField):
    """A choice among resellers by name or MPN ID, or of none; call `offer(ResellerSource(actor))`.

    Those that would be refused today are among them: who chooses one is told why and what repairs it.
    """

    default_error_messages = {
        "unknown": gettext_lazy(
            "You have no partnership with a reseller called “%(typed)s”. Enter a part of the name or the MPN ID."
        ),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("empty_label", gettext_lazy("No reseller (direct customer)"))
        kwargs.setdefault("empty_note", gettext_lazy("no incentive will be paid"))
        kwargs.setdefault("widget", TypeaheadInput(attrs={"placeholder": gettext_lazy("Name or MPN ID")}))
        super().__init__(**kwargs)


class CustomerDetailsForm(CountryChoicePart, CompanyPart, ContactPart, AgreementPart):
    """Who the customer is. The fields follow the country; a button fetches them where there is no JavaScript."""

    reseller = ResellerChoiceField(
        label=gettext_lazy("Indirect reseller"),
        help_text=gettext_lazy(
            "The reseller will have administrator access to this customer’s subscriptions and services. "
            "No reseller: no incentive will be paid."
        ),
    )
    reseller_supports = forms.BooleanField(
        label=gettext_lazy("The reseller is also the designated support contact"),
        help_text=gettext_lazy(
            "It answers the customer’s support requests for the new subscriptions; otherwise your company does."
        ),
        required=False,
    )
    domain_prefix = forms.CharField(
        label=gettext_lazy("Primary domain name"),
        help_text=gettext_lazy("Letters and digits, similar to the company name. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Enter the primary domain name, like contoso.")},
    )
    qualification = forms.ChoiceField(
        label=gettext_lazy("Special qualification"),
        choices=Customer.Qualification.choices,
        initial=Customer.Qualification.NONE,
    )
    agreement_to_come = forms.BooleanField(
        label=gettext_lazy("The customer accepts it at its first sign-in"),
        help_text=gettext_lazy("Until then nothing can be ordered: the customer is added without subscriptions."),
        required=False,
    )
    # The order in which mistakes are listed: that of the page.
    field_order = (
        "reseller reseller_supports country company_name company_name_is_right domain_prefix registration_id "
        "qualification address_line_1 address_line_2 city state postal_code "
        "contact_first_name contact_last_name contact_email contact_phone language agreement_to_come"
    ).split()

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        actor: Actor,
        initial: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        assert actor.partner is not None
        self.provider = actor.partner
        typed = dict(initial or {})
        if data is not None and UPDATE in data:
            # Not an answer yet: what was typed comes back, in the fields of the country chosen now.
            typed = {**typed, **{name: data.get(name, "") for name in self.base_fields}}
            typed["reseller"] = sent_value(data, "reseller")
            data = None
        else:
            typed = as_typed(typed)
        typed.setdefault("language", self.provider.language)
        self.choose_country(data, typed)
        super().__init__(data, initial=typed, **kwargs)
        resellers = self.fields["reseller"]
        assert isinstance(resellers, ResellerChoiceField)
        resellers.offer(ResellerSource(actor, customer_country=self.country))
        self.offer_countries()
        self.follow_address()
        self.follow_company()
        self.follow_contact()
        if (self.data if self.is_bound else self.initial).get("agreement_to_come"):
            self.fields["agreement_accepted_on"].required = False
        self.helper.layout = self._layout()

    # --- cleaning: the rules are in customers.rules, the service applies them again ----------------------
    def clean_reseller_supports(self) -> bool:
        """Only somebody who is chosen answers."""
        wanted: bool = self.cleaned_data["reseller_supports"]
        if wanted and self.cleaned_data.get("reseller") is None and "reseller" not in self.errors:
            raise ValidationError(_("Choose the reseller, or clear this box: your company answers then."))
        return wanted

    def clean_domain_prefix(self) -> str:
        """A prefix nobody has, as of now."""
        prefix = rules.clean_domain_prefix(self.cleaned_data["domain_prefix"])
        if not domain_is_free(prefix):
            raise ValidationError(
                _("%(domain)s is taken. Enter another primary domain name.") % {"domain": f"{prefix}.{TENANT_DOMAIN}"},
                code="taken",
            )
        return prefix

    def clean_agreement_accepted_on(self) -> date | None:
        """Today or before; nothing where the agreement is still to come."""
        if self.cleaned_data.get("agreement_to_come"):
            return None
        return super().clean_agreement_accepted_on()

    def clean(self) -> dict[str, Any]:
        """The person who accepted: complete, or the primary contact; nobody where the agreement is still to come."""
        cleaned = super().clean()
        if cleaned.get("agreement_to_come"):
            for part in ("accepted_on", *SIGNATORY):
                self.errors.pop(f"agreement_{part}", None)
                cleaned[f"agreement_{part}"] = None if part == "accepted_on" else ""
            return cleaned
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
            "reseller_supports",
            Fieldset(
                _("Company"),
                Field("country"),
                *self.update_button(),
                Field("company_name"),
                *(["company_name_is_right"] if "company_name_is_right" in self.fields else []),
                AppendedText("domain_prefix", f".{TENANT_DOMAIN}"),
                Field("registration_id"),
                Field("qualification"),
            ),
            Fieldset(
                _("Address"),
                *self.address_rows(),
            ),
            Fieldset(
                _("Primary contact"),
                self.row("contact_first_name", "contact_last_name"),
                Field("contact_email"),
                self.row("contact_phone", "language"),
            ),
            Fieldset(
                _("Customer agreement"),
                note(_("Confirm that the customer accepted the Microsoft Customer Agreement.")),
                "agreement_to_come",
                Field("agreement_accepted_on", css_class="w-short"),
                note(_("Who accepted it? Leave these four fields empty if it was the primary contact.")),
                self.row("agreement_first_name", "agreement_last_name"),
                self.row("agreement_email", "agreement_phone"),
            ),
        )


def as_typed(initial: dict[str, Any]) -> dict[str, Any]:
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
