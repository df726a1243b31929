"""A list on paper: what is on it and which part, and nothing to press."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

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
