"""Who is told of which action, as data. What is not listed is not told to anybody."""

from dataclasses import dataclass, replace
from enum import Enum

from accounts.access import Actor
from accounts.roles import Permission as P
from activity.models import ActivityRecord
from notifications.models.feed import Category
from notifications.registry import provider_permissions


class Concerned(Enum):
    """A person whom an action concerns, found from its record."""

    TARGET = "the person that it was done to"
    MEMBER = "the person whose role it is"
    OWNER = "the person to whom the object belongs now"
    STARTER = "the person in whose name it was done"


@dataclass(frozen=True)
class Rule:
    """The permission that somebody of each side needs to be told, and the one person who is.

    Where companies are told, the one that did it is not: its people see what they do. `also_own` lifts that for what
    colleagues have to know of each other. What is not `summarized` stands in the bell alone. Nobody is told where the
    record says what is named by `unless`.
    """

    category: Category
    provider: P | None = None
    reseller: P | None = None
    customer: P | None = None
    person: Concerned | None = None
    also_own: bool = False
    summarized: bool = True
    unless: str = ""

    @property
    def tells_sides(self) -> bool:
        """Whether people are told because of their roles."""
        return bool(self.provider or self.reseller or self.customer)

    def permission_for(self, actor: Actor) -> P | None:
        """What the actor needs, on its side; None: its side is not told."""
        if actor.is_customer:
            return self.customer
        if actor.is_provider:
            return self.provider
        return self.reseller if actor.is_reseller else None


def _subscriptions(*names: str, customer: bool = True) -> dict[str, Rule]:
    see = P.VIEW_SUBSCRIPTIONS
    rule = Rule(Category.SUBSCRIPTIONS, see, see, see if customer else None)
    return {f"subscription.{name}": rule for name in names}


PARTNERSHIP, CUSTOMER, ORDER = Category.PARTNERSHIPS, Category.CUSTOMERS, Category.ORDERS
_asked = Rule(PARTNERSHIP, provider=P.REQUEST_PARTNERSHIP)
_managed = Rule(CUSTOMER, reseller=P.VIEW_CUSTOMERS, customer=P.VIEW_CUSTOMER_ACTIVITY)
_judged = Rule(CUSTOMER, provider=P.VIEW_CUSTOMERS, reseller=P.VIEW_CUSTOMERS)
_tenant = Rule(CUSTOMER, P.VIEW_TENANT_OWNERS, P.VIEW_TENANT_OWNERS, P.VIEW_TENANT_OWNERS)
_enrolled = Rule(Category.COMPANY, provider=P.VIEW_CUSTOMERS, reseller=P.VIEW_CUSTOMERS)
_profile = Rule(Category.COMPANY, provider=P.VIEW_PROFILE)
_person = Rule(Category.SECURITY, person=Concerned.TARGET)
_role = Rule(Category.COMPANY, person=Concerned.MEMBER)

