"""The frame around every page: navigation by role, company switcher, theme, language, the demo's ribbon."""

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template.loader import get_template, render_to_string
from django.test import Client, RequestFactory

from accounts.access import Actor
from accounts.models import Membership
from accounts.roles import Program, Role
from core import html
from csp_portal import context
from tests.core.conftest import parse, text_of
from tests.world import make_member, make_partner


def labels(actor: Actor, path: str = "/") -> list[str]:
    return [str(item["label"]) for item in context.navigation(actor, path)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("program", "role", "expected"),
    [
        (
            Program.INDIRECT_PROVIDER,
            Role.GLOBAL_ADMIN,
            [
                "Home",
                "Customers",
                "Subscriptions",
                "Renewals",
                "Requests",
                "Indirect resellers",
                "Orders",
                "Incentives",
                "Activity",
                "Company profile",
                "People",
                "Support profile",
                "Webhooks",
            ],
        ),
        (
            Program.INDIRECT_PROVIDER,
            Role.HELPDESK_AGENT,
            ["Home", "Customers", "Subscriptions", "Renewals", "Requests", "Orders", "Company profile"],
        ),
        (
            Program.INDIRECT_RESELLER,
            Role.SALES_AGENT,
            [
                "Home",
                "Customers",
                "Subscriptions",
                "Renewals",
                "Requests",
                "Orders",
                "Incentives",
                "Indirect providers",
            ],
        ),
    ],
)
def test_navigation_offers_what_the_role_may_open(program: Program, role: Role, expected: list[str]) -> None:
    assert labels(make_member(make_partner("Some", program, "1"), "ana", role)) == expected


@pytest.mark.django_db
def test_a_company_that_is_not_enrolled_gets_no_navigation() -> None:
    partner = make_partner("Some", Program.INDIRECT_RESELLER, "1", enrolment_state="pending")
    assert labels(make_member(partner, "ana", Role.GLOBAL_ADMIN)) == []


def test_a_customer_sees_its_own_pages() -> None:
    own = ["Subscriptions", "Partners", "User settings", "Activity"]
    assert labels(Actor(customer=SimpleNamespace(microsoft_id=uuid.uuid4()))) == own


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", {"Home": "page"}),
        ("/customers/", {"Customers": "page"}),
        ("/customers/new/", {"Customers": "true"}),
        ("/elsewhere/", {}),
    ],
)
def test_current_entry_says_whether_it_is_this_page_or_its_section(path: str, expected: dict[str, str]) -> None:
    actor = make_member(make_partner("Some", Program.INDIRECT_PROVIDER, "1"), "ana", Role.GLOBAL_ADMIN)
    current = {str(item["label"]): item["current"] for item in context.navigation(actor, path) if item["current"]}
    assert current == expected


def test_shell_is_complete_for_strangers_and_without_an_actor() -> None:
    request = RequestFactory().get("/nowhere/")
    frame = context.shell(request)["shell"]
    assert frame["theme"] == "auto"
    assert "person" not in frame
    request.user = AnonymousUser()
    page = parse(render_to_string("base.html", {}, request=request))
    assert page.find(".//nav") is None
    assert page.find("[@data-bs-theme='auto']") is not None


def test_page_names_company_person_and_ways_out(kit: Client, provider_admin: Actor) -> None:
    page = parse(kit.get("/kit/"))
    bar = page.find(".//header[@class='topbar']")
    assert "Northwind Traders Indirect provider · Global admin" in text_of(bar)
    assert [text_of(link) for link in page.findall(".//nav[@id='main-nav']//a")] == [
        "Home",
        "Customers",
        "Subscriptions",
        "Renewals",
        "Requests",
        "Indirect resellers",
        "Orders",
        "Incentives",
        "Activity",
        "Company profile",
        "People",
        "Support profile",
        "Webhooks",
    ]
    forms = {form.get("action"): form.get("method") for form in bar.iter("form")}
    assert "post" in forms.values()
    assert all(method == "post" for method in forms.values())
    assert all(form.find("input[@name='csrfmiddlewaretoken']") is not None for form in bar.iter("form"))
    assert page.find(".//a[@class='skip-link']").get("href") == "#main"
    assert len(page.findall(".//h1")) == 1


