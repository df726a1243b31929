"""`manage.py serve_metrics`: the listener that Prometheus asks, a process beside the web processes of a machine."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Serve the figures until told to stop."""

    help = "Serve figures for Prometheus on METRICS_ADDRESS and METRICS_PORT until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse without a port: nothing is counted then."""
        if not settings.METRICS_PORT:
            raise CommandError("METRICS_PORT is not set, so nothing is counted: set it for the web processes too.")
        from csp_portal.metrics import serve

        try:
            server, thread = serve()
        except OSError as error:
            raise CommandError(f"Port {settings.METRICS_PORT} cannot be used: {error.strerror}.") from error
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write(f"Figures on http://{settings.METRICS_ADDRESS}:{settings.METRICS_PORT}/metrics")
        stop.wait()
        server.shutdown()
        thread.join()
