"""Companies that may be the applicant under another number, or that the applicant may want to be taken for."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.mailboxes import is_public_mailbox, mail_domain
from accounts.models import Partner
from core.companies import LEGAL_FORMS
from core.text import fold

ALIKE = 0.84
MOST = 10
# Shorter first words, like ABC, say too little.
FIRST_WORD = 5
# Letters of other alphabets, and digits, that pass for a Latin letter.
TWINS = str.maketrans("аеорсухіѕԁһκνοα015", "aeopcyxisdhkvoaois")


@dataclass(frozen=True)
class LookAlike:
    """Another company, and what it has in common with the applicant."""

    partner: Partner
    reasons: list[str]


def look_alikes(partner: Partner) -> list[LookAlike]:
    """Companies with a similar name, or the same mail domain or telephone number; the most alike first (two queries).

    Names are compared one by one: the back office asks this once for an application, of some thousand companies.
    """
    others = Partner.objects.exclude(pk=partner.pk)
    similar = similar_names(partner.legal_name, dict(others.values_list("pk", "legal_name")))
    domain, phone = mail_domain(partner.contact_email), partner.contact_phone
    same_domain = Q(pk__in=[]) if is_public_mailbox(partner.contact_email) else Q(search_text__endswith=f"@{domain}")
    same_phone = Q(contact_phone=phone) if phone else Q(pk__in=[])
    found = []
    for other in others.filter(Q(pk__in=similar) | same_domain | same_phone).order_by("pk")[: 5 * MOST]:
        reasons = [
            (other.pk in similar, _("similar name")),
            (not is_public_mailbox(domain) and mail_domain(other.contact_email) == domain, _("same e-mail domain")),
            (bool(phone) and other.contact_phone == phone, _("same telephone number")),
        ]
        found.append(LookAlike(other, [text for holds, text in reasons if holds]))
    found.sort(key=lambda one: (-len(one.reasons), -similar.get(one.partner.pk, 0)))
    return found[:MOST]


def similar_names(name: str, names: dict[int, str], *, by_first_word: bool = True) -> dict[int, float]:
    """Which of these names could be taken for the first, with how alike they are, at most 1.

    A company that shares only the first word, the one that people remember, counts for a little less, or not at all.
    """
    whole, first = bare_name(name)
    matches_whole, matches_first = _matcher(whole), _matcher(first)
    found = {}
    for key, other in names.items():
        other_whole, other_first = bare_name(other)
        alike = matches_whole(other_whole)
        if by_first_word and not alike and min(len(first), len(other_first)) >= FIRST_WORD:
            alike = matches_first(other_first) * 0.9
        if alike:
            found[key] = alike
    return dict(sorted(found.items(), key=lambda pair: -pair[1])[:MOST])


def _matcher(text: str) -> Callable[[str], float]:
    """A function that says how alike another text is, 0 for less than ALIKE."""
    matcher = SequenceMatcher(None, b=text, autojunk=False)

    def compare(other: str) -> float:
        matcher.set_seq1(other)
        # The cheap upper bounds first: almost every name fails there.
        if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
            return 0.0
        ratio = matcher.ratio()
        return ratio if ratio >= ALIKE else 0.0

    return compare


def bare_name(name: str) -> tuple[str, str]:
    """A name and its first word without legal form, case, accents and borrowed letters: what somebody remembers."""
    words = bare_words(fold(name).translate(TWINS))
    return "".join(words), words[0] if words else ""


def bare_words(name: str) -> list[str]:
    """The words of a name without its legal form, unless it is nothing else."""
    words = re.findall(r"\w+", fold(name).replace(".", ""))
    return [word for word in words if word not in LEGAL_FORMS] or words


def mixes_alphabets(name: str) -> bool:
    """Whether Latin letters stand beside Greek or Cyrillic ones in one word, as no honest name writes it."""
    for word in re.findall(r"[^\W\d_]+", name):
        scripts = {unicodedata.name(char, "").partition(" ")[0] for char in word}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True
    return False
