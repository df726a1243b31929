"""Whatever encoding a request claims to have, a page answers it."""

import io
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_started
from django.db import close_old_connections
from django.urls import reverse

from csp_portal.handler import PortalHandler

pytestmark = pytest.mark.django_db
# Codecs of Python that are no text encodings, that refuse, or that make any character out of ASCII.
CODECS = ("hex", "zlib", "rot13", "undefined", "idna", "punycode", "unicode_escape", "utf-7", "utf-16", "latin-1")
CHARSETS = [*(f"charset={codec}" for codec in CODECS), "charset=utf-8", "charset=none", "charset*=none''%41"]
FORM = '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nü\\ud800\\x00\r\n--X--\r\n'.encode()


@pytest.fixture
def handler() -> Iterator[PortalHandler]:
    """What gunicorn asks; the test's own connection stays open between two requests."""
    request_started.disconnect(close_old_connections)
    yield PortalHandler()
    request_started.connect(close_old_connections)


def environ(**given: Any) -> dict[str, Any]:
    """A request as gunicorn hands it over."""
    found: dict[str, Any] = {"HTTP_HOST": "localhost", "REMOTE_ADDR": "192.0.2.1", **given}
    setup_testing_defaults(found)
    return found


def ask(handler: PortalHandler, **given: Any) -> tuple[str, str]:
    """Status and page."""
    told: list[str] = []
    start: Callable[..., Any] = lambda status, headers: told.append(status)  # noqa: E731
    page = b"".join(handler(environ(**given), start)).decode()
    return told[0][:3], page


@pytest.mark.parametrize("charset", CHARSETS)
def test_query_is_read_as_utf_8(handler: PortalHandler, charset: str) -> None:
    for name in ("directory:list", "account_login", "healthz"):
        query = "q=%C3%BC%5Cud800%5Cx00&next=%5Cud800"
        address = reverse(name)
        status, page = ask(handler, PATH_INFO=address, QUERY_STRING=query, CONTENT_TYPE=f"text/plain; {charset}")
        assert status == "200"
        assert name != "directory:list" or r'value="ü\ud800\x00"' in page


@pytest.mark.parametrize("charset", CHARSETS)
def test_form_is_read_as_utf_8(handler: PortalHandler, charset: str) -> None:
    kind = f"multipart/form-data; boundary=X; {charset}"
    facts = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(FORM)), "wsgi.input": io.BytesIO(FORM)}
    request = handler.request_class(environ(REQUEST_METHOD="POST", **facts))
    # With a Content-Type that cannot be read there is no form.
    assert request.POST.get("a", "") == ("" if "*" in charset else r"ü\ud800\x00")


def test_what_gunicorn_serves_reads_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csp_portal.long_lived.settle", lambda: None)
    monkeypatch.setenv("SERVES_PAGES", "")
    from csp_portal.wsgi import application

    assert isinstance(application, PortalHandler)
