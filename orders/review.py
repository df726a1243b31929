"""What Review shows of the customer, as sections of labels and values, and what Submit does, as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django_countries import countries

from core.addresses import address_lines
from core.companies import show_phone
from core.html import date_text, name
from core.markets import REGISTRATION_IDS
from customers.details import CustomerDetails
from customers.models import TENANT_DOMAIN, Customer
from customers.rules import show_registration_id
from orders.checks import details_of
from orders.models import OrderDraft
from orders.outlook import ReviewLine

# In the address of a step to which Review sent somebody: from there it goes straight back to Review.
CHANGE = "change"


@dataclass(frozen=True)
class Section:
    """A block of Review: rows of (label, value) and the page on which they are changed."""

    title: str
    rows: list[tuple[str, Any]]
    change_url: str
    change_label: str


def sections(draft: OrderDraft) -> list[Section]:
    """Everything but the offers, in the order of Customer details."""
    if draft.customer is not None:
        return [_reseller(draft, reverse("orders:subscriptions", args=[draft.public_id]))]
    url = f"{reverse('orders:details', args=[draft.public_id])}?{CHANGE}=1"
    details = details_of(draft)
    return [_reseller(draft, url), _company(details, url), _contact(details, url), _agreement(details, url)]


def _reseller(draft: OrderDraft, url: str) -> Section:
    reseller, contact = draft.reseller, draft.support_contact or draft.provider
    if draft.customer is not None:
        words = name(reseller.name_and_mpn) if reseller else _("No reseller: no incentive will be paid")
        rows = [
            (_("Reseller"), "" if draft.reseller_is_suggested else words),
            (_("Designated support contact"), name(contact.legal_name)),
        ]
        return Section(_("Reseller"), rows, url, _("the reseller"))
    access = (
        _("Administrator access to the customer’s subscriptions and services, and incentives if they are eligible")
        if reseller
        else _("No reseller: no incentive will be paid. The customer is your direct customer.")
    )
    rows = [
        (_("Indirect reseller"), name(reseller.name_and_mpn) if reseller else _("No reseller (direct customer)")),
        (_("What it gets"), access),
    ]
    if not draft.is_account_only:
        rows.append((_("Designated support contact"), name(contact.legal_name)))
    return Section(_("Reseller and access"), rows, url, _("the indirect reseller"))


def _company(details: CustomerDetails, url: str) -> Section:
    rule = REGISTRATION_IDS.get(details.country)
    lines = address_lines(
        country=details.country,
        address_line_1=details.address_line_1,
        address_line_2=details.address_line_2,
        city=details.city,
        state=details.state,
        postal_code=details.postal_code,
    )
    rows = [
        (_("Company name"), name(details.company_name)),
        (_("Primary domain name"), f"{details.domain_prefix}.{TENANT_DOMAIN}"),
        (_("Country or region"), countries.name(details.country)),
        (_("Address"), name(", ".join(lines))),
        (rule.label if rule else _("Company registration ID"), _registration(details)),
        (_("Special qualification"), Customer.Qualification(details.qualification).label),
    ]
    return Section(_("Company"), rows, url, _("the company"))


def _registration(details: CustomerDetails) -> str:
    return show_registration_id(details.registration_id, details.country) if details.registration_id else ""


def _contact(details: CustomerDetails, url: str) -> Section:
    rows = [
        (_("Name"), name(f"{details.contact_first_name} {details.contact_last_name}")),
        (_("E-mail address"), details.contact_email),
        (_("Telephone number"), show_phone(details.contact_phone) if details.contact_phone else ""),
        (_("Language"), dict(settings.LANGUAGES).get(details.language, details.language)),
    ]
    return Section(_("Primary contact"), rows, url, _("the primary contact"))


def _agreement(details: CustomerDetails, url: str) -> Section:
    if details.agreement_to_come:
        words = _("Not yet: the customer’s administrator is asked at the first sign-in. Nothing can be ordered before.")
        return Section(
            _("Microsoft Customer Agreement"),
            [(pgettext("agreement", "Accepted"), words)],
            url,
            _("the customer agreement"),
        )
    rows = [
        (_("Accepted on"), date_text(details.agreement_accepted_on) if details.agreement_accepted_on else ""),
        (_("Accepted by"), name(f"{details.agreement_first_name} {details.agreement_last_name}")),
        (_("E-mail address"), details.agreement_email),
        (_("Telephone number"), show_phone(details.agreement_phone) if details.agreement_phone else ""),
    ]
    return Section(_("Microsoft Customer Agreement"), rows, url, _("the customer agreement"))


def consequences(draft: OrderDraft, lines: Sequence[ReviewLine]) -> list[str]:
    """What pressing Submit does, one sentence for each thing."""
    found = [_what_happens(draft)]
    if draft.is_account_only:
        return [*found, _("No order is placed. Subscriptions can be added to the customer later.")]
    if draft.reseller is None:
        found.append(_("No reseller: no incentive will be paid."))
    else:
        text = _("%(reseller)s is named as the reseller of record and earns incentives for what is eligible.")
        found.append(text % {"reseller": draft.reseller.legal_name})
    if draft.support_contact is not None:
        text = _("%(reseller)s answers the customer’s support requests for the new subscriptions.")
        found.append(text % {"reseller": draft.support_contact.legal_name})
    if any(line.line.confirmed_beside for line in lines):
        found.append(
            _("What the customer has of the same offers stays as it is; the new subscriptions come beside it.")
        )
    if any(line.cancel_until for line in lines):
        found.append(
            _("Each subscription can be canceled until the day beside it; after that it is billed until its term ends.")
        )
    return found


def _what_happens(draft: OrderDraft) -> str:
    if not draft.makes_customer:
        return _("Submitting places the order for %(customer)s.") % {"customer": draft}
    if draft.is_account_only and draft.reseller is None:
        return _("Submitting creates the customer.")
    if draft.is_account_only:
        text = _("Submitting creates the customer and gives %(reseller)s administrator access.")
        return text % {"reseller": draft.reseller.legal_name if draft.reseller else ""}
    if draft.reseller is None:
        return _("Submitting creates the customer and places the order.")
    text = _("Submitting creates the customer, places the order and gives %(reseller)s administrator access.")
    return text % {"reseller": draft.reseller.legal_name}
