"""Mail about a password that was issued again: to a second pair of eyes at the provider, and to the customer."""

from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import override

from accounts.access import Actor
from accounts.models import Membership, User
from accounts.roles import Role
from core.html import date_text
from customers.models import Customer, TemporaryPassword
from mail.services import queue_email


def tell_of_reissue(customer: Customer, issued: TemporaryPassword, by: Actor) -> None:
    """Tell another person of the provider, and the customer's contact; no mail holds the password."""
    _tell_colleague(customer, issued, by)
    with override(customer.language):
        until = date_text(issued.valid_until)
    queue_email(
        "credentials_reissued_customer",
        to=customer.contact_email,
        language=customer.language,
        context={
            "name": customer.contact_name,
            "provider_name": customer.provider.legal_name,
            "customer_name": customer.company_name,
            "administrator": issued.administrator.user.sign_in_name,
            "until": until,
            "support": customer.provider.contact_email,
        },
        about=customer,
        reply_to=by.user.email if by.user else "",
    )


def _tell_colleague(customer: Customer, issued: TemporaryPassword, by: Actor) -> None:
    """Write to one who may judge whether this was right and did not do it; else to the company's own address."""
    provider, colleague = customer.provider, second_pair_of_eyes(customer, by)
    to = colleague.email if colleague else provider.contact_email
    if not to or (by.user is not None and to == by.user.email):
        return
    language = colleague.language if colleague else provider.language
    with override(language):
        reason, until = issued.reason_words, date_text(issued.valid_until)
    queue_email(
        "credentials_reissued",
        to=to,
        language=language,
        context={
            "name": colleague.full_name if colleague else provider.contact_name,
            "issuer": by.user.full_name if by.user else by.label,
            "customer_name": customer.company_name,
            "administrator": issued.administrator.user.sign_in_name,
            "reason": reason,
            "until": until,
            "account_path": f"/customers/{customer.microsoft_id}/account/",
        },
        about=customer,
    )


def second_pair_of_eyes(customer: Customer, by: Actor) -> User | None:
    """Another Global admin of the provider, the longest there first; without one, an Admin agent."""
    place = Case(When(role=Role.GLOBAL_ADMIN, then=Value(0)), default=Value(1), output_field=IntegerField())
    others = (
        Membership.objects.current()
        .filter(partner=customer.provider, role__in=[Role.GLOBAL_ADMIN, Role.ADMIN_AGENT])
        .exclude(user__email="")
        .exclude(user=by.user)
    )
    found = others.select_related("user").order_by(place, "pk").first()
    return found.user if found else None
