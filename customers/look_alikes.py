"""Customers that may be the one that is being added: the same under another spelling, or with the same number.

It only warns. What may not be there twice, the primary domain, is refused by the rules.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.access import Actor, can
from accounts.look_alikes import MOST, TWINS, bare_words, mixes_alphabets, similar_names
from accounts.mailboxes import is_public_mailbox, mail_domain
from accounts.roles import Permission
from core.text import fold
from customers import rules
from customers.models import Customer, CustomerQuerySet

# Of the customers in whose name the words occur so many are compared letter by letter.
MOST_COMPARED = 200
# Shorter words are in too many names, and no index finds them.
SHORTEST_WORD = 3
MOST_WORDS = 5


@dataclass(frozen=True)
class LookAlike:
    """A customer, and what it has in common with the one that is being added."""

    customer: Customer
    reasons: list[str]


def look_alikes(typed: Mapping[str, Any], actor: Actor) -> list[LookAlike]:
    """Customers of the actor's own that are like what was typed, the most alike first (at most three queries).

    Each query goes by an index: of the domain, of the number, and of the words where the database has that one.
    """
    if not can(actor, Permission.VIEW_CUSTOMERS):
        return []
    seen = Customer.objects.visible_to(actor)
    name, prefix, number = str(typed.get("company_name") or ""), _prefix(typed), _number(typed)
    mailbox = _like(r"[a-z0-9.-]+", mail_domain(str(typed.get("contact_email") or "")))
    country = _like(r"[A-Z]{2}", str(typed.get("country") or ""))
    same_number = Q(registration_id=number, country=country) if number else Q(pk__in=[])
    found = {one.pk: one for one in seen.filter(Q(domain_prefix=prefix) | same_number)[:MOST]}
    if mailbox and not is_public_mailbox(mailbox):
        found |= {one.pk: one for one in seen.filter(search_text__contains=f"@{mailbox} ")[:MOST]}
    named = {one.pk: one for one in _named_alike(name, seen)}
    alike = similar_names(name, {pk: one.company_name for pk, one in (named | found).items()}, by_first_word=False)
    likes = []
    for pk, one in (found | {pk: named[pk] for pk in alike if pk in named}).items():
        reasons = [
            (one.domain_prefix == prefix, _("same primary domain")),
            (bool(number) and (one.registration_id, one.country_code) == (number, country), _("same registration ID")),
            (pk in alike, _("similar name")),
            (bool(mailbox) and mail_domain(one.contact_email) == mailbox, _("same e-mail domain")),
        ]
        likes.append(LookAlike(one, [text for holds, text in reasons if holds]))
    likes.sort(key=lambda like: (-len(like.reasons), -alike.get(like.customer.pk, 0), like.customer.pk))
    return likes[:MOST]


def _named_alike(name: str, customers: CustomerQuerySet) -> CustomerQuerySet:
    """Those in whose name all words occur, or all but one of which only half does."""
    # Letters borrowed from another alphabet are read as what they pass for.
    honest = fold(name).translate(TWINS) if mixes_alphabets(name) else name
    wanted = list(_conjunctions([word for word in bare_words(honest) if len(word) >= SHORTEST_WORD][:MOST_WORDS]))
    if not wanted:
        return customers.none()
    return customers.filter(reduce(or_, wanted))[:MOST_COMPARED]


def _conjunctions(words: list[str]) -> Iterator[Q]:
    if words:
        yield _all_of(words)
    for place, word in enumerate(words):
        others = words[:place] + words[place + 1 :]
        for part in _parts(word, alone=not others):
            yield _all_of([*others, part])


def _parts(word: str, *, alone: bool) -> list[str]:
    """Parts of a word of which one is right where a letter is wrong; a short one alone would be in too many names."""
    middle, shortest = len(word) // 2, SHORTEST_WORD + 1 if alone else SHORTEST_WORD
    if middle >= shortest:
        return [word[:middle], word[middle:]]
    return [word[:-1], word[1:]] if len(word) > shortest else []


def _all_of(words: list[str]) -> Q:
    return reduce(and_, (Q(search_text__contains=word) for word in words))


def _like(pattern: str, text: str) -> str:
    """The text if it is written so; what is nothing of the kind is not looked for."""
    return text if re.fullmatch(pattern, text) else ""


def _number(typed: Mapping[str, Any]) -> str:
    text = re.sub(r"[\s./\-]", "", str(typed.get("registration_id") or "")).upper()
    return _like(r"[A-Z0-9]{2,20}", text)


def _prefix(typed: Mapping[str, Any]) -> str:
    try:
        return rules.clean_domain_prefix(str(typed.get("domain_prefix") or ""))
    except ValidationError:
        return ""
