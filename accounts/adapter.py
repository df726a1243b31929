"""Where the sign-in library asks the portal how things are done here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in by user name; nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody opens an account alone: people come by invitation or from a colleague."""
        return False
