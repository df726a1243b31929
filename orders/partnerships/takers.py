"""The resellers that can take over, found by what a person types, and what keeps one from taking over what."""

from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import Partner
from accounts.models.partners import mpn_key
from core.company_labels import read_label
from core.text import fold
from orders.partnerships.choices import Choices, Takeover
from orders.partnerships.consequences import Consequences, Relation
from resellers.models import Partnership
from resellers.readiness import company_obstacles

# More options than this are typed, not scrolled through.
LONGEST_SELECT = 15
SHOWN_MATCHES = 5
# The choice of a reseller that is entered in the field beside, where there are too many for a list.
ENTERED = "entered"
Options = list[tuple[str, str]]


def possible_takers(partnership: Partnership) -> QuerySet[Partner]:
    """The other resellers with which the provider has a partnership, by name.

    Those that would be refused are among them: who chooses one is told why and what repairs it.
    """
    active = Partnership.objects.active().filter(provider=partnership.provider)
    others = active.exclude(reseller=partnership.reseller)
    return Partner.objects.filter(pk__in=others.values("reseller")).order_by("legal_name", "pk")


def find_taker(takers: QuerySet[Partner], typed: str) -> Partner:
    """The one reseller that a name or an MPN ID means; ValidationError says when it is none or more than one."""
    folded = " ".join(read_label(typed) or [fold(typed)])
    if folded.isascii() and folded.isdigit():
        found = list(takers.filter(mpn_key=mpn_key(folded)[:12]))
    else:
        matching = takers
        for word in folded.split()[:6]:
            matching = matching.filter(search_text__contains=word)
        found = list(matching[: SHOWN_MATCHES + 1])
        exact = list(matching.filter(search_text__startswith=f"{folded} ")[: SHOWN_MATCHES + 1])
        found = [one for one in exact if fold(one.legal_name) == folded] or found
    if len(found) == 1:
        return found[0]
    if not found:
        text = _("No reseller of yours is called “%(typed)s”. Enter its MPN ID, or a part of its name.")
        raise ValidationError(text % {"typed": typed})
    names = ", ".join(one.name_and_mpn for one in found[:SHOWN_MATCHES])
    raise ValidationError(
        _("More than one reseller matches. Enter the MPN ID of one of them: %(names)s") % {"names": names}
    )


class Takers:
    """The resellers that can take over, as options of a list or, where those are too many, as a field to type into."""

    def __init__(self, partnership: Partnership) -> None:
        self.queryset = possible_takers(partnership)

    @cached_property
    def first(self) -> list[Partner]:
        """As many as a list holds, and one more."""
        return list(self.queryset[: LONGEST_SELECT + 1])

    @property
    def are_typed(self) -> bool:
        """Whether there are too many for a list."""
        return len(self.first) > LONGEST_SELECT

    def options(self) -> Options:
        """The choices that stand for resellers."""
        if self.are_typed:
            return [(ENTERED, _("The reseller entered below"))]
        return [(str(one.microsoft_id), one.name_and_mpn) for one in self.first]

    def key_of(self, value: str) -> int:
        """The key of the reseller that an option stands for."""
        return next(one.pk for one in self.first if str(one.microsoft_id) == value)

    @cached_property
    def _named(self) -> dict[int, Partner]:
        return {} if self.are_typed else {one.pk: one for one in self.first}

    def named(self, key: int) -> Partner | None:
        """The reseller with this key, if it can take over."""
        if key not in self._named and self.are_typed:
            found = self.queryset.filter(pk=key).first()
            if found is not None:
                self._named[key] = found
        return self._named.get(key)


class Objection(NamedTuple):
    """Why a reseller cannot take something over, and what repairs it."""

    taker: int
    text: str


def objections(partnership: Partnership, wanted: Iterable[tuple[int, str]]) -> list[Objection]:
    """What keeps these resellers from taking over in these countries (pairs of key and country); one query."""
    pairs = sorted(set(wanted))
    if not pairs:
        return []
    active = Partnership.objects.active().filter(provider=partnership.provider, reseller=OuterRef("pk"))
    takers = Partner.objects.annotate(is_partner=Exists(active)).in_bulk({key for key, _country in pairs})
    found: dict[Objection, None] = {}
    for key, country in pairs:
        taker = takers[key]
        lasts = taker.is_partner and key != partnership.reseller_id
        for obstacle in company_obstacles(partnership.provider, taker, active=lasts, customer_country=country):
            found[Objection(key, f"{obstacle.sentence} {obstacle.repair}")] = None
    return list(found)


def wanted_by(choices: Choices, takeover: Takeover, consequences: Consequences) -> set[tuple[int, str]]:
    """Who would take over something, and in which country."""
    wanted: set[tuple[int, str]] = set()
    for relation in Relation:
        for held in consequences.rows(relation):
            taker = takeover.to[relation].get(held.key)
            if taker is not None:
                wanted.add((taker, held.country))
    if isinstance(choices.drafts, int):
        wanted |= {(choices.drafts, draft.country) for draft in consequences.drafts}
    return wanted
