"""How often one address may try links that do not exist."""

import logging

from django.core.cache import cache

logger = logging.getLogger(__name__)

TRIES = 20
SECONDS = 600


def count_bad_link(ip: str) -> bool:
    """Count a try and say whether it was one too many.

    Each try takes one of twenty places for ten minutes. Taking a place is a single atomic `add`, in Redis and in the
    database alike; `incr` is not atomic in the latter. Without the cache nothing is refused: the page that is shown
    instead tells nothing, and a person with a broken link deserves it.
    """
    places = [f"bad-link:{ip}:{number}" for number in range(TRIES)]
    try:
        taken = cache.get_many(places)
        return not any(cache.add(place, 1, SECONDS) for place in places if place not in taken)
    except Exception:
        logger.exception("The count of bad links is not available.")
        return False
