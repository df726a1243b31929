"""A device in words, from what its browser says of itself: enough to recognize one's own, and no proof of anything."""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

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
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def knows_device(request: HttpRequest, user: User) -> bool:
    """Whether the person has signed in with this browser within a year."""
    return _mark(user) in _marks(request)


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let the browser remember that the person has signed in with it; whom it remembers only the portal can tell."""
    marks = [*_marks(request), _mark(user)][-MOST_PEOPLE:]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(marks, salt=SALT),
        max_age=YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _marks(request: HttpRequest) -> list[str]:
    try:
        marks: list[str] = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=YEAR)
    except signing.BadSignature:
        return []
    return marks


def _mark(user: User) -> str:
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()[:24]
