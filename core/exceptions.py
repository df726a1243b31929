"""Refusals that services raise and pages turn into words."""

from django.core.exceptions import PermissionDenied


class Refused(Exception):
    """An expected refusal: its text says why and what to do next, and may be shown to the person."""


class InvalidTransition(Refused):
    """The object is no longer in a state that allows this."""


class NotPermitted(Refused, PermissionDenied):
    """The actor's role or relation does not allow this; a page that did not ask first answers 403."""
