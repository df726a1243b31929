"""Refusals that services raise and pages turn into words."""

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from core.text import one_period

Found = TypeVar("Found")


class Refused(Exception):
    """An expected refusal: its text says why and what to do next, and may be shown to the person."""

    def __str__(self) -> str:
        """In whole sentences, also where one ends with the name of an Inc."""
        return one_period(super().__str__())


class InvalidTransition(Refused):
    """The object is no longer in a state that allows this."""


class DraftDiscarded(InvalidTransition):
    """Somebody, perhaps the same person in another window, discarded the draft while this press was on its way."""

    def __init__(self) -> None:
        super().__init__(_("This draft was discarded in the meantime."))

    @classmethod
    def unless(cls, found: Found | None) -> Found:
        """What was found; nothing else than a draft can be gone."""
        if found is None:
            raise cls
        return found


class NotPermitted(Refused, PermissionDenied):
    """The actor's role or relation does not allow this; a page that did not ask first answers 403."""
