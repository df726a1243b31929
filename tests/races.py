"""Many people press at once: threads that start together, each with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

Subject = TypeVar("Subject")


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Run the functions in threads that begin together; return what each returned or the exception it raised."""
    barrier = threading.Barrier(len(functions))
    results: list[Any] = [None] * len(functions)

    def run(number: int, function: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            results[number] = function()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "A thread waits for ever."
    return results


def run_parallel(
    fn: Callable[[Subject, int], Any],
    n: int = 8,
    rounds: int = 25,
    *,
    before: Callable[[], Subject],
    after: Callable[[Subject, list[Any]], None],
) -> None:
    """In each round make a fresh subject, run fn(subject, 0) to fn(subject, n - 1) at once, and check the outcome.

    Needs `django_db(transaction=True)`: what a test's own transaction holds, no other connection sees.
    """
    for _round in range(rounds):
        subject = before()
        results = at_once(*[lambda number=number, subject=subject: fn(subject, number) for number in range(n)])
        after(subject, results)
