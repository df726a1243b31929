"""A browser, signed-in people and the accessibility check."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from playwright.sync_api import Locator, Page, expect

from mail.delivery import send_due
from tests.customers.conftest import admin, provider, reseller
from tests.subscriptions.conftest import price
from tests.world import PASSWORD

SERIOUS = ("serious", "critical")
# A busy machine is no failure: what is expected of a page may take as long as a press does.
expect.set_options(timeout=30_000)


@pytest.fixture
def portal(live_server: Any, settings: Any) -> str:
    """The address of a running portal that writes its own address into its links."""
    settings.PORTAL_BASE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    return str(live_server.url)


@pytest.fixture
def check_accessible() -> Callable[[Page], None]:
    """Fail when axe finds anything serious or critical on the page, or when the page scrolls sideways."""

    def check(page: Page) -> None:
        found = [v for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
        nodes = [f"{v['id']}: {v['help']} at {[n['target'] for n in v['nodes']][:3]}" for v in found]
        assert nodes == [], f"{page.url}: {nodes}"

    return check


def sign_in(page: Page, portal: str, name: str, password: str = PASSWORD) -> None:
    """Sign in on the page that asks for it, wherever that is."""
    if "sign-in" not in page.url:
        page.goto(f"{portal}/account/sign-in/")
    page.get_by_label("E-mail address or user name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    follow(page.get_by_role("button", name="Sign in"))


def follow(link: Locator) -> None:
    """Press what leads to another page and wait for that page: what is checked next is never the old one."""
    with link.page.expect_navigation():
        link.click()


def sign_out(page: Page) -> None:
    """Sign out by forgetting the session, as closing the browser does."""
    page.context.clear_cookies()


def newest_mail_to(address: str) -> str:
    """Let the worker send what waits; return the text of the newest mail to the address."""
    send_due()
    found = [message for message in mail.outbox if message.to == [address]]
    assert found, f"No mail to {address}; there are {[m.to for m in mail.outbox]}"
    return str(found[-1].body)


__all__ = [
    "admin",
    "expect",
    "follow",
    "newest_mail_to",
    "price",
    "provider",
    "reseller",
    "sign_in",
    "sign_out",
]
