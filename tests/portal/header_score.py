"""The score that Mozilla's Observatory gives for headers, computed here: 100 to begin with, A+ from 100.

Penalties first; bonuses count only for those who still have 90. The figures are the Observatory's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HALF_A_YEAR = 15_768_000
QUIET_REFERRERS = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
GRADES = [(100, "A+"), (90, "A"), (85, "A-"), (80, "B+"), (70, "B"), (65, "B-"), (60, "C+"), (50, "C"), (45, "C-")]


@dataclass(frozen=True)
class Answer:
    """What is looked at: headers by lower-case name, cookies as sent, and where plain HTTP leads."""

    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    plain_leads_to: str


def directives(policy: str) -> dict[str, set[str]]:
    """The policy by directive."""
    parts = (part.split() for part in policy.split(";") if part.strip())
    return {name.lower(): set(values) for name, *values in parts}


def modifiers(answer: Answer) -> dict[str, int]:
    """What is added and taken away, by reason."""
    found: dict[str, int] = {}
    headers = answer.headers
    policy = directives(headers.get("content-security-policy", ""))
    scripts = policy.get("script-src", policy.get("default-src", set()))
    styles = policy.get("style-src", policy.get("default-src", set()))
    if not policy:
        found["no Content-Security-Policy"] = -25
    elif "'unsafe-inline'" in scripts or "*" in scripts or "data:" in scripts:
        found["scripts from anywhere"] = -20
    elif "'unsafe-eval'" in scripts:
        found["scripts from text"] = -10
    elif "'unsafe-inline'" not in styles:
        found["nothing unsafe"] = 10 if policy.get("default-src") == {"'none'"} else 5
    if policy.get("frame-ancestors", {"*"}) <= {"'none'", "'self'"}:
        found["frames by policy"] = 5
    elif headers.get("x-frame-options", "").upper() not in ("DENY", "SAMEORIGIN"):
        found["frames anywhere"] = -20
    found |= transport(answer) | cookie_modifiers(answer.cookies)
    if headers.get("x-content-type-options") != "nosniff":
        found["types are guessed"] = -5
    referrers = {one.strip() for one in headers.get("referrer-policy", "").split(",") if one.strip()}
    if "unsafe-url" in referrers:
        found["addresses are told"] = -5
    elif referrers & QUIET_REFERRERS:
        found["addresses are kept"] = 5
    return found


def transport(answer: Answer) -> dict[str, int]:
    """Whether everything is encrypted, and stays so."""
    found = {}
    parts = [part.strip().lower() for part in answer.headers.get("strict-transport-security", "").split(";")]
    ages = [int(part.partition("=")[2]) for part in parts if part.startswith("max-age=")]
    if not ages:
        found["no HSTS"] = -20
    elif ages[0] < HALF_A_YEAR:
        found["HSTS is short"] = -10
    elif "preload" in parts and "includesubdomains" in parts:
        found["HSTS is preloaded"] = 5
    if not answer.plain_leads_to.startswith("https://"):
        found["plain HTTP is answered"] = -20
    return found


def cookie_modifiers(cookies: tuple[str, ...]) -> dict[str, int]:
    """Whether cookies are kept from scripts, from plain HTTP and from other sites."""
    found = {}
    good = bool(cookies)
    for cookie in cookies:
        marks = {part.strip().lower().partition("=")[0] for part in cookie.split(";")[1:]}
        is_session = "session" in cookie.partition("=")[0].lower()
        if "secure" not in marks:
            found["a cookie without Secure"] = min(found.get("a cookie without Secure", 0), -40 if is_session else -20)
        if is_session and "httponly" not in marks:
            found["a session that scripts read"] = -30
        good = good and {"secure", "httponly", "samesite"} <= marks
    return found | ({"cookies are kept": 5} if good else {})


def score(answer: Answer) -> int:
    """The points."""
    found = modifiers(answer).values()
    points = 100 + sum(value for value in found if value < 0)
    return max(0, points + sum(value for value in found if value > 0) if points >= 90 else points)


def grade(answer: Answer) -> str:
    """The letter."""
    points = score(answer)
    return next((letter for least, letter in GRADES if points >= least), "D or F")
