"""What was done between a provider and a reseller: which records, and the pages of what they speak of."""

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from activity.models import ActivityRecord
from activity.sentences import sentence
from core import html

# What a customer does otherwise is on its own pages.
RELATION_ACTIONS = (
    "customer.created",
    "customer.access_removed",
    "customer.relationship_established",
    "customer.scope_changed",
    "customer.reseller_changed",
    "subscription.reseller_of_record_changed",
    "subscription.reseller_of_record_ended",
    "subscription.support_contact_changed",
    "subscription.support_contact_ended",
)


def about_the_relation() -> Q:
    """Records of the partnership itself, its requests and acceptances, and of whom the reseller serves."""
    return (
        Q(action__in=RELATION_ACTIONS)
        | Q(action__startswith="partnership")
        | Q(action__startswith="pending_acceptance")
    )


def linked_sentence(record: ActivityRecord) -> SafeString:
    """The sentence; for a customer or a subscription with a link to its page."""
    if not record.action.startswith(("customer.", "subscription.")):
        return format_html("{}", sentence(record))
    name = html.name(record.target_label)
    if url := target_url(record):
        name = format_html('<a href="{}">{}</a>', url, name)
    return format_html("{}: {}", sentence(record), name)


def target_url(record: ActivityRecord) -> str:
    """The page of the customer or the subscription; who sees the record sees these."""
    if record.customer_id is None:
        return ""
    if record.target_type == "subscriptions.subscription":
        return reverse("subscriptions:detail", args=[record.customer_id, record.target_id])
    return reverse("subscriptions:list", args=[record.customer_id])
