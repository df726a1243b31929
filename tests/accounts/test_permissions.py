"""The matrix of permissions: read strictly, shown in the documentation, and obeyed cell by cell."""

import csv
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.access import Actor, can
from accounts.models import Partner, User
from accounts.permission_page import PAGE, permission_page
from accounts.roles import (
    COLUMNS,
    CUSTOMER,
    CUSTOMER_PERMISSIONS,
    MATRIX,
    MATRIX_FILE,
    ROLE_WORDS,
    STATES,
    ObjectState,
    Permission,
    Program,
    Role,
    read_matrix,
    roles_in_state,
    roles_that_may,
)
from core import clock
from customers.models import Customer, ResellerRelationship
from tests.factories import CustomerFactory, PartnerFactory, ResellerRelationshipFactory, UserFactory

LINES = MATRIX_FILE.read_text(encoding="utf-8").splitlines()
ROWS = list(csv.DictReader(LINES))
PROVIDER, RESELLER = Program.INDIRECT_PROVIDER, Program.INDIRECT_RESELLER
MANAGE, VIEW = ResellerRelationship.Scope.MANAGE, ResellerRelationship.Scope.VIEW_AND_REQUEST
ENROLLED = Partner.EnrolmentState.ACTIVE


# What a sentence about a role says that it may, and that it may not; it also names nothing that its words leave out.
SAID = {
    (PROVIDER, Role.GLOBAL_ADMIN): ("manage_webhooks reassign_drafts", ""),
    (PROVIDER, Role.ADMIN_AGENT): (
        "place_order manage_subscription end_partnership issue_credentials view_activity manage_people",
        "manage_webhooks reassign_drafts",
    ),
    (PROVIDER, Role.SALES_AGENT): (
        "request_partnership add_customer place_order manage_subscription view_prices view_incentives",
        "end_partnership issue_credentials view_activity manage_people",
    ),
    (PROVIDER, Role.HELPDESK_AGENT): ("edit_customer manage_subscription", "view_prices place_order"),
    (RESELLER, Role.GLOBAL_ADMIN): ("manage_webhooks", ""),
    (RESELLER, Role.ADMIN_AGENT): (
        "edit_customer accept_partnership end_partnership view_activity manage_people",
        "manage_webhooks",
    ),
    (RESELLER, Role.SALES_AGENT): (
        "edit_customer manage_subscription view_incentives",
        "accept_partnership view_activity manage_people",
    ),
    (RESELLER, Role.HELPDESK_AGENT): ("edit_customer manage_subscription", "view_incentives"),
}


@pytest.mark.parametrize(("program", "role"), SAID)
def test_what_is_said_of_a_role_is_so(program: Program, role: Role) -> None:
    assert str(ROLE_WORDS[program][role])
    for words, expected in zip(SAID[program, role], (True, False), strict=True):
        found = {name: role in MATRIX[program, Permission(name)] for name in words.split()}
        assert found == dict.fromkeys(words.split(), expected)


def test_every_role_is_described_and_the_first_may_what_the_second_may() -> None:
    assert {program: set(words) for program, words in ROLE_WORDS.items()} == {one: set(Role) for one in Program}
    assert all(Role.GLOBAL_ADMIN in roles for roles in MATRIX.values() if Role.ADMIN_AGENT in roles)


def cell(program: str, permission: str, role: str, *states: str) -> bool:
    """What the file itself says, read without the portal's own reader."""
    wanted = {"program": program, "permission": permission, role: "yes"}
    return any(row["object_state"] in states for row in ROWS if wanted.items() <= row.items())


EVERY = tuple(ObjectState.values)
CELLS = [(program, permission, role) for program in Program for permission in Permission for role in Role]


