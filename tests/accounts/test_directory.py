"""Find an indirect provider: for everybody, the same for everybody, and nothing but what is published."""

import base64
import uuid
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Partner, ProviderProfile
from accounts.roles import Role
from core.middleware import PublicPagesMiddleware
from tests.accounts.profiles import actor_of, make_change, make_profile, signed_in
from tests.contracts import header_faults, html_faults, public_header_faults
from tests.factories import PartnerFactory, UserFactory

LIST = "/find-a-provider/"
CANARIES = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7777|add:7 }}", "javascript:alert(1)"]


def address(partner: Partner) -> str:
    """The provider's public page."""
    return reverse("directory:provider", args=[partner.microsoft_id])


def text(client: Client, url: str = LIST, **query: Any) -> str:
    """The page as a visitor reads it."""
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def names(client: Client, **query: Any) -> list[str]:
    """The providers in the list, in its order."""
    response = client.get(LIST, query)
    return [facts.name for facts in response.context["providers"]]


@pytest.fixture
def northwind(db: None) -> ProviderProfile:
    """A published provider with everything."""
    partner = PartnerFactory(
        legal_name="Northwind Distribution",
        mpn_id="7654321",
        contact_name="Secret Contact",
        contact_email="secret@northwind.example",
        contact_phone="+12065550199",
        address_line_1="1 Secret Street",
        further_regions=["brazil"],
    )
    return make_profile(
        partner,
        description="We train resellers.\nEvery week.",
        website="https://www.northwind.example/partners",
        phone="+12065550100",
        languages=["pt-br", "en"],
        specialties=["security", "azure"],
    )


# --- the list ---
def test_the_list_shows_what_is_published(client: Client, northwind: ProviderProfile) -> None:
    page = text(client)
    for words in (
        "Find an indirect provider",
        "Northwind Distribution",
        "United States",
        "Brazil, United States",
        "Brazilian Portuguese, English",
        "Azure, Security",
        'href="https://www.northwind.example/partners" rel="noopener nofollow"',
        "www.northwind.example/partners",
        address(northwind.partner),
    ):
        assert words in page
    assert html_faults(page) == []


def test_nothing_else_of_the_company_is_shown(client: Client, northwind: ProviderProfile) -> None:
    gail = actor_of(northwind.partner, "gail@northwind.example", name="Gail Ortiz")
    make_change(gail, description="Waiting words.")
    for page in (text(client), text(client, address(northwind.partner))):
        for secret in ("7654321", "@", "Secret", "555-0199", "5550199", "Gail", "Waiting words", "active"):
            assert secret not in page, secret


@pytest.mark.parametrize("hidden", ["unpublished", "suspended", "pending", "reseller"])
def test_what_is_not_published_is_nowhere(client: Client, northwind: ProviderProfile, hidden: str) -> None:
    traits = {} if hidden == "unpublished" else {hidden: True}
    partner = PartnerFactory(legal_name="Hidden Canary", **traits)
    make_profile(partner, published=hidden != "unpublished", description="Hidden canary words")
    assert names(client) == ["Northwind Distribution"]
    assert names(client, q="canary") == []
    assert "anary" not in text(client)
    missing = client.get(address(partner))
    unknown = client.get(reverse("directory:provider", args=[uuid.uuid4()]))
    assert (missing.status_code, unknown.status_code) == (404, 404)
    assert missing.content == unknown.content
    assert header_faults(missing) == []


def test_the_list_goes_from_a_to_z_without_accents(client: Client, db: None) -> None:
    for name in ("zeta", "Ômega", "alpha", "Olive", "Éclair", "Zebra"):
        make_profile(PartnerFactory(legal_name=name))
    assert names(client) == ["alpha", "Éclair", "Olive", "Ômega", "Zebra", "zeta"]


def test_pages_follow_one_another_and_their_addresses_tell_nothing(client: Client, db: None) -> None:
    for number in range(30):
        partner = PartnerFactory(legal_name=f"Provider {number:02}", contact_email=f"secret{number}@p.example")
        make_profile(partner)
    assert names(client) == [f"Provider {number:02}" for number in range(25)]
    listing = client.get(LIST).context["listing"]
    token = listing.page.next
    packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    assert packed.startswith('["provider 24 ",')
    assert "secret" not in packed
    assert names(client, after=token) == [f"Provider {number:02}" for number in range(25, 30)]
    back = client.get(LIST, {"after": token}).context["listing"].page.previous
    assert names(client, before=back) == [f"Provider {number:02}" for number in range(25)]


def test_nothing_published_yet(client: Client, db: None) -> None:
    page = text(client)
    assert "No providers published yet" in page
    assert "<form" not in page


