"""Each page that the table of addresses opens, in a browser: scripts run, axe is content, it fits eyes and fingers."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from tests.portal.routes import KINDS, ROUTES, SIMPLE
from tests.portal.test_access import ROWS
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Not pages, but answers to machines and scripts.
NO_PAGES = {
    "healthz",
    "healthz_live",
    "healthz_ready",
    "activity:suggest_customers",
    "activity:suggest_people",
    "customers:suggest",
    "resellers:suggest",
}


REFUSALS = 3


@pytest.fixture
def world(transactional_db: None) -> World:
    """Two of everything."""
    return make_world()


def pages_of(kind: str) -> list[str]:
    """The routes that answer this kind of user with a page, and a few refusals, for those are one page for all."""
    found, refusals = [], Counter[str]()
    for (route, method), row in ROWS.items():
        answer = row[kind]
        if method != "get" or route in NO_PAGES or answer not in ("200", "403", "404", "409", "410"):
            continue
        refusals[answer] += answer in ("403", "404")
        if refusals[answer] <= REFUSALS:
            found.append(route)
    return found


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without anybody signed in."""
    context = browser.new_context(viewport=WIDE)
    yield context
    context.close()


def sign_in(context: BrowserContext, portal: str, world: World, kind: str) -> None:
    """Give the browser the session of this kind of user."""
    user = KINDS[kind](world)
    if user is None:
        return
    client = Client()
    client.force_login(user)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": portal}])


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


# What one presses and is no link within a sentence; what a label surrounds is pressed with it.
SMALL = """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, .btn")]
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => one.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && box.width > 1 && (box.width < 23.5 || box.height < 23.5))
  .map(([one, box]) => `${one.outerHTML.slice(0, 120)} is ${Math.round(box.width)} × ${Math.round(box.height)}`)"""


def too_small(page: Page) -> list[str]:
    """What is smaller than a fingertip needs: 24 pixels each way."""
    found: list[str] = page.evaluate(SMALL)
    return [f"{page.url}: {one}" for one in found[:3]]


@pytest.mark.parametrize("kind", ["owner", "reseller", "administrator", "anonymous", "stranger"])
def test_every_page_is_accessible_and_fits(
    kind: str, world: World, portal: str, window: BrowserContext, check_accessible: Callable[[Page], None]
) -> None:
    sign_in(window, portal, world, kind)
    page, faults = window.new_page(), []
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    for route in pages_of(kind):
        address = reverse(route, kwargs=ROUTES.get(route, SIMPLE).arguments(world))
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        page.goto(portal + address)
        try:
            check_accessible(page)
        except AssertionError as error:
            faults.append(str(error))
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        faults += too_small(page)
        if (wider := overflow(page)) > 0:
            faults.append(f"{page.url}: {wider} px wider than {NARROW['width']} px")
    assert faults == []