# --- the file ---------------------------------------------------------------------------------------------------------
def test_every_permission_program_and_role_has_its_place() -> None:
    assert {row["permission"] for row in ROWS} == set(Permission.values)
    assert {row["program"] for row in ROWS} == {*Program.values, CUSTOMER}
    assert LINES[0].split(",") == ["program", "permission", "object_state", *Role.values, "administrator"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("indirect_wholesaler,view_customers,any,yes,,,,", "line 2: 'indirect_wholesaler' is not a valid Program"),
        ("indirect_provider,fly,any,yes,,,,", "line 2: 'fly' is not a valid Permission"),
        ("indirect_provider,view_customers,asleep,yes,,,,", "line 2: 'asleep' is not a valid ObjectState"),
        ("indirect_provider,view_customers,any,maybe,,,,", "line 2: 'maybe'"),
        ("indirect_provider,view_customers,any,yes,,,", "line 2: a row has as many cells"),
        ("indirect_provider,view_customers,any,yes,,,,,yes", "line 2: a row has as many cells"),
        ("indirect_provider,view_customers,any,,,,,", "line 2: a company's row names roles"),
        ("indirect_provider,view_customers,any,yes,,,,yes", "line 2: a company's row names roles"),
        ("customer,view_customers,any,yes,,,,yes", "line 2: a company's row names roles"),
        ("customer,view_customers,any,,,,,", "line 2: a company's row names roles"),
        ("indirect_provider,view_customers,manage,yes,,,,", "line 2: only to an indirect reseller"),
        ("customer,view_customers,manage,,,,,yes", "line 2: only to an indirect reseller"),
    ],
)
def test_a_row_that_says_nonsense_stops_the_start(line: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        read_matrix([LINES[0], line, *LINES[1:]])


def test_a_row_twice_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="line 3: the row is there twice"):
        read_matrix([LINES[0], LINES[1], LINES[1]])


def test_an_unknown_or_missing_role_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="the columns are"):
        read_matrix([LINES[0].replace("sales_agent", "janitor"), *LINES[1:]])
    with pytest.raises(ImproperlyConfigured, match="the columns are"):
        read_matrix([])


def test_a_permission_without_a_row_stops_the_start() -> None:
    lines = [line for line in LINES if ",place_order," not in line]
    with pytest.raises(ImproperlyConfigured, match="no row for place_order"):
        read_matrix(lines)


def test_the_page_of_the_documentation_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == permission_page(), "Run ./run manage render_permissions"


def test_states_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["indirect_reseller,place_order,manage,yes,yes,,,", "indirect_reseller,place_order,view_and_request,yes,,,,"]
    found = read_matrix([",".join(COLUMNS), *rows, *(line for line in LINES[1:] if ",place_order," not in line)])
    key = (RESELLER, Permission.PLACE_ORDER)
    monkeypatch.setitem(STATES, key, found[key])
    assert roles_in_state(*key, ObjectState.MANAGE) == {Role.GLOBAL_ADMIN, Role.ADMIN_AGENT}
    assert roles_in_state(*key, ObjectState.VIEW_AND_REQUEST) == {Role.GLOBAL_ADMIN}
    assert roles_in_state(*key, ObjectState.ANY) == frozenset()


# --- can() without an object ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("program", "permission", "role"), CELLS)
def test_can_answers_as_the_cell_says(program: Program, permission: Permission, role: Role) -> None:
    says = cell(program, permission, role, *EVERY)
    actor = Actor(user=User(), partner=Partner(program=program, enrolment_state=ENROLLED), role=role)
    assert can(actor, permission) is says
    assert (role in MATRIX.get((program, permission), ())) is says
    assert (role in roles_that_may(program, permission)) is says


@pytest.mark.parametrize("permission", Permission)
def test_can_answers_a_customers_administrator_as_the_cell_says(permission: Permission) -> None:
    says = cell(CUSTOMER, permission, "administrator", "any")
    assert can(Actor(user=User(), customer=Customer()), permission) is says
    assert (permission in CUSTOMER_PERMISSIONS) is says


# --- can() with a customer, by its state ------------------------------------------------------------------------------
@pytest.fixture
def provider(db: None) -> Partner:
    return PartnerFactory()


