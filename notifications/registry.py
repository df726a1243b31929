"""What apps above this one add to it, from their ready(): this one knows none of them."""

from collections.abc import Callable, Iterable
from uuid import UUID

from accounts.access import Actor

# Each finds the people who act for the organizations of these Microsoft IDs.
ActorsOf = Callable[[Iterable[UUID]], list[Actor]]
further_actors: list[ActorsOf] = []