# --- the filters ---
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "northwind"}, ["Northwind Distribution"]),
        ({"q": "TRAIN week"}, ["Northwind Distribution"]),
        ({"q": "formação"}, ["Ação Atacado"]),
        ({"q": "acao"}, ["Ação Atacado"]),
        ({"q": "acao northwind"}, []),
        ({"country": "BR"}, ["Ação Atacado", "Northwind Distribution"]),
        ({"country": "US"}, ["Northwind Distribution"]),
        ({"country": "TR"}, ["Ação Atacado"]),
        ({"country": "PT"}, []),  # of the region europe, whose name ends that of another
        ({"language": "pt"}, ["Ação Atacado"]),
        ({"language": "pt-br"}, ["Northwind Distribution"]),
        ({"language": "en", "country": "BR", "q": "week"}, ["Northwind Distribution"]),
        ({"q": "%"}, []),
        ({"q": "_"}, []),
    ],
)
def test_filters(client: Client, northwind: ProviderProfile, query: dict[str, str], found: list[str]) -> None:
    regions = ["middle_east_central_eastern_europe"]
    brazilian = PartnerFactory(legal_name="Ação Atacado", country="BR", further_regions=regions)
    make_profile(brazilian, description="Formação para revendas", languages=["pt"])
    assert names(client, **query) == found


@pytest.mark.parametrize("q", ["secret", "secret@northwind.example", "7654321", "@", "security"])
def test_search_answers_to_nothing_that_is_not_shown(client: Client, northwind: ProviderProfile, q: str) -> None:
    assert names(client, q=q) == []


def test_no_match_offers_a_way_back_in_the_same_language(client: Client, northwind: ProviderProfile) -> None:
    response = client.get(LIST, {"q": "zzz", "lang": "pt-br"})
    assert response.context["clear_url"] == f"{LIST}?lang=pt-br"
    assert f'href="{LIST}?lang=pt-br"' in response.content.decode()


def test_a_wrong_filter_says_so_and_lists_nothing(client: Client, northwind: ProviderProfile) -> None:
    response = client.get(LIST, {"country": "XX"})
    assert response.status_code == 200
    assert list(response.context["filter_form"].errors) == ["country"]
    assert response.context["providers"] == []
    assert html_faults(response.content.decode()) == []
    assert public_header_faults(response, indexed=False) == []


@pytest.mark.parametrize("value", ["%00", "'\"><script>", "9" * 400, "\ud800".encode("utf-8", "surrogatepass"), "%"])
def test_no_query_breaks_the_pages(client: Client, northwind: ProviderProfile, value: Any) -> None:
    query = dict.fromkeys(("q", "country", "language", "lang", "sort", "after", "before", "per_page", "open"), value)
    for url in (LIST, address(northwind.partner)):
        response = client.get(url, query)
        assert response.status_code in (200, 400)
        assert b"<script>'" not in response.content


# --- one provider ---
def test_the_page_of_a_provider_shows_its_published_side(client: Client, northwind: ProviderProfile) -> None:
    page = text(client, address(northwind.partner))
    for words in (
        "<h1><bdi>Northwind Distribution</bdi></h1>",
        "We train resellers.\nEvery week.",
        'href="tel:+12065550100"',
        "+1 206-555-0100",
        "Brazil, United States",
        "Azure, Security",
    ):
        assert words in page
    assert html_faults(page) == []


@pytest.mark.parametrize("canary", CANARIES)
def test_what_was_typed_is_shown_as_text(client: Client, db: None, canary: str) -> None:
    partner = PartnerFactory(legal_name=canary)
    make_profile(
        partner, description=canary, website=canary, phone=canary[:30], languages=[canary], specialties=[canary]
    )
    for page in (text(client), text(client, address(partner)), text(client, q=canary)):
        for broken in ("<script>alert", "<img", 'href="javascript:', "7784"):
            assert broken not in page, broken
        assert html_faults(page) == []


@pytest.mark.parametrize(
    "website",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "http://[::1",
        "https://a@b.c",
    ],
)
def test_only_pages_of_the_web_are_links(client: Client, db: None, website: str) -> None:
    profile = make_profile(website=website)
    for page in (text(client), text(client, address(profile.partner))):
        assert "nofollow" not in page


# --- for everybody, the same ---
def test_a_page_for_everybody_has_public_headers_and_no_cookie(client: Client, northwind: ProviderProfile) -> None:
    for url in (LIST, address(northwind.partner)):
        for response in (client.get(url), client.head(url)):
            assert public_header_faults(response) == []
    assert public_header_faults(client.get(LIST, {"q": "north"}), indexed=False) == []


