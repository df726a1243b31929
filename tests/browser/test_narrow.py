"""On a telephone of 320 px, in the longer language: nothing is cut, with JavaScript and without."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.invitation_links import invitation_link
from accounts.models import User
from accounts.roles import Role
from accounts.services.invitations import invite_colleague
from core import clock
from customers.models import Customer
from resellers.tokens import request_link
from tests.browser.conftest import sign_in
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "maria-fernanda.de-albuquerque-cavalcanti@atendimento-a-parceiros.northwind-distribution.example"


@pytest.fixture
def world(transactional_db: None) -> World:
    """Two of everything; our customer's domain is long, and who serves it reads Portuguese."""
    world = make_world()
    Customer.objects.filter(pk=world.ours.customer.pk).update(domain_prefix="padariasaojoaoefilhoscomerc")
    user = world.ours.provider_admin.user
    assert user is not None
    user.language = "pt-br"
    user.save(update_fields=["language"])
    return world


def check_fits(page: Page) -> None:
    """The page is no wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth") == 320, page.url


@pytest.mark.parametrize("with_javascript", [True, False])
def test_a_new_customer_is_added(world: World, portal: str, browser: Browser, with_javascript: bool) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 700}, java_script_enabled=with_javascript)
    page = context.new_page()
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)  # type: ignore[union-attr]
    page.goto(f"{portal}/customers/new/")
    page.locator("main form button").click()
    typed = {
        "company_name": world.ours.customer.company_name, "domain_prefix": "another", "address_line_1": "1 Main Street",
        "city": "Seattle", "postal_code": "98101", "contact_first_name": "Zoé", "contact_last_name": "Lima",
        "contact_email": "zoe@another.example", "agreement_accepted_on": "2026-01-02",
    }  # fmt: skip
    for name, value in typed.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("main [name=state]").select_option("WA")
    page.get_by_role("button", name="Avançar: Assinaturas").click()
    expect(page.get_by_role("heading", name="Este cliente é novo?")).to_be_visible()
    check_fits(page)
    page.get_by_role("button", name="Avançar: Assinaturas").click()
    expect(page.get_by_role("heading", level=1, name="Nova assinatura")).to_be_visible()
    check_fits(page)
    page.locator("input[name^=licenses-]").first.fill("7")
    page.get_by_role("button", name="Avançar: Revisão").click()
    expect(page.get_by_role("heading", level=1, name="Verifique o pedido antes de enviar")).to_be_visible()
    check_fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.locator(".checked-lines").evaluate("e => e.scrollWidth <= e.clientWidth")
    context.close()


def test_whom_else_to_ask_fits_its_button(world: World, portal: str, browser: Browser) -> None:
    user = world.theirs.reseller_admin.user
    assert user is not None
    User.objects.filter(pk=user.pk).update(email=LONG, email_proved_at=clock.now())
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    sign_in(page, portal, user.sign_in_name)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    page.goto(request_link(world.ours.request))
    expect(page.get_by_role("button", name=LONG)).to_be_visible()
    check_fits(page)
    context.close()


def test_an_invited_colleague_reads_the_whole_address(world: World, portal: str, browser: Browser) -> None:
    invitation = invite_colleague(email=LONG, role=Role.SALES_AGENT, language="en", by=world.ours.provider_admin)
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(invitation_link(invitation))
    shown = page.get_by_text(LONG)
    expect(shown).to_be_visible()
    assert shown.evaluate("e => e.scrollWidth <= e.clientWidth")
    check_fits(page)
    context.close()


def test_long_addresses_among_facts_break(world: World, portal: str, browser: Browser) -> None:
    acceptance, request = world.ours.acceptance, world.ours.relationship_request
    User.objects.filter(pk=acceptance.accepted_by_id).update(email=LONG)
    Customer.objects.filter(pk=request.customer_id).update(contact_email=LONG)
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    sign_in(page, portal, world.ours.provider_admin.user.sign_in_name)  # type: ignore[union-attr]
    for address in (
        reverse("resellers:confirm_acceptance", args=[acceptance.public_id]),
        reverse("customers:relationship_request", args=[request.public_id]),
    ):
        page.goto(f"{portal}{address}")
        expect(page.get_by_text(LONG).first).to_be_visible()
        check_fits(page)
    # A moment is as wide as its month and zone make it, and finds room where the rows are cards.
    page.goto(f"{portal}{reverse('subscriptions:all')}")
    assert page.locator("tbody time").first.evaluate("e => getComputedStyle(e).whiteSpace") == "normal"
    context.close()
