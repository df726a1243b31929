"""Many rows in few statements."""

from collections.abc import Sequence
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def create_under_parents(rows: Sequence[Row], parent: str) -> None:
    """Insert rows of one model that may stand under each other, however deep: a statement for each generation."""
    waiting = list(rows)
    while waiting:
        ready = [row for row in waiting if getattr(row, parent) is None or getattr(row, parent).pk is not None]
        if not ready:
            raise ValueError("Rows stand under each other in a circle, or under one that is not stored.")
        type(ready[0])._default_manager.bulk_create(ready)
        waiting = [row for row in waiting if row.pk is None]
