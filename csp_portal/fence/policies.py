"""Which rows of which table each role of the database sees: one plain condition for each, so that indexes serve it.

A table that is not named here is open to every role: catalogue, companies, people, sessions, the outbox. A role that a
table does not name sees none of its rows.
"""

from activity.models import BETWEEN_PARTNERS
from core.fence import CUSTOMER, OFFICE, PROVIDER, RESELLER

# A setting that was once set in a session is '' afterwards and not NULL.
ACTOR = "nullif(current_setting('portal.actor', true), '')::bigint"
# For the dated relations, which hold keys and dates alone and reach a page only joined to a row that is fenced itself:
# lists count thousands of them, and to look each one's parent up doubled the list of resellers.
OPEN = "true"
GUID = "nullif(current_setting('portal.actor_guid', true), '')::uuid"


# In each condition {row} is the policy's own table: a bare column would be looked for in the inner one first.
def own(column: str) -> str:
    """Rows that name the company or customer itself."""
    return f"{{row}}.{column} = {ACTOR}"


def own_guid(column: str) -> str:
    """The same by the Microsoft ID."""
    return f"{{row}}.{column} = {GUID}"


def within(parent: str, column: str) -> str:
    """Rows of something that the role sees."""
    return f"EXISTS (SELECT 1 FROM {parent} p WHERE p.id = {{row}}.{column})"  # noqa: S608


def own_and_accounts(column: str) -> str:
    """Records that name the company, and of its people's accounts what was done while they worked there."""
    return (
        f"{own_guid(column)} OR ({{row}}.target_type = 'accounts.user' AND EXISTS ("  # noqa: S608
        f"SELECT 1 FROM accounts_membership m WHERE m.partner_id = {ACTOR} AND m.user_id::text = {{row}}.target_id "
        "AND m.began_at <= {row}.at AND (m.ended_at IS NULL OR m.ended_at >= {row}.at)))"
    )


# Sets that are made only when a row is not in the first set of its condition. Being functions that see past the
# policies, they keep policies out of policies, which would be planned anew for each table of each query.
HELD = f"""
        SELECT r.subscription_id FROM subscriptions_resellerofrecord r WHERE r.reseller_id = {ACTOR}
        UNION SELECT c.subscription_id FROM subscriptions_supportcontact c WHERE c.reseller_id = {ACTOR}
        UNION SELECT e.subscription_id FROM subscriptions_incentiveentry e WHERE e.reseller_id = {ACTOR}"""  # noqa: S608
FUNCTIONS = {
    "portal_subscriptions_held": HELD,
    "portal_customers_dealt_with": f"""
        SELECT o.customer_id FROM orders_order o WHERE o.reseller_id = {ACTOR}
        UNION SELECT s.customer_id FROM subscriptions_subscription s WHERE s.id IN ({HELD})""",  # noqa: S608
    "portal_requests_answered": f"""
        SELECT p.request_id FROM resellers_pendingacceptance p WHERE p.reseller_id = {ACTOR}""",  # noqa: S608
}


def managed(column: str) -> str:
    """Rows of customers whose account the reseller manages now."""
    return (
        "EXISTS (SELECT 1 FROM customers_resellerrelationship p "  # noqa: S608
        f"WHERE p.customer_id = {{row}}.{column} AND p.reseller_id = {ACTOR} AND p.ends_at IS NULL)"
    )


def of_customer(**more: str) -> dict[str, str]:
    """What belongs to a customer is seen by whoever sees the customer."""
    seen = within("customers_customer", "customer_id")
    return {PROVIDER: seen, RESELLER: seen, CUSTOMER: own("customer_id"), **more}


PROVIDERS_ALONE = {PROVIDER: own("provider_id")}
BOTH_SIDES = {PROVIDER: own("provider_id"), RESELLER: own("reseller_id")}

POLICIES: dict[str, dict[str, str]] = {
    "accounts_savedview": {PROVIDER: own("partner_id"), RESELLER: own("partner_id")},
    "accounts_profilechange": {PROVIDER: own("partner_id")},
    "activity_activityrecord": {
        PROVIDER: own_and_accounts("provider_id"),
        RESELLER: own_and_accounts("reseller_id"),
        # Not what its partners say to each other about it.
        CUSTOMER: (
            f"{own_guid('customer_id')} AND left({{row}}.action, {len(BETWEEN_PARTNERS)}) <> '{BETWEEN_PARTNERS}'"
        ),
    },
    "resellers_partnership": BOTH_SIDES,
    "resellers_partnershiprequest": {
        PROVIDER: own("provider_id"),
        RESELLER: "{row}.id IN (SELECT portal_requests_answered())",
    },
    "resellers_pendingacceptance": {
        PROVIDER: within("resellers_partnershiprequest", "request_id"),
        RESELLER: own("reseller_id"),
    },
    "customers_customer": {
        PROVIDER: own("provider_id"),
        # Its orders, what it earned, and subscriptions that it is of record for or answers remain its own when another
        # reseller manages the customer; all of these name the customer.
        RESELLER: f"{managed('id')} OR {{row}}.id IN (SELECT portal_customers_dealt_with())",
        CUSTOMER: own("id"),
    },
    "customers_resellerrelationship": {PROVIDER: OPEN, RESELLER: own("reseller_id"), CUSTOMER: own("customer_id")},
    "customers_customeradministrator": of_customer(),
    "customers_customeragreement": of_customer(),
    "customers_billto": of_customer(),
    "customers_relationshiprequest": of_customer(),
    "customers_tenantowner": of_customer(),
    "customers_temporarypassword": {PROVIDER: within("customers_customeradministrator", "administrator_id")},
    "subscriptions_subscription": {
        PROVIDER: own("provider_id"),
        # By the column; the customer, which every row of a page names, is let through by the dated relation itself.
        RESELLER: f"{own('managing_reseller_id')} OR {{row}}.id IN (SELECT portal_subscriptions_held())",
        CUSTOMER: own("customer_id"),
    },
    "subscriptions_resellerofrecord": {
        PROVIDER: OPEN,
        RESELLER: OPEN,
        CUSTOMER: within("subscriptions_subscription", "subscription_id"),
    },
    "subscriptions_supportcontact": {
        PROVIDER: OPEN,
        RESELLER: OPEN,
        CUSTOMER: within("subscriptions_subscription", "subscription_id"),
    },
    "subscriptions_changerequest": BOTH_SIDES,
    "subscriptions_changerequestentry": {
        role: within("subscriptions_changerequest", "request_id") for role in (PROVIDER, RESELLER)
    },
    "subscriptions_incentiveentry": BOTH_SIDES,
    "subscriptions_incentivetotal": BOTH_SIDES,
    "subscriptions_resellertally": PROVIDERS_ALONE,
    "subscriptions_bulkchange": PROVIDERS_ALONE,
    "orders_order": BOTH_SIDES,
    "orders_orderline": {role: within("orders_order", "order_id") for role in (PROVIDER, RESELLER)},
    "notifications_webhookendpoint": {PROVIDER: own("partner_id"), RESELLER: own("partner_id")},
    "notifications_webhookdelivery": {
        role: within("notifications_webhookendpoint", "endpoint_id") for role in (PROVIDER, RESELLER)
    },
    "orders_orderdraft": PROVIDERS_ALONE,
    "orders_orderdraftline": {PROVIDER: within("orders_orderdraft", "draft_id")},
}
# The office sees everything.
ALL = {OFFICE: "true"}
