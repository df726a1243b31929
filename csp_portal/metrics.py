"""Figures for Prometheus, when METRICS_PORT says so: counted by every process, read by `manage.py serve_metrics` alone.

The listener is a process of its own: the addresses of the portal never show them.
"""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from prometheus_client import CollectorRegistry, Counter, Metric, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core import clock
from core.logs import SECURITY
from csp_portal import health, queues
from mail import heartbeat
from mail.models import OutgoingEmail
from operations.models import BackupNote

kept_out = Counter("portal_kept_out_total", "Lines of the security log, failed sign-ins among them.", ["kind"])


class SecurityCounter(logging.Handler):
    """Counts what the security log tells, by its kind."""

    def emit(self, record: logging.LogRecord) -> None:
        """One more."""
        kept_out.labels(kind=getattr(record, "kind", "other")).inc()


def count_security() -> None:
    """Begin to count, once for each process."""
    log = logging.getLogger(SECURITY)
    if not any(isinstance(handler, SecurityCounter) for handler in log.handlers):
        log.addHandler(SecurityCounter())


def gauge(name: str, text: str, value: float | None = None, **by: dict[str, float]) -> GaugeMetricFamily:
    """A figure, or one for each value of a label."""
    if not by:
        return GaugeMetricFamily(name, text, value=value)
    [(label, values)] = by.items()
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, each in values.items():
        family.add_metric([key], each)
    return family


class WorkCollector(Collector):
    """What the rows say at the moment of the question."""

    def collect(self) -> Iterator[Metric]:
        """Every figure; without the database only that it is away."""
        try:
            figures = [*self._mail(), *self._queues(), *self._watch()]
            up = 1.0
        except DatabaseError:
            figures, up = [], 0.0
        finally:
            connection.close()
        yield gauge("portal_database_up", "Whether the database answers.", up)
        yield from figures

    def _mail(self) -> Iterator[Metric]:
        waiting = queues.capped(OutgoingEmail.objects.waiting())
        failed = queues.capped(OutgoingEmail.objects.failed())
        oldest = health.oldest_waiting()
        yield gauge("portal_outbox_waiting", "Mail that has not left, up to 1001.", waiting)
        yield gauge("portal_outbox_failed", "Mail that could not be sent, up to 1001.", failed)
        seconds = oldest.total_seconds() if oldest else 0.0
        yield gauge("portal_outbox_oldest_seconds", "How long the oldest of the waiting mail has waited.", seconds)

    def _queues(self) -> Iterator[Metric]:
        counts, ages, now = {}, {}, clock.now()
        for queue in queues.QUEUES:
            counts[queue.name] = float(queue.count())
            oldest = queue.oldest()
            ages[queue.name] = (now - oldest).total_seconds() if oldest else 0.0
        yield gauge("portal_queue_rows", "What waits for the back office, up to 1001.", queue=counts)
        yield gauge("portal_queue_oldest_seconds", "How long the oldest of it has waited.", queue=ages)

    def _watch(self) -> Iterator[Metric]:
        now = clock.now()
        seen = {"beat": heartbeat.seen(heartbeat.BEAT), "worker": heartbeat.seen(heartbeat.SWEEP)}
        ages = {name: (now - moment).total_seconds() if moment else float("inf") for name, moment in seen.items()}
        yield gauge("portal_heartbeat_age_seconds", "Since beat and a worker were last seen.", process=ages)
        coverage = queues.second_factors()
        people = {"yes": float(coverage.covered), "no": float(coverage.people - coverage.covered)}
        yield gauge("portal_second_factor_people", "Who must have a second factor, and has one.", covered=people)
        notes = {kind: BackupNote.objects.latest_of(kind) for kind in BackupNote.Kind.values}
        backups = {kind: note.age.total_seconds() for kind, note in notes.items() if note}
        yield gauge("portal_backup_age_seconds", "Since the last noted backup and trial.", kind=backups)


def registry() -> CollectorRegistry:
    """What all web processes counted together, and what the rows say."""
    found = CollectorRegistry()
    MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    found.register(WorkCollector())
    return found


def serve() -> Any:
    """Listen; returns the server and its thread."""
    return start_http_server(settings.METRICS_PORT, addr=settings.METRICS_ADDRESS, registry=registry())
