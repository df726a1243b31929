"""Sign-in at an OpenID Connect provider in a browser, which minds where a form's redirect leads."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_httpserver import HTTPServer

from accounts.models import User
from tests.accounts.openid_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider
from tests.browser.conftest import follow
from tests.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


Check = Callable[[Page], None]


@pytest.fixture
def person(transactional_db: None, httpserver: HTTPServer, settings: Any) -> User:
    """Somebody whom the provider knows as well."""
    user = make_world().ours.provider_admin.user
    assert user is not None
    provider = FakeProvider(httpserver)
    provider.claims["email"] = user.sign_in_name
    settings.OIDC_SERVER_URL, settings.OIDC_NAME = provider.issuer, "Contoso"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    return user


def test_the_button_signs_in_and_the_link_can_be_removed(
    person: User, portal: str, page: Page, check_accessible: Check
) -> None:
    page.goto(f"{portal}/account/two-step/")
    check_accessible(page)
    page.get_by_role("button", name="Sign in with Contoso").click()
    expect(page.get_by_role("heading", level=1, name="Two-step sign-in")).to_be_visible()
    expect(page.get_by_role("heading", level=2, name="Contoso")).to_be_visible()
    check_accessible(page)
    follow(page.get_by_role("link", name=f"Remove {person.sign_in_name}"))
    check_accessible(page)
    page.get_by_role("button", name="Remove link").click()
    expect(page.get_by_text("The link is removed")).to_be_visible()


def test_the_button_works_without_javascript(person: User, portal: str, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{portal}/account/two-step/")
    page.get_by_role("button", name="Sign in with Contoso").click()
    expect(page.get_by_role("heading", level=1, name="Two-step sign-in")).to_be_visible()
    page.context.close()


def test_strangers_read_a_page(person: User, portal: str, page: Page, check_accessible: Check) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    page.goto(f"{portal}/account/sign-in/")
    page.get_by_role("button", name="Sign in with Contoso").click()
    expect(page.get_by_role("heading", level=1, name="No account here")).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Back to sign-in").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
