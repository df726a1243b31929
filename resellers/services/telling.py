"""Whom an answer is told to, in which language and zone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django_countries import countries

from accounts.models import Membership, Partner, User
from accounts.roles import MATRIX, Permission, Program
from mail.services import queue_email
from resellers.models import PartnershipRequest
from resellers.wording import GRANTS, moment_text

ROLES_THAT_REQUEST = MATRIX[Program.INDIRECT_PROVIDER, Permission.REQUEST_PARTNERSHIP]


@dataclass(frozen=True)
class Reader:
    """Where a mail goes, and how its reader wants words and times."""

    address: str
    language: str
    zone: Any
    person: User | None = None

    def moment(self, moment: datetime) -> str:
        """A day and time as this reader writes it."""
        with translation.override(self.language), timezone.override(self.zone):
            return moment_text(moment)

    def country(self, company: Partner) -> str:
        """The name of a company's country in the reader's language."""
        with translation.override(self.language):
            return str(countries.name(str(company.country)))


def staff_of(request: PartnershipRequest) -> Reader:
    """Who answers for a request at its provider: whoever sent it, or the company's contact once they may no longer."""
    sender = request.sent_by
    if sender is not None and sender.email:
        roles = Membership.objects.current().filter(partner=request.provider_id, role__in=ROLES_THAT_REQUEST)
        if roles.filter(user=sender).exists():
            return Reader(sender.email, sender.language, sender.zone, sender)
    provider = request.provider
    return Reader(provider.contact_email, provider.language, timezone.get_default_timezone())


def tell_staff(kind: str, request: PartnershipRequest, reader: Reader, /, *, page: str, **context: Any) -> None:
    """Queue a mail to the provider's side; `page` is the path that its button opens."""
    if reader.address:
        context["address"] = f"{settings.PORTAL_BASE_URL}{page}"
        queue_email(kind, to=reader.address, language=reader.language, context=context, about=request)


def tell_person(kind: str, request: PartnershipRequest, person: User, /, *, page: str, **context: Any) -> None:
    """Queue a mail to somebody of the reseller, whose answer reaches the sender."""
    if person.email:
        context["address"] = f"{settings.PORTAL_BASE_URL}{page}"
        answers = staff_of(request).address
        queue_email(kind, to=person.email, language=person.language, context=context, about=request, reply_to=answers)


def tell_connected(request: PartnershipRequest, reseller: Partner, person: User, *, known_to: User | None) -> None:
    """Tell both sides that the partnership has begun, except staff who have just done it themselves."""
    names = {"provider": request.provider.legal_name, "reseller": reseller.legal_name, "person": str(person)}
    staff = staff_of(request)
    if staff.person is None or staff.person != known_to:
        facts = {"country": staff.country(reseller), "mpn_id": reseller.mpn_id}
        tell_staff("partnership_accepted", request, staff, page=reverse("resellers:list"), **names, **facts)
    more = {"sender": str(request.sent_by), "grants": GRANTS}
    tell_person("partnership_welcome", request, person, page=reverse("resellers:providers"), **names, **more)
