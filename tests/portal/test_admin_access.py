"""The back office: only for those who belong to it, whatever the page, and nothing is deleted there."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from tests.contracts import header_faults
from tests.portal.routes import KINDS
from tests.world import World, make_world

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OUTSIDE = [kind for kind in KINDS if kind != "back_office"]


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


def browser(world: World, kind: str) -> Client:
    """A browser in which this kind of user is signed in."""
    client = Client()
    if user := KINDS[kind](world):
        client.force_login(user)
    return client


def address(model: type[Model], page: str, *arguments: object) -> str:
    """An admin page of the model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_pages_are_for_the_back_office_alone(model: type[Model], world: World) -> None:
    for kind in OUTSIDE:
        client = browser(world, kind)
        for url in (address(model, "changelist"), address(model, "add"), reverse("admin:index")):
            response = client.get(url)
            assert response.status_code in (302, 403), (kind, url)
            assert b"Ours" not in response.content
            assert b"Theirs" not in response.content
    office = browser(world, "back_office")
    response = office.get(address(model, "changelist"))
    assert response.status_code == 200
    assert header_faults(response) == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nothing_is_deleted(model: type[Model], world: World) -> None:
    row = model._default_manager.first()
    if row is None:  # nothing of it in the small world: the right to delete is what counts
        request = type("Request", (), {"user": world.back_office, "GET": {}, "resolver_match": None})()
        assert admin.site._registry[model].has_delete_permission(request) is False
        return
    office = browser(world, "back_office")
    assert office.get(address(model, "change", row.pk)).status_code == 200
    assert office.get(address(model, "delete", row.pk)).status_code == 403
    assert office.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    page = office.get(address(model, "changelist")).content
    assert b"delete_selected" not in page
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_query_breaks_a_list(model: type[Model], world: World) -> None:
    office = browser(world, "back_office")
    for query in ("q=%00", "pk=%00", "nothing=1", "p=-1", "o=9.9.9", "q=%27%22", "all="):
        status = office.get(f"{address(model, 'changelist')}?{query}").status_code
        assert status in (200, 302, 400), query
