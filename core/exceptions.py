"""Refusals that services raise and pages turn into words."""


class Refused(Exception):
    """An expected refusal: its text says why and what to do next, and may be shown to the person."""


class InvalidTransition(Refused):
    """The object is no longer in a state that allows this."""


class NotPermitted(Refused):
    """The actor's role or relation does not allow this."""
