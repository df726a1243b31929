"""Mail that was given up: recorded once for the company whose mail it was, so that its people read of it in the bell.

The company is found from what the mail is about: its provider, or else the company that it belongs to. The record is
no one else's, for another company's mailboxes are not its business. Of mail about a person's own account nobody is
told: a person may work for several companies.
"""

import logging
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction

from accounts.access import system_actor
from activity.services import composed, record_all
from core import clock
from core.text import mask_email
from mail.models import OutgoingEmail

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500
SUMMARY = "notifications_daily"
# By the app of what the mail is about; anything else is business with customers.
ACTIONS = {
    "accounts": "email.undelivered_to_colleague",
    "notifications": "email.undelivered_of_webhook",
    "resellers": "email.undelivered_to_partner",
}


def tell_of_undelivered_mail() -> int:
    """Record what was given up since, each mail once; return how many were recorded. Safe to run twice, and at once."""
    count = 0
    for key in OutgoingEmail.objects.failed_and_untold().values_list("pk", flat=True)[:MOST_AT_ONCE]:
        try:
            count += _tell(key)
        except Exception:
            logger.exception("Nobody could be told of mail %s", key)
    return count


@transaction.atomic
def _tell(key: UUID) -> bool:
    """The UPDATE decides who of two tells; a mail that is tried again and fails again is not told of again."""
    if not OutgoingEmail.objects.filter(pk=key).failed_and_untold().update(failure_told_at=clock.now()):
        return False
    email = OutgoingEmail.objects.get(pk=key)
    about = _object_of(email)
    company, side = _company_of(about)
    if company is None:
        return False
    action = ACTIONS.get(about._meta.app_label, "email.undelivered")
    if email.kind == SUMMARY and about._meta.label_lower == "accounts.membership":
        action = "email.summary_undelivered"
    kept = composed(action, about, by=system_actor("outbox"), to=mask_email(email.recipient))
    kept.provider_id = kept.reseller_id = kept.customer_id = None
    setattr(kept, f"{side}_id", company)
    record_all([kept])
    return True


def _object_of(email: OutgoingEmail) -> Any:
    """What the mail is about, if that is there still; where it belongs to nobody by itself, its customer."""
    if not email.about_type:
        return None
    try:
        model: Any = apps.get_model(email.about_type)
    except LookupError:
        return None
    found = model._default_manager.filter(pk=email.about_id).first()
    return found if hasattr(found, "activity_parties") else getattr(found, "customer", None)


def _company_of(about: Any) -> tuple[UUID | None, str]:
    """The Microsoft ID of the company that is told, and on which side it stands."""
    parties = about.activity_parties() if about is not None else {}
    side = "provider" if parties.get("provider") else "reseller"
    return parties.get(side), side