def test_the_switcher_appears_with_a_second_company_only(kit: Client, provider_admin: Actor) -> None:
    assert b'action="/account/switch/"' not in kit.get("/kit/").content
    other = make_partner("Tailwind", Program.INDIRECT_PROVIDER, "2")
    Membership.objects.create(user=provider_admin.user, partner=other, role=Role.SALES_AGENT)
    foreign = make_partner("Proseware", Program.INDIRECT_PROVIDER, "3")
    form = next(one for one in parse(kit.get("/kit/")).iter("form") if one.get("action") == "/account/switch/")
    buttons = form.findall("button")
    assert [text_of(one) for one in buttons] == ["Northwind Traders Global admin", "Tailwind Sales agent"]
    assert [one.get("aria-current") for one in buttons] == ["true", None]
    assert str(foreign) not in kit.get("/kit/form/").content.decode()


def test_theme_and_language_come_from_the_person(kit: Client, provider_admin: Actor) -> None:
    user = provider_admin.user
    assert user is not None
    user.theme, user.language = "dark", "pt-br"
    user.save()
    page = parse(kit.get("/kit/form/"))
    assert page.get("data-bs-theme") == "dark"
    assert page.get("lang") == "pt-BR"


def test_ribbon_only_in_the_demo(kit: Client, settings: Any) -> None:
    assert b'class="ribbon"' not in kit.get("/kit/").content
    settings.DEMO = True
    assert b'class="ribbon"' in kit.get("/kit/").content


def test_templates_ask_the_one_judge(kit: Client, client: Client) -> None:
    assert b"may add" in kit.get("/kit/parts/").content
    helpdesk = make_member(make_partner("Tailwind", Program.INDIRECT_PROVIDER, "2"), "hd", Role.HELPDESK_AGENT)
    kit.force_login(helpdesk.user)
    assert b"may not add" in kit.get("/kit/parts/").content


def test_no_page_of_the_kit_carries_inline_code(kit: Client) -> None:
    for address in ("/kit/", "/kit/form/", "/kit/parts/", "/kit/fail/409/"):
        body = kit.get(address).content.decode()
        page = parse(body)
        for element in page.iter():
            assert not [name for name in element.attrib if name.startswith("on") or name == "style"], element.tag
        ours = ["/static/js/portal.js", "/static/js/session.js"]
        assert [script.get("src") for script in page.iter("script")] == (ours[:1] if "fail" in address else ours)
        assert page.find(".//style") is None


def test_every_icon_is_a_plain_drawing() -> None:
    drawings = fromstring((Path(settings.BASE_DIR) / "static/img/icons.svg").read_text())
    names = [symbol.get("id") for symbol in drawings]
    assert names == sorted(set(names))
    assert {element.tag.rpartition("}")[2] for element in drawings.iter()} == {"svg", "symbol", "path"}
    attributes = {name for element in drawings.iter() for name in element.attrib}
    assert attributes == {"id", "viewBox", "fill", "fill-rule", "d"}
    assert {symbol.get("fill") for symbol in drawings} == {"currentColor"}


def test_an_icon_is_drawn_from_the_one_file_and_must_be_in_it() -> None:
    assert html.icon("house", "sm") == (
        '<svg class="icon icon-sm" width="14" height="14" aria-hidden="true">'
        '<use href="/static/img/icons.svg#house"/></svg>'
    )
    with pytest.raises(LookupError, match="no drawing called hous"):
        html.icon("hous")


def test_secret_fields_are_blanked_and_start_uncopied(kit: Client) -> None:
    page = parse(kit.get("/kit/parts/"))
    field = page.find(".//input[@id='temporary']")
    assert field.get("autocomplete") == "off"
    assert "data-blank-on-leave" in field.attrib
    assert "readonly" in field.attrib
    buttons = [one for one in page.iter("button") if one.get("data-copy") == "temporary"]
    assert [text_of(one) for one in buttons] == ["Copy Temporary password"]
    assert "hidden" in buttons[0].attrib


def test_back_office_wears_the_portal_and_its_ribbon(kit: Client, provider_admin: Actor, settings: Any) -> None:
    user = provider_admin.user
    assert user is not None
    user.is_staff = user.is_superuser = True
    user.save()
    settings.DEMO = True
    body = kit.get("/admin/", follow=True).content.decode()
    assert "css/admin.css" in body
    assert 'class="environment"' in body


def test_pages_come_without_the_indentation_of_their_templates_and_mails_with_it() -> None:
    assert "\n " not in get_template("components/table.html").template.source
    assert "\n " in get_template("emails/account_decided.html").template.source
