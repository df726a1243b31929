"""The end of a session, and what outlives it."""

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest

from core import clock


def note_session(request: HttpRequest) -> None:
    """Keep the session on its owner's list: since when, with what and from where, and that it was used just now."""
    key = request.session.session_key
    used = UserSession.objects.filter(session_key=key, user_id=request.user.pk)
    if not key or not used.update(last_seen_at=clock.now(), ip=get_adapter().get_client_ip(request)):
        UserSession.objects.create_from_request(request)


def sign_out_keeping(request: HttpRequest) -> None:
    """Sign out and carry over what settings name: Django empties the session of whoever leaves.

    For ends that the person did not ask for (time ran out) or that lead back (another account). Who signs out by
    choice leaves nothing behind.
    """
    kept = {name: request.session[name] for name in settings.SESSION_KEYS_KEPT if name in request.session}
    logout(request)
    request.session.update(kept)
