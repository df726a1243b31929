"""The record of customers and subscriptions in sentences of the reader's language, with old and new values."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from activity.models import ActivityRecord
from catalogue.models import BillingPlan, TermDuration
from core import html
from customers.account.words import ACCOUNT_FIELDS
from customers.models import Customer, ResellerRelationship
from subscriptions.models import AtEnd, Subscription

SENTENCES: dict[str, Promise] = {
    "customer.created": gettext_lazy("Customer added"),
    "customer.changed": gettext_lazy("Account changed"),
    "customer.approved": gettext_lazy("Account approved"),
    "customer.not_approved": gettext_lazy("Account not approved"),
    "customer.put_under_review": gettext_lazy("Account put under review"),
    "customer.set_up": gettext_lazy("Account set up"),
    "customer.credentials_issued": gettext_lazy("Temporary password issued"),
    "customer.password_revealed": gettext_lazy("Temporary password shown"),
    "customer.password_stored": gettext_lazy("Temporary password stored, to be handed over"),
    "customer.agreement_attested": gettext_lazy("Customer agreement confirmed"),
    "customer.agreement_accepted": gettext_lazy("Customer agreement accepted"),
    "customer.relationship_established": gettext_lazy("Reseller relationship established"),
    "customer.reseller_changed": gettext_lazy("Managing reseller changed"),
    "customer.scope_changed": gettext_lazy("Scope of the managing reseller changed"),
    "customer.access_removed": gettext_lazy("Access of the managing reseller removed"),
    "customer.tenant_owner_granted": gettext_lazy("Tenant owner granted"),
    "customer.tenant_owner_removed": gettext_lazy("Tenant owner removed"),
    "relationship_request.sent": gettext_lazy("Reseller relationship requested"),
    "relationship_request.shared": gettext_lazy("Reseller relationship requested"),
    "relationship_request.accepted": gettext_lazy("Reseller relationship accepted"),
    "relationship_request.declined": gettext_lazy("Reseller relationship declined"),
    "relationship_request.revoked": gettext_lazy("Request for a reseller relationship revoked"),
    "order.placed": gettext_lazy("Order placed"),
    "order.line_fulfilled": gettext_lazy("Line of an order fulfilled"),
    "order.line_refused": gettext_lazy("Line of an order refused"),
    "order.line_retried": gettext_lazy("Refused line of an order tried again"),
    "subscription.started": gettext_lazy("Subscription started"),
    "subscription.renamed": gettext_lazy("Nickname changed"),
    "subscription.licenses_changed": gettext_lazy("Number of licenses changed"),
    "subscription.suspended": gettext_lazy("Suspended"),
    "subscription.reactivated": gettext_lazy("Reactivated"),
    "subscription.canceled": gettext_lazy("Canceled"),
    "subscription.end_decided": gettext_lazy("Decided what happens at the end of the term"),
    "subscription.change_scheduled": gettext_lazy("Change scheduled for the renewal"),
    "subscription.schedule_dropped": gettext_lazy("Scheduled change dropped"),
    "subscription.term_changed": gettext_lazy("Term changed"),
    "subscription.billing_changed": gettext_lazy("Billing changed"),
    "subscription.upgraded": gettext_lazy("Upgraded"),
    "subscription.joined": gettext_lazy("Upgraded licenses joined"),
    "subscription.converted": gettext_lazy("Trial converted"),
    "subscription.renewed": gettext_lazy("Renewed"),
    "subscription.extended": gettext_lazy("Went on in an extended service term"),
    "subscription.expired": gettext_lazy("Expired"),
    "subscription.disabled": gettext_lazy("Disabled"),
    "subscription.deleted": gettext_lazy("Deleted"),
    "subscription.reseller_of_record_changed": gettext_lazy("Reseller of record changed"),
    "subscription.reseller_of_record_ended": gettext_lazy("No longer reseller of record"),
    "subscription.support_contact_changed": gettext_lazy("Designated support contact changed"),
    "subscription.support_contact_ended": gettext_lazy("No longer designated support contact"),
}
# What people call the fields that a record names.
FIELDS: dict[str, Promise] = {
    "status": gettext_lazy("Status"),
    "quantity": gettext_lazy("Licenses"),
    "nickname": gettext_lazy("Nickname"),
    "offer_name": gettext_lazy("Offer"),
    "offer": gettext_lazy("Offer"),
    "term_duration": gettext_lazy("Term"),
    "billing_plan": gettext_lazy("Billing"),
    "unit_price": gettext_lazy("Price per license and term"),
    "at_end": gettext_lazy("At the end of the term"),
    "is_trial": gettext_lazy("Trial"),
    "reseller": gettext_lazy("Reseller"),
    "scope": gettext_lazy("Access"),
    "reason": gettext_lazy("Reason"),
    "amount": gettext_lazy("Amount"),
    **ACCOUNT_FIELDS,
}
PRICES = {"unit_price", "amount"}
# Decisions of the back office, whose reason the customer is told.
TOLD_WHY = ("customer.approved", "customer.not_approved", "customer.put_under_review")
LABELS: dict[str, dict[Any, Any]] = {
    "status": {**dict(Customer.Status.choices), **dict(Subscription.Status.choices)},
    "language": dict(settings.LANGUAGES),
    "term_duration": dict(TermDuration.choices),
    "billing_plan": dict(BillingPlan.choices),
    "at_end": dict(AtEnd.choices),
    "scope": dict(ResellerRelationship.Scope.choices),
}


def sentence(record: ActivityRecord) -> str:
    """What was done, in words; an action that has none yet by its name."""
    return str(SENTENCES.get(record.action, record.action))


def value_words(field: str, value: Any) -> Any:
    """A recorded value as people read it."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value in (None, ""):
        return html.missing(_("None"))
    if field == "unit_price":
        return html.amount_text(Decimal(value))
    value = LABELS.get(field, {}).get(value, value)
    return html.number_text(value) if isinstance(value, int) else html.name(value)


