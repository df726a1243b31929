"""One line for each request, and one number for all that is logged, recorded and queued during it."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars, get_contextvars

from core.logs import SECURITY
from core.net import client_ip

requests_log = logging.getLogger("portal.requests")
security_log = logging.getLogger(SECURITY)

HEADER = "X-Request-ID"
LONGEST_PATH = 200
# Answers that say that somebody was kept out, as monitoring counts them.
KEPT_OUT = {403: "access_denied", 404: "not_found", 429: "throttled"}


def current_request_id() -> str:
    """The number of the request or the task that is being worked on, if any."""
    return str(get_contextvars().get("request_id", ""))


class RequestLogMiddleware:
    """Number the request, and write one line when it is answered: no query, no body, no name.

    A 403, a 404 for something that is not the person's, and a 429 go to the security log instead.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        clear_contextvars()
        number = secrets.token_hex(8)
        bind_contextvars(request_id=number)
        request.request_id = number  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
            # A page that caches keep for everybody is no one request's.
            if "public" not in response.headers.get("Cache-Control", ""):
                response.headers[HEADER] = number
            self._log(request, response, time.perf_counter() - began)
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = within(get_contextvars(), response.streaming_content)
        finally:
            clear_contextvars()
        return response

    def _log(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        kind = KEPT_OUT.get(response.status_code)
        if kind == "not_found" and request.resolver_match is None:
            kind = None  # there is no such page for anybody
        fields = {
            "method": request.method,
            "path": request.path[:LONGEST_PATH],
            "status": response.status_code,
            "ms": round(seconds * 1000),
            "ip": client_ip(request),
        }
        if kind:
            security_log.warning("Kept out", extra={**fields, "kind": kind})
        elif requests_log.isEnabledFor(level := self._level(request)):
            requests_log.log(level, "Answered", extra=fields)

    @staticmethod
    def _level(request: HttpRequest) -> int:
        """What comes every few seconds and says nothing is left to those who look for it."""
        dull = request.path.startswith((settings.STATIC_URL, "/healthz/"))
        return logging.DEBUG if dull else logging.INFO


def within(context: dict[str, Any], content: Any) -> Iterator[Any]:
    """The parts of an answer that is made while it is sent, each with the request's numbers on its log lines."""
    parts = iter(content)
    while True:
        with bound_contextvars(**context):
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part