RULES: dict[str, Rule] = {
    "partnership_request.accepted": _asked,
    "partnership_request.declined": _asked,
    "partnership_request.expired": _asked,
    "partnership_request.new_link_wanted": _asked,
    "pending_acceptance.began": _asked,
    "pending_acceptance.completed": _asked,
    "pending_acceptance.withdrawn": _asked,
    "pending_acceptance.lapsed": _asked,
    "partnership.began": Rule(PARTNERSHIP, P.VIEW_RESELLERS, P.VIEW_PROVIDERS),
    "partnership.ended": Rule(PARTNERSHIP, P.VIEW_RESELLERS, P.VIEW_PROVIDERS),
    "relationship_request.accepted": Rule(CUSTOMER, provider=P.REQUEST_RELATIONSHIP),
    "relationship_request.declined": Rule(CUSTOMER, provider=P.REQUEST_RELATIONSHIP),
    "relationship_request.sent": Rule(CUSTOMER, customer=P.ANSWER_RELATIONSHIP),
    "customer.created": Rule(CUSTOMER, reseller=P.VIEW_CUSTOMERS),
    "customer.approved": _judged,
    "customer.not_approved": _judged,
    "customer.put_under_review": _judged,
    "customer.set_up": _judged,
    "customer.agreement_accepted": Rule(CUSTOMER, provider=P.VIEW_CUSTOMERS),
    "customer.credentials_issued": Rule(CUSTOMER, P.ISSUE_CREDENTIALS, P.VIEW_CUSTOMERS, P.VIEW_CUSTOMER_ACTIVITY),
    "customer.relationship_established": _managed,
    "customer.reseller_changed": _managed,
    "customer.scope_changed": _managed,
    "customer.access_removed": Rule(CUSTOMER, P.VIEW_CUSTOMERS, None, P.VIEW_CUSTOMER_ACTIVITY),
    "customer.tenant_owner_granted": _tenant,
    "customer.tenant_owner_removed": _tenant,
    "order.placed": Rule(ORDER, P.VIEW_ORDERS, P.VIEW_ORDERS),
    "order.line_fulfilled": Rule(ORDER, P.VIEW_ORDERS, P.VIEW_ORDERS),
    "order.line_refused": Rule(ORDER, P.VIEW_ORDERS, P.VIEW_ORDERS),
    **_subscriptions(
        *"licenses_changed suspended reactivated canceled upgraded converted renewed extended expired disabled deleted "
        "term_changed billing_changed end_decided".split()
    ),
    **_subscriptions("support_contact_changed"),
    "subscription.reseller_of_record_changed": Rule(Category.SUBSCRIPTIONS, reseller=P.VIEW_INCENTIVES),
    "profile_change.approved": _profile,
    "profile_change.rejected": _profile,
    "profile.published": _profile,
    "profile.unpublished": _profile,
    "partner.approved": _enrolled,
    "partner.suspended": _enrolled,
    "partner.reinstated": _enrolled,
    # Never in a summary: that of a mailbox which takes no mail would report its own end every day.
    "email.undelivered": Rule(CUSTOMER, provider=P.VIEW_CUSTOMERS, summarized=False),
    "email.undelivered_to_partner": Rule(PARTNERSHIP, provider=P.REQUEST_PARTNERSHIP, summarized=False),
    "email.undelivered_to_colleague": Rule(Category.COMPANY, P.MANAGE_PEOPLE, P.MANAGE_PEOPLE, summarized=False),
    "email.undelivered_of_webhook": Rule(Category.COMPANY, P.MANAGE_WEBHOOKS, P.MANAGE_WEBHOOKS, summarized=False),
    "email.summary_undelivered": Rule(
        Category.COMPANY, P.MANAGE_PEOPLE, P.MANAGE_PEOPLE, person=Concerned.MEMBER, summarized=False
    ),
    "webhook.disabled": Rule(Category.COMPANY, P.MANAGE_WEBHOOKS, P.MANAGE_WEBHOOKS, also_own=True),
    "membership.began": _role,
    "membership.role_changed": _role,
    "user.password_link_sent": _person,
    "user.temporary_password_issued": _person,
    "user.second_factor_reset": _person,
    "user.reactivated": _person,
    # A mail of its own tells of it; whoever saw the end on the page needs neither.
    "bulk_change.finished": Rule(Category.WORK, person=Concerned.STARTER, summarized=False, unless="at_once"),
    "order_draft.handed_over": Rule(Category.WORK, person=Concerned.OWNER),
}
# Whole families, whatever is added to them. Who of a provider may decide depends on what is asked: the registry knows.
FAMILIES: dict[str, Rule] = {
    "change_request.": Rule(Category.CHANGE_REQUESTS, P.MANAGE_SUBSCRIPTION, P.REQUEST_CHANGE),
}


def rule_of(record: ActivityRecord) -> Rule | None:
    """The rule of what was recorded, or None: nobody is told."""
    if record.action in RULES:
        rule = RULES[record.action]
        return None if rule.unless and record.changes.get(rule.unless) else rule
    family = next((prefix for prefix in FAMILIES if record.action.startswith(prefix)), None)
    if family is None:
        return None
    permission = provider_permissions[family](record) if family in provider_permissions else None
    return FAMILIES[family] if permission is None else replace(FAMILIES[family], provider=permission)
