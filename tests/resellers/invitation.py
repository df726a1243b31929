"""How tests open a link and read the page behind it."""

import re
from html import unescape

from django.test import Client
from django.urls import reverse

from resellers.models import PartnershipRequest
from resellers.tokens import link_token
from tests.contracts import header_faults, html_faults
from tests.resellers.conftest import signed_in


def landing(request) -> str:
    """The address in the mail, without the host."""
    return reverse("resellers:landing", args=[request.public_id, link_token(request)])


def clean(request) -> str:
    """The address without the token."""
    return reverse("resellers:invitation", args=[request.public_id])


def press(name, request) -> str:
    """The address of a button."""
    return reverse(f"resellers:{name}", args=[request.public_id])


def opened(request, actor=None) -> Client:
    """A browser in which the link was opened, and somebody is signed in."""
    browser = signed_in(actor) if actor else Client()
    assert browser.get(landing(request)).url == clean(request)
    return browser


def words(response) -> str:
    """The page without entities and places to break a word, with single spaces."""
    return " ".join(unescape(response.content.decode().replace("<wbr>", "")).split())


def heading(response) -> str:
    """The h1."""
    return " ".join(re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", words(response))[1]).split())


def without_token(response) -> str:
    """The page but for the token of its forms, which is another each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", response.content.decode())


def state_of(request) -> str:
    """The state now."""
    return PartnershipRequest.objects.get(pk=request.pk).state


def page(request, actor=None, status=200):
    """The page as this person sees it, checked against what every page promises."""
    response = opened(request, actor).get(clean(request))
    assert response.status_code == status
    check_page(response, request)
    return response


def check_page(response, request) -> None:
    """No token, no foreign address, no way to pass one on."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    # Under no-referrer a browser posts with `Origin: null`, and no answer would ever be taken.
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]
    assert link_token(request) not in response.content.decode()
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//', response.content.decode())


def buttons(response) -> list[str]:
    """What the page offers to do, in order: buttons and links in button dress."""
    page, _end, _dialogs = words(response).partition("</main>")
    found = re.findall(r'<(?:button|a)[^>]*class="btn [^>]*>(.*?)</(?:button|a)>', page)
    return [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in found]
