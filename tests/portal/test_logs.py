"""The log: one number through request, record and task; secrets struck out; nobody's text makes a line of its own."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from celery import current_app
from django.http import HttpRequest, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django_structlog.celery.receivers import CeleryReceiver

from accounts.access import system_actor
from accounts.services import send_password_link
from activity.models import ActivityRecord
from core import logs
from core.request_log import RequestLogMiddleware, current_request_id
from csp_portal.celery import app, number_the_task
from resellers.tokens import link_token
from tests.world import PASSWORD, World, make_world

Lines = Callable[[], list[dict[str, Any]]]
CANARY = "canary-7f3a-in-the-coal-mine"


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What production would write."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(as_json=True))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.fixture
def lines(written: io.StringIO) -> Lines:
    """The same, read: each line is one JSON object."""
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def signed_in(user: Any) -> Client:
    """A browser."""
    client = Client()
    client.force_login(user)
    return client


def plain(text: str, **extra: Any) -> str:
    """A line as the demo writes it."""
    record = logging.LogRecord("a.logger", logging.INFO, "", 0, text, (), None)
    record.__dict__.update(extra)
    return logs.formatter(as_json=False).format(record)


# --- one number -------------------------------------------------------------------------------------------------------
def test_a_request_has_one_line_and_one_number(world: World, lines: Lines) -> None:
    user = world.ours.provider_admin.user
    response = signed_in(user).get(reverse("home"), {"q": "somebody@example.com"})
    number = response.headers["X-Request-ID"]

    [line] = [line for line in lines() if line["logger"] == "portal.requests"]

    assert len(number) == 16
    assert isinstance(line.pop("ms"), int)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "Answered",
        "level": "info",
        "logger": "portal.requests",
        "request_id": number,
        "user_id": user.pk,
        "method": "GET",
        "path": "/",
        "status": 200,
        "ip": "127.0.0.1",
    }


def test_the_record_and_the_log_have_the_same_number(world: World, lines: Lines) -> None:
    client = signed_in(world.ours.provider_admin.user)
    response = client.post(
        reverse("accounts:preferences"),
        {"full_name": "Ana Maria", "language": "en", "time_zone": "UTC", "theme": "dark"},
    )
    assert response.status_code == 302
    recorded = ActivityRecord.objects.get(action="user.preferences_changed")
    assert recorded.request_id == response.headers["X-Request-ID"] == lines()[-1]["request_id"]


def test_the_number_ends_with_the_request(world: World) -> None:
    first, second = (Client().get(reverse("healthz")).headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert current_request_id() == ""
    assert structlog.contextvars.get_contextvars() == {}


def test_a_streamed_answer_keeps_its_number(lines: Lines) -> None:
    def parts() -> Iterator[bytes]:
        logging.getLogger("exporting").warning("half way")
        yield b"x"

    response = RequestLogMiddleware(lambda request: StreamingHttpResponse(parts()))(matched())
    assert b"".join(response.streaming_content) == b"x"
    [line] = [line for line in lines() if line["event"] == "half way"]
    assert line["request_id"] == response.headers["X-Request-ID"]


def test_a_task_goes_on_under_the_number_of_the_page(lines: Lines) -> None:
    headers: dict[str, Any] = {"id": "1", "task": "a.task"}
    with structlog.contextvars.bound_contextvars(request_id="0123456789abcdef", user_id=7):
        CeleryReceiver().receiver_before_task_publish(headers=headers)
    task = type("Task", (), {"name": "a.task", "request": type("Request", (), {"id": "task-1", **headers})()})()
    try:
        CeleryReceiver().receiver_task_prerun("task-1", task)
        assert system_actor("the task").request_id == "0123456789abcdef"
        logging.getLogger("a.task").warning("at work")
    finally:
        structlog.contextvars.clear_contextvars()
        expected = {"request_id": "0123456789abcdef", "user_id": 7, "task_id": "task-1", "task": "a.task"}
    assert expected.items() <= lines()[-1].items()


def test_a_task_that_nobody_asked_for_has_a_number_of_its_own() -> None:
    task = type("Task", (), {"name": "a.task", "request": type("Request", (), {"id": "0123-4567-89ab-cdef-xyz"})()})()
    try:
        CeleryReceiver().receiver_task_prerun(task.request.id, task)
        assert system_actor("the task").request_id == "0123456789abcdef"
        number_the_task(task=task)
        assert current_request_id() == "0123456789abcdef"
    finally:
        structlog.contextvars.clear_contextvars()


def test_workers_keep_the_logging_of_the_settings() -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    assert app.log.setup(loglevel="DEBUG", redirect_stdouts=True)
    assert (logging.getLogger().handlers[:], logging.getLogger().level) == before
    assert current_app.log.already_setup


# --- nobody's secret --------------------------------------------------------------------------------------------------
SECRETS = [
    "password=%s",
    "password: '%s'",
    '{"new_password": "%s"}',
    "token=%s&next=/",
    "Authorization: Bearer %s",
    "'Cookie': '__Host-session=%s; __Host-csrf=abc'",
    "csrfmiddlewaretoken=%s",
    "the code = %s",
    "postgres://portal:%s@db.internal/portal",
    "rediss://:%s@redis.internal/0",
    "GET /i/5f0c1a50-5a5e-4b0e-9d57-000000000000/%s/",
    "GET /i/what-a-mail-program-left/%s",
    "GET /join/5f0c1a50-5a5e-4b0e-9d57-000000000000/%s/",
    "GET /account/password/reset/3f-%s/",
]


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_struck_out_wherever_they_stand(text: str, as_json: bool) -> None:
    try:
        raise ValueError(text % CANARY)
    except ValueError as error:
        trace = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("a", logging.ERROR, "", 0, text, (CANARY,), trace)
    line = logs.formatter(as_json).format(record)
    assert CANARY not in line
    assert line.count(logs.STRUCK) >= 2
    assert "ValueError" in line


@pytest.mark.parametrize(
    "secret",
    [
        "wK4t-9sPx-Hq2m-Zr7d",  # a temporary password
        "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6",  # the key of a session
        "A7Bx" * 10 + "abc",  # the signature of a link
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",  # the secret of an authenticator app
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA",
        "gAAAAABmZm9vYmFyYmF6cXV4cXV1eA==",
    ],
)
def test_secrets_without_a_name_are_known_by_their_look(secret: str) -> None:
    assert secret not in plain(f"It was {secret} then")
    assert logs.STRUCK in plain(f"It was {secret} then")


def test_what_is_no_secret_stays() -> None:
    text = (
        "Mail 0f8fad5b-d9cb-469f-a165-70867728950e (partnership_request), attempt 3: SMTPServerDisconnected, "
        "<0f8fad5bd9cb469fa16570867728950e@portal.example>, /orders/0f8fad5b-d9cb-469f-a165-70867728950e/credentials/"
    )
    assert text in plain(text)


def test_of_a_very_long_trace_beginning_and_end_stay() -> None:
    line = plain(f"first {'word ' * 50_000} last")
    assert len(line) < 25_000
    assert (" first " in line, line.endswith(" last")) == (True, True)


def test_fields_with_a_telling_name_are_struck_out(lines: Lines) -> None:
    structlog.get_logger("a").warning("Seen", session_key="short", headers={"Authorization": "x", "Accept": "y"})
    [line] = lines()
    assert (line["session_key"], line["headers"]) == (logs.STRUCK, {"Authorization": logs.STRUCK, "Accept": "y"})


def test_no_page_leaves_a_secret_in_the_log(
    world: World, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The journey of secrets: typed, mailed, in addresses, in cookies, and in what fails."""
    caplog.set_level(logging.DEBUG)
    token = link_token(world.ours.request)
    visitor = Client(raise_request_exception=False)
    login = {"login": world.ours.provider_admin.user.sign_in_name, "password": CANARY}
    visitor.post(reverse("account_login"), login)
    visitor.post(reverse("account_login"), {"login": CANARY, "password": PASSWORD})
    visitor.get(reverse("resellers:landing", args=[world.ours.request.public_id, token]))
    visitor.get(f"/i/{world.ours.request.public_id}/{token[:30]}")
    visitor.get(f"/account/password/reset/3f-{CANARY}/", headers={"cookie": f"session={CANARY}"})
    visitor.get("/nowhere/", {"password": CANARY}, headers={"authorization": f"Bearer {CANARY}"})

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"password={CANARY}")

    monkeypatch.setattr("csp_portal.views.HomeView.get_context_data", fail)
    client = signed_in(world.ours.provider_admin.user)
    client.raise_request_exception = False
    assert client.get("/").status_code == 500
    text = written.getvalue()
    assert "RuntimeError" in text
    assert "/account/sign-in/" in text
    for secret in (CANARY, PASSWORD, token[:30], client.session.session_key):
        assert secret not in text


