"""Search in the back office as everywhere in the portal: each word, without accents and case, by its index."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Func, Q, QuerySet, TextField
from django.http import HttpRequest

from core.text import fold

FOLDED = "search_text"
EXACT = "__exact"


def side_by_side(*columns: str) -> Func:
    """Several columns as one text, so that one index finds a word in any of them."""
    return Func(*columns, template="(%(expressions)s)", arg_joiner=" || ' ' || ", output_field=TextField())


def indexed_words(*columns: str) -> str:
    """The expression of that index: what PostgreSQL is asked to compare with."""
    text = " || ' ' || ".join(f'"{column}"' for column in columns)
    return f"(UPPER(({text})::text))"


class FoldedSearch:
    """For an admin whose search_fields end in search_text, in __exact, or are short lists' own.

    Django's own search would compare upper-case forms, which no index holds: a second and more over a million rows.
    """

    # Instead of fields: one text of several columns, side_by_side(), which an index of core.search_index holds.
    search_words: Any = None
    # The column that goes before an ID in the index where IDs are told apart by the kind of their object.
    search_kind = ""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Rows in which every word is found in one of the fields."""
        if self.search_words is not None:
            queryset = queryset.alias(search_words=self.search_words)
        for word in search_term.split():
            queryset = queryset.filter(self._found(word, self.get_search_fields(request)))  # type: ignore[attr-defined]
        return queryset, False

    def _found(self, word: str, fields: Any) -> Q:
        found = Q(pk__in=[])
        if self.search_words is not None:
            found |= Q(search_words__icontains=word)
        for field in fields:
            if field.endswith(FOLDED):
                found |= Q(**{f"{field}__contains": fold(word)})
            elif field.endswith(EXACT):
                found |= self._exactly(field, word)
            else:
                found |= Q(**{f"{field}__icontains": word})
        return found

    def _exactly(self, field: str, word: str) -> Q:
        """The condition; nothing for a word that the column cannot hold, such as no ID."""
        condition = Q(**{field: word})
        if self.search_kind and field == self.search_kind.replace("_type", "_id") + EXACT:
            kinds = [model._meta.label_lower for model in apps.get_models()]
            condition &= Q(**{f"{self.search_kind}__in": kinds})
        try:
            str(self.model._default_manager.filter(condition).query)  # type: ignore[attr-defined]
        except (ValidationError, ValueError):
            return Q(pk__in=[])
        return condition
