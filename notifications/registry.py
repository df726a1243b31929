"""What apps above this one add to it, from their ready(): this one knows none of them."""

from collections.abc import Callable, Iterable
from uuid import UUID

from accounts.access import Actor
from accounts.roles import Permission
from activity.models import ActivityRecord

# Each finds the people who act for the organizations of these Microsoft IDs.
ActorsOf = Callable[[Iterable[UUID]], list[Actor]]
further_actors: list[ActorsOf] = []

# Each says, for a family of actions, what a provider's people need to be told of this one; None leaves it to the rule.
PermissionOf = Callable[[ActivityRecord], Permission | None]
provider_permissions: dict[str, PermissionOf] = {}
