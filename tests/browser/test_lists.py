"""On paper a page says what it shows and offers nothing to fill in; a list has room for long words everywhere."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from subscriptions.models import Subscription
from tests.browser.conftest import sign_in
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    """Two of everything."""
    return make_world()


def test_paper_says_which_rows_these_are(world: World, portal: str, page: Page) -> None:
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)
    page.goto(f"{portal}{reverse('subscriptions:all')}?status=active")
    box = page.locator("tbody .pick").first
    chip = page.locator(".chip")
    expect(box).to_be_visible()
    page.wait_for_load_state()
    page.emulate_media(media="print")
    expect(chip).to_be_visible()
    expect(page.locator(".paging p")).to_be_visible()
    for gone in (box, page.locator(".pick-column"), page.locator(".chip-clear"), page.locator(".paging ul").first):
        expect(gone).to_be_hidden()
    heads, cells = (page.locator(f"{part} tr").first.locator("th, td") for part in ("thead", "tbody"))
    seen = [sum(one.is_visible() for one in row.all()) for row in (heads, cells)]
    assert seen[0] == seen[1]


def test_paper_names_the_tab_and_leads_nowhere(world: World, portal: str, page: Page) -> None:
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)
    page.goto(portal + reverse("resellers:requested"))
    actions = page.locator(".row-actions")
    expect(actions.last).to_be_visible()
    page.wait_for_load_state()
    page.emulate_media(media="print")
    for one in actions.all():
        expect(one).to_be_hidden()
    tabs = [one.inner_text().split()[0] for one in page.locator(".tabs a").all() if one.is_visible()]
    assert tabs == ["Requested"]
    frame = page.locator(".table-frame")
    page.set_viewport_size({"width": 680, "height": 900})
    assert frame.evaluate("element => element.scrollWidth - element.clientWidth") == 0


def test_paper_has_no_forms_of_a_subscription(world: World, portal: str, page: Page) -> None:
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)
    page.goto(portal + world.ours.subscription.get_absolute_url())
    controls = page.locator("main :is(input:not([type=hidden]), select, button)")
    assert any(one.is_visible() for one in controls.all())
    page.wait_for_load_state()
    page.emulate_media(media="print")
    assert not any(one.is_visible() for one in controls.all())
    seen = [one.inner_text() for one in page.locator("main h2").all() if one.is_visible()]
    assert seen == ["Subscription details", "Resellers"]


def test_paper_says_when_and_offers_no_change(world: World, portal: str, page: Page) -> None:
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)
    page.goto(portal + reverse("subscriptions:all"))
    page.wait_for_load_state()
    page.emulate_media(media="print")
    moment = page.locator("tbody time[title]").first
    said = moment.evaluate("e => [getComputedStyle(e).fontSize, getComputedStyle(e, '::after').content.slice(1, -1)]")
    assert said == ["0px", moment.get_attribute("title")]
    page.goto(portal + reverse("customers:detail", args=[world.ours.customer.microsoft_id]))
    changing = page.locator(".card-head > a").first
    expect(changing).to_be_attached()
    expect(changing).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_word_stays_inside_its_column(world: World, portal: str, page: Page, width: int) -> None:
    Subscription.objects.filter(pk=world.ours.subscription.pk).update(nickname="W" * 80)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)
    own = reverse("subscriptions:list", args=[world.ours.customer.microsoft_id])
    for address in (reverse("subscriptions:all"), own):
        page.goto(portal + address)
        wider = "element => element.scrollWidth - element.clientWidth"
        assert page.locator("html").evaluate(wider) == 0
        assert page.locator(".table-frame").evaluate(wider) == 0