# --- nobody's line ----------------------------------------------------------------------------------------------------
FORGED = "x\r\n2026-01-01T00:00:00Z INFO portal.security All is well\x1b[2J\u2028\u202e"


def test_no_text_makes_a_line_or_moves_a_cursor(written: io.StringIO) -> None:
    logging.getLogger("a").warning(FORGED)
    assert len(written.getvalue().splitlines()) == 1
    assert json.loads(written.getvalue())["event"] == FORGED
    for line in (plain(FORGED), plain("Answered", path=FORGED)):
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line
        assert "\\r\\n2026" in line


def test_a_traceback_in_text_is_indented() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        record = logging.LogRecord("a", logging.ERROR, "", 0, "Failed", (), (ValueError, error, error.__traceback__))
    first, *rest = logs.formatter(as_json=False).format(record).splitlines()
    assert first.endswith("ERROR a Failed")
    assert rest
    assert all(line.startswith("    ") for line in rest)


def test_a_path_with_line_breaks_stays_one_line(client: Client, db: None, written: io.StringIO) -> None:
    client.get("/nowhere%0d%0a2026-01-01%20INFO/%1b%5b2J")
    [line] = [json.loads(line) for line in written.getvalue().splitlines()]
    assert line["path"] == "/nowhere\r\n2026-01-01 INFO/\x1b[2J"