@pytest.fixture
def reseller(db: None) -> Partner:
    return PartnerFactory(reseller=True)


def answers(partner: Partner, customer: Customer) -> dict[tuple[Permission, Role], bool]:
    """What can() says to each role of the company, of this customer."""
    user = UserFactory.build()
    return {
        (permission, role): can(Actor(user=user, partner=partner, role=role), permission, customer)
        for permission in Permission
        for role in Role
    }


def expected(program: Program, *states: str) -> dict[tuple[Permission, Role], bool]:
    """The cells of a program whose row holds in one of these states."""
    return {(permission, role): cell(program, permission, role, *states) for permission in Permission for role in Role}


NOTHING = {(permission, role): False for permission in Permission for role in Role}


def test_a_provider_may_by_its_row_on_its_own_customers_and_nothing_on_anothers(provider: Partner) -> None:
    own, foreign = CustomerFactory(provider=provider), CustomerFactory()
    assert answers(provider, own) == expected(PROVIDER, "any")
    assert answers(provider, foreign) == NOTHING


@pytest.mark.parametrize(("scope", "state"), [(MANAGE, "manage"), (VIEW, "view_and_request")])
def test_a_reseller_may_what_the_rows_of_its_delegation_say(
    provider: Partner, reseller: Partner, scope: str, state: str
) -> None:
    customer = CustomerFactory(provider=provider)
    ResellerRelationshipFactory(customer=customer, reseller=reseller, scope=scope)
    assert answers(reseller, customer) == expected(RESELLER, "any", state)


def test_a_delegation_to_another_reseller_or_one_that_ended_is_none(provider: Partner, reseller: Partner) -> None:
    customer = CustomerFactory(provider=provider)
    assert answers(reseller, customer) == NOTHING
    ended = ResellerRelationshipFactory(customer=customer, reseller=reseller)
    ended.begins_at, ended.ends_at = clock.now() - timedelta(days=2), clock.now() - timedelta(days=1)
    ended.save()
    ResellerRelationshipFactory(customer=customer)
    assert answers(reseller, customer) == NOTHING


def test_a_row_for_one_delegation_says_nothing_of_the_other(
    provider: Partner, reseller: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, roles = (RESELLER, Permission.PLACE_ORDER), frozenset({Role.SALES_AGENT})
    monkeypatch.setitem(MATRIX, key, roles)
    monkeypatch.setitem(STATES, key, {ObjectState.MANAGE: roles})
    customer = CustomerFactory(provider=provider)
    relationship = ResellerRelationshipFactory(customer=customer, reseller=reseller)
    given = {name: person for name, person in answers(reseller, customer).items() if name[0] == Permission.PLACE_ORDER}
    assert [role for (_name, role), may in given.items() if may] == [Role.SALES_AGENT]
    relationship.scope = VIEW
    relationship.save()
    assert not can(
        Actor(user=UserFactory.build(), partner=reseller, role=Role.SALES_AGENT), Permission.PLACE_ORDER, customer
    )


@pytest.mark.parametrize("state", ["pending", "rejected", "suspended"])
def test_a_company_that_is_not_enrolled_may_nothing(provider: Partner, reseller: Partner, state: str) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    for partner in (provider, reseller):
        partner.enrolment_state = state
        assert answers(partner, customer) == NOTHING
        # Nor where nothing is asked about, as before a page of the company's own.
        actors = [Actor(user=UserFactory.build(), partner=partner, role=role) for role in Role]
        assert not any(can(actor, permission) for actor in actors for permission in Permission)


def test_an_administrator_may_by_its_row_on_the_own_customer_alone(provider: Partner) -> None:
    own, foreign = CustomerFactory(provider=provider), CustomerFactory(provider=provider)
    actor = Actor(user=UserFactory.build(), customer=own)
    says = {permission: cell(CUSTOMER, permission, "administrator", "any") for permission in Permission}
    assert {permission: can(actor, permission, own) for permission in Permission} == says
    assert not any(can(actor, permission, foreign) for permission in Permission)
