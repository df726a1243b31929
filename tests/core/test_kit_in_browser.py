"""The kit in Chromium: accessible, no sideways scrolling, and the comfort that static/js/portal.js adds."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.access import Actor
from tests.core.test_lists import make_companies

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESSES = [
    "/kit/",
    "/kit/?q=company&sort=-agreement&open={key}&new={key}",
    "/kit/?q=zzz",
    "/kit/form/",
    "/kit/parts/",
    "/nope/",
]


@pytest.fixture
def enter(kit_urls: None, live_server: Any, provider_admin: Actor, browser: Browser) -> Callable[..., tuple[Page, str]]:
    """Open a context signed in as the Global admin of a provider."""
    client = Client()
    client.force_login(provider_admin.user)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value

    def open_page(width: int = 1280, **options: Any) -> tuple[Page, str]:
        context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        return context.new_page(), live_server.url

    return open_page


def findings(page: Page) -> list[str]:
    found = [
        one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical", "moderate")
    ]
    return [f"{one['id']} {[node['target'] for node in one['nodes']][:3]}" for one in found]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (320, "dark")])
def test_pages_are_accessible_and_never_scroll_sideways(
    enter: Callable[..., tuple[Page, str]], width: int, scheme: str
) -> None:
    key = str(make_companies(3)[1].microsoft_id)
    page, base = enter(width, color_scheme=scheme)
    for address in ADDRESSES:
        page.goto(base + address.format(key=key))
        assert findings(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} scrolls at {width}"
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(15, 19, 26)" if scheme == "dark" else "rgb(246, 247, 249)")


def test_everything_pressed_is_large_enough(enter: Callable[..., tuple[Page, str]]) -> None:
    make_companies(2)
    page, base = enter(390)
    small = """[...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')].filter(e => {
        const box = e.getBoundingClientRect();
        return box.width && !e.closest('p, .visually-hidden, .skip-link') && (box.height < 23.5 || box.width < 23.5)
    }).map(e => e.outerHTML.slice(0, 90))"""
    for address in ("/kit/?q=company", "/kit/form/", "/kit/parts/"):
        page.goto(base + address)
        assert page.evaluate(small) == [], address


def test_rows_open_in_place_by_keyboard(enter: Callable[..., tuple[Page, str]]) -> None:
    company = make_companies(1)[0]
    page, base = enter()
    page.goto(f"{base}/kit/?q=company")
    button = page.get_by_role("button", name=f"Show details of {company}")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    opened = page.get_by_role("button", name=f"Hide details of {company}")
    expect(opened).to_have_attribute("aria-expanded", "true")
    expect(opened).to_be_focused()
    expect(page.get_by_text(company.contact_email)).to_be_visible()
    opened.press("Space")
    expect(page.get_by_text(company.contact_email)).to_be_hidden()
    page.route("**/kit/?row=*", lambda route: route.abort())  # it has come already
    button.press("Enter")
    expect(page.get_by_text(company.contact_email)).to_be_visible()


def test_opened_rows_stay_open_over_reload_and_back(enter: Callable[..., tuple[Page, str]]) -> None:
    one, two, _three = make_companies(3)
    page, base = enter()
    page.goto(f"{base}/kit/?q=company")
    details = {company: page.locator(f"#details-{company.microsoft_id}") for company in (one, two)}
    for company, opened in details.items():
        page.get_by_role("button", name=f"Show details of {company}").click()
        expect(opened).to_be_visible()
    page.get_by_role("button", name=f"Hide details of {one}").click()
    expect(details[one]).to_be_hidden()
    page.reload()
    expect(details[two]).to_be_visible()
    expect(details[one]).to_have_count(0)
    page.goto(f"{base}/kit/form/")
    page.go_back()
    expect(details[two]).to_be_visible()
    page.get_by_role("button", name=f"Hide details of {two}").click()
    page.reload()
    expect(page.locator("tr.expanded")).to_have_count(0)


def test_a_row_that_cannot_be_fetched_says_what_to_do(enter: Callable[..., tuple[Page, str]]) -> None:
    company = make_companies(1)[0]
    page, base = enter()
    page.goto(f"{base}/kit/?q=company")
    page.route("**/kit/?row=*", lambda route: route.abort())
    page.get_by_role("button", name=f"Show details of {company}").click()
    expect(page.get_by_role("alert")).to_contain_text("The details could not be loaded.")
    assert "open=" not in page.url
    page.get_by_role("button", name=f"Hide details of {company}").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.unroute("**/kit/?row=*")
    page.get_by_role("button", name=f"Show details of {company}").click()
    expect(page.get_by_text(company.contact_email)).to_be_visible()
    page.get_by_role("button", name=f"Hide details of {company}").click()
    page.reload()
    page.route("**/kit/?row=*", lambda route: route.fulfill(status=302, headers={"location": "/account/sign-in/"}))
    page.get_by_role("button", name=f"Show details of {company}").click()
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_text(company.contact_email)).to_be_visible()


def test_rows_open_and_lists_turn_without_javascript(enter: Callable[..., tuple[Page, str]]) -> None:
    companies = make_companies(26)
    page, base = enter(java_script_enabled=False)
    page.goto(f"{base}/kit/?q=company")
    page.get_by_role("link", name=f"Show details of {companies[0]}").click()
    details = page.locator(f"#details-{companies[0].microsoft_id}")
    expect(details).to_contain_text(companies[0].contact_email)
    expect(details).to_be_visible()
    page.get_by_role("link", name=f"Hide details of {companies[0]}").click()
    expect(details).to_be_hidden()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages of Companies")).to_contain_text("26–26 of 26")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def test_menu_opens_on_a_small_screen_with_and_without_javascript(enter: Callable[..., tuple[Page, str]]) -> None:
    page, base = enter(390)
    page.goto(f"{base}/kit/form/")
    item = page.get_by_role("link", name="Indirect resellers")
    expect(item).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(item).to_be_visible()
    page, base = enter(390, java_script_enabled=False)
    page.goto(f"{base}/kit/form/")
    page.get_by_role("link", name="Menu").click()
    expect(page.get_by_role("link", name="Indirect resellers")).to_be_visible()


def test_account_menu_closes_on_escape_and_gives_the_focus_back(enter: Callable[..., tuple[Page, str]]) -> None:
    page, base = enter()
    page.goto(f"{base}/kit/form/")
    summary = page.locator(".menu-account > summary")
    summary.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(summary).to_be_focused()


def test_copy_says_copied_and_falls_back_to_selecting(enter: Callable[..., tuple[Page, str]]) -> None:
    page, base = enter(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{base}/kit/parts/")
    page.get_by_role("button", name="Copy Temporary password").click()
    expect(page.locator("#temporary ~ *, .copy-field-large [data-copy-status]").last).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "Kx7p-mQ3v-Tz9w"
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy User name").click()
    expect(page.get_by_text("Press Ctrl+C to copy")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "admin@contoso.onmicrosoft.com"


def test_secret_can_be_covered_and_leaves_with_the_page(enter: Callable[..., tuple[Page, str]]) -> None:
    page, base = enter()
    page.goto(f"{base}/kit/parts/")
    field = page.get_by_label("Temporary password", exact=True)
    page.get_by_role("button", name="Hide Temporary password").click()
    expect(field).not_to_have_value(re.compile("Kx7p"))
    page.get_by_role("button", name="Show Temporary password").click()
    expect(field).to_have_value("Kx7p-mQ3v-Tz9w")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    expect(field).to_have_value("")
    expect(page.get_by_label("User name", exact=True)).to_have_value("admin@contoso.onmicrosoft.com")


def test_a_form_is_sent_once_and_errors_take_the_focus(enter: Callable[..., tuple[Page, str]]) -> None:
    page, base = enter()
    page.goto(f"{base}/kit/form/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.evaluate("const b = document.querySelector('.form [type=submit]'); b.click(); b.click(); b.click()")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert sent == ["POST"]
    page.get_by_role("link", name="Select the term.").click()
    expect(page.get_by_label("One month")).to_be_focused()


def test_print_is_light_and_bare(enter: Callable[..., tuple[Page, str]]) -> None:
    page, base = enter(color_scheme="dark")
    page.goto(f"{base}/kit/parts/")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(24, 32, 44)"
    for hidden in (".topbar", ".side-nav", ".footer", ".btn"):
        assert page.locator(hidden).first.is_hidden()
