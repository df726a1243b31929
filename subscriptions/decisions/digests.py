"""The digest: each company is told once, thirty and seven days before, of the decisions about its subscriptions."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone, translation

from accounts.access import Actor
from accounts.models import Membership, Partner
from core.html import date_text
from core.sweeping import failing_alone
from customers.models import Customer, ResellerRelationship
from mail.services import queue_email
from subscriptions.decisions.coming import NOTICES, by_deadline, untold
from subscriptions.decisions.outlook import Outlook, outlook_words, outlooks
from subscriptions.models import DecisionNotice, Subscription
from subscriptions.rules import decision_date
from subscriptions.wording import subscriptions_text

KIND = "decisions_due"
NAME = "decision digests"
# More than anybody reads in a mail; the calendar shows all.
MOST_LISTED = 60


@dataclass(frozen=True)
class Reader:
    """Where a digest goes, and how its reader wants words and days."""

    address: str
    language: str
    zone: tzinfo


def tell_companies() -> int:
    """Write to every company that has something to decide about and was not told; return how many were written to.

    Each in a transaction of its own: one that fails is logged, found again by the next run, and keeps no other waiting.
    """
    sent = 0
    for pk in companies_to_tell():
        with failing_alone("Company %s was not told of its decisions", pk):
            sent += tell_company(pk)
    return sent


def companies_to_tell() -> list[int]:
    """The providers, and the resellers that manage the customer, of whatever comes to a decision untold."""
    found: set[int] = set()
    for days in NOTICES:
        rows = untold(Subscription.objects.all(), days, OuterRef("provider"))
        found.update(rows.order_by().values_list("provider", flat=True).distinct())
        of_customer = Subscription.objects.filter(customer=OuterRef("customer"))
        managed = ResellerRelationship.objects.current().filter(
            Exists(untold(of_customer, days, OuterRef(OuterRef("reseller"))))
        )
        found.update(managed.values_list("reseller", flat=True).distinct())
    return sorted(found)


@transaction.atomic
def tell_company(pk: int) -> bool:
    """Write to one company what it was not told of, and keep that it was; False if there is nothing, or nobody to tell.

    The company is held meanwhile, so that of two runs the second finds what the first has written; what is read is what
    the company itself sees.
    """
    company = Partner.objects.select_for_update(no_key=True).get(pk=pk)
    if not company.is_enrolled or not company.contact_email:
        return False
    seen = Subscription.objects.visible_to(Actor(partner=company, system=NAME))
    due = {days: list(by_deadline(untold(seen, days, company.pk))) for days in NOTICES}
    # What is due for the later notice is not told of twice in one mail.
    urgent = {subscription.pk for subscription in due[min(NOTICES)]}
    due[max(NOTICES)] = [one for one in due[max(NOTICES)] if one.pk not in urgent]
    if not any(due.values()):
        return False
    DecisionNotice.objects.bulk_create(
        (
            DecisionNotice(subscription=one, partner=company, ends_at=one.next_step_at, days_before=days)
            for days, rows in due.items()
            for one in rows
        ),
        batch_size=500,
    )
    _write(company, due)
    return True


def _write(company: Partner, due: dict[int, list[Subscription]]) -> None:
    reader = reader_of(company)
    number = sum(len(rows) for rows in due.values())
    shown = _first(due, MOST_LISTED)
    found = outlooks(one for rows in shown.values() for one in rows)
    with translation.override(reader.language):
        sections = [_section(days, len(due[days]), rows, found, reader.zone) for days, rows in shown.items() if rows]
    queue_email(
        KIND,
        to=reader.address,
        language=reader.language,
        context={
            "company": company.legal_name,
            # The subject speaks of the most urgent alone.
            "counted": sections[0]["counted"],
            "days": sections[0]["days"],
            "sections": sections,
            "left_out": number - sum(len(rows) for rows in shown.values()),
            "address": f"{settings.PORTAL_BASE_URL}{reverse('subscriptions:renewals')}",
        },
        about=company,
    )


def _first(due: dict[int, list[Subscription]], most: int) -> dict[int, list[Subscription]]:
    """The most urgent of them, as many as a mail lists."""
    shown = {}
    for days in sorted(due):
        shown[days] = due[days][:most]
        most -= len(shown[days])
    return shown


def _section(
    days: int, number: int, rows: list[Subscription], found: dict[int, Outlook], zone: tzinfo
) -> dict[str, Any]:
    """What is to be decided within so many days, by customer; in the active language."""
    customers: dict[int, dict[str, Any]] = {}
    for one in rows:
        assert one.next_step_at is not None
        group = customers.setdefault(
            one.customer_id, {"name": one.customer.company_name, "address": _address(one.customer), "lines": []}
        )
        group["lines"].append(
            {
                "name": one.nickname,
                "address": _address(one),
                "day": date_text(decision_date(one.next_step_at, zone)),
                "outlook": outlook_words(found[one.pk]),
            }
        )
    return {"days": days, "counted": subscriptions_text(number), "customers": list(customers.values())}


def _address(page: Customer | Subscription) -> str:
    return f"{settings.PORTAL_BASE_URL}{page.get_absolute_url()}"


def reader_of(company: Partner) -> Reader:
    """The company's contact; where that is one of its people, in the person's own language and zone."""
    people = Membership.objects.current().filter(partner=company, user__email__iexact=company.contact_email)
    if (member := people.select_related("user").first()) is not None:
        return Reader(company.contact_email, member.user.language, member.user.zone)
    return Reader(company.contact_email, company.language, timezone.get_default_timezone())
