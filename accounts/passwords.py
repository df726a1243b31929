"""What makes a password of the portal: the temporary ones it issues, and what it refuses from people."""

import hashlib
import re
import secrets
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.text import fold

# No 0 O o, 1 I i, l L: what is read from paper and typed again must not be guessed at. 16 of 54 symbols: 92 bits.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ"
GROUPS, GROUP_LENGTH = 4, 4

PORTAL_WORDS = frozenset({"csp", "portal", "partner", "microsoft", "password", "senha"})
# What must remain of a password when the words that anybody would try first are taken out of it.
OWN_LENGTH = 8


def new_temporary_password() -> str:
    """Sixteen random characters in four groups; the hyphens belong to the password, so that it can be pasted whole."""
    return "-".join("".join(secrets.choice(ALPHABET) for _n in range(GROUP_LENGTH)) for _g in range(GROUPS))


def everybody_knows(password: str) -> bool:
    """Whether this is the demo's password, which opens nothing in production, whatever rows were copied there."""
    return settings.PRODUCTION and password == settings.DEMO_PASSWORD


def context_words(user: Any = None) -> set[str]:
    """The words that somebody who knows the person would try: the portal's, the person's, the companies'."""
    texts: list[str] = []
    if user is not None:
        texts += [user.full_name, user.sign_in_name, user.email]
        # Of somebody who enrolls a company and is not its member yet.
        texts.append(getattr(user, "company_to_enroll", ""))
        if user.pk:
            texts += user.memberships.values_list("partner__legal_name", flat=True)
    found = {word for text in texts for word in re.findall(r"[^\W_]+", fold(text)) if len(word) >= 4}
    return found | PORTAL_WORDS


class ContextWordsValidator:
    """Refuses a password that is little more than the portal's name, the person's name or a company's name."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when too little of the password is its owner's own."""
        if everybody_knows(password):
            raise ValidationError(_("Everybody knows this password from the demo. Choose another."), code="demo")
        rest = fold(password)
        words = sorted(context_words(user), key=len, reverse=True)
        kept = re.sub("|".join(map(re.escape, words)), "", rest)
        if kept != rest and len(kept) < OWN_LENGTH:
            raise ValidationError(
                _("Choose a password that is not built on your name, your company's name or the portal's."),
                code="password_context",
            )

    def get_help_text(self) -> str:
        """What the person is asked to avoid."""
        return _("Do not build it on your name, your company's name or the portal's.")


# What people put in place of a letter to make a common password look like one of their own; 1 is read both ways.
STAND_INS = [
    str.maketrans({"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "1": one})
    for one in "il"
]


def stems(password: str) -> set[str]:
    """The words of which a password is little more than a decoration: signs at its ends, 1 for l, written twice."""
    plain = fold(password)
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    found = {plain} | ({bare} if len(plain) - len(bare) < OWN_LENGTH else set())
    found |= {word.translate(table) for word in found for table in STAND_INS}
    return found | {word[: len(word) // 2] for word in found if word == word[: len(word) // 2] * 2}


class DecoratedCommonPasswordValidator(CommonPasswordValidator):
    """Refuses a common password in any dress: few of the bare ones in Django's list have twelve characters."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when the password, or what it is a decoration of, is in the list."""
        if not stems(password).isdisjoint(self.passwords):
            raise ValidationError(self.get_error_message(), code="password_too_common")


class BreachedPasswordsValidator:
    """Refuses what stands in a file of breached passwords, if the installation has one; nothing is asked outside.

    The file is Have I Been Pwned's list of SHA-1 hashes, ordered by hash (`HASH:COUNT` lines).
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError when the password is known from a breach."""
        if not settings.BREACHED_PASSWORDS_FILE:
            return
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with Path(settings.BREACHED_PASSWORDS_FILE).open("rb") as lines:
            if stands_in(lines, wanted):
                raise ValidationError(
                    _("This password is known from a break-in elsewhere. Choose another."), code="password_breached"
                )

    def get_help_text(self) -> str:
        """What the person is asked to avoid."""
        return _("Do not use a password that you use elsewhere.")


def stands_in(lines: BinaryIO, wanted: bytes) -> bool:
    """Whether a line of the ordered file begins with these bytes; reads some forty lines of any number."""
    low, high = 0, lines.seek(0, 2)
    while low < high:
        middle = (low + high) // 2
        lines.seek(max(0, middle - 1))
        if middle:
            lines.readline()  # To the first line that begins at the middle or after it.
        line = lines.readline()
        found = line[: len(wanted)].upper()
        if found == wanted:
            return True
        if not line or found > wanted:
            high = middle
        else:
            low = lines.tell()
    return False
