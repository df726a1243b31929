"""What a log line holds, and what it never holds: secrets are struck out, and nobody's text makes a line of its own.

Every logger of the process ends here, the libraries' too. Production writes one JSON object a line; demo and tests
write text.
"""

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from structlog.types import EventDict, Processor

from core.secret_names import SECRET_NAME

SECURITY = "portal.security"
STRUCK = "[struck out]"
# What a line of ours may say beside its text; whatever else a library attaches to a record stays out.
FIELDS = ("kind", "method", "path", "status", "ms", "ip", "account")
# Made here and not by anybody's text.
OURS = {"timestamp", "level", "logger", "request_id", "user_id", "task_id", "status", "ms"}
LONGEST = 20_000
SHORT = 300
SECRET_FIELD = re.compile(rf"{SECRET_NAME.pattern}|authorization|session_?key|csrf|\bcode\b", re.I)
# Each alternative keeps its named group `kept…` and loses the rest. One pass, so that a line costs microseconds.
SECRETS = re.compile(
    r"""
      (?P<kept_link>/(?:i|join)/[^/\s"']{1,60}/)[^/\s"'?]{16,}       # the link of an invitation
    | (?P<kept_reset>/reset/)[0-9A-Za-z]+-[^/\s"']{8,}               # the link to choose a password
    | (?P<kept_address>\w{2,12}://[^\s:/@"']*:)[^\s@"']+(?=@)         # the password in an address
    | (?P<kept_header>(?i:\b(?:authorization|(?:set-)?cookie|x-csrftoken)["']?\s*[:=]\s*["']?))[^\r\n"']+
    | (?P<kept_name>(?i:(?:password|passwd|passphrase|secret|token|nonce|api_?key|session(?:_?(?:key|id))?|csrf
        |otp|code)["']?\s*[:=]\s*["']?))[^\s"',;&)}\]]{4,}
    | \b(?:argon2\$?|pbkdf2_\w+\$|bcrypt\w*\$)\S+                   # a password's hash
    | \bgAAAA[\w-]{20,}={0,2}                                       # something encrypted
    | (?<![\w-])[A-HJ-NP-Za-km-z2-9]{4}(?:-[A-HJ-NP-Za-km-z2-9]{4}){3}(?![\w-])  # a temporary password
    | (?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{40,}(?![\w-])  # a signature
    | \b(?=[a-z0-9]*[g-z])(?=[a-z]*\d)[a-z0-9]{32}\b                # a session's key
    | \b[A-Z2-7]{32}\b                                             # the secret of an authenticator app
    """,
    re.X,
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def fingerprint(text: object) -> str:
    """A short mark by which lines about the same name are found, and from which nobody reads the name.

    What is typed into the field of a name may be a password.
    """
    key = f"log|{settings.SECRET_KEY}".encode()
    return hmac.digest(key, str(text).casefold().encode(), hashlib.sha256).hex()[:12]


# --- processors -------------------------------------------------------------------------------------------------------
def struck_out(text: str) -> str:
    """The text without what looks like a secret."""
    if len(text) > LONGEST:
        # What failed stands at the end of a traceback.
        text = f"{text[: LONGEST // 4]} … {text[-LONGEST * 3 // 4 :]}"
    return SECRETS.sub(_keep, text)


def _keep(match: re.Match[str]) -> str:
    kept = match[match.lastgroup] if match.lastgroup else ""
    return f"{kept}{STRUCK}"


@functools.lru_cache(maxsize=4096)
def _struck_out_again(text: str) -> str:
    """The same for what comes often: the texts of messages, the paths of pages."""
    return struck_out(text)


@functools.lru_cache(maxsize=512)
def _names_a_secret(name: str) -> bool:
    return SECRET_FIELD.search(name) is not None


def scrub(logger: Any, method: str, event: EventDict) -> EventDict:
    """Strike secrets out of every value, by its name and by its look."""
    return {name: value if name in OURS else _scrubbed(name, value) for name, value in event.items()}


def _scrubbed(name: str, value: Any) -> Any:
    if _names_a_secret(name):
        return STRUCK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _scrubbed(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(name, item) for item in value]
    text = value if isinstance(value, str) else str(value)
    return struck_out(text) if len(text) > SHORT else _struck_out_again(text)


def escaped(text: str) -> str:
    """One line, whatever was sent: control characters as their codes."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def as_text(logger: Any, method: str, event: EventDict) -> str:
    """A line for people; a traceback follows indented, so that no line of it can pass for one of the log."""
    when, level = event.pop("timestamp", ""), event.pop("level", "")
    name, text, trace = event.pop("logger", ""), event.pop("event", ""), event.pop("exception", "")
    rest = " ".join(f"{key}={escaped(str(value))}" for key, value in event.items())
    line = f"{when} {level.upper()} {name} {escaped(str(text))} {rest}".rstrip()
    return "\n    ".join([line, *(escaped(part) for part in str(trace).splitlines())])


# --- settings ---------------------------------------------------------------------------------------------------------
SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def formatter(as_json: bool) -> structlog.stdlib.ProcessorFormatter:
    """The one formatter, for our own lines and those of libraries."""
    # JSON escapes control characters and all that is not ASCII by itself.
    renderer: Processor = structlog.processors.JSONRenderer() if as_json else as_text
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, structlog.stdlib.ExtraAdder(FIELDS)],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            scrub,
            renderer,
        ],
    )


def logging_settings(level: str, *, as_json: bool) -> dict[str, Any]:
    """For Django's LOGGING and gunicorn's logconfig_dict; also tells structlog to end in the same place."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "core.logs.formatter", "as_json": as_json}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Each answer of 4xx has one line already, made by the middleware.
            "django.request": {"level": "ERROR"},
            # The outcome of each task has one line already, with its traceback and its numbers.
            "celery.app.trace": {"level": "CRITICAL"},
            "gunicorn.error": {"handlers": ["console"], "propagate": False},
            # Each request has one line already, without its query.
            "gunicorn.access": {"level": "ERROR", "propagate": False},
        },
    }
