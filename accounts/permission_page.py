"""docs/permissions.md: the matrix of permissions.csv, for people."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import override

from accounts.roles import CUSTOMER, STATES, ObjectState, Permission, Program, Role

PAGE = Path(settings.BASE_DIR) / "docs" / "permissions.md"
OPENING = """\
# Who may do what

Made from `accounts/permissions.csv` by `./run manage render_permissions`: change the file, then run the command.
`can()` answers by the same file, and a test asks it for every cell. What has no row is refused to everybody.

A permission reaches only what one sees: a provider its own customers, a reseller the customers delegated to it, the
administrator of a customer that customer. A company that is not enrolled, or is suspended, may do nothing.
"""
STATE_NOTE = """\
The second column says how far the customer must be delegated to the reseller; *Any* means that every delegation does,
and that what no customer is involved in needs none.
"""


def permission_page() -> str:
    """The whole page, in English."""
    with override("en"):
        return "\n".join([OPENING, *(_company_part(program) for program in Program), _customer_part()])


def _company_part(program: Program) -> str:
    states = program == Program.INDIRECT_RESELLER
    head = ["Permission", *(["Delegation"] if states else []), *(str(role.label) for role in Role)]
    rows = [
        [
            str(permission.label),
            *([str(state.label)] if states else []),
            *("yes" if role in roles else "" for role in Role),
        ]
        for permission in Permission
        for state, roles in sorted_states(program, permission)
    ]
    note = [STATE_NOTE] if states else []
    return "\n".join([f"## {program.label}", "", *note, _table(head, rows)])


def _customer_part() -> str:
    rows = [[str(permission.label)] for permission in Permission if (CUSTOMER, permission) in STATES]
    return "\n".join(["## Administrator of a customer", "", _table(["May"], rows)])


def sorted_states(program: str, permission: Permission) -> list[tuple[ObjectState, frozenset[Role]]]:
    """The rows of a permission in the order of the states."""
    states = STATES.get((program, permission), {})
    return [(state, states[state]) for state in ObjectState if state in states]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
