"""Which events a webhook can tell of. Their names are a promise to receivers: none is renamed or used for another."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activity.sentences import SENTENCES

TEST_EVENT = "webhook.test"


class EventCategory(TextChoices):
    """What an endpoint can ask for."""

    PARTNERSHIPS = "partnerships", _("Partnerships and requests")
    CUSTOMERS = "customers", _("Customers and their relations")
    ORDERS = "orders", _("Orders")
    SUBSCRIPTIONS = "subscriptions", _("Subscriptions")
    CHANGE_REQUESTS = "change_requests", _("Change requests")


EVENTS: dict[EventCategory, dict[str, Promise]] = {
    EventCategory.PARTNERSHIPS: {
        "partnership_request.sent": _("Partnership request sent"),
        "partnership_request.accepted": _("Partnership request accepted"),
        "partnership_request.declined": _("Partnership request declined"),
        "partnership_request.expired": _("Partnership request expired"),
        "partnership_request.revoked": _("Partnership request revoked"),
        "partnership.began": _("Partnership began"),
        "partnership.ended": _("Partnership ended"),
    },
    EventCategory.CUSTOMERS: {
        "customer.created": _("Customer added"),
        "customer.changed": _("Customer’s account changed"),
        "customer.approved": _("Customer’s account approved"),
        "customer.not_approved": _("Customer’s account not approved"),
        "customer.put_under_review": _("Customer’s account put under review"),
        "customer.set_up": _("Customer’s account set up"),
        "customer.agreement_accepted": _("Customer agreement accepted"),
        "customer.agreement_attested": _("Customer agreement confirmed"),
        "customer.relationship_established": _("Reseller relationship established"),
        "customer.reseller_changed": _("Managing reseller changed"),
        "customer.scope_changed": _("Scope of the managing reseller changed"),
        "customer.access_removed": _("Access of the managing reseller removed"),
        "customer.tenant_owner_granted": _("Tenant owner granted"),
        "customer.tenant_owner_removed": _("Tenant owner removed"),
        "relationship_request.accepted": _("Reseller relationship accepted"),
        "relationship_request.declined": _("Reseller relationship declined"),
    },
    EventCategory.ORDERS: {
        "order.placed": _("Order placed"),
        "order.line_fulfilled": _("Line of an order fulfilled"),
        "order.line_refused": _("Line of an order refused"),
        "order.line_retried": _("Refused line of an order tried again"),
    },
    EventCategory.SUBSCRIPTIONS: {
        "subscription.started": _("Subscription started"),
        "subscription.licenses_changed": _("Number of licenses changed"),
        "subscription.suspended": _("Subscription suspended"),
        "subscription.reactivated": _("Subscription reactivated"),
        "subscription.canceled": _("Subscription canceled"),
        "subscription.end_decided": _("Decided what happens at the end of the term"),
        "subscription.change_scheduled": _("Change scheduled for the renewal"),
        "subscription.schedule_dropped": _("Scheduled change dropped"),
        "subscription.term_changed": _("Term changed"),
        "subscription.billing_changed": _("Billing changed"),
        "subscription.upgraded": _("Subscription upgraded"),
        "subscription.joined": _("Upgraded licenses joined"),
        "subscription.converted": _("Trial converted"),
        "subscription.renewed": _("Subscription renewed"),
        "subscription.extended": _("Subscription went on in an extended service term"),
        "subscription.expired": _("Subscription expired"),
        "subscription.disabled": _("Subscription disabled"),
        "subscription.deleted": _("Subscription deleted"),
        "subscription.reseller_of_record_changed": _("Reseller of record changed"),
        "subscription.reseller_of_record_ended": _("No longer reseller of record"),
        "subscription.support_contact_changed": _("Designated support contact changed"),
        "subscription.support_contact_ended": _("No longer designated support contact"),
    },
    EventCategory.CHANGE_REQUESTS: {},
}
# Families of actions that are events as a whole, whatever is added to them.
FAMILIES = {"change_request.": EventCategory.CHANGE_REQUESTS}
CATEGORY_OF = {action: category for category, actions in EVENTS.items() for action in actions}


def category_of(action: str) -> EventCategory | None:
    """The category under which an action is an event, or None for what stays inside."""
    if action in CATEGORY_OF:
        return CATEGORY_OF[action]
    return next((category for prefix, category in FAMILIES.items() if action.startswith(prefix)), None)


def event_words(action: str) -> str:
    """What happened, in words; the name itself where there are none."""
    if action == TEST_EVENT:
        return str(_("Test event"))
    category = CATEGORY_OF.get(action)
    return str(EVENTS[category][action] if category else SENTENCES.get(action, action))
