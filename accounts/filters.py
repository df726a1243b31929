"""Filters of the public list of indirect providers."""

from functools import lru_cache
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderProfile
from accounts.profile_facts import choices_of, country_choices
from core.filters import PortalFilterSet, SearchFilter
from core.markets import REGIONS, region_of
from core.text import fold


@lru_cache(maxsize=1000)
def folded(text: str) -> str:
    """What a provider says of itself as it is sought; folding costs more than reading it, and it seldom changes."""
    return fold(text)


class PublishedSearch(SearchFilter):
    """Every word typed must occur in the provider's name or description, and in nothing that is not published.

    The companies' stored search text holds e-mail addresses, so it must not answer here. An installation has some
    dozens of providers, so reading what they say costs less than keeping one more column true.
    """

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first six words."""
        words = fold(str(value or "")).split()[:6]
        if not words:
            return qs
        texts = qs.values_list("pk", "partner__legal_name", "description")
        found = [pk for pk, *parts in texts if all(word in folded(" ".join(parts)) for word in words)]
        return qs.filter(pk__in=found)


class ServesCountry(django_filters.ChoiceFilter):
    """Providers that may serve customers in the country: of its region, or authorized for it besides."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """By the regions of the programme."""
        if not value:
            return qs
        region = region_of(value)
        home = Q(partner__country__in=sorted(REGIONS.get(region, ())))
        # A JSON list of names: the quotes keep one name from being found inside another.
        return qs.filter(home | Q(partner__further_regions__icontains=f'"{region}"'))


class SpeaksLanguage(django_filters.ChoiceFilter):
    """Providers that serve resellers in the language."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """By the codes in the profile."""
        return qs.filter(languages__icontains=f'"{value}"') if value else qs


class DirectoryFilter(PortalFilterSet):
    """By words, by the country to be served, by language."""

    q = PublishedSearch()
    country = ServesCountry(
        label=_("Serves customers in"),
        empty_label=_("All countries"),
        choices=country_choices,
    )
    language = SpeaksLanguage(
        label=_("Language"),
        empty_label=_("All languages"),
        choices=lambda: choices_of("languages"),
    )

    class Meta:
        model = ProviderProfile
        fields: list[str] = []
