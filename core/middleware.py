"""What every response carries and what no request may carry."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import get_conditional_response, set_response_etag

Handler = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), clipboard-write=(self)"
# In the address of a public page: the language in which to show it.
LANGUAGE_PARAMETER = "lang"


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
    """Answer 400 to a NUL in address, query or cookies: PostgreSQL cannot store it and would answer with an error."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        # A cookie in quotes may write any character as its number.
        values = (request.path, query, *request.COOKIES.values())
        if "%00" in query or any("\x00" in value for value in values):
            raise SuspiciousOperation("A NUL character in the request.")
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


class PublicPagesMiddleware:
    """Make the addresses under PUBLIC_PATHS the same page for everybody, to be kept by caches and search engines.

    The cookies are taken off before anything reads them, so no session is opened and nobody is known. A language that
    the address asks for counts as the browser's own wish.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(tuple(settings.PUBLIC_PATHS)):
            return self.get_response(request)
        request.COOKIES = {}
        asked = request.GET.get(LANGUAGE_PARAMETER, "")
        if asked in dict(settings.LANGUAGES):
            request.META["HTTP_ACCEPT_LANGUAGE"] = asked
        response = self.get_response(request)
        # A page that sets a cookie is one person's page, whatever its address: it keeps the cautious headers.
        if response.status_code == 200 and request.method in ("GET", "HEAD") and not response.cookies:
            return self._published(request, response)
        return response

    def _published(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """With the headers of a public page, or "not modified" for whoever has it already."""
        response.headers["Cache-Control"] = f"public, max-age={settings.PUBLIC_PAGES_SECONDS}"
        # It depends on nothing else of the request; that a session could have been read is Django's caution.
        response.headers["Vary"] = "Accept-Language"
        set_response_etag(response)
        answer = get_conditional_response(request, etag=response.headers["ETag"], response=response)
        assert answer is not None
        answer.headers["X-Robots-Tag"] = response.headers.get("X-Robots-Tag", "all")
        return answer  # type: ignore[return-value]
