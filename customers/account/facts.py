"""What the sections of a customer's Account say, label and value."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_countries import countries

from core import html
from core.addresses import address_lines
from core.companies import show_phone
from customers import rules
from customers.models import BillTo, Customer


def sections(customer: Customer, *, may_edit: bool, may_ask: bool = False) -> list[dict[str, Any]]:
    """The sections that can be changed one by one, with the address of each change for who may or may ask for it."""
    # A customer without such a row has no such attribute.
    bill_to: BillTo | None = getattr(customer, "bill_to", None)
    found = [
        (_("Company info"), company_facts(customer), "customers:change_company"),
        (_("Primary contact"), contact_facts(customer), "customers:change_contact"),
        (_("Bill-to info"), bill_to_facts(bill_to), "customers:change_bill_to"),
    ]
    return [
        {
            "title": title,
            "rows": rows,
            "change_url": reverse(name, args=[customer.microsoft_id]) if may_edit or may_ask else "",
            "asks": not may_edit,
        }
        for title, rows, name in found
    ]


def company_facts(customer: Customer) -> list[tuple[str, Any]]:
    """The customer's own facts, label and value."""
    return [
        (_("Company name"), html.name(customer.company_name)),
        (_("Primary domain name"), customer.domain),
        (_("Microsoft ID"), html.copy_text(customer.microsoft_id, _("Microsoft ID"))),
        (_("Address"), address(customer)),
        (
            _("Company registration ID"),
            rules.show_registration_id(customer.registration_id, customer.country_code),
        ),
        (_("Special qualification"), customer.get_qualification_display()),
        (_("Created"), format_html("{} · {}", html.time_tag(customer.created_at), html.name(customer.created_by))),
    ]


def contact_facts(customer: Customer) -> list[tuple[str, Any]]:
    """Whom to speak with, label and value."""
    return [
        (_("Name"), html.name(customer.contact_name)),
        (_("E-mail address"), customer.contact_email),
        (_("Telephone number"), show_phone(customer.contact_phone)),
        (_("Language"), language_name(customer.language)),
    ]


def language_name(code: str) -> str:
    """The language in the reader's language."""
    return str(dict(settings.LANGUAGES).get(code, code))


def bill_to_facts(bill_to: BillTo | None) -> list[tuple[str, Any]]:
    """Whom and where the bills go to."""
    if bill_to is None:
        return [(_("Where the bills go"), _("Same as the company"))]
    return [
        (_("Company name"), html.name(bill_to.company_name)),
        (_("Contact"), html.name(f"{bill_to.first_name} {bill_to.last_name}")),
        (_("E-mail address"), bill_to.email),
        (_("Telephone number"), show_phone(bill_to.phone)),
        (_("Address"), address(bill_to)),
    ]


def address(place: Customer | BillTo) -> SafeString:
    """The address in the lines of its country, the country last."""
    country = str(place.country)
    lines = address_lines(
        country=country,
        address_line_1=place.address_line_1,
        address_line_2=place.address_line_2,
        city=place.city,
        state=place.state,
        postal_code=place.postal_code,
    )
    joined = format_html_join(SafeString("<br>"), "{}", ((line,) for line in [*lines, country_name(country)]))
    return format_html("<bdi>{}</bdi>", joined)


def country_name(code: str) -> str:
    """The country in the reader's language."""
    return str(dict(countries).get(code, code))


def fixed_facts(customer: Customer) -> list[tuple[str, Any]]:
    """What of the company cannot be changed here, each with the reason."""
    domain = _("It is part of every user name in the company and belongs to it for good.")
    microsoft_id = _("It names the customer in Microsoft’s cloud, on invoices and in support requests.")
    country = _("It decides currency, prices and who may sell; in another country the company is a new customer.")
    special = _("It decides what the customer may buy and is proved when the customer is added.")
    return [
        (_("Primary domain name"), with_reason(customer.domain, domain)),
        (_("Microsoft ID"), with_reason(customer.microsoft_id, microsoft_id)),
        (_("Country or region"), with_reason(customer.country_name, country)),
        (_("Special qualification"), with_reason(customer.get_qualification_display(), special)),
    ]


def with_reason(value: Any, reason: str) -> SafeString:
    """A value, and under it why it stays."""
    return format_html('{}<small class="muted d-block">{}</small>', value, reason)
