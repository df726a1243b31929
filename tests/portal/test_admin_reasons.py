"""What takes something away in the back office wants a reason, and leaves one line in the record that says it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse

from accounts.back_office_steps import SteppedAdmin
from accounts.enrolment.admin import DECISIONS as ENROLMENT
from accounts.models import Membership, OpenIDLink, Partner, PersonSession, ProviderProfile, User
from activity.models import ActivityRecord
from catalogue.models import Sku
from core import clock
from customers.account.admin import ACCOUNT_DECISIONS
from customers.models import Customer
from mail.models import OutgoingEmail
from mail.services import queue_email
from orders.fulfilment.admin import DECISIONS as LINES
from orders.models import OrderLine
from subscriptions.models import IncentiveEntry, IncentiveRate
from tests.world import World, make_world

REASON = "Asked for by telephone"
Make = Callable[[World], Model]


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def office(world: World) -> Client:
    """A browser inside the back office."""
    client = Client()
    client.force_login(world.back_office)
    return client


# --- what it is done to -----------------------------------------------------------------------------------------------
def changed(row: Model, **fields: Any) -> Model:
    """The row in the state that the action is for."""
    type(row)._default_manager.filter(pk=row.pk).update(**fields)
    return row


def person(world: World) -> User:
    """Somebody of our provider who is signed in and has a second factor."""
    user = world.helpdesk.user
    assert user is not None
    session = SessionStore()
    session.create()
    assert session.session_key
    PersonSession.objects.create(user=user, session_key=session.session_key, ip="198.51.100.7", user_agent="Firefox")
    Authenticator.objects.create(user=user, type="totp", data={"secret": "sealed"})
    return user


def inactive(world: World) -> Model:
    """Who may not sign in."""
    return changed(person(world), is_active=False)


def linked(world: World) -> Model:
    """Who signs in at the sign-in service."""
    user = person(world)
    OpenIDLink.objects.create(user=user, issuer="https://id.example", subject="1")
    return user


def session_of(world: World) -> Model:
    """That person's session."""
    return PersonSession.objects.get(user=person(world))


def membership(world: World) -> Model:
    """That person's work."""
    return world.helpdesk.user.memberships.get()  # type: ignore[union-attr]


def pending_company(world: World) -> Model:
    """An application that waits."""
    return changed(world.theirs.reseller, enrolment_state=Partner.EnrolmentState.PENDING)


def pending_line(world: World) -> Model:
    """What waits for the programme."""
    line = OrderLine.objects.filter(order=world.ours.order).earliest("pk")
    return changed(line, state=OrderLine.State.PENDING, subscription=None)


def waiting_mail(world: World) -> Model:
    """A mail that has not been sent."""
    user = world.helpdesk.user
    assert user is not None
    return queue_email("account_opened", to=user.email, language="en", context={"name": user.full_name}, about=user)


def profile(world: World) -> Model:
    """What is published."""
    return ProviderProfile.objects.get(partner=world.ours.provider)


def sku_under(policy: str) -> Make:
    """The SKU that everybody sells, under these rules."""
    return lambda world: changed(world.price.sku, policy=policy)


def rate(world: World) -> Model:
    """A rate that holds."""
    return IncentiveRate.objects.earliest("pk")


def unused_rate(world: World) -> Model:
    """One that was entered by mistake."""
    return IncentiveRate.objects.create(percent=90, segment="Education", effective_from=date(2026, 1, 1))


# --- everything that takes something away -----------------------------------------------------------------------------
ACTIONS: dict[tuple[type[Model], str], Make] = {
    (User, "reactivate"): inactive,
    (User, "send_password_link"): person,
    (User, "end_sessions"): person,
    (PersonSession, "end"): session_of,
    (PersonSession, "end_all"): session_of,
    (Membership, "end"): membership,
    (Partner, "reject"): pending_company,
    (Partner, "suspend"): lambda world: world.theirs.reseller,
    (ProviderProfile, "unpublish"): profile,
    (OrderLine, "refuse"): pending_line,
    (Customer, "review"): lambda world: world.ours.customer,
    (Customer, "disapprove"): lambda world: world.ours.customer,
    (IncentiveEntry, "take_back"): lambda world: world.ours.incentive,
    (OutgoingEmail, "withdraw"): waiting_mail,
    (Sku, "sell_under_legacy"): sku_under("new_commerce"),
    (Sku, "sell_under_new_commerce"): sku_under("legacy"),
}
# These give, repeat or count; the worker's ledger is calculated again only where it comes out otherwise.
GIVING = {
    (Partner, "approve"), (Partner, "reinstate"), (Partner, "reconsider"), (ProviderProfile, "publish"),
    (OrderLine, "fulfil"), (OrderLine, "retry"), (Customer, "approve"), (OutgoingEmail, "retry"),
    (IncentiveEntry, "calculate_again"),
}  # fmt: skip
PAGES: dict[tuple[str, str], Make] = {
    ("accounts_user_step", "deactivate"): person,
    ("accounts_user_step", "activate"): inactive,
    ("accounts_user_step", "second-factor"): person,
    ("accounts_user_step", "unlink"): linked,
    ("accounts_user_step", "password-link"): person,
    ("accounts_user_step", "end-sessions"): person,
    ("accounts_personsession_step", "end"): session_of,
    ("accounts_personsession_step", "end-all"): session_of,
    ("accounts_partner_decide", "reject"): pending_company,
    ("accounts_partner_decide", "suspend"): lambda world: world.theirs.reseller,
    ("accounts_profilechange_reject", ""): lambda world: world.ours.profile_change,
    ("orders_orderline_decide", "refuse"): pending_line,
    ("customers_customer_decide", "review"): lambda world: world.ours.customer,
    ("customers_customer_decide", "disapprove"): lambda world: world.ours.customer,
    ("subscriptions_incentiverate_end", ""): rate,
    ("subscriptions_incentiverate_void", ""): unused_rate,
}
GIVING_PAGES = {
    ("accounts_partner_decide", "approve"), ("accounts_partner_decide", "reinstate"),
    ("accounts_partner_decide", "reconsider"), ("accounts_profilechange_approve", ""),
    ("orders_orderline_decide", "fulfil"), ("orders_orderline_decide", "retry"),
    ("customers_customer_decide", "approve"), ("catalogue_catalogueimport_problems", ""),
    ("catalogue_catalogueimport_run_again", ""),
}  # fmt: skip
NAMES = {
    "accounts_partner_decide": ENROLMENT,
    "orders_orderline_decide": LINES,
    "customers_customer_decide": ACCOUNT_DECISIONS,
}
DJANGO = re.compile(r".*_(changelist|add|history|delete|change)")


