"""What the apps above this one add to it: they register when they are ready, and this app knows none of them."""

from collections.abc import Callable, Collection

# Called with the keys of customers, in the transaction in which another reseller, or none, comes to manage them.
manager_followers: list[Callable[[Collection[int]], object]] = []


def follow_managers(customers: Collection[int]) -> None:
    """Let everybody know who wants to."""
    for follower in manager_followers:
        follower(customers)
