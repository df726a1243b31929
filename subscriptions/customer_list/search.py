"""Search among customers: by their own words, by numbers typed with separators, and by the ID of a subscription."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.access import Actor
from core.filters import SearchFilter
from core.text import fold
from subscriptions.models import Subscription

MOST_WORDS = 6
# An ID's first eight digits name one of four billion: fewer would find by chance what nobody looked for.
SHORTEST_ID = 8
MOST_OWNERS = 100
SEPARATORS = re.compile(r"[./\-\u2010-\u2015]")
HEX = re.compile(rf"[0-9a-f]{{{SHORTEST_ID},32}}")


class CustomerSearchFilter(SearchFilter):
    """Every word typed must occur in what is stored of the customer, or begin the ID of one of its subscriptions."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first words."""
        words = words_of(str(value or ""))
        owners = owners_by_id(words, self.parent.request.actor)
        for word in words:
            qs = qs.filter(occurs(word) | Q(pk__in=owners[word]) if word in owners else occurs(word))
        return qs


def words_of(typed: str) -> list[str]:
    """The folded words; a separator that stands between others, as in a spaced number, is none."""
    words = fold(typed).split()
    return ([word for word in words if SEPARATORS.sub("", word)] or words)[:MOST_WORDS]


def occurs(word: str, of: str = "") -> Q:
    """The word as it was typed, or as numbers and IDs are stored, in a customer, or in the one that is `of` a row."""
    wanted = Q()
    for form in dict.fromkeys([word, *_stored_forms(word)]):
        wanted |= Q(**{f"{of}search_text__contains": form})
    return wanted


def _stored_forms(word: str) -> list[str]:
    """A registration ID has no separators where it is stored, and a Microsoft ID has all of them."""
    bare = SEPARATORS.sub("", word)
    forms = [bare] if any(char.isdigit() for char in bare) else []
    if HEX.fullmatch(bare):
        parts = (bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:])
        forms.append("-".join(part for part in parts if part))
    return forms


def owners_by_id(words: Iterable[str], actor: Actor) -> dict[str, list[int]]:
    """For each word that is the beginning of an ID, the customers with such a subscription that the actor sees.

    A range of the unique index answers it, whatever the number of subscriptions; without such a word nothing is asked.
    """
    ranges = {word: id_range(word) for word in words}
    asked = {word: limits for word, limits in ranges.items() if limits}
    if not asked:
        return {}
    wanted = Q()
    for limits in asked.values():
        wanted |= Q(subscription_id__range=limits)
    rows = Subscription.objects.visible_to(actor).filter(wanted).values_list("subscription_id", "customer_id")
    found = list(rows[:MOST_OWNERS])
    return {
        word: sorted({customer for key, customer in found if least <= key <= most})
        for word, (least, most) in asked.items()
    }


def id_range(word: str) -> tuple[UUID, UUID] | None:
    """The first and the last ID that begin so; with or without hyphens."""
    bare = SEPARATORS.sub("", word.strip("{}"))
    if not HEX.fullmatch(bare):
        return None
    return UUID(bare.ljust(32, "0")), UUID(bare.ljust(32, "f"))
