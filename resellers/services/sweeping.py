"""One thing at a time over many rows, for background work."""

from collections.abc import Callable, Iterable

from core.sweeping import failing_alone


def each(pks: Iterable[int], act: Callable[[int], bool]) -> int:
    """Do `act` for each row in a transaction of its own, and return how many it was done for.

    A row that fails is logged, fails alone, and is found again by the next run.
    """
    done = 0
    for pk in list(pks):
        with failing_alone("Request %s was left for the next run.", pk):
            done += act(pk)
    return done
