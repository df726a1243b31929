"""Mail that was given up: recorded once for the company whose mail it was, so that its people read of it in the bell.

The company is found from what the mail is about: its provider, or else the company that it belongs to. The record is
no one else's, for another company's mailboxes are not its business. Of mail about a person's own account nobody is
told: a person may work for several companies. Whoever asked for a summary is told of that one in any case: a customer's
administrator in a record of the customer's own.
"""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction

from accounts.access import system_actor
from activity.models import ActivityRecord
from activity.services import composed, record_all
from core import clock
from core.sweeping import each
from core.text import mask_email
from mail.models import OutgoingEmail

SUMMARY, SUMMARY_UNDELIVERED = "notifications_daily", "email.summary_undelivered"
ADMINISTRATOR = "customers.customeradministrator"
# By the app of what the mail is about; anything else is business with customers.
ACTIONS = {
    "accounts": "email.undelivered_to_colleague",
    "notifications": "email.undelivered_of_webhook",
    "resellers": "email.undelivered_to_partner",
}


def tell_of_undelivered_mail() -> int:
    """Record what was given up since, each mail once; return how many were recorded. Safe to run twice, and at once."""
    keys = OutgoingEmail.objects.failed_and_untold().values_list("pk", flat=True)
    return each("Nobody could be told of mail %s", keys, _tell)


@transaction.atomic
def _tell(key: UUID) -> bool:
    """The UPDATE decides who of two tells; a mail that is tried again and fails again is not told of again."""
    if not OutgoingEmail.objects.filter(pk=key).failed_and_untold().update(failure_told_at=clock.now()):
        return False
    email = OutgoingEmail.objects.get(pk=key)
    found = _object_of(email)
    # Where it belongs to nobody by itself, its customer.
    about: Any = found if hasattr(found, "activity_parties") else getattr(found, "customer", None)
    company, side = _company_of(about)
    if company is None:
        return False
    action = ACTIONS.get(about._meta.app_label, "email.undelivered")
    if email.kind == SUMMARY and about._meta.label_lower == "accounts.membership":
        action = SUMMARY_UNDELIVERED
    kept = [_composed(action, about, email, side, company)]
    if email.kind == SUMMARY and found._meta.label_lower == ADMINISTRATOR:
        own = _composed(SUMMARY_UNDELIVERED, found, email, "customer", about.microsoft_id)
        # That of the account is not the address at which it did not arrive.
        own.target_label = mask_email(email.recipient)
        kept.append(own)
    record_all(kept)
    return True


def _composed(action: str, about: Any, email: OutgoingEmail, side: str, company: UUID) -> ActivityRecord:
    """A record that belongs to this company, or customer, alone."""
    kept = composed(action, about, by=system_actor("outbox"), to=mask_email(email.recipient))
    kept.provider_id = kept.reseller_id = kept.customer_id = None
    setattr(kept, f"{side}_id", company)
    return kept


def _object_of(email: OutgoingEmail) -> Any:
    """What the mail is about, if that is there still."""
    if not email.about_type:
        return None
    try:
        model: Any = apps.get_model(email.about_type)
    except LookupError:
        return None
    return model._default_manager.filter(pk=email.about_id).first()


def _company_of(about: Any) -> tuple[UUID | None, str]:
    """The Microsoft ID of the company that is told, and on which side it stands."""
    parties = about.activity_parties() if about is not None else {}
    side = "provider" if parties.get("provider") else "reseller"
    return parties.get(side), side
