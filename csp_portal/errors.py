"""The handlers that Django calls when a request fails; pages of a view's own are in core.pages."""

import logging
import secrets
import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from core.pages import conflict, error_page, gone, not_found_page, too_many

__all__ = [
    "bad_request",
    "conflict",
    "csrf_failure",
    "gone",
    "not_found",
    "not_found_page",
    "permission_denied",
    "server_error",
    "service_unavailable",
    "too_many",
]

logger = logging.getLogger(__name__)
PLAIN = (
    '<!doctype html><html lang="en"><title>Sorry, there is a problem – CSP portal</title>'
    "<h1>Sorry, there is a problem</h1><p>Try again later. Reference: {reference}</p></html>"
)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400; a form with too many fields is told what to do about it."""
    too_large = isinstance(exception, TooManyFieldsSent | TooManyFilesSent | RequestDataTooBig)
    return error_page(request, 400, too_large=too_large)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, and not allowed."""
    return error_page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the page was open too long, or cookies are off. Nothing was saved."""
    return error_page(request, 403, "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such page, or not of this company; the two must look the same."""
    return error_page(request, 404)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database does not answer."""
    response = error_page(request, 503)
    response.headers["Retry-After"] = "30"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with a reference that stands in the log beside the traceback; 503 when the database is what failed."""
    error = sys.exc_info()[1]
    reference = getattr(request, "request_id", "") or secrets.token_hex(8)
    logger.error("Request failed: reference %s, %s %s", reference, request.method, request.path)
    is_database = isinstance(error, OperationalError | InterfaceError)
    try:
        if is_database:
            return service_unavailable(request)
        return error_page(request, 500, reference=reference)
    except Exception:
        # Even the page cannot be made (static files not collected): say it plainly rather than nothing.
        logger.exception("The error page itself failed: reference %s", reference)
        return HttpResponse(PLAIN.format(reference=reference), status=503 if is_database else 500)
