"""Who may do what, as data. Programs and roles are those of Partner Center; the table is its permission matrix."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Program(TextChoices):
    """How a company is enrolled in the Cloud Solution Provider programme."""

    INDIRECT_PROVIDER = "indirect_provider", _("Indirect provider")
    INDIRECT_RESELLER = "indirect_reseller", _("Indirect reseller")


class Role(TextChoices):
    """What a person is in a company."""

    GLOBAL_ADMIN = "global_admin", _("Global admin")
    ADMIN_AGENT = "admin_agent", _("Admin agent")
    SALES_AGENT = "sales_agent", _("Sales agent")
    HELPDESK_AGENT = "helpdesk_agent", _("Helpdesk agent")


class Permission(TextChoices):
    """What may be asked of `can()`."""

    VIEW_RESELLERS = "view_resellers", _("View indirect resellers")
    REQUEST_PARTNERSHIP = "request_partnership", _("Request a partnership")
    END_PARTNERSHIP = "end_partnership", _("End a partnership")
    ACCEPT_PARTNERSHIP = "accept_partnership", _("Accept a partnership request")
    VIEW_PROVIDERS = "view_providers", _("View indirect providers")
    VIEW_CUSTOMERS = "view_customers", _("View customers")
    ADD_CUSTOMER = "add_customer", _("Add customers")
    EDIT_CUSTOMER = "edit_customer", _("Edit customers")
    ASSIGN_RESELLER = "assign_reseller", _("Change which reseller manages a customer")
    END_RELATIONSHIP = "end_relationship", _("Narrow or end a reseller’s access to a customer")
    ISSUE_CREDENTIALS = "issue_credentials", _("Issue a new temporary password")
    ATTEST_AGREEMENT = "attest_agreement", _("Confirm that a customer accepted the agreement")
    ACCEPT_AGREEMENT = "accept_agreement", _("Accept the customer agreement")
    REQUEST_RELATIONSHIP = "request_relationship", _("Request a reseller relationship with a customer")
    ANSWER_RELATIONSHIP = "answer_relationship", _("Answer a request for a reseller relationship")
    GRANT_TENANT_OWNER = "grant_tenant_owner", _("Make an indirect reseller tenant owner")
    VIEW_TENANT_OWNERS = "view_tenant_owners", _("View tenant owners")
    VIEW_CUSTOMER_ACTIVITY = "view_customer_activity", _("View a customer’s activity")
    VIEW_SUBSCRIPTIONS = "view_subscriptions", _("View subscriptions")
    PLACE_ORDER = "place_order", _("Place orders")
    REASSIGN_DRAFTS = "reassign_drafts", _("Reassign the drafts of people who left")
    MANAGE_SUBSCRIPTION = "manage_subscription", _("Change subscriptions")
    VIEW_ORDERS = "view_orders", _("View orders")
    VIEW_PRICES = "view_prices", _("View prices")
    VIEW_INCENTIVES = "view_incentives", _("View incentives")
    VIEW_ATTRIBUTION = "view_attribution", _("Compare the resellers named on subscriptions")
    VIEW_PROFILE = "view_profile", _("View the company’s profile")
    CHANGE_PROFILE = "change_profile", _("Request changes of the company’s profile")
    DELETE_SHARED_VIEWS = "delete_shared_views", _("Delete saved views that colleagues share")
    CHANGE_SUPPORT_PROFILE = "change_support_profile", _("Change what customers see of the company’s support")


_G, _A, _S, _H = Role.GLOBAL_ADMIN, Role.ADMIN_AGENT, Role.SALES_AGENT, Role.HELPDESK_AGENT
_P, _R = Program.INDIRECT_PROVIDER, Program.INDIRECT_RESELLER

# (program, permission) -> roles. What is not listed is refused.
MATRIX: dict[tuple[Program, Permission], frozenset[Role]] = {
    (_P, Permission.VIEW_RESELLERS): frozenset({_G, _A, _S}),
    (_P, Permission.REQUEST_PARTNERSHIP): frozenset({_G, _A, _S}),
    (_P, Permission.END_PARTNERSHIP): frozenset({_G, _A}),
    (_P, Permission.VIEW_CUSTOMERS): frozenset({_G, _A, _S, _H}),
    (_P, Permission.ADD_CUSTOMER): frozenset({_G, _A, _S}),
    (_P, Permission.EDIT_CUSTOMER): frozenset({_G, _A, _S, _H}),
    (_P, Permission.ASSIGN_RESELLER): frozenset({_G, _A}),
    (_P, Permission.END_RELATIONSHIP): frozenset({_G, _A}),
    (_P, Permission.ISSUE_CREDENTIALS): frozenset({_G, _A}),
    (_P, Permission.ATTEST_AGREEMENT): frozenset({_G, _A, _S}),
    (_P, Permission.REQUEST_RELATIONSHIP): frozenset({_G, _A, _S}),
    (_P, Permission.GRANT_TENANT_OWNER): frozenset({_G, _A}),
    (_P, Permission.VIEW_TENANT_OWNERS): frozenset({_G, _A, _S, _H}),
    (_P, Permission.VIEW_CUSTOMER_ACTIVITY): frozenset({_G, _A, _S, _H}),
    (_P, Permission.VIEW_SUBSCRIPTIONS): frozenset({_G, _A, _S, _H}),
    (_P, Permission.MANAGE_SUBSCRIPTION): frozenset({_G, _A, _S, _H}),
    (_P, Permission.VIEW_ORDERS): frozenset({_G, _A, _S, _H}),
    (_P, Permission.PLACE_ORDER): frozenset({_G, _A, _S}),
    (_P, Permission.REASSIGN_DRAFTS): frozenset({_G}),
    (_P, Permission.VIEW_PRICES): frozenset({_G, _A, _S}),
    (_P, Permission.VIEW_INCENTIVES): frozenset({_G, _A, _S}),
    (_P, Permission.VIEW_ATTRIBUTION): frozenset({_G, _A, _S}),
    (_P, Permission.VIEW_PROFILE): frozenset({_G, _A, _S, _H}),
    (_P, Permission.CHANGE_PROFILE): frozenset({_G, _A}),
    (_P, Permission.DELETE_SHARED_VIEWS): frozenset({_G}),
    (_P, Permission.CHANGE_SUPPORT_PROFILE): frozenset({_G, _A}),
    (_R, Permission.CHANGE_SUPPORT_PROFILE): frozenset({_G, _A}),
    (_R, Permission.END_PARTNERSHIP): frozenset({_G, _A}),
    (_R, Permission.ACCEPT_PARTNERSHIP): frozenset({_G, _A}),
    (_R, Permission.VIEW_PROVIDERS): frozenset({_G, _A, _S, _H}),
    (_R, Permission.VIEW_CUSTOMERS): frozenset({_G, _A, _S, _H}),
    (_R, Permission.VIEW_TENANT_OWNERS): frozenset({_G, _A, _S, _H}),
    (_R, Permission.VIEW_CUSTOMER_ACTIVITY): frozenset({_G, _A, _S, _H}),
    (_R, Permission.END_RELATIONSHIP): frozenset({_G, _A}),
    (_R, Permission.VIEW_SUBSCRIPTIONS): frozenset({_G, _A, _S, _H}),
    (_R, Permission.VIEW_ORDERS): frozenset({_G, _A, _S, _H}),
    (_R, Permission.VIEW_INCENTIVES): frozenset({_G, _A, _S}),
    (_R, Permission.DELETE_SHARED_VIEWS): frozenset({_G}),
}

# What the administrator of a customer may do; it belongs to no company and has no role.
CUSTOMER_PERMISSIONS: frozenset[Permission] = frozenset(
    {
        Permission.VIEW_SUBSCRIPTIONS,
        Permission.ACCEPT_AGREEMENT,
        Permission.ANSWER_RELATIONSHIP,
        Permission.END_RELATIONSHIP,
        Permission.GRANT_TENANT_OWNER,
        Permission.VIEW_TENANT_OWNERS,
        Permission.VIEW_CUSTOMER_ACTIVITY,
    }
)


def roles_that_may(program: Program, *permissions: Permission) -> frozenset[Role]:
    """The roles in which somebody may do all of this."""
    return frozenset(Role).intersection(*(MATRIX.get((program, one), frozenset()) for one in permissions))
