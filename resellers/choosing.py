"""The resellers that a provider's staff may choose among, for fields and filters that find one by typing."""

import math
import time
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Left, Length
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, mpn_key
from core.company_labels import read_label
from core.counting import REMEMBERED
from core.text import fold
from core.typeahead import Source, Suggestion
from resellers.models import Partnership
from resellers.readiness import company_obstacles

MOST_WORDS = 6
# Until when, by the monotonic clock, a provider is taken to have more resellers than so many, as this process has seen.
# Of those that it has now some may end: after a minute it is asked again. No past partnership is ever deleted.
_many_until: dict[tuple[UUID | None, bool, int], float] = {}
# The searched text is name, MPN ID and e-mail address; whoever types a name does not mean the address.
NAME_AND_NUMBER = Left("search_text", Length("search_text") - Length("contact_email"))
NAME = Left("search_text", Length("search_text") - Length("contact_email") - Length("mpn_id") - 2)


class ResellerSource(Source[Partner]):
    """Resellers with which the actor's company has a partnership; `with_ended` also those with which it had one.

    Those that would be refused today are among them: who chooses one is told why and what repairs it, for a customer
    of `customer_country` where that is known.
    """

    def __init__(self, actor: Actor, *, with_ended: bool = False, customer_country: str = "") -> None:
        self.actor = actor
        self.with_ended = with_ended
        self.customer_country = customer_country

    @property
    def url(self) -> str:  # type: ignore[override]
        """Where the same question is answered to a script."""
        asked = {"ended": "1" if self.with_ended else "", "country": self.customer_country}
        query = urlencode({name: value for name, value in asked.items() if value})
        return reverse("resellers:suggest") + (f"?{query}" if query else "")

    def resellers(self, *, with_ended: bool | None = None, limit: int | None = None) -> QuerySet[Partner]:
        """All of them by name, or any so many."""
        if not self.actor.is_provider:
            return Partner.objects.none()
        partnerships = Partnership.objects.visible_to(self.actor)
        if not (self.with_ended if with_ended is None else with_ended):
            partnerships = partnerships.active()
        keys = partnerships.order_by().values("reseller")
        if limit is not None:
            keys = keys.distinct()[:limit]
        return Partner.objects.filter(pk__in=keys).order_by("search_text", "pk")

    def few(self, limit: int) -> list[Partner] | None:
        """Thousands are not put in order only to see that there are more, nor looked at for each page that asks."""
        asked = (self.actor.partner.microsoft_id if self.actor.partner else None, self.with_ended, limit)
        now = time.monotonic()
        if _many_until.get(asked, -math.inf) > now:
            return None
        found = self._shown(self.resellers(limit=limit + 1))
        if len(found) <= limit:
            return found
        _many_until[asked] = math.inf if self.with_ended else now + REMEMBERED
        return None

    def _shown(self, rows: QuerySet[Partner]) -> list[Partner]:
        """What a suggestion says of each; whether there are obstacles today takes more."""
        return list(rows.only("microsoft_id", "legal_name", "mpn_id") if self.with_ended else rows)

    def search(self, text: str, limit: int) -> list[Partner]:
        """Each word in the name or the MPN ID, whose leading zeros mean nothing; names that begin so come first."""
        folded = " ".join(read_label(text) or [fold(text)])
        rows = self.resellers()
        if not folded:
            return self._shown(rows[:limit])
        rows = rows.annotate(own_words=NAME_AND_NUMBER)
        for word in folded.split()[:MOST_WORDS]:
            wanted = Q(search_text__contains=word, own_words__contains=word)
            if word.isdecimal():
                wanted |= Q(mpn_key__startswith=mpn_key(word))
            rows = rows.filter(wanted)
        begins = Case(
            When(search_text__startswith=folded, then=Value(0)), default=Value(1), output_field=IntegerField()
        )
        return list(rows.order_by(begins, "search_text", "pk")[:limit])

    def named(self, text: str) -> list[Partner]:
        """By the whole name, the whole MPN ID, or both as lists show them."""
        folded = fold(text)
        rows = self.resellers().annotate(own_name=NAME)
        if label := read_label(text):
            name, number = label
            return list(rows.filter(own_name=name, mpn_key=mpn_key(number)))
        wanted = Q(search_text__startswith=folded, own_name=folded)
        if folded.isdecimal():
            wanted |= Q(mpn_key=mpn_key(folded))
        return list(rows.filter(wanted)[: MOST_WORDS * 2])

    def find(self, key: str) -> Partner | None:
        """By the Microsoft ID."""
        return self._find(key, self.with_ended)

    def _find(self, key: str, with_ended: bool) -> Partner | None:
        try:
            wanted = UUID(key)
        except ValueError:
            return None
        return self.resellers(with_ended=with_ended).filter(microsoft_id=wanted).first()

    def suggestion(self, one: Partner) -> Suggestion:
        """Name and MPN ID, and what stands in the way of new business today."""
        note = ""
        if not self.with_ended and self.actor.partner is not None:
            obstacles = company_obstacles(self.actor.partner, one, active=True, customer_country=self.customer_country)
            note = " ".join(obstacle.sentence for obstacle in obstacles)
        return Suggestion(str(one.microsoft_id), one.name_and_mpn, note)

    def label(self, key: str) -> str:
        """The company knows the name even after a partnership has ended."""
        found = self._find(key, True)
        return found.name_and_mpn if found is not None else ""
