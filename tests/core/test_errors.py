"""Pages for what went wrong: plain words in both languages, nothing touched, nothing leaked."""

import logging
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from core import pages
from csp_portal import errors
from tests.core.conftest import parse, text_of

HANDLERS = {
    "400": (lambda request: errors.bad_request(request, Exception("secret")), 400),
    "403": (lambda request: errors.permission_denied(request, Exception("secret")), 403),
    "403_csrf": (lambda request: errors.csrf_failure(request, reason="secret"), 403),
    "404": (lambda request: errors.not_found(request, Exception("secret")), 404),
    "409": (lambda request: errors.conflict(request, rows=[("Licenses", 25, 30)], back_url="/x/"), 409),
    "410": (errors.gone, 410),
    "429": (lambda request: errors.too_many(request, seconds=61), 429),
    "500": (errors.server_error, 500),
    "503": (errors.service_unavailable, 503),
}


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize(("accepts", "lang"), [("en", "en"), ("pt-BR,pt;q=0.9", "pt-BR"), ("fr", "en")])
def test_error_pages_need_no_database_no_session_and_no_actor(name: str, accepts: str, lang: str) -> None:
    # A bare request, and no database mark: a query would fail the test.
    handler, status = HANDLERS[name]
    response = handler(RequestFactory().get("/nowhere/", HTTP_ACCEPT_LANGUAGE=accepts))
    page = parse(response)
    assert response.status_code == status
    assert page.get("lang") == lang
    assert page.get("data-bs-theme") == "auto"
    headings = page.findall(".//h1")
    assert len(headings) == 1
    assert text_of(page.find(".//title")).startswith(text_of(headings[0]))
    assert page.find(".//nav") is None
    assert "secret" not in response.content.decode()
    assert "csrf" not in response.content.decode().lower()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/kit/fail/403/", 403),
        ("/kit/fail/400/", 400),
        ("/nowhere/", 404),
        ("/kit/fail/410/", 410),
        ("/kit/fail/429/", 429),
    ],
)
def test_failures_of_views_reach_their_pages(kit: Client, address: str, status: int) -> None:
    response = kit.get(address)
    assert response.status_code == status
    assert "secret" not in response.content.decode()


def test_too_many_fields_are_told_what_to_do(kit: Client) -> None:
    assert "Choose fewer rows" in kit.get("/kit/fail/400/").content.decode()


def test_waiting_time_is_told_and_sent() -> None:
    response = pages.too_many(RequestFactory().get("/"), seconds=700)
    assert response.headers["Retry-After"] == "700"
    assert "Try again in 12 minutes" in response.content.decode()


def test_conflict_shows_both_versions() -> None:
    response = pages.conflict(RequestFactory().get("/"), rows=[("Licenses", 25, "<b>30</b>")], back_url="/kit/")
    row = parse(response).find(".//tbody/tr")
    assert [text_of(cell) for cell in row] == ["Licenses", "25", "<b>30</b>"]


def test_a_crash_names_a_reference_that_is_in_the_log(kit: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = kit.get("/kit/fail/500/")
    assert response.status_code == 500
    reference = text_of(parse(response).find(".//code"))
    assert len(reference) == 16
    assert [record.getMessage() for record in caplog.records if record.name == "csp_portal.errors"] == [
        f"Request failed: reference {reference}, GET /kit/fail/500/"
    ]
    assert "secret-in-the-traceback" not in response.content.decode()


def test_a_database_that_does_not_answer_is_503(kit: Client) -> None:
    response = kit.get("/kit/fail/503/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "db.internal" not in response.content.decode()


def test_even_without_templates_something_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ValueError("Missing staticfiles manifest entry")

    monkeypatch.setattr(errors, "error_page", broken)
    response = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Reference:" in response.content.decode()
    assert "manifest" not in response.content.decode()


def test_a_loaded_persons_theme_is_kept_without_loading_anybody() -> None:
    request = RequestFactory().get("/")
    request._cached_user = type("Person", (), {"theme": "dark"})()
    assert parse(errors.not_found(request)).get("data-bs-theme") == "dark"


def test_a_missing_token_is_explained(kit_urls: None, db: None) -> None:
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"})
    assert response.status_code == 403
    assert "Your page was open too long" in response.content.decode()
