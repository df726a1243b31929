"""Every address, asked by every kind of user, answers as tests/portal/access.csv says, and lets nothing slip."""

import copy
import csv
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import get_resolver, resolve, reverse

from accounts.access import Actor, can
from accounts.models import User
from accounts.roles import Permission, Role
from tests.contracts import header_faults, html_faults, public_header_faults
from tests.portal.routes import KINDS, ROUTES, SIMPLE, named_routes, nothing
from tests.world import World, make_member, make_world

TABLE = Path(__file__).parent / "access.csv"
ROWS = {(row["route"], row["method"]): row for row in csv.DictReader(TABLE.read_text().splitlines())}
# Whose things a kind of user may read about; the demo's mailbox is open to everybody by design.
MAY_READ = {
    "owner": "Ours",
    "helpdesk": "Ours",
    "reseller": "Ours",
    "administrator": "Ours",
    "rival": "Theirs",
    "other_reseller": "Theirs",
}
OPEN_TO_ALL = {"demo:mailbox", "demo:mail", "demo:requests"}
# Published facts, the same for everybody.
PUBLIC = {"directory:list", "directory:provider"}
# A request's link is opened by whoever holds it, and shows who asks.
BY_LINK = {f"resellers:{name}" for name in ("landing", "landing_cut_short", "invitation", "decline")}
OBJECT_PAGES = [
    route
    for route, method in ROWS
    if method == "get"
    and route.split(":")[0] in ("customers", "subscriptions", "orders", "resellers", "incentives", "webhooks")
    if route in ROUTES and ROUTES[route].arguments is not nothing and route not in {*BY_LINK, "resellers:broken_link"}
]


# The further roles: beside whom of the table each works, and in which role.
COLLEAGUES: dict[str, tuple[str, Role]] = {
    "admin_agent": ("owner", Role.ADMIN_AGENT),
    "sales_agent": ("owner", Role.SALES_AGENT),
    "resellers_admin_agent": ("reseller", Role.ADMIN_AGENT),
    "resellers_sales_agent": ("reseller", Role.SALES_AGENT),
    "resellers_helpdesk_agent": ("reseller", Role.HELPDESK_AGENT),
}
# What belongs to a person rather than to the company: nobody finds a colleague's draft, nor changes its saved view.
DRAFT_PAGES = (
    "details subscriptions update_offers all_offers skip_offers review submit hand_over confirm_cancel cancel canceled "
    "confirmation done"
)
PERSONAL = {
    **{("owner", f"orders:{name}"): "404" for name in DRAFT_PAGES.split()},
    **{("reseller", f"subscriptions:{name}_change"): "404" for name in ("submit", "save", "discard")},
    ("owner", "saved_views:rename"): "403",
    ("owner", "saved_views:delete"): "403",
    # Of Global admins and the back office.
    ("owner", "why"): "403",
    ("reseller", "why"): "403",
}


class Visitors:
    """Two of everything, made once for all tests here, and the session of each kind of user."""

    def __init__(self) -> None:
        self.world = make_world()
        self.cookies = {kind: self.session(who(self.world)) for kind, who in KINDS.items()}
        self.colleagues: dict[str, Actor] = {}
        for kind, (peer, role) in COLLEAGUES.items():
            company = self.world.ours.provider if peer == "owner" else self.world.ours.reseller
            self.colleagues[kind] = make_member(company, kind, role)
            self.cookies[kind] = self.session(self.colleagues[kind].user)

    def session(self, user: User | None) -> Any:
        """The cookies of somebody who has just signed in."""
        client = Client()
        if user:
            client.force_login(user)
        return client.cookies

    def client(self, kind: str, **options: Any) -> Client:
        """A browser of this kind of user."""
        client = Client(**options)
        client.cookies = copy.deepcopy(self.cookies[kind])
        return client


@pytest.fixture(scope="module")
def shared(django_db_setup: None, django_db_blocker: Any) -> Iterator[Visitors]:
    """One transaction around all tests, each of which is undone in it; nobody is asked again, however long it takes."""
    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "ACCOUNT_REAUTHENTICATION_TIMEOUT", 86_400, raising=False)
        patch.setattr(settings, "SESSION_IDLE_SECONDS", 86_400, raising=False)
        yield Visitors()
        transaction.set_rollback(True)


