"""The hand-over sheet: one page for the customer's administrator, with the password on it or without."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Partner
from core.companies import show_phone
from core.qr import qr_svg
from customers.models import Customer
from customers.setup_info import SetupInfo
from subscriptions.models import SupportContact


@dataclass(frozen=True)
class Contact:
    """A company to turn to: its name, person, address and number, as far as they are known."""

    company: str
    person: str
    email: str
    phone: str

    @classmethod
    def of(cls, partner: Partner) -> "Contact":
        """The contact that the company gave."""
        phone = show_phone(partner.contact_phone) if partner.contact_phone else ""
        return cls(partner.legal_name, partner.contact_name, partner.contact_email, phone)


@dataclass(frozen=True)
class HandOverSheet:
    """What templates/customers/_hand_over.html prints, in the customer's language."""

    setup: SetupInfo
    provider: Contact
    reseller: Contact | None
    support: tuple[Contact, ...]
    order_number: str = ""

    @property
    def customer(self) -> Customer:
        """Whom it is for."""
        return self.setup.customer

    @property
    def sign_in_url(self) -> str:
        """Where the administrator signs in."""
        return f"{settings.PORTAL_BASE_URL}{reverse('account_login')}"

    @property
    def qr(self) -> SafeString:
        """The same address to be photographed; nothing else is in the code."""
        with override(self.customer.language):
            return qr_svg(self.sign_in_url, _("QR code of the sign-in address"))


def hand_over_sheet(setup: SetupInfo, *, order_number: str = "", designated: Partner | None = None) -> HandOverSheet:
    """The sheet for this customer as of now; `designated` answers for subscriptions that have not started yet."""
    customer = setup.customer
    relationship = customer.managing_relationship()
    return HandOverSheet(
        setup=setup,
        provider=Contact.of(customer.provider),
        reseller=Contact.of(relationship.reseller) if relationship else None,
        support=tuple(Contact.of(partner) for partner in supporters(customer, designated)),
        order_number=order_number,
    )


def supporters(customer: Customer, designated: Partner | None) -> list[Partner]:
    """Who answers the customer's support requests: the designated contacts, else its provider."""
    rows = SupportContact.objects.filter(subscription__customer=customer, ends_at=None)
    named = {row.reseller_id: row.reseller for row in rows.select_related("reseller").order_by("pk")}
    if designated is not None:
        named.setdefault(designated.pk, designated)
    return list(named.values()) or [customer.provider]
