"""The columns that a file of customers can have: what each is called, what it says, and what has to be read for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.access import Actor
from accounts.roles import Program
from core.export import chunks_of_one_moment
from customers.models import Customer, CustomerAgreement
from customers.rules import show_registration_id
from subscriptions.customer_list.rows import managers_of
from subscriptions.models import Subscription

CHUNK = 500


@dataclass
class LineFacts:
    """What a line says that does not stand in the customer's own row."""

    reseller: str = ""
    mpn_id: str = ""
    subscriptions: int = 0
    licenses: int = 0
    accepted_on: date | None = None


Reader = Callable[[dict[int, LineFacts]], None]


def read_managers(facts: dict[int, LineFacts]) -> None:
    """Which reseller manages each customer."""
    for key, name, mpn_id in managers_of(facts, "reseller__legal_name", "reseller__mpn_id"):
        facts[key].reseller, facts[key].mpn_id = name, mpn_id


def read_counts(facts: dict[int, LineFacts]) -> None:
    """How many subscriptions each customer has, and how many licenses; what was deleted does not count."""
    rows = Subscription.objects.listed().filter(customer__in=facts).order_by().values("customer")
    for key, number, licenses in rows.annotate(number=Count("pk"), licenses=Sum("quantity")).values_list(
        "customer", "number", "licenses"
    ):
        facts[key].subscriptions, facts[key].licenses = number, licenses


def read_agreements(facts: dict[int, LineFacts]) -> None:
    """On which day each customer last accepted the customer agreement."""
    rows = CustomerAgreement.objects.filter(customer__in=facts).order_by().values("customer")
    for key, accepted_on in rows.annotate(last=Max("accepted_on")).values_list("customer", "last"):
        facts[key].accepted_on = accepted_on


@dataclass(frozen=True)
class ExportColumn:
    """One column; `columns` are those of the customer's row it is made of, `reader` asks for what stands elsewhere."""

    key: str
    label: Any
    value: Callable[[Customer, LineFacts], Any]
    columns: tuple[str, ...] = ()
    reader: Reader | None = None
    # Each side sees who is on the other side: empty where both are offered the column.
    side: Program | None = None


def _own(key: str, label: Any) -> ExportColumn:
    """A column of the customer's row."""
    return ExportColumn(key, label, lambda customer, facts: getattr(customer, key), (key,))


def _made(key: str, label: Any, value: Callable[[Customer], Any], *columns: str) -> ExportColumn:
    """What is made of such columns."""
    return ExportColumn(key, label, lambda customer, facts: value(customer), columns)


def _read(key: str, label: Any, reader: Reader, side: Program | None = None) -> ExportColumn:
    """What is read for some hundred customers at a time."""
    return ExportColumn(key, label, lambda customer, facts: getattr(facts, key), (), reader, side)


@lru_cache(maxsize=1024)
def _country(code: str, language: str | None) -> str:
    """The country's name in the language that is active."""
    return str(countries.name(code))


COLUMNS: tuple[ExportColumn, ...] = (
    _own("microsoft_id", _("Microsoft ID")),
    _own("company_name", _("Company name")),
    _made("domain", _("Primary domain name"), lambda one: one.domain, "domain_prefix"),
    _made("country", _("Country or region"), lambda one: _country(one.country_code, get_language()), "country"),
    _made("status", _("Status"), lambda one: one.get_status_display(), "status"),
    _read("reseller", _("Indirect reseller"), read_managers, Program.INDIRECT_PROVIDER),
    _read("mpn_id", _("MPN ID"), read_managers, Program.INDIRECT_PROVIDER),
    ExportColumn(
        "provider",
        _("Indirect provider"),
        lambda customer, facts: customer.provider.legal_name,
        ("provider__legal_name",),
        side=Program.INDIRECT_RESELLER,
    ),
    _made(
        "registration_id",
        _("Company registration ID"),
        lambda one: show_registration_id(one.registration_id, one.country_code),
        "registration_id",
        "country",
    ),
    _made(
        "contact_name", _("Primary contact"), lambda one: one.contact_name, "contact_first_name", "contact_last_name"
    ),
    _own("contact_email", _("E-mail address")),
    _own("contact_phone", _("Telephone number")),
    _read("subscriptions", _("Subscriptions"), read_counts),
    _read("licenses", _("Licenses"), read_counts),
    _read("accepted_on", _("Customer agreement accepted on"), read_agreements),
    _made(
        "qualification",
        _("Special qualification"),
        lambda one: one.get_qualification_display(),
        "qualification",
    ),
    _own("city", _("City")),
    _own("state", _("State or province")),
    _own("postal_code", _("Postal code")),
    _own("created_at", _("Created")),
    _own("changed_at", pgettext_lazy("when", "Changed")),
)


def columns_for(actor: Actor) -> list[ExportColumn]:
    """Those that the actor is offered."""
    return [one for one in COLUMNS if one.side is None or (actor.partner and actor.partner.program == one.side)]


def lines(customers: QuerySet[Customer], columns: Sequence[ExportColumn]) -> Iterator[list[Any]]:
    """A line for each customer, in their order; what stands elsewhere is read for some hundred of them at a time."""
    wanted = {name for column in columns for name in column.columns}
    readers = list(dict.fromkeys(column.reader for column in columns if column.reader))
    rows = customers.select_related(None).only("pk", *sorted(wanted))
    if related := {name.partition("__")[0] for name in wanted if "__" in name}:
        rows = rows.select_related(*related)
    for chunk in chunks_of_one_moment(rows, CHUNK):
        facts = {customer.pk: LineFacts() for customer in chunk}
        for reader in readers:
            reader(facts)
        for customer in chunk:
            yield [column.value(customer, facts[customer.pk]) for column in columns]
