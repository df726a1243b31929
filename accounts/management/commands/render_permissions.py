"""Writes docs/permissions.md."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.permission_page import PAGE, permission_page


class Command(BaseCommand):
    """Write the matrix of permissions as the page of the documentation."""

    help = "Write docs/permissions.md from accounts/permissions.csv."

    def handle(self, *args: Any, **options: Any) -> None:
        """Overwrite the page."""
        PAGE.write_text(permission_page(), encoding="utf-8")
        self.stdout.write(f"Wrote {PAGE}")
