"""Many people press at once: threads that start together, each with a database connection of its own."""

import functools
import queue
import threading
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Self, TypeVar

from django.db import connection, transaction

Subject = TypeVar("Subject")
first = itemgetter(0)


class Crowd:
    """Threads that begin together, each with a database connection of its own that it keeps until the end."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size)
        self.done: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self.tasks: list[queue.SimpleQueue[Callable[[], Any] | None]] = [queue.SimpleQueue() for _ in range(size)]
        for number in range(size):
            threading.Thread(target=self._serve, args=[number], daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for tasks in self.tasks:
            tasks.put(None)
        self._wait()

    def run(self, *functions: Callable[[], Any]) -> list[Any]:
        """Run the functions at once; return what each returned or the exception it raised."""
        for tasks, function in zip(self.tasks, functions, strict=True):
            tasks.put(function)
        return self._wait()

    def _wait(self) -> list[Any]:
        try:
            return [answer for _number, answer in sorted((self.done.get(timeout=60) for _ in self.tasks), key=first)]
        except queue.Empty:
            raise AssertionError("A thread waits for ever.") from None

    def _serve(self, number: int) -> None:
        try:
            while function := self.tasks[number].get():
                self.done.put((number, self._outcome(function)))
        finally:
            connection.close()
            self.done.put((number, None))

    def _outcome(self, function: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            self.barrier.wait(10)
            return function()
        except Exception as error:
            return error


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Run the functions in threads that begin together; return what each returned or the exception it raised."""
    with Crowd(len(functions)) as crowd:
        return crowd.run(*functions)


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
    with Crowd(n) as crowd:
        for _round in range(rounds):
            subject = before()
            after(subject, crowd.run(*[functools.partial(fn, subject, number) for number in range(n)]))


def while_undecided(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Run `second` while what `first` did is not committed; it is as soon as the second waits for it, or is done.

    PostgreSQL says who waits. What each returned or raised is returned.
    """
    began, done = threading.Event(), threading.Event()

    def hold() -> Any:
        with transaction.atomic():
            outcome = first()
            began.set()
            for _look in range(1_000):
                if done.wait(0.01) or somebody_waits():
                    break
        return outcome

    def follow() -> Any:
        assert began.wait(10)
        try:
            return second()
        finally:
            done.set()

    return at_once(hold, follow)


def somebody_waits() -> bool:
    """Whether a transaction of this database waits for another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        return cursor.fetchone() is not None
