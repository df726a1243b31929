"""What the pages of sign-in say everywhere."""

from django.conf import settings
from django.http import HttpRequest


def passkeys(request: HttpRequest) -> dict[str, str]:
    """The one address at which passkeys of this portal work."""
    return {"passkey_address": settings.PORTAL_BASE_URL}
