"""Import a price list or an offer matrix from a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.access import system_actor
from catalogue.models import CatalogueImport
from catalogue.services import ImportRefused, import_file

MOST_SHOWN = 50


class Command(BaseCommand):
    """Import Microsoft's price list or offer matrix (CSV, or a zip with one CSV), all or nothing; prints a report."""

    help = "Import a price list or an offer matrix (CSV, or a zip that holds one), all or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and its kind where the headings shall not decide."""
        parser.add_argument("file", type=Path, help="the CSV or zip file")
        parser.add_argument(
            "--kind", choices=["price-list", "offer-matrix"], help="which file it is (default: seen from its headings)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report; a refused file ends with status 1."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            job = import_file(
                file=path, by=system_actor("import_catalogue"), kind=(options["kind"] or "").replace("-", "_")
            )
        except ImportRefused as refusal:
            self.report_problems(refusal.report)
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        self.report(job)

    def report(self, job: CatalogueImport) -> None:
        """Say what the file brought."""
        markets = f", markets {job.markets}" if job.markets else ""
        self.stdout.write(f"{job.get_kind_display()} {job.file_name}{markets}, read as {job.encoding}")
        self.stdout.write(f"  rows       {job.rows_total:>9}")
        for name, count in job.counts.items():
            self.stdout.write(f"  {name:<10} {count:>9}")

    def report_problems(self, job: CatalogueImport) -> None:
        """Say which rows were refused and why."""
        for problem in job.problems[:MOST_SHOWN]:
            where = f"row {problem['row']}" if problem["row"] else "file"
            column = f", {problem['column']}" if problem["column"] else ""
            value = f" “{problem['value']}”" if problem["value"] else ""
            self.stderr.write(f"  {where}{column}{value}: {problem['reason']}")
        if job.problem_count > MOST_SHOWN:
            self.stderr.write(f"  … and {job.problem_count - MOST_SHOWN} more")