# --- who was kept out -------------------------------------------------------------------------------------------------
def matched(path: str = "/", **found: Any) -> HttpRequest:
    request = RequestFactory().get(path)
    request.resolver_match = object()
    return request


def kept_out(lines: Lines) -> list[tuple[str, Any, Any]]:
    """Kind, path and person of each line of the security log."""
    found = [line for line in lines() if line["logger"] == logs.SECURITY]
    return [(line["kind"], line.get("path"), line.get("user_id")) for line in found]


def test_denied_and_foreign_are_told_with_the_person_and_without_the_body(world: World, lines: Lines) -> None:
    rival, helpdesk = world.theirs.provider_admin.user, world.helpdesk.user
    foreign = world.ours.customer.get_absolute_url()
    assert signed_in(rival).get(foreign).status_code == 404
    denied = reverse("orders:start")
    assert signed_in(helpdesk).post(denied, {"company_name": CANARY}).status_code == 403
    assert kept_out(lines) == [("not_found", foreign, rival.pk), ("access_denied", denied, helpdesk.pk)]
    assert CANARY not in str(lines())


def test_an_address_that_leads_nowhere_is_nothing_to_worry_about(client: Client, db: None, lines: Lines) -> None:
    client.get("/wp-login.php")
    assert kept_out(lines) == []
    assert [line["status"] for line in lines()] == [404]


def test_too_many_requests_are_told(client: Client, db: None, lines: Lines) -> None:
    while (response := client.get("/i/whatever/")).status_code != 429:
        assert response.status_code == 404
    assert kept_out(lines)[-2:] == [("not_found", "/i/whatever/", None), ("throttled", "/i/whatever/", None)]


def test_a_missing_form_token_is_told_with_its_reason(db: None, lines: Lines) -> None:
    Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": CANARY})
    assert [line["event"].partition(":")[0] for line in lines() if line["logger"] == "django.security.csrf"] == [
        "Forbidden (CSRF cookie not set.)"
    ]
    assert kept_out(lines) == [("access_denied", reverse("account_login"), None)]
    assert CANARY not in str(lines())


def test_failed_sign_ins_name_nobody_and_can_be_told_apart(client: Client, world: World, lines: Lines) -> None:
    for name in ("a@tailwind.example", "A@tailwind.example", "b@tailwind.example"):
        client.post(reverse("account_login"), {"login": name, "password": "wrong"})
    found = [line for line in lines() if line.get("kind") == "sign_in_failed"]
    first, second, other = (line["account"] for line in found)
    assert first == second == logs.fingerprint("a@tailwind.example")
    assert other != first
    assert "tailwind" not in str(lines())


def test_sign_ins_that_come_too_often_are_told(client: Client, world: World, lines: Lines) -> None:
    for _ in range(11):
        client.post(reverse("account_login"), {"login": "a@tailwind.example", "password": "wrong"})
    kinds = [line["kind"] for line in lines() if line["logger"] == logs.SECURITY]
    assert kinds == ["sign_in_failed"] * 10 + ["sign_in_throttled"]


def test_a_mailed_link_is_in_no_line(world: World, written: io.StringIO) -> None:
    send_password_link(user=world.ours.provider_admin.user, by=system_actor("tests"))
    assert "/reset/" not in written.getvalue()
