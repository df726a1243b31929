"""What a customer's details must be, field by field; the form says it early and the service says it again.

Each function returns the value in its normal form or raises ValidationError with the text for the person.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from localflavor.br.validators import BRCNPJValidator

from accounts.mailboxes import is_public_mailbox, mail_domain
from accounts.models import Partner
from core.addresses import clean_address
from core.companies import clean_company_name, clean_phone
from core.markets import REGISTRATION_IDS
from core.text import clean_name, email_key
from customers.details import CustomerDetails
from customers.models import TENANT_DOMAIN, Customer

DOMAIN_LENGTH = 27


def clean_domain_prefix(value: str) -> str:
    """The part before the common domain: lower case, letters and digits; sloppy spellings of it are understood."""
    value = unicodedata.normalize("NFKC", value).strip().lower().removesuffix(f".{TENANT_DOMAIN}")
    if not value:
        raise ValidationError(_("Enter the primary domain name, like contoso."), code="required")
    if not re.fullmatch(r"[a-z0-9]+", value):
        raise ValidationError(
            _("Use only letters from a to z and digits in the primary domain name, like contoso2."), code="characters"
        )
    if value[0].isdigit():
        raise ValidationError(_("Begin the primary domain name with a letter, like contoso2."), code="first_digit")
    if len(value) > DOMAIN_LENGTH:
        raise ValidationError(
            _("Primary domain name must be %(limit)d characters or fewer; this has %(count)d.")
            % {"limit": DOMAIN_LENGTH, "count": len(value)},
            code="max_length",
        )
    return value


def clean_registration_id(value: str, country: str) -> str:
    """The company's registration number without separators; mandatory, and checked, where the programme asks for it."""
    rule = REGISTRATION_IDS.get(country)
    label = rule.label if rule else _("company registration ID")
    value = re.sub(r"[\s./\-]", "", unicodedata.normalize("NFKC", value)).upper()
    if not value and rule is None:
        return ""
    if not value:
        message = _("Enter the %(label)s, like %(example)s.") if rule and rule.example else _("Enter the %(label)s.")
        raise ValidationError(message % {"label": label, "example": rule.example if rule else ""}, code="required")
    if not re.fullmatch(r"[A-Z0-9]{2,20}", value):
        raise ValidationError(
            _("Use only letters and digits in the %(label)s, 2 to 20 of them.") % {"label": label}, code="characters"
        )
    wrong = ValidationError(
        _("Check the %(label)s; it is written like %(example)s.") % {"label": label, "example": rule.example}
        if rule and rule.example
        else _("Check the %(label)s.") % {"label": label},
        code="invalid",
    )
    if rule and not rule.matches(value):
        raise wrong
    if country == "BR":
        _check_cnpj(value)
    return value


def _check_cnpj(value: str) -> None:
    try:
        if len(set(value)) == 1:
            # Its check digits are right, and it is nobody's number.
            raise ValidationError("")
        BRCNPJValidator()(f"{value[:2]}.{value[2:5]}.{value[5:8]}/{value[8:12]}-{value[12:]}")
    except ValidationError as error:
        raise ValidationError(
            _("Check the CNPJ; its last two digits do not match the rest."), code="check_digits"
        ) from error


def show_registration_id(value: str, country: str) -> str:
    """The number as people write it: a CNPJ with its separators."""
    if country == "BR" and len(value) == 14:
        return f"{value[:2]}.{value[2:5]}.{value[5:8]}/{value[8:12]}-{value[12:]}"
    return value


def clean_contact_email(value: str, provider: Partner) -> str:
    """The contact's own address: not the partner's, and not Microsoft's."""
    value = email_key(value)
    domain = value.rpartition("@")[2]
    own = mail_domain(provider.contact_email)
    # A domain where everybody has a mailbox is nobody's own.
    is_own = value == provider.contact_email.lower() if is_public_mailbox(own) else _is_under(domain, own)
    if is_own:
        raise ValidationError(
            _("Enter an address of the customer; %(domain)s belongs to %(provider)s.")
            % {"domain": domain, "provider": provider.legal_name},
            code="own_domain",
        )
    if _is_under(domain, "microsoft.com"):
        raise ValidationError(_("Enter an address of the customer, not one at microsoft.com."), code="microsoft")
    return value


