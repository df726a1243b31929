"""A company with its MPN ID on one line, as lists of resellers show it: Fabrikam (MPN ID 0012345).

What is recorded says it in the words of the code, whoever did it; pages and mails say it in their reader's language.
"""

import re

from django.utils.translation import gettext, gettext_noop

from core.text import fold

WORDS = gettext_noop("%(name)s (MPN ID %(mpn_id)s)")
RECORDED = re.compile(r"(?P<name>.*) \(MPN ID (?P<mpn_id>\d{1,12})\)", re.DOTALL)


def company_label(name: str, mpn_id: str) -> str:
    """In the reader's language."""
    return gettext(WORDS) % {"name": name, "mpn_id": mpn_id}


def recorded_label(name: str, mpn_id: str) -> str:
    """As the record of activity keeps it: the same text for the same company, whoever's language is active."""
    return WORDS % {"name": name, "mpn_id": mpn_id}


def label_in_words(recorded: str) -> str:
    """What was recorded, in the reader's language; any other text as it is."""
    found = RECORDED.fullmatch(recorded)
    return company_label(**found.groupdict()) if found else recorded


def read_label(typed: str) -> tuple[str, str] | None:
    """The folded name and the MPN ID of a label that somebody chose or copied; None where the text is none."""
    for words in (gettext(WORDS), WORDS):
        pattern = re.escape(fold(words) % {"name": "NAME", "mpn_id": "NUMBER"})
        pattern = pattern.replace("NAME", "(.*)").replace("NUMBER", r"(\d{1,12})")
        if found := re.fullmatch(pattern, fold(typed)):
            return found[1], found[2]
    return None
