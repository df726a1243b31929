"""Taking tenant ownership back; who may be given it, the app that knows of Azure plans says."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from activity.services import record
from core import clock
from customers.models import Customer, TenantOwner
from mail.services import queue_email


@transaction.atomic
def remove_tenant_owner(*, grant: TenantOwner, by: Actor) -> TenantOwner:
    """Take the permission back from this moment on; a second call changes nothing."""
    require(by, Permission.GRANT_TENANT_OWNER, grant.customer)
    rows = TenantOwner.objects.select_related("customer__provider", "reseller")
    grant = rows.select_for_update(of=("self",), no_key=True).get(pk=grant.pk)
    if grant.ends_at is None:
        close_grant(grant, by=by, now=clock.now())
    return grant


def end_tenant_ownership(customer: Customer, reseller: Partner, *, by: Actor, now: datetime) -> None:
    """Who manages the customer no longer is not its tenant owner either; the caller has asked whether the actor may."""
    rows = TenantOwner.objects.current().filter(customer=customer, reseller=reseller)
    for grant in rows.select_related("customer__provider", "reseller"):
        close_grant(grant, by=by, now=now)


def close_grant(grant: TenantOwner, *, by: Actor, now: datetime) -> None:
    """End it, record it, and tell both."""
    grant.ends_at, grant.ended_by = max(now, grant.begins_at), by.user
    grant.save(update_fields=["ends_at", "ended_by"])
    Customer.objects.filter(pk=grant.customer_id, changed_at__lt=now).update(changed_at=now)
    record_for_reseller("customer.tenant_owner_removed", grant, by=by)
    tell("tenant_owner_removed", grant, by)


def record_for_reseller(action: str, grant: TenantOwner, *, by: Actor) -> None:
    """Record it in the name of the customer, so that it is the reseller's record too."""
    customer, reseller = grant.customer, grant.reseller
    parties = {**customer.activity_parties(), "reseller": reseller.microsoft_id}
    customer.activity_parties = lambda: parties  # type: ignore[method-assign]
    record(action, customer, by=by, reseller=reseller.recorded_name)
    del customer.activity_parties  # type: ignore[method-assign]


def tell(kind: str, grant: TenantOwner, by: Actor) -> None:
    """Write to the customer's contact and to the reseller, each in its language."""
    customer, reseller = grant.customer, grant.reseller
    context = {
        "provider_name": customer.provider.legal_name,
        "reseller_name": reseller.legal_name,
        "customer_name": customer.company_name,
        "settings_path": reverse("customers:user_settings", args=[customer.microsoft_id]),
    }
    addressees = {
        "customer": (customer.contact_email, customer.language),
        "reseller": (reseller.contact_email, reseller.language),
    }
    for addressee, (address, language) in addressees.items():
        queue_email(
            kind,
            to=address,
            language=language,
            context={**context, "for_reseller": addressee == "reseller"},
            about=customer,
            reply_to=by.user.email if by.user and by.partner == customer.provider else "",
        )
