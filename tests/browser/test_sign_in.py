"""Sign-in in a browser: a passkey on a virtual device is set up, signs in and confirms."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import follow, sign_in
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


@pytest.fixture
def world(transactional_db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def fingerprint(page: Page) -> Iterator[Any]:
    """A laptop with a fingerprint reader, on which its owner always puts a finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield session
    session.detach()


def test_a_passkey_is_set_up_signs_in_and_confirms(
    world: World, portal: str, page: Page, fingerprint: Any, check_accessible: Check
) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    sign_in(page, portal, person.sign_in_name)
    page.goto(f"{portal}/account/two-step/")
    follow(page.get_by_role("link", name="Set up a passkey"))
    check_accessible(page)
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Set up a passkey").click()
    page.get_by_role("button", name="Show recovery codes").click()
    follow(page.get_by_role("link", name="I have stored them"))
    page.goto(f"{portal}/account/two-step/")
    expect(page.get_by_role("link", name="Rename Work laptop")).to_be_visible()
    check_accessible(page)
    page.locator("details.menu-account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        page.goto(f"{portal}/account/two-step/passkeys/new/")
        expect(page.get_by_role("heading", level=1, name="Confirm it is you")).to_be_visible()
        check_accessible(page)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", level=1, name="Set up a passkey")).to_be_visible()


def test_a_device_that_has_a_passkey_already_says_so(world: World, portal: str, page: Page, fingerprint: Any) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    sign_in(page, portal, person.sign_in_name)
    for _time in range(2):
        page.goto(f"{portal}/account/two-step/passkeys/new/")
        page.get_by_role("button", name="Set up a passkey").click()
        expect(page.get_by_text("Your passkey is set up.").or_(page.get_by_text("This device has"))).to_be_visible()
    expect(page.get_by_text("This device has a passkey of yours already.")).to_be_visible()


def test_a_refused_passkey_says_so_and_can_be_tried_again(
    world: World, portal: str, page: Page, fingerprint: Any
) -> None:
    page.goto(f"{portal}/account/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used. Try again, or use another way.")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_enabled()


def test_where_passkeys_cannot_work_a_sentence_says_so(world: World, portal: str, page: Page) -> None:
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{portal}/account/sign-in/")
    expect(page.get_by_text("Passkeys need JavaScript, a browser that knows them")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()


def test_back_after_sign_out_shows_the_way_in(world: World, portal: str, page: Page) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    sign_in(page, portal, person.sign_in_name)
    page.goto(f"{portal}/customers/")
    expect(page.get_by_role("heading", level=1, name="Customers")).to_be_visible()
    page.locator("details.menu-account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Customers")).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_warning_comes_before_the_session_ends(
    world: World, portal: str, page: Page, settings: Any, check_accessible: Check, width: int
) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, portal, person.sign_in_name)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    settings.SESSION_IDLE_SECONDS = 123
    page.goto(f"{portal}/account/preferences/")
    page.get_by_label("Full name").fill("Still typing")
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog).to_be_visible()
    # As all times of the portal are written.
    expect(dialog.get_by_text(re.compile(r"at \d\d:\d\d because nothing has happened for a while"))).to_be_visible()
    check_accessible(page)
    settings.SESSION_IDLE_SECONDS = 1800
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Full name")).to_have_value("Still typing")


@pytest.mark.parametrize(("zone", "known"), [("Asia/Kolkata", True), ("Asia/Kolkata", False), ("Etc/GMT+3", True)])
def test_the_warning_writes_the_time_in_the_person_s_zone(
    world: World, portal: str, page: Page, settings: Any, zone: str, known: bool
) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    person.time_zone = zone
    person.save()
    if not known:
        page.add_init_script(
            "const Known = Intl.DateTimeFormat; Intl.DateTimeFormat = function (language, options) {"
            " if (options.timeZone) throw new RangeError(options.timeZone); return new Known(language, options); };"
        )
    sign_in(page, portal, person.sign_in_name)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    settings.SESSION_IDLE_SECONDS = 123
    page.goto(f"{portal}/account/preferences/")
    words = page.get_by_role("dialog", name="Are you still there?").locator("[data-session-text]")
    expect(words).to_contain_text("because nothing has happened for a while")
    hour, minute = re.findall(r"at (\d\d):(\d\d) because", words.inner_text())[0]
    offset = page.evaluate("new Date().getTimezoneOffset()")
    own = datetime.now(timezone.get_fixed_timezone(-offset))
    local = own.astimezone(ZoneInfo(zone)) if known else own
    ahead = (int(hour) * 60 + int(minute) - local.hour * 60 - local.minute) % 1440
    assert ahead in range(4)


def test_the_twelve_hours_end_with_a_warning_that_can_be_closed(
    world: World, portal: str, page: Page, settings: Any
) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    settings.SESSION_COOKIE_AGE = 100
    sign_in(page, portal, person.sign_in_name)
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog.get_by_text("whatever you do")).to_be_visible()
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_hidden()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_a_session_that_has_ended_says_so_and_leads_back(world: World, portal: str, page: Page, settings: Any) -> None:
    person = world.ours.provider_admin.user
    assert person is not None
    settings.SESSION_IDLE_SECONDS = 3
    sign_in(page, portal, person.sign_in_name)
    page.goto(f"{portal}/account/preferences/")
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog.get_by_text("You were signed out.")).to_be_visible()
    link = dialog.get_by_role("link", name="Sign in again")
    assert str(link.get_attribute("href")).endswith("/account/sign-in/?next=%2Faccount%2Fpreferences%2F")
