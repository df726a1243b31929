"""Addresses of pages, made many at a time."""

import uuid
from collections.abc import Callable

from django.urls import reverse


def address_maker(name: str, ids: int = 1) -> Callable[..., str]:
    """What makes the address of a route from so many GUIDs; the route is resolved once, which a list needs.

    Raises NoReverseMatch where the portal has no such page.
    """
    marks = [uuid.UUID(int=number) for number in range(1, ids + 1)]
    address = reverse(name, args=marks)
    for mark in marks:
        address = address.replace(str(mark), "{}")
    return address.format
