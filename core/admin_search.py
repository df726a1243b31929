"""Search in the back office as everywhere in the portal: each word, without accents and case, by its index."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from core.text import fold

FOLDED = "search_text"
EXACT = "__exact"


class FoldedSearch:
    """For an admin whose search_fields end in search_text, in __exact, or are short lists' own.

    Django's own search would compare upper-case forms, which no index holds: a second and more over a million rows.
    """

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Rows in which every word is found in one of the fields."""
        for word in search_term.split():
            queryset = queryset.filter(self._found(word, self.get_search_fields(request)))  # type: ignore[attr-defined]
        return queryset, False

    def _found(self, word: str, fields: Any) -> Q:
        found = Q(pk__in=[])
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
        try:
            str(self.model._default_manager.filter(condition).query)  # type: ignore[attr-defined]
        except (ValidationError, ValueError):
            return Q(pk__in=[])
        return condition
