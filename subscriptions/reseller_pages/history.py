"""What was done between a provider and a reseller, from the record into sentences of the reader's language."""

from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activity.models import ActivityRecord
from core import html
from customers.models import ResellerRelationship

# Sentences of what concerns the relation of the two companies; what a customer does otherwise is on its own pages.
SENTENCES: dict[str, Promise] = {
    "partnership.began": gettext_lazy("The partnership began"),
    "partnership.ended": gettext_lazy("The partnership ended"),
    "partnership_request.accepted": gettext_lazy("The partnership request was accepted"),
    "pending_acceptance.began": gettext_lazy("The reseller accepted; something is still owed before the partnership"),
    "pending_acceptance.completed": gettext_lazy("What was owed was there, and the partnership began"),
    "pending_acceptance.confirmed": gettext_lazy("The acceptance from another e-mail domain was confirmed"),
    "pending_acceptance.vouched_for": gettext_lazy("A colleague at the invited e-mail domain accepted as well"),
    "pending_acceptance.refused": gettext_lazy("The acceptance was not confirmed"),
    "pending_acceptance.rejected": gettext_lazy("The enrolment of the reseller was rejected"),
    "pending_acceptance.withdrawn": gettext_lazy("The reseller withdrew its acceptance"),
    "pending_acceptance.lapsed": gettext_lazy("The acceptance lapsed with its request"),
    "customer.created": gettext_lazy("Customer added: %(target)s"),
    "customer.access_removed": gettext_lazy("Access to the customer removed: %(target)s"),
    "customer.relationship_established": gettext_lazy("Customer associated with the reseller: %(target)s"),
    "customer.scope_changed": gettext_lazy("Access to the customer changed: %(target)s"),
    "customer.reseller_changed": gettext_lazy("Customer handed over to the reseller: %(target)s"),
    "subscription.reseller_of_record_changed": gettext_lazy("Reseller of record changed: %(target)s"),
    "subscription.reseller_of_record_ended": gettext_lazy("No longer reseller of record: %(target)s"),
    "subscription.support_contact_changed": gettext_lazy("Designated support contact changed: %(target)s"),
    "subscription.support_contact_ended": gettext_lazy("No longer designated support contact: %(target)s"),
}


def about_the_relation() -> Q:
    """Records of the partnership itself, its requests and acceptances, and of whom the reseller serves."""
    return Q(action__in=SENTENCES) | Q(action__startswith="partnership") | Q(action__startswith="pending_acceptance")


def sentence(record: ActivityRecord) -> str:
    """What was done, in words; an action that has none yet by its name."""
    words = SENTENCES.get(record.action)
    if words is None:
        return _("%(action)s: %(target)s") % {"action": record.action, "target": record.target_label}
    return str(words) % {"target": record.target_label}


def linked_sentence(record: ActivityRecord) -> SafeString:
    """The same with a link to the customer or the subscription that it speaks of."""
    name = html.name(record.target_label)
    if url := target_url(record):
        name = format_html('<a href="{}">{}</a>', url, name)
    words = str(SENTENCES.get(record.action, ""))
    if not words:
        return format_html("{}: {}", record.action, name)
    before, _mark, after = words.partition("%(target)s")
    return format_html("{}{}{}", before, name, after) if _mark else format_html("{}", words)


def target_url(record: ActivityRecord) -> str:
    """The page of the customer or the subscription; who sees the record sees these."""
    if record.customer_id is None:
        return ""
    if record.target_type == "subscriptions.subscription":
        return reverse("subscriptions:detail", args=[record.customer_id, record.target_id])
    return reverse("subscriptions:list", args=[record.customer_id])


def old_and_new(record: ActivityRecord) -> tuple[Any, Any] | None:
    """What it was before and after, where the record says both."""
    changes = record.changes if isinstance(record.changes, dict) else {}
    if not {"old", "new"} <= changes.keys():
        return None
    scopes = dict(ResellerRelationship.Scope.choices)
    return scopes.get(changes["old"], changes["old"]), scopes.get(changes["new"], changes["new"])
