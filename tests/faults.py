"""The database fails in the middle: an error at the n-th statement, for every n."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection


@dataclass
class Injection:
    """How many statements were seen, and whether the error was raised."""

    seen: int = 0
    raised: bool = False


@contextmanager
def fail_at_statement(number: int) -> Iterator[Injection]:
    """Raise OperationalError instead of executing the n-th statement (savepoints count); later ones work again."""
    injection = Injection()

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        injection.seen += 1
        if injection.seen == number:
            injection.raised = True
            raise OperationalError(f"Injected at statement {number}: {sql[:60]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield injection


def fail_at_each_statement(act: Callable[[], Any], check: Callable[[], None], limit: int = 200) -> int:
    """Run `act` with an error at its first statement, then its second, and so on until it succeeds.

    After each failure `check` asserts that nothing was kept. Returns how many statements the success took.
    """
    for number in range(1, limit):
        with fail_at_statement(number) as injection:
            try:
                act()
            except OperationalError:
                pass
            else:
                assert not injection.raised, f"The error at statement {number} was swallowed."
                return injection.seen
        check()
    raise AssertionError(f"Did not succeed within {limit} statements.")
