"""What may be done to the catalogue: import a file all or nothing, and choose the rules a SKU is sold under."""

import dataclasses
import hashlib
import io
import logging
import time
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

from celery import current_app
from django.core.files.base import File
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Actor, system_actor
from activity.models import Source
from activity.services import record
from catalogue.importing import offer_matrix, price_list
from catalogue.importing.columns import FORMATS, detect_kind, is_known
from catalogue.importing.outcome import Outcome
from catalogue.importing.problems import FileProblem, Problems
from catalogue.importing.reading import open_sheet, read_bytes
from catalogue.models import CatalogueImport, Policy, Sku
from catalogue.models.imports import MOST_RETRIES, CatalogueImportQuerySet
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused

logger = logging.getLogger(__name__)

Kind, State = CatalogueImport.Kind, CatalogueImport.State
# Two imports never merge at once; any number that no other lock of the portal uses.
MERGE_LOCK = 7_031_753
MERGE_LOCK_SECONDS = 60
REPORTED = ("kind", "sha256", "encoding", "markets", "rows_total", "rows_read", "problems", "problem_count")
READERS: dict[str, Any] = {Kind.PRICE_LIST: price_list, Kind.OFFER_MATRIX: offer_matrix}


class ImportRefused(Refused):
    """The file was refused and nothing of it stored; `report` says which rows and why."""

    def __init__(self, report: CatalogueImport) -> None:
        super().__init__(
            ngettext(
                "%(file)s was refused for %(count)d problem. Nothing was imported.",
                "%(file)s was refused for %(count)d problems. Nothing was imported.",
                report.problem_count,
            )
            % {"file": report.file_name, "count": report.problem_count}
        )
        self.report = report


class LeaseLost(Exception):
    """Another worker has taken the import over; this one must not store anything."""


def import_price_list(*, file: IO[bytes] | Path | bytes, by: Actor, file_name: str = "") -> CatalogueImport:
    """Import a price list now, all or nothing; return its report, or raise ImportRefused, which carries it."""
    return import_file(file=file, by=by, kind=Kind.PRICE_LIST, file_name=file_name)


def import_offer_matrix(*, file: IO[bytes] | Path | bytes, by: Actor, file_name: str = "") -> CatalogueImport:
    """Import an offer matrix now, all or nothing; return its report, or raise ImportRefused, which carries it."""
    return import_file(file=file, by=by, kind=Kind.OFFER_MATRIX, file_name=file_name)


def import_file(*, file: IO[bytes] | Path | bytes, by: Actor, kind: str = "", file_name: str = "") -> CatalogueImport:
    """Import a file now; without a kind its headings say which of the two it is. Its report is stored at the end."""
    job = CatalogueImport(kind=kind, state=State.RUNNING, file_name=shown_name(file, file_name), **starter(by))
    if isinstance(file, bytes):
        opened: Any = io.BytesIO(file)
    else:
        opened = file.open("rb") if isinstance(file, Path) else nullcontext(file)
    with opened as source:
        run(job, source, by=by)
    if job.state == State.REFUSED:
        raise ImportRefused(job)
    return job


@transaction.atomic
def queue_import(*, file: File, by: Actor, kind: str = "") -> CatalogueImport:
    """Keep an uploaded file under a name of our own and hand it to the background worker."""
    job = CatalogueImport.objects.create(kind=kind, file_name=shown_name(file, ""), **starter(by))
    record("catalogue.import_requested", job, by=by, file=job.file_name)
    job.stored_file.save("upload", file)
    transaction.on_commit(lambda: kick(job.pk), robust=True)
    return job


@transaction.atomic
def requeue_import(*, job: CatalogueImport, by: Actor) -> CatalogueImport:
    """Hand an import that nobody works on to the worker once more."""
    job = CatalogueImport.objects.select_for_update().get(pk=job.pk)
    if job.is_finished or not job.stored_file:
        raise InvalidTransition(_("This import is finished. Upload the file again to import it again."))
    if not job.is_stalled:
        raise InvalidTransition(_("This import is already under way."))
    before = job.state
    # The attempts go on counting: their number is what tells a worker that it has lost the import to another one.
    job.state, job.sent_at, job.retries_left = State.QUEUED, None, MOST_RETRIES
    job.save(update_fields=["state", "sent_at", "retries_left"])
    record("catalogue.import_requeued", job, by=by, state=[before, job.state])
    transaction.on_commit(lambda: kick(job.pk), robust=True)
    return job


@transaction.atomic
def set_policy(*, sku: Sku, policy: str, reason: str, by: Actor) -> Sku:
    """Sell the SKU under another set of rules from now on; subscriptions keep the one they were ordered under."""
    if by.user is None or not by.user.is_staff:
        raise NotPermitted(f"{by.label} does not decide about the catalogue.")
    sku = Sku.objects.select_for_update(of=("self",)).select_related("product").get(pk=sku.pk)
    if sku.policy == policy:
        raise InvalidTransition(_("It is sold under these rules already."))
    if not reason.strip():
        raise Refused(_("Give a reason: providers will ask for it."))
    before, sku.policy = sku.policy, Policy(policy).value
    sku.save(update_fields=["policy"])
    record("sku.policy_changed", sku, by=by, policy=[before, sku.policy], reason=reason.strip())
    return sku


def kick(job_id: int) -> None:
    """Hint to the worker that an import waits. Never raises: without a broker the beat finds it later."""
    try:
        current_app.send_task("catalogue.tasks.run_import", args=[job_id], retry=False, ignore_result=True)
    except Exception as error:
        logger.warning("The broker did not take the hint for import %s: %s", job_id, type(error).__name__)
        return
    CatalogueImport.objects.filter(pk=job_id).update(sent_at=clock.now())


