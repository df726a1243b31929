"""Every label of the back office is in the language of whoever reads it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import AdminField, AdminForm, AdminReadonlyField
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.db.models import Model
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation

from tests.portal.test_admin_access import MODELS
from tests.world import make_world

parametrized = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
# What Portuguese calls by the same word.
SAME_IN_BOTH = {"HTML", "Message-ID", "SKU", "base", "bytes", "endpoint", "host", "status"}
# Pages of their own, which show none of the fields of the form.
OWN_PAGES = {"catalogue.CatalogueImport"}


@pytest.fixture
def request_of_office(db: None, rf: RequestFactory) -> HttpRequest:
    """Of somebody who may do everything there."""
    request = rf.get("/admin/")
    request.user = make_world().back_office
    return request


def labels(owner: ModelAdmin, request: HttpRequest) -> dict[str, str]:
    """What stands at each place of the model's pages, in the active language."""
    found = dict(labels_of_list(owner, request))
    if owner.has_add_permission(request):
        found |= {f"add {name}": label for name, label in labels_of_page(owner, request, None)}
    row = owner.model()
    if owner.opts.label not in OWN_PAGES:
        found |= {f"page {name}": label for name, label in labels_of_page(owner, request, row)}
    found |= {f"inline {name}": label for name, label in labels_of_inlines(owner, request, row)}
    return {place: str(label) for place, label in found.items() if label}


def labels_of_list(owner: ModelAdmin, request: HttpRequest) -> Iterator[tuple[str, Any]]:
    """Its columns, filters and actions, and what an action asks for."""
    for name in owner.get_list_display(request):
        yield f"column {name}", label_for_field(name, owner.model, owner)
    for one in owner.get_list_filter(request):
        name = one[0] if isinstance(one, tuple) else one
        is_field = isinstance(name, str)
        yield f"filter {name}", owner.opts.get_field(name).verbose_name if is_field else name.title
    for _function, name, description in owner.get_actions(request).values():
        yield f"action {name}", description
    for name, field in owner.action_form(auto_id=None).fields.items():
        yield f"asked for actions: {name}", field.label


def labels_of_page(owner: ModelAdmin, request: HttpRequest, row: Model | None) -> Iterator[tuple[str, Any]]:
    """Its fields, to be filled in or to be read, and the headings over them."""
    parts = owner.get_fieldsets(request, row)
    names = flatten_fieldsets(parts)
    form = owner.get_form(request, row, change=row is not None, fields=names)(instance=row)
    is_read = row is not None and not owner.has_change_permission(request, row)
    read = names if is_read else owner.get_readonly_fields(request, row)
    for number, part in enumerate(AdminForm(form, parts, {}, read, owner)):
        yield f"heading {number}", part.name
        for line in part:
            for shown in line:
                yield name_and_label(shown)


def labels_of_inlines(owner: ModelAdmin, request: HttpRequest, row: Model) -> Iterator[tuple[str, Any]]:
    """The columns of the rows that stand on the page of another."""
    formsets, inlines = owner._create_formsets(request, row, change=True)
    for formset in owner.get_inline_formsets(request, formsets, inlines, row):
        kind = formset.opts.model._meta.label
        yield kind, formset.opts.verbose_name_plural
        for field in formset.fields():
            yield f"{kind} {field['name']}", field["label"]


def name_and_label(shown: AdminField | AdminReadonlyField) -> tuple[str, Any]:
    """Of one field of a page."""
    if isinstance(shown, AdminReadonlyField):
        return shown.field["name"], shown.field["label"]
    return shown.field.name, shown.field.label


@parametrized
def test_no_label_stays_english(model: type[Model], request_of_office: HttpRequest) -> None:
    owner = admin.site._registry[model]
    with translation.override("en"):
        english = labels(owner, request_of_office)
    with translation.override("pt-br"):
        portuguese = labels(owner, request_of_office)
    assert len(english) > 3
    same = {place: label for place, label in english.items() if portuguese[place] == label}
    assert {place: label for place, label in same.items() if label not in SAME_IN_BOTH} == {}
