"""`manage.py note_backup`: what the backup script calls when it has finished."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.models import BackupNote


class Command(BaseCommand):
    """Note that a backup was made, or with --rehearsed that one was restored on trial."""

    help = "Note that a backup was made, or with --rehearsed that one was restored on trial; the back office shows it."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is known of it."""
        parser.add_argument("--name", default="", help="the file, or where it was put")
        parser.add_argument("--bytes", type=int, help="its size; an empty backup is refused")
        parser.add_argument("--rehearsed", action="store_true", help="it was restored on trial")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the note."""
        size = options["bytes"]
        if size is not None and size <= 0:
            raise CommandError("A backup of no bytes is none: nothing is noted.")
        kind = BackupNote.Kind.REHEARSAL if options["rehearsed"] else BackupNote.Kind.BACKUP
        note = BackupNote.objects.create(kind=kind, name=options["name"][:200], size=size)
        self.stdout.write(f"Noted: {note}")
