"""What makes a password of the portal: the temporary ones it issues, and the context words it refuses."""

import re
import secrets
from typing import Any

from django.conf import settings
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