def custom_pages() -> set[tuple[str, str]]:
    """Every page that a model of the back office adds to Django's, with the names that its address takes."""
    found = set()
    for owner in admin.site._registry.values():
        names = [one.name for one in owner.get_urls() if isinstance(one, URLPattern) and one.name]
        for name in names:
            if DJANGO.fullmatch(name):
                continue
            kinds = [one.name for one in owner.steps] if isinstance(owner, SteppedAdmin) else NAMES.get(name, [""])
            found |= {(name, kind) for kind in kinds}
    return found


def test_every_action_and_page_is_here() -> None:
    registered = {
        (model, action if isinstance(action, str) else action.__name__)
        for model, owner in admin.site._registry.items()
        for action in owner.actions or ()
    }
    # What a month holds is confirmed, paid and looked for again, which takes nothing.
    months = {(model, name) for model, name in registered if model._meta.model_name == "incentivemonth"}
    assert {name for _model, name in months} == {"confirm", "pay", "look_again"}
    assert registered - months == set(ACTIONS) | GIVING
    assert custom_pages() == set(PAGES) | GIVING_PAGES


def state_of(row: Model) -> dict[str, Any] | None:
    """All its columns."""
    return type(row)._default_manager.filter(pk=row.pk).values().first()


def lines() -> list[ActivityRecord]:
    """The record."""
    return list(ActivityRecord.objects.order_by("pk"))


def check(row: Model, press: Callable[[str], Any], world: World) -> None:
    """Without a reason nothing happens, also for spaces and what cannot be seen; with one, one line says it."""
    before, known = state_of(row), len(lines())
    for nothing in ("", "   ", "\u200b"):
        assert press(nothing).status_code in (200, 302)
        assert state_of(row) == before
        assert len(lines()) == known
    assert press(f"  {REASON}  ").status_code == 302
    new = lines()[known:]
    assert [(line.changes.get("reason"), line.actor_user_id) for line in new] == [(REASON, world.back_office.pk)], new
    assert new[0].source == "admin"


@pytest.mark.parametrize(("model", "action"), ACTIONS, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_an_action_wants_a_reason(model: type[Model], action: str, world: World, office: Client) -> None:
    row = ACTIONS[model, action](world)
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    # The list may show only what waits.
    data = {"action": action, "_selected_action": [str(row.pk)], "index": "0"}
    check(row, lambda reason: office.post(address, {**data, "reason": reason}), world)


@pytest.mark.parametrize(("page", "name"), PAGES)
def test_a_reason_may_be_as_long_as_its_box_lets_it_be(page: str, name: str, world: World, office: Client) -> None:
    row = PAGES[page, name](world)
    tomorrow = (clock.now() + timedelta(days=1)).date()
    lines_of_it = ["a" * 99] * 5
    # 499 signs, as the browser counts them.
    typed = {"reason": "\r\n".join(lines_of_it), "typed": getattr(row, "sign_in_name", "")}
    address = reverse(f"admin:{page}", args=[row.pk, name] if name else [row.pk])
    assert office.post(address, {**typed, "effective_to": tomorrow.isoformat()}).status_code == 302
    assert ActivityRecord.objects.latest("pk").changes["reason"] == " ".join(lines_of_it)


@pytest.mark.parametrize(("page", "name"), PAGES)
def test_a_page_wants_a_reason(page: str, name: str, world: World, office: Client) -> None:
    row = PAGES[page, name](world)
    address = reverse(f"admin:{page}", args=[row.pk, name] if name else [row.pk])
    tomorrow = (clock.now() + timedelta(days=1)).date()
    data = {"typed": getattr(row, "sign_in_name", ""), "effective_to": tomorrow.isoformat()}
    assert "<title>Error:" not in office.get(address).content.decode()
    assert "<title>Error:" in office.post(address, {**data, "reason": ""}).content.decode()
    check(row, lambda reason: office.post(address, {**data, "reason": reason}), world)