@pytest.fixture
def visitors(shared: Visitors, db: None) -> Visitors:
    """Whoever may ask."""
    return shared


@pytest.fixture
def world(visitors: Visitors) -> World:
    """Two of everything."""
    return visitors.world


def ask(
    visitors: Visitors, kind: str, route: str, method: str, arguments: dict[str, Any] | None = None
) -> HttpResponseBase:
    """The answer to one kind of user; whatever it changed is undone."""
    shape = ROUTES.get(route, SIMPLE)
    world, client = visitors.world, visitors.client(kind)
    point = transaction.savepoint()
    try:
        address = reverse(route, kwargs=shape.arguments(world) if arguments is None else arguments)
        return getattr(client, method)(address, shape.data(world) if method == "post" else {})
    finally:
        transaction.savepoint_rollback(point)


def text_of(response: HttpResponseBase) -> str:
    """The whole page as text."""
    if response.streaming:
        return b"".join(response).decode()  # type: ignore[attr-defined]
    return response.content.decode()  # type: ignore[attr-defined]


def test_table_lists_every_route() -> None:
    """An address that nobody thought about fails here."""
    routes = set(named_routes(get_resolver().url_patterns))
    assert {route for route, _method in ROWS} == routes
    assert {(route, method) for route in routes for method in ("get", "post")} == set(ROWS)


@pytest.mark.parametrize(("route", "method"), ROWS)
def test_route_answers_each_kind_of_user(route: str, method: str, visitors: Visitors, world: World) -> None:
    """Status, headers, markup, and nothing of another tenant, for all kinds of user."""
    row = ROWS[route, method]
    found, faults = {}, []
    for kind in KINDS:
        response = ask(visitors, kind, route, method)
        found[kind] = str(response.status_code)
        public = route in PUBLIC and response.status_code == 200
        wrong = public_header_faults(response, indexed=True) if public else header_faults(response)
        faults += [f"{kind}: {fault}" for fault in wrong]
        page = text_of(response)
        if response.headers.get("Content-Type", "").startswith("text/html") and page:
            faults += [f"{kind}: {fault}" for fault in html_faults(page)]
        if route not in OPEN_TO_ALL | BY_LINK | PUBLIC:
            faults += [
                f"{kind} reads about {side}"
                for side in ("Ours", "Theirs")
                if MAY_READ.get(kind) != side and (side in page or f"{side.lower()}c" in page)
            ]
    assert found == {kind: row[kind] for kind in KINDS}
    assert faults == []


@pytest.mark.parametrize("kind", COLLEAGUES)
def test_every_further_role_is_answered_as_the_matrix_says(kind: str, visitors: Visitors) -> None:
    """A colleague with the page's permission sees what the Global admin sees, one without it is refused with 403."""
    peer, actor, wrong = COLLEAGUES[kind][0], visitors.colleagues[kind], []
    for route, method in ROWS:
        if method != "get":
            continue
        address = reverse(route, kwargs=ROUTES.get(route, SIMPLE).arguments(visitors.world))
        view = getattr(resolve(address).func, "view_class", None)
        permission = getattr(view, "permission", None)
        may = not isinstance(permission, Permission) or can(actor, permission)
        expected = PERSONAL.get((peer, route), ROWS[route, method][peer]) if may else "403"
        found = str(ask(visitors, kind, route, method).status_code)
        if found != expected:
            wrong.append(f"{route}: {found} instead of {expected} ({permission})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", OBJECT_PAGES)
def test_foreign_object_looks_like_a_missing_one(route: str, visitors: Visitors, world: World) -> None:
    """Whoever asks for another tenant's object learns nothing: the answer is that for an object that never was."""
    real = ROUTES[route].arguments(world)
    missing = {name: uuid.uuid4() if isinstance(value, uuid.UUID) else value for name, value in real.items()}
    for kind in ("rival", "other_reseller", "stranger"):
        foreign = ask(visitors, kind, route, "get", real)
        absent = ask(visitors, kind, route, "get", missing)
        assert foreign.status_code == absent.status_code, kind
        if foreign.status_code in (403, 404):
            assert text_of(foreign) == text_of(absent), kind


