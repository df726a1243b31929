"""Requests about a customer's account: each kind is a section of the Account page.

What is asked is what the asker changed, and nothing else of the section: what others saved since then stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.roles import Permission
from core.companies import show_phone
from core.exceptions import Refused
from customers import rules
from customers.account.facts import country_name, language_name
from customers.account.forms import BillToForm, CompanyForm, ContactForm, SectionForm
from customers.account.words import ACCOUNT_FIELDS
from customers.details import DetailsRejected
from customers.editing import BILL_TO, OWN_BILL_TO, EditedMeanwhile, change_bill_to, change_company, change_contact
from customers.models import Customer
from customers.pages import account_url
from subscriptions.change_requests.asking import hand_in, keep, open_request, require_asker, same_or_refuse
from subscriptions.change_requests.matters import NOTHING, Matter, NotReadable, Outlook, Row
from subscriptions.models import ChangeRequest

Kind = ChangeRequest.Kind
BILLS_TO = "bills_to"


class NothingAsked(Refused):
    """What was entered is what is saved."""

    def __init__(self) -> None:
        super().__init__(_("This is what is saved already. Change what should be different, then ask for it."))


@dataclass(frozen=True)
class AccountSection:
    """A section as requests know it: its form, its rules, the service that changes it and the page that asks."""

    form_class: type[SectionForm]
    rule: Callable[[Customer, Mapping[str, Any]], dict[str, Any]]
    change: Callable[..., Customer]
    # What the service calls the facts of this section.
    argument: str
    page: str

    def stored(self, customer: Customer) -> dict[str, Any]:
        """How the section is saved."""
        return self.form_class(customer=customer).stored(customer)

    def info(self, answers: Mapping[str, Any]) -> Any:
        """The answers for the service; None lets the bills go to the company itself."""
        facts = {name: value for name, value in answers.items() if name != BILLS_TO}
        return self.form_class.info_class(**facts) if answers.get(BILLS_TO, True) else None

    def clean(self, customer: Customer, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers in their normal forms; DetailsRejected names each that is wrong."""
        try:
            return self.rule(customer, answers)
        except ValidationError as error:
            raise DetailsRejected(error.message_dict) from error


def _company(customer: Customer, answers: Mapping[str, Any]) -> dict[str, Any]:
    return rules.clean_company(answers, country=customer.country_code)


def _contact(customer: Customer, answers: Mapping[str, Any]) -> dict[str, Any]:
    return rules.clean_contact(answers, country=customer.country_code, provider=customer.provider)


def _bill_to(customer: Customer, answers: Mapping[str, Any]) -> dict[str, Any]:
    if not answers[BILLS_TO]:
        return {**dict.fromkeys(answers, ""), BILLS_TO: False}
    return {BILLS_TO: True, **rules.clean_bill_to(answers, provider=customer.provider)}


SECTIONS: dict[str, AccountSection] = {
    Kind.COMPANY: AccountSection(CompanyForm, _company, change_company, "company", "customers:change_company"),
    Kind.CONTACT: AccountSection(ContactForm, _contact, change_contact, "contact", "customers:change_contact"),
    Kind.BILL_TO: AccountSection(BillToForm, _bill_to, change_bill_to, "bill_to", "customers:change_bill_to"),
}


# --- asking ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def submit_account_request(
    *, customer: Customer, kind: str, answers: Mapping[str, Any], message: str, version: int | None, by: Actor
) -> ChangeRequest:
    """Ask the provider to change a section of the account; a draft of the person's becomes it.

    Pressed again, the open request is returned; AlreadyAsked if that one wants something else. DetailsRejected,
    EditedMeanwhile and NothingAsked say why it is not asked.
    """
    customer, values, before = _readable(customer, kind, answers, version, by)
    if present := open_request(by, kind=kind, customer=customer):
        return same_or_refuse(present, values)
    return hand_in(keep({"customer": customer, "kind": kind}, values=values, before=before, message=message, by=by), by)


@transaction.atomic
def save_account_request(
    *, customer: Customer, kind: str, answers: Mapping[str, Any], message: str, version: int | None, by: Actor
) -> ChangeRequest:
    """Keep what somebody is about to ask for, on the same terms. Nobody is told."""
    customer, values, before = _readable(customer, kind, answers, version, by)
    return keep({"customer": customer, "kind": kind}, values=values, before=before, message=message, by=by)


