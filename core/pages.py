"""Pages for what went wrong: no session, no query, no template context but their own, in the reader's language."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation


def page_language(request: HttpRequest) -> str:
    """The language the request was already being answered in, else the browser's."""
    known = getattr(request, "LANGUAGE_CODE", None)
    return known or translation.get_language_from_request(request)


def page_theme(request: HttpRequest) -> str:
    """The theme of a person who was already loaded; nothing is loaded for it."""
    return getattr(getattr(request, "_cached_user", None), "theme", "auto")


def error_page(request: HttpRequest, status: int, template: str = "", **context: Any) -> HttpResponse:
    """Render templates/<status>.html without touching session or database."""
    with translation.override(page_language(request)):
        frame = {"theme": page_theme(request)}
        content = render_to_string(template or f"{status}.html", {"shell": frame, "request": request, **context})
        response = HttpResponse(content, status=status)
        response.headers["Content-Language"] = translation.get_language() or ""
    return response


def conflict(
    request: HttpRequest,
    *,
    title: Any = "",
    text: Any = "",
    rows: Sequence[tuple[Any, Any, Any]] = (),
    back_url: str = "",
    back_label: Any = "",
    again: Sequence[tuple[str, Any]] = (),
    again_url: str = "",
    asks_first: bool = False,
    discard_url: str = "",
) -> HttpResponse:
    """409: somebody else was faster. `rows` sets side by side (what, now saved, yours).

    With `again`, names and values of a form, a button sends them to `again_url` once more: mine on top of theirs. Where
    that page `asks_first`, the button opens it with them, and nothing is saved yet.
    """
    return error_page(
        request,
        409,
        title=title,
        text=text,
        rows=rows,
        back_url=back_url,
        back_label=back_label,
        again=again,
        again_url=again_url,
        asks_first=asks_first,
        discard_url=discard_url,
    )


def gone(
    request: HttpRequest, *, title: Any = "", text: Any = "", back_url: str = "", back_label: Any = ""
) -> HttpResponse:
    """410: it was there, and will not come back."""
    return error_page(request, 410, title=title, text=text, back_url=back_url, back_label=back_label)


def not_found_page(request: HttpRequest, *, title: Any = "", text: Any = "") -> HttpResponse:
    """404 in words of its own, for a link that does not work."""
    return error_page(request, 404, title=title, text=text)


def too_many(request: HttpRequest, *, seconds: int = 0) -> HttpResponse:
    """429, saying how long to wait."""
    response = error_page(request, 429, minutes=-(-seconds // 60))
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response