def test_rows_open_for_whoever_has_them_in_the_list(visitors: Visitors) -> None:
    """What a row opens is fetched by its key; of a row of somebody else's list there is nothing to fetch."""
    for route in ("customers:list", "resellers:list", "activity:list"):
        address = reverse(route)
        keys = {}
        for kind in KINDS:
            response = visitors.client(kind).get(address)
            keys[kind] = re.findall(r'id="row-([^"]+)"', text_of(response)) if response.status_code == 200 else []
        assert keys["owner"]
        assert keys["rival"]
        for kind in KINDS:
            client = visitors.client(kind)
            for key in {key for found in keys.values() for key in found}:
                fetched = client.get(address, {"row": key})
                assert (fetched.status_code == 200) == (key in keys[kind]), (route, kind, key)
            page = text_of(client.get(address, {"open": [key for found in keys.values() for key in found]}))
            assert page.count('class="expanded"') == len(keys[kind])
            hidden = [side for side in ("Ours", "Theirs") if MAY_READ.get(kind) != side]
            assert [side for side in hidden if side in page or f"{side.lower()}c" in page] == [], (route, kind)


def test_every_other_verb_is_refused(visitors: Visitors, world: World) -> None:
    """PUT, PATCH, DELETE and TRACE do nothing anywhere."""
    wrong = []
    for route, _method in ROWS:
        shape = ROUTES.get(route, SIMPLE)
        client = visitors.client("owner")
        for verb in ("put", "patch", "delete", "trace"):
            response = getattr(client, verb)(reverse(route, kwargs=shape.arguments(world)))
            if response.status_code != 405:
                wrong.append(f"{verb} {route}: {response.status_code}")
    assert not wrong, "\n".join(wrong)


def test_every_page_can_be_opened_again(visitors: Visitors, world: World) -> None:
    """An address that answers what is sent to it with a page, answers who reloads or copies that address."""
    wrong = []
    for route, method in ROWS:
        closed = [kind for kind in ("owner", "reseller", "administrator") if ROWS[route, "get"][kind] == "405"]
        for kind in closed if method == "post" else ():
            address = reverse(route, kwargs=ROUTES.get(route, SIMPLE).arguments(world))
            point = transaction.savepoint()
            response = visitors.client(kind).post(address)
            transaction.savepoint_rollback(point)
            is_page = response.headers.get("Content-Type", "").startswith("text/html") and "<h1" in text_of(response)
            if is_page and response.status_code in (200, 409):
                wrong.append(f"{route} ({kind})")
    assert not wrong, "\n".join(wrong)


def test_no_post_without_its_token_is_accepted(visitors: Visitors, world: World) -> None:
    """A page of another site cannot press any of the portal's buttons."""
    wrong = []
    for route, method in ROWS:
        if method != "post" or ROWS[route, method]["owner"] == "405":
            continue
        client = visitors.client("owner", enforce_csrf_checks=True)
        shape = ROUTES.get(route, SIMPLE)
        response = client.post(reverse(route, kwargs=shape.arguments(world)), shape.data(world))
        if response.status_code != 403:
            wrong.append(f"{route}: {response.status_code}")
    assert not wrong, "\n".join(wrong)


NASTY = (
    "%00",
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "'\"><script>",
    "-1",
    "9" * 400,
    "%",
)
PARAMETERS = (
    "q",
    "sort",
    "page",
    "per_page",
    "after",
    "before",
    "open",
    "new",
    "reseller",
    "country",
    "next",
    "tab",
    "state",
)


@pytest.mark.parametrize("route", [r for r, m in ROWS if m == "get" and ROWS[r, m]["owner"] == "200"])
def test_no_query_breaks_a_page(route: str, visitors: Visitors, world: World) -> None:
    """Whatever stands in the query, a page answers, and not with an error of its own."""
    client = visitors.client("owner")
    address = reverse(route, kwargs=ROUTES.get(route, SIMPLE).arguments(world))
    wrong = []
    for value in NASTY:
        for names in (PARAMETERS, ["row"]):
            response = client.get(address, dict.fromkeys(names, value))
            if response.status_code >= 500 or "<script>'" in text_of(response):
                wrong.append(f"{names}, {value!r}: {response.status_code}")
    assert not wrong, "\n".join(wrong)