def _readable(
    customer: Customer, kind: str, answers: Mapping[str, Any], version: int | None, by: Actor
) -> tuple[Customer, dict[str, Any], dict[str, Any]]:
    """The customer, held; what is wanted in its normal form, and how it is saved."""
    customer = require_asker(customer, by)
    section = SECTIONS[kind]
    values, stored = section.clean(customer, answers), section.stored(customer)
    if values == stored:
        raise NothingAsked
    if version is not None and version != customer.version:
        raise EditedMeanwhile(_("Somebody else changed this account first. Nothing of yours was saved yet."))
    return customer, values, {"version": customer.version, **stored}


def draft_of(customer: Customer, kind: str, by: Actor) -> ChangeRequest | None:
    """What the person is about to ask of this section."""
    drafts = ChangeRequest.objects.filter(customer=customer, kind=kind, state=ChangeRequest.State.DRAFT)
    return drafts.filter(created_by=by.user, reseller=by.partner).first()


# --- what it wants, and whether that can be --------------------------------------------------------------------------
def wanted_now(request: ChangeRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """The section as it is saved, and as it would be: with what the asker changed on top of it."""
    stored, values = SECTIONS[request.kind].stored(request.customer), request.values
    if stored.get(BILLS_TO) != values.get(BILLS_TO):
        return stored, dict(values)
    return stored, {**stored, **{name: values[name] for name in changed_names(request.before, values)}}


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs; of bills that go to the company itself there is nothing more to say."""
    if before.get(BILLS_TO) and not after.get(BILLS_TO, True):
        return [BILLS_TO]
    return [name for name in after if after[name] != before.get(name)]


def compared(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], country: str) -> list[Row]:
    """Both sides of each field that differs, in words."""
    return [
        (str(label_of(kind, name)), words_of(name, before.get(name), country), words_of(name, after[name], country))
        for name in changed_names(before, after)
    ]


def label_of(kind: str, name: str) -> Any:
    """What people call the field, as the record of the account's changes does."""
    if kind != Kind.BILL_TO:
        return ACCOUNT_FIELDS[name]
    return ACCOUNT_FIELDS[OWN_BILL_TO if name == BILLS_TO else f"{BILL_TO}{name}"]


def words_of(name: str, value: Any, country: str) -> str:
    """A saved value as people read it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if not value:
        return NOTHING
    if name == "registration_id":
        return rules.show_registration_id(value, country)
    if name.endswith("phone"):
        return show_phone(value)
    return {"language": language_name, "country": country_name}.get(name, str)(value)


class AccountMatter(Matter):
    """A change of a section of the account."""

    def permission(self, kind: str) -> Permission:
        return Permission.EDIT_CUSTOMER

    def rows(self, request: ChangeRequest, *, prices: bool = False) -> list[Row]:
        return compared(request.kind, request.before, request.values, request.customer.country_code)

    def short(self, request: ChangeRequest) -> str:
        names = changed_names(request.before, request.values)
        return ", ".join(str(label_of(request.kind, name)) for name in names)

    def changed(self, request: ChangeRequest) -> list[Row]:
        if request.before.get("version") == request.customer.version:
            return []
        stored = SECTIONS[request.kind].stored(request.customer)
        return compared(request.kind, request.before, stored, request.customer.country_code)

    def outlook(self, request: ChangeRequest, reader: Actor, problem: str = "") -> Outlook:
        stored, wanted = wanted_now(request)
        if stored == wanted:
            return Outlook(refusal=_("The account says this already."))
        try:
            SECTIONS[request.kind].clean(request.customer, wanted)
        except DetailsRejected as refusal:
            return Outlook(refusal=str(refusal))
        return Outlook([_("The account is changed at once; the customer’s activity says what was changed.")])

    def version(self, request: ChangeRequest) -> int:
        return request.customer.version

    def edit_url(self, request: ChangeRequest) -> str:
        return reverse(SECTIONS[request.kind].page, args=[request.customer.microsoft_id])

    def back_url(self, request: ChangeRequest) -> str:
        return account_url(request.customer.microsoft_id)

    def submit(self, draft: ChangeRequest, *, message: str, version: int | None, by: Actor) -> ChangeRequest:
        _stored, answers = wanted_now(draft)
        return submit_account_request(
            customer=draft.customer, kind=draft.kind, answers=answers, message=message, version=version, by=by
        )

    def make(self, request: ChangeRequest, *, version: int | None, said: Mapping[str, str], by: Actor) -> None:
        customer, section = request.customer, SECTIONS[request.kind]
        if version is not None and version != customer.version:
            raise EditedMeanwhile(_("Somebody else changed this account after you opened the page. Read it again."))
        stored, wanted = wanted_now(request)
        if stored == wanted:
            raise NotReadable(_("The account says this already."))
        try:
            facts = {section.argument: section.info(wanted)}
            section.change(customer=customer, version=customer.version, by=by, **facts)
        except DetailsRejected as refusal:
            raise NotReadable(str(refusal)) from refusal
