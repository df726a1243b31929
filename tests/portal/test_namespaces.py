"""Each namespace of addresses stands in one place: twice, half of `reverse` and of what matches would be luck."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, include, path


def namespaces(patterns: list[Any]) -> Iterator[str]:
    """The names of all that is mounted, however deep."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace:
                yield pattern.namespace
            yield from namespaces(pattern.url_patterns)


def full_names(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """The names of all addresses of ours."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield f"{prefix}{pattern.name}"
        elif pattern.namespace != "admin":
            yield from full_names(
                pattern.url_patterns, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            )


def twice(names: Iterator[str]) -> list[str]:
    """Those that come more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def test_every_namespace_is_mounted_once() -> None:
    assert twice(namespaces(get_resolver().url_patterns)) == []


def test_every_address_has_a_name_of_its_own() -> None:
    assert twice(full_names(get_resolver().url_patterns)) == []


def test_what_is_mounted_twice_is_noticed() -> None:
    patterns = [path("a/", include("accounts.people.urls")), path("b/", include("accounts.people.urls"))]
    assert twice(namespaces(patterns)) == ["people"]
    assert "people:list" in twice(full_names(patterns))
