"""How often a password may be tried, and how long to wait: the sign-in library's limiter with the portal's numbers."""

import math
import time

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import ngettext

from accounts.devices import own_device
from accounts.models import User
from core.net import client_ip

APP = "allauth.account"  # whose setting, ACCOUNT_RATE_LIMITS, holds the numbers


class SignInAttempt:
    """One try of a password: counted before anything is compared, taken back when the password was right.

    Tries are counted by user name and address together, so that a stranger elsewhere locks nobody out; by address;
    and, far more generously, by user name alone. Whether the name exists plays no part. With a browser in which this
    person has signed in before they are counted apart, by that browser alone: no stranger's tries close it, and none
    of its own open a further hundred to whoever copied its cookie.
    """

    def __init__(self, request: HttpRequest, sign_in_name: str) -> None:
        self.request = request
        self.sign_in_name = sign_in_name
        device = own_device(request, sign_in_name)
        self.keys = (
            {"sign_in_device": device}
            if device
            else {"sign_in": f"{client_ip(request)}|{sign_in_name}", "sign_in_account": sign_in_name}
        )
        self.usages: list[ratelimit.RateLimitUsage] = []

    def begin(self) -> bool:
        """Count the try; False when there were too many."""
        for action, key in self.keys.items():
            usage = ratelimit.consume(self.request, app=APP, action=action, key=key, limit_get=True)
            if usage is None:
                self.take_back()
                return False
            self.usages.append(usage)
        return True

    def take_back(self) -> None:
        """Do not count this try."""
        for usage in self.usages:
            usage.rollback()
        self.usages = []

    def succeed(self) -> None:
        """The password was right: forget this try, and the name's earlier failures, which were consecutive no more."""
        self.take_back()
        forget_failed_sign_ins(self.sign_in_name)
        if device := self.keys.get("sign_in_device"):
            _forget("sign_in_device", device)

    def minutes_to_wait(self) -> int:
        """Whole minutes until the next try is heard."""
        return max(minutes_until_allowed(self.request, action, key) for action, key in self.keys.items())


def forget_failed_sign_ins(sign_in_name: str) -> None:
    """Forget the failures counted against a user name alone: it has a new password, or its owner has come."""
    _forget("sign_in_account", sign_in_name)


def _forget(action: str, key: str) -> None:
    for rate in ratelimit.get_rates(app=APP, action=action):
        cache.delete(ratelimit.get_cache_key(None, app=APP, action=action, rate=rate, key=key))


def minutes_until_allowed(request: HttpRequest, action: str, key: str) -> int:
    """Whole minutes, at least one, until a limited action is possible again."""
    wait = 0.0
    for rate in ratelimit.get_rates(app=APP, action=action):
        times = cache.get(ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key), [])
        if len(times) >= rate.amount:
            wait = max(wait, times[rate.amount - 1] + rate.duration - time.time())
    return max(1, math.ceil(wait / 60))


def minutes_until_code(request: HttpRequest, purpose: str, address: str) -> int:
    """Count a code to be mailed to the address for this purpose; when there were too many, minutes to wait, else 0."""
    key = f"{purpose}|{address}"
    if ratelimit.consume(request, app=APP, action="email_code", key=key) is not None:
        return 0
    return minutes_until_allowed(request, "email_code", key)


def minutes_until_enrolment(request: HttpRequest, address: str) -> int:
    """Count an application of whoever has this address; minutes to wait when there were too many, else 0.

    Each answer says whether a number is in use, and each new password costs a hash.
    """
    if ratelimit.consume(request, app=APP, action="enroll", key=address) is not None:
        return 0
    return minutes_until_allowed(request, "enroll", address)


def minutes_until_submit(request: HttpRequest, person: User) -> int:
    """Count a Submit of the wizard; minutes to wait when the person had too many, else 0."""
    key = str(person.pk)
    if ratelimit.consume(request, app=APP, action="submit_order", key=key) is not None:
        return 0
    return minutes_until_allowed(request, "submit_order", key)


def too_many_tries(minutes: int) -> str:
    """The refusal of another try, with the time until the next."""
    text = ngettext(
        "Too many attempts. Try again in %(minutes)d minute.",
        "Too many attempts. Try again in %(minutes)d minutes.",
        minutes,
    )
    return text % {"minutes": minutes}