def test_a_page_that_sets_a_cookie_or_fails_is_not_published() -> None:
    def with_cookie(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("yours")
        response.set_cookie("session", "yours")
        return response

    for answer in (with_cookie, lambda request: HttpResponse(status=404), lambda request: HttpResponse(status=302)):
        response = PublicPagesMiddleware(answer)(RequestFactory().get(LIST))
        assert (response.headers.get("Cache-Control"), response.headers.get("X-Robots-Tag")) == (None, None)


def test_the_ways_in_are_offered(client: Client, northwind: ProviderProfile) -> None:
    for page in (text(client), text(client, address(northwind.partner))):
        assert f'href="{reverse("enrolment:start")}"' in page
        assert f'href="{reverse("account_login")}"' in page


def test_only_these_pages_are_public(client: Client, northwind: ProviderProfile) -> None:
    for url in ("/account/sign-in/", "/find-a-provider", "/find-a-provider-else/", f"{LIST}else/"):
        response = client.get(url)
        assert "public" not in response.headers["Cache-Control"], url
        assert response.headers["X-Robots-Tag"] == "noindex", url


@pytest.mark.parametrize("path", ["", "provider"])
def test_everybody_reads_the_very_same_page(northwind: ProviderProfile, path: str) -> None:
    url = address(northwind.partner) if path else LIST
    own = actor_of(northwind.partner, "gail@northwind.example", Role.GLOBAL_ADMIN)
    own.user.language, own.user.theme, own.user.time_zone = "pt-br", "dark", "America/Sao_Paulo"
    own.user.save()
    office = Client()
    office.force_login(UserFactory(back_office=True))
    spoiled = Client()
    spoiled.cookies["csrf"] = "not a token"
    spoiled.cookies["session"] = "nobody's"
    spoiled.cookies["django_language"] = "pt-br"
    expected = Client().get(url)
    for browser in (signed_in(own), office, spoiled):
        response = browser.get(url)
        assert response.content == expected.content
        assert dict(response.headers) == dict(expected.headers)
        assert not response.cookies


def test_no_session_is_opened_and_none_is_ended(
    northwind: ProviderProfile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = signed_in(actor_of(northwind.partner, "gail@northwind.example"))
    with django_assert_num_queries(2) as asked:
        browser.get(LIST)
    assert not [query for query in asked.captured_queries if "session" in query["sql"]]
    assert browser.get(reverse("profile:own")).status_code == 200


def test_posts_are_refused(client: Client, northwind: ProviderProfile) -> None:
    for url in (LIST, address(northwind.partner)):
        assert client.post(url).status_code == 405
        assert Client(enforce_csrf_checks=True).post(url).status_code in (403, 405)


def test_who_has_the_page_already_gets_no_second_copy(client: Client, northwind: ProviderProfile) -> None:
    first = client.get(LIST)
    again = client.get(LIST, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("Cache-Control", "ETag", "Vary", "X-Robots-Tag"):
        assert again.headers[name] == first.headers[name]
    northwind.description = "Other words."
    northwind.languages = ["en"]
    northwind.save()
    changed = client.get(LIST, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


# --- the language ---
def test_the_language_is_that_of_the_browser_or_of_the_address(client: Client, northwind: ProviderProfile) -> None:
    portuguese = client.get(LIST, headers={"Accept-Language": "pt-BR,pt;q=0.9"})
    assert (portuguese.headers["Content-Language"], portuguese.context["request"].LANGUAGE_CODE) == ("pt-br", "pt-br")
    asked = client.get(LIST, {"lang": "pt-br"}, headers={"Accept-Language": "en"})
    assert 'lang="pt-BR"' in asked.content.decode()
    back = client.get(LIST, {"lang": "en"}, headers={"Accept-Language": "pt-BR"})
    assert back.content.decode().count('<html lang="en"') == 1
    assert f'href="{LIST}?lang=pt-br"' in back.content.decode()
    unknown = client.get(LIST, {"lang": "tlh"}, headers={"Accept-Language": "pt-BR"})
    assert '<html lang="pt-BR"' in unknown.content.decode()


def test_a_language_once_asked_for_stays(client: Client, northwind: ProviderProfile) -> None:
    page = text(client, lang="pt-br", q="north")
    assert f'href="{address(northwind.partner)}?lang=pt-br"' in page
    assert '<input type="hidden" name="lang" value="pt-br">' in page
    assert f'href="{LIST}?lang=pt-br"' in text(client, address(northwind.partner), lang="pt-br")
    assert "lang=pt-br" not in text(client, address(northwind.partner), lang="en").replace(
        f"{address(northwind.partner)}?lang=pt-br", ""
    )


# --- what it costs ---
@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_as_many_queries_for_three_as_for_one(
    client: Client, db: None, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(rows):
        make_profile()
    with django_assert_num_queries(2):
        client.get(LIST)
    with django_assert_num_queries(3):
        client.get(LIST, {"q": "help", "country": "US", "language": "en"})


def test_a_page_takes_one_query(
    client: Client, northwind: ProviderProfile, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        client.get(address(northwind.partner))
