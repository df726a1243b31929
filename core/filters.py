"""Filters of lists: a search that folds what was typed, and a form rendered lean."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.forms import PortalForm
from core.text import fold


class FilterForm(PortalForm):
    """The form of a filter bar: nothing is required and labels say no "(optional)"."""


class SearchFilter(django_filters.CharFilter):
    """Every word typed must occur in the stored, folded column (lower case, no accents)."""

    def __init__(self, field_name: str = "search_text", **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Search"))
        kwargs.setdefault("max_length", 200)
        super().__init__(field_name=field_name, lookup_expr="contains", **kwargs)
        self.extra["widget"] = forms.TextInput(attrs={"type": "search"})

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first six words."""
        for word in fold(str(value or "")).split()[:6]:
            qs = super().filter(qs, word)
        return qs


class PortalFilterSet(django_filters.FilterSet):
    """Declare `q = SearchFilter()` and choices; a choice filter's `empty_label` says "All …".

    A search may set `ways`: whatever it finds meets at least one of these conditions; the first are soon answered.
    """

    ways: Sequence[Q] = (Q(),)

    def get_form_class(self) -> type[forms.Form]:
        """A FilterForm with the declared fields."""
        return type("FilterForm", (FilterForm,), {name: one.field for name, one in self.filters.items()})
