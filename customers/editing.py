"""Changing a customer's account section by section: no edit overwrites another unseen, and each is recorded."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import NotPermitted, Refused
from customers import rules
from customers.details import DetailsRejected
from customers.models import BillTo, Customer

CHANGED = "customer.changed"
# What the record calls a field of the bill-to information, and whether there is any.
BILL_TO = "bill_to_"
OWN_BILL_TO = "bill_to_own"

Info = TypeVar("Info", bound="Section")


class EditedMeanwhile(Refused):
    """Somebody else changed the account since this person opened it; nothing was saved."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    """Facts that are changed together; an empty text says "not given"."""

    @classmethod
    def of(cls: type[Info], row: Any) -> Info:
        """As they are saved."""
        return cls(**{field.name: str(getattr(row, field.name)) for field in dataclasses.fields(cls)})


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompanyInfo(Section):
    """Who the customer is; its country, domain and Microsoft ID never change."""

    company_name: str
    registration_id: str = ""
    address_line_1: str
    address_line_2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContactInfo(Section):
    """Whom to speak with, and in which language."""

    contact_first_name: str
    contact_last_name: str
    contact_email: str
    contact_phone: str = ""
    language: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class BillToInfo(Section):
    """Whom and where the bills go to, where that is not the company itself."""

    company_name: str
    first_name: str
    last_name: str
    email: str
    phone: str = ""
    country: str
    address_line_1: str
    address_line_2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@transaction.atomic
def change_company(*, customer: Customer, version: int, company: CompanyInfo, by: Actor) -> Customer:
    """Change the company's name, registration ID and address, if nobody changed the account since `version`.

    DetailsRejected names each wrong field; EditedMeanwhile says that somebody was faster.
    """
    customer = _locked(customer, by)
    cleaned = _cleaned(lambda: rules.clean_company(vars(company), country=customer.country_code))
    return _save(customer, version, cleaned, by)


@transaction.atomic
def change_contact(*, customer: Customer, version: int, contact: ContactInfo, by: Actor) -> Customer:
    """Change the primary contact, on the same terms."""
    customer = _locked(customer, by)
    country, provider = customer.country_code, customer.provider
    cleaned = _cleaned(lambda: rules.clean_contact(vars(contact), country=country, provider=provider))
    return _save(customer, version, cleaned, by)


@transaction.atomic
def change_bill_to(*, customer: Customer, version: int, bill_to: BillToInfo | None, by: Actor) -> Customer:
    """Change whom and where the bills go to, on the same terms; None lets them go to the company itself."""
    customer = _locked(customer, by)
    provider = customer.provider
    cleaned = _cleaned(lambda: rules.clean_bill_to(vars(bill_to), provider=provider)) if bill_to else None
    before = BillTo.objects.filter(customer=customer).first()
    names = [field.name for field in dataclasses.fields(BillToInfo)]
    changes: dict[str, list[Any]] = {} if (before is None) == (cleaned is None) else {
        OWN_BILL_TO: [before is not None, cleaned is not None]
    }  # fmt: skip
    for name in names:
        old, new = str(getattr(before, name, "")), (cleaned or {}).get(name, "")
        if old != new:
            changes[f"{BILL_TO}{name}"] = [old, new]
    if not changes:
        return customer
    _claim(customer, version)
    if cleaned is None:
        BillTo.objects.filter(customer=customer).delete()
    else:
        BillTo.objects.update_or_create(customer=customer, defaults=cleaned)
    record(CHANGED, customer, by=by, version=customer.version, **changes)
    return customer


def _locked(customer: Customer, by: Actor) -> Customer:
    """The customer as it is now, held until the end of the transaction, if the actor may change it now."""
    rows = Customer.objects.select_related("provider").select_for_update(of=("self",), no_key=True)
    customer = rows.get(pk=customer.pk)
    require(by, Permission.EDIT_CUSTOMER, customer)
    if by.user is None:
        raise NotPermitted("An account is changed by a person.")
    return customer


def _cleaned(clean: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return clean()
    except ValidationError as error:
        raise DetailsRejected(error.message_dict) from error


def _save(customer: Customer, version: int, values: dict[str, Any], by: Actor) -> Customer:
    """Save what differs; nothing is written or recorded when nothing does, whatever the version."""
    changes = {name: [getattr(customer, name), value] for name, value in values.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if not changes:
        return customer
    for name, (_old, new) in changes.items():
        setattr(customer, name, new)
    _claim(customer, version, **{name: new for name, (_old, new) in changes.items()})
    record(CHANGED, customer, by=by, version=customer.version, **changes)
    return customer


def _claim(customer: Customer, version: int, **values: Any) -> None:
    """Write the next version, if the one that the person saw is still the last."""
    now = clock.now()
    mine = Customer.objects.filter(pk=customer.pk, version=version)
    if not mine.update(**values, search_text=customer.words_sought(), changed_at=now, version=F("version") + 1):
        raise EditedMeanwhile(_("Somebody else changed this account first. Nothing of yours was saved yet."))
    customer.version, customer.changed_at = version + 1, now
