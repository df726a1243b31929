"""The people of one's own company, to find what one of them did."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.access import Actor
from accounts.models import User
from core.text import fold
from core.typeahead import Source, Suggestion

MOST_WORDS = 6


class PersonSource(Source[User]):
    """Who works or worked for the actor's company; the sign-in name tells two of one name apart."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    @property
    def url(self) -> str:  # type: ignore[override]
        """Where the same question is answered to a script."""
        return reverse("activity:suggest_people")

    def people(self) -> QuerySet[User]:
        """All of them, by name."""
        if self.actor.partner is None:
            return User.objects.none()
        members = self.actor.partner.memberships.values("user")
        return User.objects.filter(pk__in=members).order_by("full_name", "pk")

    def search(self, text: str, limit: int) -> list[User]:
        """Each word in the name or the sign-in name."""
        words = fold(text.replace("(", " ").replace(")", " ")).split()[:MOST_WORDS]
        if not words:
            return list(self.people()[:limit])
        return [one for one in self.people() if all(word in _words_of(one) for word in words)][:limit]

    def named(self, text: str) -> list[User]:
        """By the whole name, the sign-in name, or both as the list shows them."""
        wanted = fold(text)
        return [one for one in self.people() if wanted in _names_of(one)]

    def find(self, key: str) -> User | None:
        """By the number."""
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            return None
        return self.people().filter(pk=int(key)).first()

    def suggestion(self, one: User) -> Suggestion:
        """Name and sign-in name."""
        return Suggestion(str(one.pk), f"{one.full_name} ({one.sign_in_name})")


def _words_of(person: User) -> str:
    return fold(f"{person.full_name} {person.sign_in_name}")


def _names_of(person: User) -> set[Any]:
    names = (person.full_name, person.sign_in_name, f"{person.full_name} ({person.sign_in_name})")
    return {fold(name) for name in names}
