"""The devices of a person: in words, from what a browser says of itself; and known, by what the portal left with it."""

import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User

SALT = "accounts.devices"
YEAR = 365 * 86_400
# People who share a browser; the one who came first is forgotten first.
MOST_PEOPLE = 8

# What comes later in a list may also name itself like what comes before; the first match wins.
BROWSERS = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]
SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
]


def device_words(user_agent: str) -> str:
    """Browser and system: *Firefox on Windows*."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return browser_on(browser, system)
    return browser or system or _("Unknown device")


def browser_on(browser: str, system: str) -> str:
    """Both in words."""
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}


def recorded_device(user_agent: str) -> str:
    """The same for the record, in one language whoever signs in; DEVICES says it in the reader's."""
    with translation.override("en"):
        return device_words(user_agent)


DEVICES: dict[str, Any] = {
    f"{browser} on {system}": lazy(browser_on, str)(browser, system)
    for _b, browser in BROWSERS
    for _s, system in SYSTEMS
} | {"Unknown device": gettext_lazy("Unknown device")}


def knows_device(request: HttpRequest, user: User) -> bool:
    """Whether the person has signed in with this browser within a year."""
    return _mark(user) in _remembered(request)


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let the browser remember that the person has signed in with it; whom it remembers only the portal can tell."""
    remembered = [f"{mark}.{nonce}" for mark, nonce in _remembered(request).items()]
    remembered.append(f"{_mark(user)}.{secrets.token_urlsafe(9)}")
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(remembered[-MOST_PEOPLE:], salt=SALT),
        max_age=YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def own_device(request: HttpRequest, sign_in_name: str) -> str:
    """What this browser is called among those that the person of this name has signed in with; "" if it is none.

    A new password gives all of them new names: what was counted under the old ones is over.
    """
    if not (remembered := _remembered(request)):
        return ""
    user = User.objects.filter(sign_in_name=sign_in_name).only("password").first()
    if user is None or (nonce := remembered.get(_mark(user))) is None:
        return ""
    return salted_hmac(SALT, f"{user.pk}|{nonce}|{user.password}", algorithm="sha256").hexdigest()


def _remembered(request: HttpRequest) -> dict[str, str]:
    """The marks of those who have signed in here, each with what tells this browser from their others."""
    try:
        entries = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=YEAR)
    except signing.BadSignature:
        return {}
    return {mark: nonce for mark, _dot, nonce in (entry.partition(".") for entry in entries)}


def _mark(user: User) -> str:
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()[:24]
