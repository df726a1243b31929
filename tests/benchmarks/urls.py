"""The portal's addresses and one more: the constant page, the unit of all measurements."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from csp_portal import urls

CONSTANT = b"<!doctype html><title>Constant</title>" + b"<p>Thirty thousand bytes of nothing in particular.</p>\n" * 545


def constant(request: HttpRequest) -> HttpResponse:
    """30 kB for whoever is signed in."""
    assert request.user.is_authenticated
    return HttpResponse(CONSTANT)


urlpatterns = [path("bench/constant/", constant), *urls.urlpatterns]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500