def run_queued_import(*, job_id: int) -> CatalogueImport | None:
    """Run an uploaded import unless another worker has it; a failure leaves it waiting, to be tried again."""
    if not CatalogueImport.objects.claim(job_id):
        return None
    job = CatalogueImport.objects.select_related("started_by").get(pk=job_id)
    by = Actor(user=job.started_by) if job.started_by else system_actor(job.started_by_label)
    try:
        with job.stored_file.open("rb") as source:
            run(job, source, by=by)
    except LeaseLost:
        return None
    except Exception as error:
        logger.exception("Import %s failed", job.public_id)
        held(job).update(state=State.QUEUED, sent_at=None, failure=f"{type(error).__name__}: {error}"[:500])
        raise
    remove_file(job)
    return job


def run(job: CatalogueImport, source: IO[bytes], *, by: Actor) -> None:
    """Check the file, and store either all of it or only the report of what is wrong with it."""
    problems = Problems()
    parsed = None
    with translation.override(job.language):
        try:
            parsed = check(job, source, problems)
        except FileProblem as error:
            problems.put(error.problem)
        if not problems.count and parsed is not None:
            with transaction.atomic():
                hold_merge_lock()
                finish(job, by=by, outcome=READERS[job.kind].store(parsed))
            return
        job.problems, job.problem_count = problems.as_json(), problems.count
        with transaction.atomic():
            finish(job, by=by, outcome=None)


def check(job: CatalogueImport, source: IO[bytes], problems: Problems) -> Any:
    """Read the whole file and check each row; what is wrong is noted in `problems`."""
    data = read_bytes(source)
    job.sha256 = hashlib.sha256(data).hexdigest()
    sheet = open_sheet(data, is_known)
    job.encoding = sheet.encoding
    job.kind = job.kind or detect_kind(sheet.headings)
    if job.kind not in FORMATS:
        raise ValueError(f"{job.kind!r} is no kind of file.")
    job.rows_total = max(sheet.rows_expected, 1)

    def report(rows: int) -> None:
        job.rows_read = rows
        beat(job)

    report(0)
    parsed = READERS[job.kind].parse(sheet, problems, report)
    if job.rows_read == 0:
        raise FileProblem(_("The file has headings and no rows."), row=sheet.heading_row)
    job.rows_total = job.rows_read
    job.markets = ", ".join(sorted(getattr(parsed, "markets", ())))
    return parsed


def beat(job: CatalogueImport) -> None:
    """Say how far a queued import is and that it is alive; stop when another worker has taken it over."""
    if job._state.adding:
        return
    if not held(job).update(kind=job.kind, rows_total=job.rows_total, rows_read=job.rows_read, claimed_at=clock.now()):
        raise LeaseLost


def held(job: CatalogueImport) -> CatalogueImportQuerySet:
    """The import's row as long as this attempt still holds it."""
    return CatalogueImport.objects.filter(pk=job.pk, state=State.RUNNING, attempts=job.attempts)


def finish(job: CatalogueImport, *, by: Actor, outcome: Outcome | None) -> None:
    """Write the final report, in the transaction of what it reports."""
    done = outcome is not None
    result = outcome or Outcome()
    values = {
        "state": State.DONE if done else State.REFUSED,
        "finished_at": clock.now(),
        "added": result.added,
        "changed": result.changed,
        "unchanged": result.unchanged,
        "ended": result.ended,
    }
    for name, value in values.items():
        setattr(job, name, value)
    if job._state.adding:
        job.save()
    elif not held(job).update(**values, **{name: getattr(job, name) for name in REPORTED}):
        raise LeaseLost
    record(
        "catalogue.imported" if done else "catalogue.import_refused",
        job,
        by=dataclasses.replace(by, source=Source.IMPORT),
        kind=job.kind,
        file=job.file_name,
        sha256=job.sha256,
        markets=job.markets,
        rows=job.rows_total,
        **(job.counts if done else {"problems": job.problem_count}),
    )


def hold_merge_lock() -> None:
    """Wait until no other import merges; released with the transaction. SQLite has one writer anyway."""
    if connection.vendor != "postgresql":
        return
    give_up = time.monotonic() + MERGE_LOCK_SECONDS
    with connection.cursor() as cursor:
        while True:
            # Tried in turns, because a wait inside the database would run into its statement timeout.
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MERGE_LOCK])
            if cursor.fetchone()[0]:
                return
            if time.monotonic() > give_up:
                raise TimeoutError("Another import has held the catalogue for too long.")
            time.sleep(0.1)


def remove_file(job: CatalogueImport) -> None:
    """Remove an uploaded file whose report is final."""
    if job.stored_file:
        job.stored_file.delete(save=False)
        CatalogueImport.objects.filter(pk=job.pk).update(stored_file="")


def starter(by: Actor) -> dict[str, Any]:
    """Who started an import, as its report keeps it."""
    return {
        "started_by": by.user,
        "started_by_label": by.label[:420],
        "language": by.user.language if by.user else (translation.get_language() or "en"),
    }


def shown_name(file: object, given: str) -> str:
    """The last part of the file's name, for the report; never used as a path."""
    name = given or str(getattr(file, "name", "") or (file if isinstance(file, Path) else ""))
    leaf = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in leaf if char.isprintable())[:255] or _("a file")
