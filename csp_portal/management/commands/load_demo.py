"""Fill an empty portal with the demo's companies, catalogue, customers and orders; print how to sign in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from csp_portal.demo.load import is_loaded, load, sign_ins


class Command(BaseCommand):
    """Load the demo data once; with --print only say how to sign in."""

    help = "Load the demo data into an empty portal (demo mode only); a second run changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--print", action="store_true", dest="only_print", help="only print the demo sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo data are refused outside the demo: everybody knows their password.")
        if not options["only_print"] and not is_loaded():
            self.stdout.write("Loading the demo data ...")
            load()
        self.stdout.write(sign_ins())
