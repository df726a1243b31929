"""Handing a temporary password over in a browser: what is copied, hidden, printed and left behind."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from customers.models import Customer, TemporaryPassword
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
GROUPED = re.compile(r"(\w{4}-){3}\w{4}")
LONG = "Comércio de Pães e Doces Finos ao Pé da Serra e Filhos " * 3


@pytest.fixture
def world(transactional_db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def window(browser: Browser, portal: str, world: World) -> Iterator[BrowserContext]:
    """A browser in which our provider's administrator is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, portal, world)
    yield context
    context.close()


def sign_in(context: BrowserContext, portal: str, world: World) -> None:
    """Give the browser the session of our provider's administrator."""
    client = Client()
    assert world.ours.provider_admin.user is not None
    client.force_login(world.ours.provider_admin.user)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": portal}])


def issue(page: Page, portal: str, world: World, reason: str = "Somebody else may have seen the password") -> str:
    """Issue a new password by hand; return it."""
    page.goto(portal + reverse("customers:issue_credentials", args=[world.ours.customer.microsoft_id]))
    page.get_by_label(reason).check()
    page.get_by_role("button", name="Issue a new temporary password").click()
    expect(page.get_by_role("heading", level=1, name="Temporary password")).to_be_visible()
    password = page.locator("#setup-password").input_value()
    assert GROUPED.fullmatch(password)
    return password


def pages_of(pdf: bytes) -> int:
    """How many sheets of paper the print takes."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def printed_text(page: Page) -> str:
    """What stands on the paper."""
    # The style sheet for paper alone comes after the page is on screen.
    page.wait_for_load_state()
    page.emulate_media(media="print")
    text = page.evaluate("document.body.innerText")
    page.emulate_media(media="null")
    return str(text)


def test_a_new_password_is_handed_over(
    world: World, portal: str, window: BrowserContext, check_accessible: Check
) -> None:
    page, faults = window.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(portal + reverse("customers:issue_credentials", args=[world.ours.customer.microsoft_id]))
    check_accessible(page)
    page.get_by_role("button", name="Issue a new temporary password").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    check_accessible(page)
    password = issue(page, portal, world)
    page.get_by_text("Read it out").click()
    check_accessible(page)

    hide = page.get_by_role("button", name="Hide Password")
    hide.click()
    assert password not in page.locator("#setup-password").input_value()
    page.get_by_role("button", name="Show Password").click()
    expect(page.locator("#setup-password")).to_have_value(password)

    page.get_by_role("button", name="Done").click()
    expect(page.locator("[data-done-problem]")).to_be_focused()
    check_accessible(page)
    expect(page.locator("#setup-password")).to_have_value(password)
    page.get_by_label("I have stored the user name and password").check()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The temporary password is stored, to be handed over.")).to_be_visible()
    assert TemporaryPassword.objects.order_by("-pk")[0].stored_at is not None
    page.go_back()
    assert password not in page.content()
    assert faults == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_the_sheet_is_one_page(world: World, portal: str, window: BrowserContext, paper: str, language: str) -> None:
    Customer.objects.filter(pk=world.ours.customer.pk).update(company_name=LONG[:150], language=language)
    page = window.new_page()
    password = issue(page, portal, world)
    text = printed_text(page)
    assert "".join(re.findall(r"^(\w{4}-?)$", text, re.M)) == password
    for words in (LONG[:150].strip(), "admin@ourscustomer.onmicrosoft.com", f"{portal}/account/sign-in/"):
        assert words in " ".join(text.split()), words
    assert "Setup info" not in text
    assert pages_of(page.pdf(format=paper)) == 1


def test_the_sheet_is_printed_without_the_password(world: World, portal: str, window: BrowserContext) -> None:
    page = window.new_page()
    # The dialog of the browser cannot be pressed here: what would be printed is read instead.
    page.add_init_script(
        "window.print = () => { window.printed = document.documentElement.dataset.printing; "
        "setTimeout(() => window.keep || dispatchEvent(new Event('afterprint'))); }"
    )
    password = issue(page, portal, world)
    page.evaluate("window.keep = true")
    page.get_by_role("button", name="Print without the password").click()
    text = printed_text(page)
    assert password[:4] not in text
    assert password not in text
    assert "You receive the password by a separate way." in text
    assert "admin@ourscustomer.onmicrosoft.com" in text
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.evaluate("window.keep = false")
    assert password[:4] in printed_text(page)
    page.get_by_role("button", name="Print hand-over sheet").click()
    assert page.evaluate("window.printed") == "with"
    page.wait_for_function("!document.documentElement.dataset.printing")


def test_without_javascript_the_page_itself_is_the_sheet(world: World, portal: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, portal, world)
    page = context.new_page()
    password = issue(page, portal, world)
    page.emulate_media(media="print")
    sheet = page.locator(".hand-over")
    expect(sheet).to_be_visible()
    assert "".join(sheet.locator(".sheet-group").all_inner_texts()) == password
    expect(page.get_by_role("heading", level=1)).to_be_hidden()
    assert pages_of(page.pdf(format="A4")) == 1
    page.emulate_media(media="null")
    expect(sheet).to_be_hidden()
    page.get_by_label("I have stored the user name and password").check()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("The temporary password is stored, to be handed over.")).to_be_visible()
    context.close()


def test_the_page_asks_before_it_is_left_unstored(world: World, portal: str, window: BrowserContext) -> None:
    page, asked = window.new_page(), []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    issue(page, portal, world)
    page.get_by_text("Setup info").click()
    page.close(run_before_unload=True)
    page.wait_for_event("close")
    assert asked == ["beforeunload"]
