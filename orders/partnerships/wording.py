"""Numbers of customers and subscriptions as sentences: for pages, letters and results."""

from collections import Counter
from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.html import number_text
from orders.partnerships.consequences import Relation
from subscriptions.wording import subscriptions_text


def customers_text(number: int) -> str:
    """1 customer, 1,204 customers."""
    return ngettext("%(number)s customer", "%(number)s customers", number) % {"number": number_text(number)}


def drafts_text(number: int) -> str:
    """1 open draft, 2 open drafts."""
    return ngettext("%(number)s open draft", "%(number)s open drafts", number) % {"number": number_text(number)}


def requests_text(number: int) -> str:
    """1 open request, 2 open requests."""
    return ngettext("%(number)s open request", "%(number)s open requests", number) % {"number": number_text(number)}


NUMBER_OF: dict[Relation, Callable[[int], str]] = {
    Relation.MANAGING: customers_text,
    Relation.OF_RECORD: subscriptions_text,
    Relation.SUPPORT: subscriptions_text,
}


def lost_by_reseller(counts: Mapping[str, int]) -> list[str]:
    """What a reseller no longer has once the partnership is over, said to itself; only what it had."""
    sentences = {
        "customers": (customers_text, _("Your access to the accounts and subscriptions of %(what)s ends at once.")),
        "subscriptions_of_record": (
            subscriptions_text,
            _(
                "You are no longer reseller of record on %(what)s: incentives for them end. "
                "What you earned before stays yours."
            ),
        ),
        "subscriptions_supported": (
            subscriptions_text,
            _("You are no longer the designated support contact of %(what)s; the provider answers instead."),
        ),
    }
    return [words % {"what": text(counts[name])} for name, (text, words) in sentences.items() if counts[name]]


def taken_over(counts: Mapping[Relation, int]) -> list[str]:
    """What a reseller that takes over has from now on."""
    sentences: dict[Relation, Callable[[], str]] = {
        Relation.MANAGING: lambda: _("Administrator access to the accounts and subscriptions of %(what)s"),
        Relation.OF_RECORD: lambda: _("Reseller of record on %(what)s: their incentives are yours from now on"),
        Relation.SUPPORT: lambda: _("Designated support contact of %(what)s"),
    }
    return [
        sentences[relation]() % {"what": NUMBER_OF[relation](number)} for relation, number in counts.items() if number
    ]


def nobody_text(relation: Relation) -> str:
    """What it means that nobody takes over."""
    return {
        Relation.MANAGING: _("No reseller (direct customers)"),
        Relation.OF_RECORD: _("No reseller: nobody earns incentives"),
        Relation.SUPPORT: _("No reseller: you answer the support requests"),
    }[relation]


def handed_over(taken: Mapping[Relation, Counter[int | None]], names: Mapping[int, str]) -> list[str]:
    """To whom what went, in the words of the provider: one sentence for each kind and taker, the largest first."""
    texts = {
        Relation.MANAGING: _("%(what)s: managed by %(taker)s"),
        Relation.OF_RECORD: _("%(what)s: reseller of record is %(taker)s"),
        Relation.SUPPORT: _("%(what)s: support contact is %(taker)s"),
    }
    nobody = {
        Relation.MANAGING: _("%(what)s: without a reseller, so direct customers of yours"),
        Relation.OF_RECORD: _("%(what)s: without a reseller of record"),
        Relation.SUPPORT: _("%(what)s: you answer the support requests"),
    }
    found = []
    for relation, counter in taken.items():
        for key, number in counter.most_common():
            words = {"what": NUMBER_OF[relation](number)}
            if key is None:
                found.append(nobody[relation] % words)
            else:
                found.append(texts[relation] % {**words, "taker": names[key]})
    return found
