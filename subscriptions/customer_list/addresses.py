"""The addresses between the list and the pages that take over its filters and its order."""

from django.http import HttpRequest
from django.urls import reverse

from core.lists import PLACE


def _with_filters(name: str, request: HttpRequest) -> str:
    """The address of a page with what narrows and orders the list, without the place in it."""
    query = request.GET.copy()
    for place in PLACE:
        query.pop(place, None)
    return f"{reverse(name)}?{query.urlencode()}" if query else reverse(name)


def export_url(request: HttpRequest) -> str:
    """Where the columns of the file are chosen."""
    return _with_filters("customers:export", request)


def list_url(request: HttpRequest) -> str:
    """Back to the list as it was."""
    return _with_filters("customers:list", request)
