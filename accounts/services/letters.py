"""Mails about a company's enrolment: to its people, and to the back office's."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django_countries import countries

from accounts.models import Membership, Partner, User
from accounts.roles import Role
from mail.services import queue_email


def tell_company(kind: str, partner: Partner) -> None:
    """Queue a mail about the enrolment to the company's Global admins and its contact, one for each mailbox."""
    for address, (name, language) in _readers(partner).items():
        with translation.override(language):
            program = partner.get_program_display()
        context = {
            "name": name,
            "company": partner.legal_name,
            "program": program,
            "reason": partner.enrolment_reason,
            "home": settings.PORTAL_BASE_URL + reverse("home"),
            "status": settings.PORTAL_BASE_URL + reverse("enrolment:status"),
        }
        queue_email(kind, to=address, language=language, context=context, about=partner)


def tell_back_office(partner: Partner, *, applicant: User, again: bool = False) -> None:
    """Queue a mail to each person of the back office, so that no application waits unseen."""
    address = settings.PORTAL_BASE_URL + reverse("admin:accounts_partner_change", args=[partner.pk])
    for person in User.objects.filter(is_staff=True, is_active=True).exclude(email="").order_by("pk"):
        with translation.override(person.language):
            country = str(countries.name(str(partner.country)))
        context = {
            "company": partner.legal_name,
            "mpn_id": partner.mpn_id,
            "country": country,
            "applicant": str(applicant),
            "applicant_address": applicant.email,
            "again": again,
            "address": address,
        }
        queue_email("enrolment_waiting", to=person.email, language=person.language, context=context, about=partner)


def _readers(partner: Partner) -> dict[str, tuple[str, str]]:
    """Each mailbox once, with the name and language of its reader; what an account says of them goes before."""
    readers = {partner.contact_email.lower(): (partner.contact_name, partner.language)}
    admins = Membership.objects.current().filter(partner=partner, role=Role.GLOBAL_ADMIN).exclude(user__email="")
    for membership in admins.select_related("user").order_by("pk"):
        user = membership.user
        readers[user.email.lower()] = (user.full_name, user.language)
    return readers
