"""What an import brought, counted."""

from dataclasses import dataclass


@dataclass
class Outcome:
    """Rows that were added, changed or found unchanged, and stored ones that the file ended."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    ended: int = 0
