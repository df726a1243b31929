"""How the portal fares behind its pages: asked by load balancers, monitoring and the back office."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from core import clock, fence
from core.cache import let_redis_rest, redis_rests
from csp_portal.fence import roles
from mail import heartbeat
from mail.models import OutgoingEmail
from operations.models import BackupNote
from subscriptions.models import Subscription

# Migrations that are applied stay applied for as long as this process runs.
_migrated = False


def database_answers() -> None:
    """Raise DatabaseError unless it does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def is_migrated() -> bool:
    """Whether the database is as this release wants it; looked up until it is, then remembered."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def redis_answers() -> bool:
    """Whether broker and cache do; without Redis the directory and the database are always there."""
    if not settings.REDIS_URL:
        return True
    if redis_rests():
        return False
    try:
        caches["redis"].get("health")
    except RedisError:
        let_redis_rest()
        return False
    return True


@dataclass(frozen=True)
class Health:
    """What stands behind the pages, at one moment."""

    beat_at: datetime | None
    sweep_at: datetime | None
    redis_answers: bool
    mail_delayed: bool
    backup: BackupNote | None
    fence_holds: bool
    subscriptions_overdue: bool

    @property
    def troubles(self) -> list[str]:
        """What needs somebody, in the words that docs/operations.md explains."""
        troubled = {
            "beat": heartbeat.is_silent(self.beat_at),
            "worker": heartbeat.is_silent(self.sweep_at),
            "redis": not self.redis_answers,
            "mail delayed": self.mail_delayed,
            # Whoever notes no backups at all is not reminded here.
            "backup": self.backup is not None and self.backup.is_too_old,
            "second fence": not self.fence_holds,
            "subscriptions overdue": self.subscriptions_overdue,
        }
        return [name for name, trouble in troubled.items() if trouble]


def look() -> Health:
    """Ask everything, within about a second even if Redis hangs; raises DatabaseError."""
    redis_is_there = redis_answers()
    return Health(
        beat_at=heartbeat.seen(heartbeat.BEAT),
        sweep_at=heartbeat.seen(heartbeat.SWEEP),
        redis_answers=redis_is_there,
        mail_delayed=OutgoingEmail.objects.delayed().exists(),
        backup=BackupNote.objects.latest_of(BackupNote.Kind.BACKUP),
        fence_holds=not fence.is_up() or roles.holds(connection),
        subscriptions_overdue=Subscription.objects.overdue().exists(),
    )


def oldest_waiting() -> timedelta | None:
    """How long the oldest mail that may still leave has waited."""
    first = OutgoingEmail.objects.waiting().order_by("created_at").values_list("created_at", flat=True).first()
    return clock.now() - first if first else None
