"""Prove that the activity record is what was written."""

import re
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.sealing import verify


def noted_head(text: str) -> tuple[int, str]:
    """A position and a digest as an earlier run printed them."""
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text):
        raise ArgumentTypeError("a head looks like 1204:9f86d0…, as an earlier run printed it")
    position, digest = text.split(":")
    return int(position), digest


class Command(BaseCommand):
    """Walk the chain over the activity record and name the first record changed, missing or put in between.

    Ends with status 1 if there is one. Who can write to the database can make the whole chain anew: note the head that
    this prints elsewhere, and give it to a later run.
    """

    help = "Verify that no activity record was changed, removed or put in between."

    def add_arguments(self, parser: CommandParser) -> None:
        """A head that was noted elsewhere."""
        parser.add_argument(
            "--head", type=noted_head, metavar="POSITION:DIGEST", help="a head printed earlier, which must still hold"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and report."""
        found = verify(options["head"])
        self.stdout.write(f"sealed   {found.sealed}")
        self.stdout.write(f"waiting  {found.waiting}")
        self.stdout.write(f"head     {found.sealed}:{found.head}")
        if found.fault:
            raise CommandError(found.fault)
