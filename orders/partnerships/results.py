"""What the end of a partnership will do, as sections to check; and what it did, from the relations that it left."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Partner
from core import html
from core.company_labels import company_label
from customers.models import ResellerRelationship
from orders.partnerships import wording
from orders.partnerships.choices import NOBODY, Choices, Takeover
from orders.partnerships.consequences import SUBSCRIPTION_RELATIONS, Consequences, Held, Relation, some_names
from resellers.models import Partnership


class Section(NamedTuple):
    """One kind of thing: to whom how much of it goes."""

    title: str
    rows: list[tuple[SafeString, SafeString]]


def plan_sections(consequences: Consequences, choices: Choices, takeover: Takeover) -> list[Section]:
    """Everything that changes hands, by kind and by who gets it."""
    keys = takeover.resellers() | ({choices.drafts} if isinstance(choices.drafts, int) else set())
    names = {one.pk: one.name_and_mpn for one in Partner.objects.filter(pk__in=keys)} if keys else {}
    titles = {
        Relation.MANAGING: _("Managing reseller"),
        Relation.OF_RECORD: _("Reseller of record"),
        Relation.SUPPORT: _("Designated support contact"),
    }
    sections = [
        Section(titles[relation], _rows(relation, consequences.rows(relation), takeover.to[relation], names))
        for relation in Relation
        if consequences.rows(relation)
    ]
    if consequences.drafts:
        taker = _draft_words(choices, names)
        what = html.name(wording.drafts_text(len(consequences.drafts)))
        sections.append(Section(_("Open drafts"), [(taker, what)]))
    return sections


def _rows(
    relation: Relation, held: Sequence[Held], to: Mapping[int, int | None], names: Mapping[int, str]
) -> list[tuple[SafeString, SafeString]]:
    by_taker: dict[int | None, list[str]] = {}
    for one in held:
        if one.key in to:
            by_taker.setdefault(to[one.key], []).append(one.name)
    largest_first = sorted(by_taker.items(), key=lambda pair: (-len(pair[1]), str(pair[0])))
    return [
        (
            html.name(wording.nobody_text(relation) if key is None else names[key]),
            _with_names(wording.NUMBER_OF[relation](len(found)), found),
        )
        for key, found in largest_first
    ]


def _with_names(words: str, names: Sequence[str]) -> SafeString:
    """12 customers: A, B, C and 9 more."""
    shown, more = some_names(names)
    listed = ", ".join(shown)
    if more:
        listed = _("%(names)s and %(more)s more") % {"names": listed, "more": html.number_text(more)}
    return format_html('{} <span class="muted">· <bdi>{}</bdi></span>', words, listed)


def _draft_words(choices: Choices, names: Mapping[int, str]) -> SafeString:
    if isinstance(choices.drafts, int):
        return html.name(names[choices.drafts])
    if choices.drafts == NOBODY:
        return html.name(_("No reseller"))
    return html.name(_("Each owner is asked for another reseller at Review"))


def handed_over_then(partnership: Partnership) -> list[str]:
    """Who took over what when the partnership ended, as sentences."""
    taken: dict[Relation, Counter[int | None]] = {}
    names: dict[int, str] = {}
    at: Any = partnership.ended_at
    ended: Any = ResellerRelationship.objects.filter(partnership=partnership, ends_at=at)
    begun: Any = ResellerRelationship.objects.filter(begins_at=at, customer__in=ended.values("customer"))
    taken[Relation.MANAGING] = _counted(ended, begun, names)
    for relation, model in SUBSCRIPTION_RELATIONS.items():
        of_provider = model._default_manager.filter(subscription__customer__provider=partnership.provider)
        ended = of_provider.filter(reseller=partnership.reseller, ends_at=at)
        begun = of_provider.filter(begins_at=at, subscription__in=ended.values("subscription"))
        taken[relation] = _counted(ended, begun, names)
    return wording.handed_over(taken, names)


def _counted(ended: Any, begun: Any, names: dict[int, str]) -> Counter[int | None]:
    """How many of those that ended each reseller took over; the rest went to nobody."""
    columns = ("reseller", "reseller__legal_name", "reseller__mpn_id")
    found: Counter[int | None] = Counter()
    for key, name, mpn_id, number in begun.values_list(*columns).annotate(number=Count("pk")):
        found[key] = number
        names[key] = company_label(name, mpn_id)
    if left := ended.count() - found.total():
        found[None] = left
    return found
