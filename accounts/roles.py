"""Who may do what, as data: permissions.csv, read once when the portal starts.

Programs and roles are those of Partner Center; the file is its permission matrix, one row for a program, a permission
and a state of the object. docs/permissions.md shows it, `can()` obeys it, the tests ask for each cell.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Program(TextChoices):
    """How a company is enrolled in the Cloud Solution Provider programme."""

    INDIRECT_PROVIDER = "indirect_provider", _("Indirect provider")
    INDIRECT_RESELLER = "indirect_reseller", _("Indirect reseller")


class Role(TextChoices):
    """What a person is in a company, the mightiest first: nobody gives, takes or touches a role above their own."""

    GLOBAL_ADMIN = "global_admin", _("Global admin")
    ADMIN_AGENT = "admin_agent", _("Admin agent")
    SALES_AGENT = "sales_agent", _("Sales agent")
    HELPDESK_AGENT = "helpdesk_agent", _("Helpdesk agent")


# What a person in a role does, in a sentence for whoever gives it: of each program, true to permissions.csv.
ROLE_WORDS: dict[Program, dict[Role, Any]] = {
    Program.INDIRECT_PROVIDER: {
        Role.GLOBAL_ADMIN: _("Everything that an Admin agent does; also webhooks, and the drafts of people who left."),
        Role.ADMIN_AGENT: _(
            "Sells and supports, ends partnerships, issues temporary passwords, reads the activity, and manages people."
        ),
        Role.SALES_AGENT: _(
            "Requests partnerships, adds customers, places orders, changes subscriptions; sees prices and incentives."
        ),
        Role.HELPDESK_AGENT: _("Edits customers and changes their subscriptions; sees no prices and places no orders."),
    },
    Program.INDIRECT_RESELLER: {
        Role.GLOBAL_ADMIN: _("Everything that an Admin agent does; also webhooks."),
        Role.ADMIN_AGENT: _(
            "Looks after customers, accepts and ends partnerships, reads the activity, and manages people."
        ),
        Role.SALES_AGENT: _("Looks after customers and their subscriptions; sees the company’s incentives."),
        Role.HELPDESK_AGENT: _("Looks after customers and their subscriptions; sees no incentives."),
    },
}


class ObjectState(TextChoices):
    """In which state of the object a row of the table holds: how far a customer is delegated to the reseller."""

    ANY = "any", _("Any")
    MANAGE = "manage", _("Delegated: manage")
    VIEW_AND_REQUEST = "view_and_request", _("Delegated: view and request")


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
    VIEW_ACTIVITY = "view_activity", _("View the activity log")
    EXPORT_ACTIVITY = "export_activity", _("Export the activity log")
    VIEW_SUBSCRIPTIONS = "view_subscriptions", _("View subscriptions")
    PLACE_ORDER = "place_order", _("Place orders")
    REASSIGN_DRAFTS = "reassign_drafts", _("Reassign the drafts of people who left")
    MANAGE_SUBSCRIPTION = "manage_subscription", _("Change subscriptions")
    CHANGE_CONTRACT = (
        "change_contract",
        _("Cancel, upgrade and convert subscriptions, and change their terms and bills"),
    )
    REQUEST_CHANGE = "request_change", _("Request changes of customers and subscriptions, and new subscriptions")
    VIEW_ORDERS = "view_orders", _("View orders")
    VIEW_PRICES = "view_prices", _("View prices")
    VIEW_INCENTIVES = "view_incentives", _("View incentives")
    VIEW_ATTRIBUTION = "view_attribution", _("Compare the resellers named on subscriptions")
    VIEW_PROFILE = "view_profile", _("View the company’s profile")
    CHANGE_PROFILE = "change_profile", _("Request changes of the company’s profile")
    DELETE_SHARED_VIEWS = "delete_shared_views", _("Delete saved views that colleagues share")
    CHANGE_SUPPORT_PROFILE = "change_support_profile", _("Change what customers see of the company’s support")
    MANAGE_PEOPLE = "manage_people", _("Manage the company’s people")
    MANAGE_WEBHOOKS = "manage_webhooks", _("Manage webhooks")
    EXPLAIN_ACCESS = "explain_access", _("Ask why a colleague can see something")


Matrix = dict[tuple[str, Permission], dict[ObjectState, frozenset[Role]]]

MATRIX_FILE = Path(__file__).with_name("permissions.csv")
CUSTOMER, ADMINISTRATOR = "customer", "administrator"
COLUMNS = ["program", "permission", "object_state", *Role.values, ADMINISTRATOR]
CELLS = {"yes": True, "": False}


def read_matrix(lines: Iterable[str]) -> Matrix:
    """The table as {(program, permission): {state: roles}}; anything unknown, doubled or forgotten stops the start.

    The administrator of a customer has no role: its rows grant to nobody among the roles, and exist all the same.
    """
    reader = csv.DictReader(lines, strict=True)
    if reader.fieldnames != COLUMNS:
        raise ImproperlyConfigured(f"permissions.csv: the columns are {reader.fieldnames}, not {COLUMNS}.")
    matrix: Matrix = {}
    for row in reader:
        try:
            program, permission, state, roles = _read_row(row)
        except (ValueError, KeyError) as error:
            raise ImproperlyConfigured(f"permissions.csv, line {reader.line_num}: {error}") from error
        states = matrix.setdefault((program, permission), {})
        if state in states:
            raise ImproperlyConfigured(f"permissions.csv, line {reader.line_num}: the row is there twice.")
        states[state] = roles
    if forgotten := set(Permission) - {permission for _program, permission in matrix}:
        raise ImproperlyConfigured(f"permissions.csv: no row for {', '.join(sorted(forgotten))}.")
    return matrix


def _read_row(row: dict[str, str]) -> tuple[str, Permission, ObjectState, frozenset[Role]]:
    if None in row or None in row.values():
        raise ValueError("a row has as many cells as the table has columns.")
    program = row["program"] if row["program"] == CUSTOMER else Program(row["program"])
    permission, state = Permission(row["permission"]), ObjectState(row["object_state"])
    roles = frozenset(role for role in Role if CELLS[row[role.value]])
    is_customer = program == CUSTOMER
    if CELLS[row[ADMINISTRATOR]] != is_customer or bool(roles) == is_customer:
        raise ValueError("a company's row names roles, a customer's row its administrator, and no other.")
    if state != ObjectState.ANY and program != Program.INDIRECT_RESELLER:
        raise ValueError("only to an indirect reseller is a customer delegated.")
    return program, permission, state, roles


with MATRIX_FILE.open(encoding="utf-8", newline="") as _lines:
    # (program, permission) -> state of the object -> roles. What is not listed is refused.
    STATES = read_matrix(_lines)

# (program, permission) -> the roles that may, in some state of the object at least.
MATRIX: dict[tuple[Program, Permission], frozenset[Role]] = {
    (Program(program), permission): frozenset().union(*states.values())
    for (program, permission), states in STATES.items()
    if program != CUSTOMER
}

# What the administrator of a customer may do; it belongs to no company and has no role.
CUSTOMER_PERMISSIONS = frozenset(permission for program, permission in STATES if program == CUSTOMER)


def roles_that_may(program: Program, *permissions: Permission) -> frozenset[Role]:
    """The roles in which somebody may do all of this."""
    return frozenset(Role).intersection(*(MATRIX.get((program, one), frozenset()) for one in permissions))


def roles_in_state(program: Program, permission: Permission, state: ObjectState) -> frozenset[Role]:
    """The roles that may do this to an object in this state."""
    states = STATES.get((program, permission), {})
    return states.get(ObjectState.ANY, frozenset()) | states.get(state, frozenset())


def roles_up_to(role: Role) -> list[Role]:
    """This role and those below it: what somebody in it may give to a colleague and take from one."""
    order = list(Role)
    return order[order.index(role) :]
