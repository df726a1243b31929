"""Normal forms of text that people type: names, e-mail addresses, search words."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

# Zero-width joiners carry meaning inside names of some scripts; every other invisible format character only deceives.
JOINERS = "\u200c\u200d"
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def fold(value: str) -> str:
    """Lower case without accents and with single spaces: the form in which text is stored for search and sought."""
    decomposed = unicodedata.normalize("NFKD", value)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.casefold().split())


def clean_name(value: str) -> str:
    """Return a one-line name in NFC with single spaces; refuse control and text-direction characters."""
    value = unicodedata.normalize("NFC", value)
    for char in value:
        category = unicodedata.category(char)
        if category == "Cs" or (category == "Cc" and char not in "\t\n\r") or char in BIDI_CONTROLS:
            raise ValidationError(_("Remove the invisible control characters from this text."), code="control")
    kept = "".join(c for c in value if unicodedata.category(c) != "Cf" or c in JOINERS)
    if "\n" in kept.strip() or "\r" in kept.strip():
        raise ValidationError(_("Enter this on one line."), code="newline")
    return " ".join(kept.split())


def clean_message(value: str) -> str:
    """Return plain text of several lines with LF line ends; refuse control and text-direction characters."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines:
        clean_name(line)
    private = re.compile("[\ue000-\uf8ff]")
    return "\n".join(private.sub("", line.rstrip()) for line in lines).strip()


def email_key(value: str) -> str:
    """Return the normal form under which two spellings of an address are one mailbox; refuse what merely looks alike.

    NFKC, no invisible characters, ASCII local part, IDNA domain, lower case, at most 254 characters.
    """
    text = unicodedata.normalize("NFKC", value.strip())
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
    wrong = ValidationError(_("Enter an e-mail address like name@company.com."), code="invalid")
    local, at, domain = text.rpartition("@")
    if not at or not local.isascii() or unicodedata.normalize("NFKC", value.strip()) != value.strip():
        raise wrong
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        # Python's codec still turns ß into ss, which is another domain; such a name can be given in its xn-- form.
        if not domain.isascii() and ascii_domain.encode().decode("idna") != domain.lower():
            raise wrong
    except UnicodeError as error:
        raise wrong from error
    domain = ascii_domain
    key = f"{local}@{domain}".lower()
    if len(key) > 254 or "." not in domain:
        raise wrong
    try:
        validate_email(key)
    except ValidationError as error:
        raise wrong from error
    return key


def one_period(value: str) -> str:
    """The text with one period where a company's name, like that of an Inc., ends a sentence and brings its own."""
    # In HTML the name may stand in an element of its own.
    return re.sub(r"(?<=\w)\.((?:</\w+>)*)\.(?=\s|$)", r".\1", value)


def mask_email(value: str) -> str:
    """Show enough of an address for its owner to know it and too little for anybody else: m•••@example.com."""
    local, _at, domain = value.rpartition("@")
    return f"{local[:1]}•••@{domain}" if domain else "•••"
