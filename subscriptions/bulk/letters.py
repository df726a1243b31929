"""The mail about a bulk change that took long, to whoever submitted it."""

from django.utils import translation

from core.html import number_text
from mail.services import queue_email
from subscriptions.bulk.preview import value_words
from subscriptions.models import BulkChange


def tell_submitter(change: BulkChange) -> None:
    """Queue it, in the transaction that notes the end; it names no subscription and no customer."""
    user = change.created_by
    if not user.email:
        return
    with translation.override(user.language):
        words = {
            "kind": change.get_kind_display(),
            "value": str(value_words(change)),
            "total": number_text(change.expected),
            "changed": number_text(change.changed),
            "unchanged": number_text(change.unchanged),
            "refused": number_text(change.refused),
        }
    queue_email(
        "bulk_change_done",
        to=user.email,
        language=user.language,
        context={
            **words,
            "name": user.full_name,
            "company": change.provider.legal_name,
            "count": change.expected,
            "has_refusals": change.refused > 0,
            "path": change.get_absolute_url(),
        },
        about=change,
        dedupe_key=f"bulk_change_done:{change.pk}",
    )
