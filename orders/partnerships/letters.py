"""Who is told of the end of a partnership, and in which words: its two companies, and whoever takes over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.access import Actor
from accounts.models import Membership, Partner, User
from accounts.roles import Role
from mail.services import queue_email
from orders.partnerships import wording
from orders.partnerships.choices import Takeover
from resellers.models import Partnership
from resellers.wording import moment_text


class Reader(NamedTuple):
    """Where a letter goes, and how its reader wants words and times."""

    address: str
    language: str
    zone: Any


@dataclass(frozen=True)
class End:
    """What has happened, as the letters tell it."""

    partnership: Partnership
    counts: Mapping[str, int]
    takeover: Takeover
    takers: Mapping[int, Partnership]
    by: Actor

    @property
    def names(self) -> dict[int, str]:
        """What the takers are called."""
        return {key: one.reseller.name_and_mpn for key, one in self.takers.items()}


def tell_everybody(end: End) -> None:
    """Queue a letter to each reader of both companies and to each reseller that takes over; none holds a secret."""
    partnership = end.partnership
    for company, kind, page in (
        (
            partnership.reseller,
            "partnership_ended_reseller",
            reverse("resellers:provider", args=[partnership.public_id]),
        ),
        (partnership.provider, "partnership_ended_provider", partnership.get_absolute_url()),
    ):
        for reader in readers(company, end.by):
            _tell(end, company, kind, page, reader)
    for key, taker in end.takers.items():
        _tell_taker(end, key, taker.reseller)


def readers(company: Partner, by: Actor) -> Iterator[Reader]:
    """The company's contact, and whoever ended the partnership; at the other company its Global admins instead."""
    found = {company.contact_email.casefold(): Reader(company.contact_email, company.language, None)}
    if by.partner == company:
        people = [by.user] if by.user else []
    else:
        rows = Membership.objects.current().filter(partner=company, role=Role.GLOBAL_ADMIN)
        people = [row.user for row in rows.select_related("user").order_by("pk")]
    for person in people:
        if person.email:
            # A person's own language counts more than that of the company whose contact they are.
            found[person.email.casefold()] = Reader(person.email, person.language, person.zone)
    yield from (reader for reader in found.values() if reader.address)


def _tell(end: End, company: Partner, kind: str, page: str, reader: Reader) -> None:
    partnership, is_provider = end.partnership, company == end.partnership.provider
    by_us = end.by.partner == company
    with translation.override(reader.language), timezone.override(reader.zone):
        assert partnership.ended_at is not None
        moment = moment_text(partnership.ended_at)
        what = (
            wording.handed_over(end.takeover.counts(), end.names)
            if is_provider
            else wording.lost_by_reseller(end.counts)
        )
    queue_email(
        kind,
        to=reader.address,
        language=reader.language,
        context={
            "provider": partnership.provider.legal_name,
            "reseller": partnership.reseller.legal_name,
            "person": str(end.by.user),
            "by_us": by_us,
            "moment": moment,
            "what": what,
            "reason": partnership.end_reason,
            "address": f"{settings.PORTAL_BASE_URL}{page}",
        },
        about=partnership,
        reply_to="" if by_us or not end.by.user else end.by.user.email,
    )


def _tell_taker(end: End, key: int, taker: Partner) -> None:
    """One letter about everything that a reseller gets, rather than one for each customer."""
    counts = {relation: taken[key] for relation, taken in end.takeover.counts().items()}
    if not any(counts.values()) or not taker.contact_email:
        return
    user: User | None = end.by.user
    with translation.override(taker.language):
        what = wording.taken_over(counts)
    queue_email(
        "customers_taken_over",
        to=taker.contact_email,
        language=taker.language,
        context={
            "provider": end.partnership.provider.legal_name,
            "reseller": taker.legal_name,
            "what": what,
            "address": f"{settings.PORTAL_BASE_URL}{reverse('customers:list')}",
        },
        about=end.partnership,
        reply_to=user.email if user else "",
    )