def _is_under(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def clean_accepted_on(value: date | None) -> date:
    """The day of acceptance, today or before."""
    if value is None:
        raise ValidationError(_("Enter the day on which the customer accepted the agreement."), code="required")
    if value > timezone.localdate():
        raise ValidationError(_("Enter the day of acceptance; it cannot be in the future."), code="future")
    return value


def clean_country(value: str, provider: Partner) -> str:
    """A country in which the provider may do business."""
    if value not in provider.countries:
        raise ValidationError(_("Select a country or region in which you do business."), code="invalid_choice")
    return value


class Findings:
    """Values in their normal forms, and for each field that is wrong why."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.errors: dict[str, Any] = {}

    def attempt(self, name: str, clean: Callable[[], Any]) -> None:
        """Clean one field."""
        try:
            self.values[name] = clean()
        except ValidationError as error:
            self.errors[name] = error.messages

    def include(self, clean: Callable[[], Mapping[str, Any]]) -> None:
        """Clean several fields together."""
        try:
            self.values.update(clean())
        except ValidationError as error:
            self.errors.update(error.message_dict)

    def cleaned(self) -> dict[str, Any]:
        """All values, or one ValidationError that names every field that is wrong."""
        if self.errors:
            raise ValidationError(self.errors)
        return self.values


def clean_details(details: CustomerDetails, *, provider: Partner) -> CustomerDetails:
    """All details in their normal forms, or one ValidationError that names every field that is wrong."""
    found, values, country = Findings(), vars(details), details.country
    found.attempt("country", lambda: clean_country(country, provider))
    found.include(lambda: clean_company(values, country=country))
    found.attempt("domain_prefix", lambda: clean_domain_prefix(details.domain_prefix))
    found.include(lambda: clean_contact(values, country=country, provider=provider))
    if not details.agreement_to_come:
        found.include(lambda: clean_agreement(values, country=country))
    if details.qualification not in Customer.Qualification.values:
        found.errors["qualification"] = [_("Select the special qualification.")]
    return dataclasses.replace(details, **found.cleaned())


def clean_company(values: Mapping[str, Any], *, country: str) -> dict[str, Any]:
    """The company's name, number and address."""
    found = Findings()
    found.attempt("company_name", lambda: clean_company_name(values["company_name"]))
    found.attempt("registration_id", lambda: clean_registration_id(values["registration_id"], country))
    found.include(lambda: clean_whole_address(values, country=country))
    return found.cleaned()


def clean_whole_address(values: Mapping[str, Any], *, country: str) -> dict[str, Any]:
    """An address as the country writes it."""
    found = Findings()
    for name in ("address_line_1", "address_line_2", "city", "state"):
        found.attempt(name, lambda name=name: _clean_text(name, values[name]))  # type: ignore[misc]
    parts = {name: found.values.get(name, values[name]) for name in ("city", "state", "postal_code")}
    found.include(lambda: clean_address(parts, country))
    return found.cleaned()


def clean_contact(values: Mapping[str, Any], *, country: str, provider: Partner) -> dict[str, Any]:
    """The primary contact."""
    found = Findings()
    for name in ("contact_first_name", "contact_last_name"):
        found.attempt(name, lambda name=name: _clean_text(name, values[name]))  # type: ignore[misc]
    found.attempt("contact_email", lambda: clean_contact_email(values["contact_email"], provider))
    required = country in REGISTRATION_IDS
    found.attempt("contact_phone", lambda: clean_phone(values["contact_phone"], country, required=required))
    found.values["language"] = values["language"]
    if values["language"] not in dict(settings.LANGUAGES):
        found.errors["language"] = [_("Select the language.")]
    return found.cleaned()


def clean_agreement(values: Mapping[str, Any], *, country: str) -> dict[str, Any]:
    """Who accepted the customer agreement, and when."""
    found = Findings()
    for name in ("agreement_first_name", "agreement_last_name"):
        found.attempt(name, lambda name=name: _clean_text(name, values[name]))  # type: ignore[misc]
    found.attempt("agreement_email", lambda: email_key(values["agreement_email"]))
    found.attempt("agreement_accepted_on", lambda: clean_accepted_on(values["agreement_accepted_on"]))
    found.attempt("agreement_phone", lambda: clean_phone(values["agreement_phone"], country, required=False))
    return found.cleaned()


def clean_bill_to(values: Mapping[str, Any], *, provider: Partner) -> dict[str, Any]:
    """Whom and where the bills go to."""
    found, country = Findings(), values["country"]
    found.attempt("country", lambda: clean_country(country, provider))
    found.attempt("company_name", lambda: clean_company_name(values["company_name"]))
    for name in ("first_name", "last_name"):
        found.attempt(name, lambda name=name: _clean_text(name, values[name]))  # type: ignore[misc]
    found.attempt("email", lambda: clean_contact_email(values["email"], provider))
    found.attempt("phone", lambda: clean_phone(values["phone"], country, required=False))
    found.include(lambda: clean_whole_address(values, country=country))
    return found.cleaned()


# name -> longest text.
TEXT_LIMITS = {
    "address_line_1": 200,
    "address_line_2": 200,
    "city": 100,
    "state": 100,
    "contact_first_name": 50,
    "contact_last_name": 50,
    "agreement_first_name": 50,
    "agreement_last_name": 50,
    "first_name": 50,
    "last_name": 50,
}
# Of these an empty text is refused.
TEXTS_REQUIRED = frozenset(TEXT_LIMITS) - {"address_line_2", "city", "state"}


def _clean_text(name: str, value: str) -> str:
    value, limit = clean_name(value), TEXT_LIMITS[name]
    label = TEXT_LABELS[name]()
    if not value and name in TEXTS_REQUIRED:
        raise ValidationError(_("Enter the %(label)s.") % {"label": label}, code="required")
    if len(value) > limit:
        raise ValidationError(
            _("Use %(limit)d characters or fewer for the %(label)s.") % {"limit": limit, "label": label},
            code="max_length",
        )
    return value


TEXT_LABELS: dict[str, Callable[[], str]] = {
    "address_line_1": lambda: _("address line 1"),
    "address_line_2": lambda: _("address line 2"),
    "city": lambda: _("city"),
    "state": lambda: _("state or province"),
    "contact_first_name": lambda: _("contact's first name"),
    "contact_last_name": lambda: _("contact's last name"),
    "agreement_first_name": lambda: _("first name of who accepted"),
    "agreement_last_name": lambda: _("last name of who accepted"),
    "first_name": lambda: _("contact's first name"),
    "last_name": lambda: _("contact's last name"),
}
