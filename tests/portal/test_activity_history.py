"""The history of an object on its own page."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Membership, ProviderProfile
from activity.services import record
from csp_portal.templatetags import history
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
# The page, by its address, and the object whose history it shows.
PAGES: dict[str, tuple[Callable[[World], str], Callable[[World], object], bool]] = {
    "order": (lambda w: reverse("orders:detail", args=[w.ours.order.public_id]), lambda w: w.ours.order, False),
    "entry": (
        lambda w: reverse("incentives:entry", args=[w.ours.incentive.public_id]),
        lambda w: w.ours.incentive,
        False,
    ),
    "provider": (
        lambda w: reverse("resellers:provider", args=[w.ours.partnership.public_id]),
        lambda w: w.ours.partnership,
        True,
    ),
    "company": (lambda w: reverse("profile:own"), lambda w: w.ours.provider, False),
    "profile": (
        lambda w: reverse("profile:own"),
        lambda w: profile_of(w),
        False,
    ),
    "change": (lambda w: reverse("profile:own"), lambda w: w.ours.profile_change, False),
    "person": (
        lambda w: reverse("people:detail", args=[membership_of(w).pk]),
        lambda w: membership_of(w),
        False,
    ),
    "draft": (lambda w: reverse("orders:hand_over", args=[w.ours.draft.public_id]), lambda w: w.ours.draft, False),
    "subscription": (
        lambda w: w.ours.subscription.get_absolute_url(),
        lambda w: w.ours.subscription,
        False,
    ),
}


@pytest.fixture
def world() -> World:
    """Two of everything."""
    return make_world()


def profile_of(world: World) -> ProviderProfile:
    return ProviderProfile.objects.get(partner=world.ours.provider)


def membership_of(world: World) -> Membership:
    return Membership.objects.get(user=world.ours.provider_admin.user)


def did(actor: Actor, action: str, target: object, **changes: object) -> None:
    with transaction.atomic():
        record(action, target, by=actor, **changes)


def page_of(actor: Actor, address: str) -> str:
    client = Client()
    client.force_login(actor.user)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_tells_the_history_of_its_own_object(world: World, name: str) -> None:
    address, target, for_reseller = PAGES[name]
    reader = world.ours.reseller_admin if for_reseller else world.ours.provider_admin
    did(world.ours.provider_admin, "subscription.renamed", target(world), nickname=["Before canary", "After canary"])
    did(world.theirs.provider_admin, "subscription.renamed", world.theirs.customer, nickname=["A", "Foreign canary"])
    page = page_of(reader, address(world))
    assert "History" in page
    assert "Before canary" in page
    assert "After canary" in page
    assert "Foreign canary" not in page


def test_without_a_history_there_is_no_heading(world: World) -> None:
    assert 'id="history"' not in page_of(world.ours.provider_admin, PAGES["order"][0](world))


def test_a_reseller_reads_the_company_and_not_the_person(world: World) -> None:
    did(world.ours.provider_admin, "partnership.began", world.ours.partnership)
    page = page_of(world.ours.reseller_admin, PAGES["provider"][0](world))
    assert "Partnership began" in page
    assert world.ours.provider_admin.user.full_name not in page


def test_a_long_history_says_that_it_is_not_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SHOWN", 2)
    for number in range(3):
        did(world.ours.provider_admin, "subscription.renamed", world.ours.order, nickname=[f"n{number}", "canary"])
    page = page_of(world.ours.provider_admin, PAGES["order"][0](world))
    assert page.count("canary") == 2
    assert "The latest 2 are shown." in page
