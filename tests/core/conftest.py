"""The kit's own addresses and templates, and people to look at them."""

import copy
from pathlib import Path
from typing import Any

import html5lib
import pytest
from django.test import Client

from accounts.access import Actor
from accounts.roles import Program, Role
from tests.world import make_member, make_partner


@pytest.fixture
def kit_urls(settings: Any) -> None:
    """Mount tests/core/kit.py beside the portal."""
    settings.ROOT_URLCONF = "tests.core.kit"
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "templates"]
    templates[0]["OPTIONS"]["string_if_invalid"] = settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"]
    settings.TEMPLATES = templates


@pytest.fixture
def provider_admin(db: None) -> Actor:
    return make_member(
        make_partner("Northwind Traders", Program.INDIRECT_PROVIDER, "9000001"), "ana", Role.GLOBAL_ADMIN
    )


@pytest.fixture
def kit(kit_urls: None, client: Client, provider_admin: Actor) -> Client:
    """A client signed in as the Global admin of a provider, with the kit's pages."""
    client.force_login(provider_admin.user)
    client.raise_request_exception = False
    return client


def parse(response: Any) -> Any:
    """The page as a tree; a page that is not well formed fails here."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    return parser.parse(response.content.decode() if hasattr(response, "content") else response)


def text_of(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
