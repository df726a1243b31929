"""The end of a session, and what outlives it."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest


def sign_out_keeping(request: HttpRequest) -> None:
    """Sign out and carry over what settings name: Django empties the session of whoever leaves.

    For ends that the person did not ask for (time ran out) or that lead back (another account). Who signs out by
    choice leaves nothing behind.
    """
    kept = {name: request.session[name] for name in settings.SESSION_KEYS_KEPT if name in request.session}
    logout(request)
    request.session.update(kept)
