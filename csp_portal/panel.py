"""The first page of the back office: what stands behind the pages, and what waits for somebody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from core.lists import capped_text
from csp_portal import health, queues
from mail import heartbeat
from mail.models import OutgoingEmail
from operations.models import BackupNote


@dataclass(frozen=True)
class Row:
    """One line of the panel: what, how it is, whether it needs somebody, and where to look."""

    title: str
    text: str
    needs_somebody: bool
    url: str = ""


def health_rows() -> list[Row]:
    """Mail, beat and worker, Redis, second factors, backups."""
    found = health.look()
    return [
        *_mail(found),
        _alive(_("Beat, which starts what is due"), found.beat_at),
        _alive(_("Worker, which does it"), found.sweep_at),
        Row(_("Redis"), _("answers") if found.redis_answers else _("does not answer"), not found.redis_answers),
        _second_factors(),
        _backup(_("Last backup"), found.backup),
        _backup(_("Last restore on trial"), BackupNote.objects.latest_of(BackupNote.Kind.REHEARSAL)),
    ]


def queue_rows(user: Any) -> list[Row]:
    """What waits, for those who may see it."""
    rows = []
    for queue in queues.QUEUES:
        if not user.has_perm(queue.permission):
            continue
        count, oldest = queue.count(), queue.oldest()
        text = capped_text(count, queues.MOST)
        if oldest:
            text = _("%(count)s, the oldest for %(age)s") % {"count": text, "age": ago(oldest)}
        rows.append(Row(str(queue.title), text, count > 0, queue.url))
    return rows


def ago(moment: datetime) -> str:
    """How long ago, in one unit."""
    return timesince(moment, clock.now(), depth=1)


def _mail(found: health.Health) -> list[Row]:
    outbox = reverse("admin:mail_outgoingemail_changelist")
    oldest = health.oldest_waiting()
    text = _("nothing waits") if oldest is None else _("waits for %(age)s") % {"age": ago(clock.now() - oldest)}
    failed = queues.capped(OutgoingEmail.objects.failed())
    return [
        Row(_("Oldest mail that has not left"), text, found.mail_delayed, f"{outbox}?state__exact=queued"),
        Row(
            _("Mail that could not be sent"),
            capped_text(failed, queues.MOST),
            failed > 0,
            f"{outbox}?state__exact=failed",
        ),
    ]


def _alive(title: str, seen: datetime | None) -> Row:
    silent = heartbeat.is_silent(seen)
    if seen is None:
        return Row(title, _("was never seen, or not for a day"), silent)
    if clock.now() - seen < timedelta(minutes=1):
        return Row(title, _("seen a moment ago"), silent)
    return Row(title, _("seen %(age)s ago") % {"age": ago(seen)}, silent)


def _second_factors() -> Row:
    coverage = queues.second_factors()
    text = ngettext(
        "%(covered)d of %(count)d person has one", "%(covered)d of %(count)d people have one", coverage.people
    )
    shown = text % {"covered": coverage.covered, "count": coverage.people}
    return Row(_("Second factor"), shown, coverage.covered < coverage.people)


def _backup(title: str, note: BackupNote | None) -> Row:
    url = reverse("admin:operations_backupnote_changelist")
    if note is None:
        return Row(title, _("none was noted"), True, url)
    return Row(title, _("%(age)s ago") % {"age": ago(note.made_at)}, note.is_too_old, url)