# Records that name the reseller of before and the one that follows.
NAMING_BOTH = (
    "customer.reseller_changed",
    "subscription.reseller_of_record_changed",
    "subscription.support_contact_changed",
)


def details(record: ActivityRecord, reader: Actor, *, prices: bool) -> list[SafeString]:
    """What changed, one line a field, old → new; amounts only for who may see prices.

    A reseller reads its own name alone: who was there before it, or follows, is none of its business.
    """
    changes = record.changes if isinstance(record.changes, dict) else {}
    lines = []
    if {"old", "new"} <= changes.keys():
        lines += _old_and_new(record.action, changes["old"], changes["new"], reader)
    hidden = hidden_fields(record, reader, prices=prices)
    for field, label in FIELDS.items():
        if field not in changes or field in hidden:
            continue
        value = changes[field]
        if isinstance(value, list) and len(value) == 2:
            pair = (value_words(field, value[0]), value_words(field, value[1]))
            lines.append(format_html("{}: {} → {}", label, *pair))
        elif not isinstance(value, list | dict):
            lines.append(format_html("{}: {}", label, value_words(field, value)))
    return lines


def hidden_fields(record: ActivityRecord, reader: Actor, *, prices: bool) -> set[str]:
    """What of a record is not this reader's: amounts, and for a customer the reasons that others noted."""
    hidden = set() if prices else set(PRICES)
    if reader.is_customer and record.action not in TOLD_WHY and record.acting_for_id != reader.customer.microsoft_id:
        hidden.add("reason")
    return hidden


def _old_and_new(action: str, old: Any, new: Any, reader: Actor) -> list[SafeString]:
    if reader.is_reseller and action in NAMING_BOTH:
        assert reader.partner is not None
        own = reader.partner.name_and_mpn
        return [html.name(own)] if own in (old, new) else []
    field = "scope" if action.endswith(("scope_changed", "access_removed")) else ""
    return [format_html("{} → {}", value_words(field, old), value_words(field, new))]


def joined(lines: list[SafeString]) -> SafeString:
    """The lines under each other, or a dash."""
    if not lines:
        return html.missing(_("No details"))
    return format_html("<div>{}</div>", format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines)))


def who(record: ActivityRecord, actor: Actor) -> SafeString:
    """The person, for its own company; for others the company that the person acted for."""
    person = record.actor_label.rpartition(" (")[0] or record.actor_label
    own = actor.acting_for is not None and actor.acting_for.microsoft_id == record.acting_for_id
    if own:
        return html.name(person)
    if record.acting_for_label:
        return html.name(record.acting_for_label)
    return html.name(_("The portal") if record.actor_user_id is None else _("Back office"))
