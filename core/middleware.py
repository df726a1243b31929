"""What every response carries and what no request may carry."""

from collections.abc import Callable

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

Handler = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), clipboard-write=(self)"


class ResponseHeadersMiddleware:
    """Add the headers that Django does not know; a view that set one itself keeps its own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Pages hold customers' data: only what says otherwise (static files) may be kept or indexed.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex")
        return response


class RejectNullCharactersMiddleware:
    """Answer 400 to a NUL in an address or a query: PostgreSQL cannot store it and would answer with an error."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path or "%00" in query or "\x00" in query:
            raise SuspiciousOperation("A NUL character in the address.")
        return self.get_response(request)


class AllowedMethodsMiddleware:
    """Answer 405 to any verb that no page has; Django's form views would take a PUT for a POST."""

    METHODS = ("GET", "HEAD", "POST", "OPTIONS")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        return self.get_response(request)
