"""Preparing, submitting, canceling and running a bulk change."""

import logging
import time
from datetime import timedelta
from typing import Any

from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import Actor, can, require
from accounts.models import Membership, Partner
from accounts.roles import Permission, Role
from activity.models import Source
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from subscriptions.bulk.choosing import chosen, rows_of
from subscriptions.bulk.judging import Judge, Outcome, Verdict, refused
from subscriptions.bulk.letters import tell_submitter
from subscriptions.changing import change_subscription
from subscriptions.models import BulkChange, Subscription
from subscriptions.rules import AtEnd, DecideEnd
from subscriptions.services import set_reseller_of_record, set_support_contact

logger = logging.getLogger(__name__)
Kind, State = BulkChange.Kind, BulkChange.State

# What each kind takes, as on the page of a single subscription.
PERMISSIONS: dict[str, Permission] = {
    Kind.RESELLER_OF_RECORD: Permission.PLACE_ORDER,
    Kind.SUPPORT_CONTACT: Permission.PLACE_ORDER,
    Kind.AT_END: Permission.MANAGE_SUBSCRIPTION,
}
LONGEST_FILTERS = BulkChange._meta.get_field("query").max_length or 0
# The list without a filter.
ALL = "status="
# So many are listed by name with the reason why they stayed as they were; the rest is counted.
MOST_LISTED = 500
# For so many seconds one task works; then another goes on behind it.
TURN = 120
# A worker that says nothing for so long is gone.
SILENCE = timedelta(minutes=1)
MOST_PER_SWEEP = 3


class MatchesChanged(Refused):
    """Other subscriptions match the filters now than when the preview was shown."""


@transaction.atomic
def prepare_bulk_change(
    *,
    kind: str,
    keys: list[int],
    by: Actor,
    filters: str | None = None,
    reseller: Partner | None = None,
    at_end: str = "",
) -> BulkChange:
    """Keep what is to be changed, for a preview; with `filters` (of the list's address) about whatever matches them."""
    require(by, PERMISSIONS[kind])
    if by.user is None or by.partner is None or not by.is_provider:
        raise NotPermitted("Many subscriptions are changed by staff of their provider.")
    if not keys:
        raise Refused(_("No subscription is chosen."))
    if filters and len(filters) > LONGEST_FILTERS:
        raise Refused(_("These filters are too long to be saved. Search for fewer words."))
    return BulkChange.objects.create(
        provider=by.partner,
        created_by=by.user,
        kind=kind,
        reseller=reseller,
        at_end=at_end,
        subscription_ids=keys if filters is None else [],
        # Never empty where the filters choose: that is how such a change is known.
        query="" if filters is None else filters or ALL,
        expected=len(keys),
    )


@transaction.atomic
def submit_bulk_change(*, change: BulkChange, expected: int, by: Actor) -> BulkChange:
    """Hand a prepared change to the worker; once submitted, doing so again changes nothing.

    MatchesChanged if the filters match another number than the preview said: it is shown again then.
    """
    change = _locked(change, by)
    if by.user is None or by.user.pk != change.created_by_id:
        # The worker acts in the name of whoever prepared it.
        raise NotPermitted("A bulk change is submitted by the person who prepared it.")
    if change.state == State.CANCELED:
        raise InvalidTransition(_("This change was canceled."))
    if change.state != State.PREPARED:
        return change
    keys = chosen(change, by)
    if len(keys) != expected:
        raise MatchesChanged(_("Other subscriptions match the filters by now. Check the preview once more."))
    change.subscription_ids, change.expected, change.state = keys, len(keys), State.RUNNING
    change.submitted_at = clock.now()
    change.save(update_fields=["subscription_ids", "expected", "state", "submitted_at"])
    record("bulk_change.submitted", change, by=by, **told(change))
    transaction.on_commit(lambda: kick(change.pk), robust=True)
    return change


@transaction.atomic
def cancel_bulk_change(*, change: BulkChange, by: Actor) -> BulkChange:
    """Stop a change; what is done stays done."""
    change = _locked(change, by)
    if change.state in (State.DONE, State.CANCELED):
        return change
    was_running = change.state == State.RUNNING
    change.state, change.finished_at = State.CANCELED, clock.now()
    change.save(update_fields=["state", "finished_at"])
    if was_running:
        record("bulk_change.canceled", change, by=by, **told(change), **counts(change))
    return change


def run_bulk_change(*, change_id: int) -> bool:
    """Go on with a submitted change, a transaction for each subscription; False while there is more to be done.

    Safe to run twice, at once too, and after a crash: how far it is stands in the transaction of each change.
    """
    began = time.monotonic()
    while step(change_id):
        if time.monotonic() - began > TURN:
            kick(change_id)
            return False
    return True


@transaction.atomic
def step(change_id: int) -> bool:
    """Change the next subscription; False if there is none, or nothing is to be done any more."""
    related = ("provider", "created_by", "reseller")
    rows = BulkChange.objects.filter(pk=change_id, state=State.RUNNING).select_related(*related)
    change = rows.select_for_update(of=("self",), no_key=True).first()
    if change is None:
        return False
    key = next((key for key in change.subscription_ids if key > change.done_up_to), None)
    if key is None:
        finish(change)
        return False
    with translation.override(change.created_by.language):
        verdict, shown = change_one(change, key)
    count(change, verdict, shown)
    change.done_up_to, change.claimed_at = key, clock.now()
    change.save(update_fields=["changed", "unchanged", "refused", "refusals", "done_up_to", "claimed_at"])
    return True


def change_one(change: BulkChange, key: int) -> tuple[Verdict, list[str]]:
    """Change one subscription in the name of whoever submitted, as far as that person may at this moment."""
    by = actor_of(change)
    row = rows_of([key], by).first()
    if row is None:
        return refused(_("You can no longer see it.")), ["", "", ""]
    shown = [str(row.subscription_id), row.nickname, row.customer.company_name]
    verdict = Judge(change, [row]).verdict(row)
    if verdict.outcome != Outcome.CHANGED:
        return verdict, shown
    try:
        with transaction.atomic():
            apply(change, row, by)
    except NotPermitted:
        return refused(_("You may no longer change it.")), shown
    except Refused as refusal:
        return refused(str(refusal)), shown
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        # One that fails keeps no other from its turn.
        logger.exception("Subscription %s could not be changed by bulk change %s", key, change.pk)
        return refused(_("The portal could not change it. Change it on its own page.")), shown
    return verdict, shown


def apply(change: BulkChange, row: Subscription, by: Actor) -> None:
    """The same services as on the page of the subscription, which check and record by themselves."""
    if change.kind == Kind.AT_END:
        change_subscription(subscription=row, intent=DecideEnd(AtEnd(change.at_end)), by=by)
    elif change.kind == Kind.SUPPORT_CONTACT:
        set_support_contact(subscription=row, reseller=change.reseller, by=by, with_access=True)
    else:
        set_reseller_of_record(subscription=row, reseller=change.reseller, by=by)


def actor_of(change: BulkChange) -> Actor:
    """Whoever submitted, in the role of today; without a role it sees nothing."""
    memberships = Membership.objects.current().select_related("partner")
    member = memberships.filter(user=change.created_by, partner=change.provider, user__is_active=True).first()
    if member is None:
        return Actor(user=change.created_by, source=Source.TASK)
    return Actor(user=change.created_by, partner=member.partner, role=Role(member.role), source=Source.TASK)


def count(change: BulkChange, verdict: Verdict, shown: list[str]) -> None:
    """Add one outcome to the change, unsaved."""
    name = verdict.outcome.value
    setattr(change, name, getattr(change, name) + 1)
    if verdict.outcome != Outcome.CHANGED and len(change.refusals) < MOST_LISTED:
        change.refusals = [*change.refusals, [*shown, verdict.reason]]


def finish(change: BulkChange) -> None:
    """Note that everything is done; whoever submitted what took long is told."""
    change.state, change.finished_at = State.DONE, clock.now()
    change.save(update_fields=["state", "finished_at"])
    by = Actor(user=change.created_by, partner=change.provider, source=Source.TASK)
    at_once = {} if change.took_long else {"at_once": True}
    record("bulk_change.finished", change, by=by, **told(change), **counts(change), **at_once)
    if change.took_long and can(actor_of(change), PERMISSIONS[change.kind]):
        tell_submitter(change)


def told(change: BulkChange) -> dict[str, Any]:
    """What the record tells of a change."""
    value = change.at_end if change.kind == Kind.AT_END else change.reseller and change.reseller.recorded_name
    return {"kind": change.kind, "value": value, "subscriptions": change.expected}


def counts(change: BulkChange) -> dict[str, int]:
    """How many became what."""
    return {outcome.value: getattr(change, outcome.value) for outcome in Outcome}


def resume_bulk_changes() -> int:
    """Go on with what no worker works on: the hint was lost, or the worker was; return how many were taken up.

    One that fails is logged, tried again when all others had their turn, and keeps none of them from it.
    """
    date_submissions()
    silent = Q(claimed_at=None) | Q(claimed_at__lt=clock.now() - SILENCE)
    waiting = BulkChange.objects.filter(silent, state=State.RUNNING)
    waiting = waiting.order_by(F("claimed_at").asc(nulls_first=True), "pk")
    keys = list(waiting.values_list("pk", flat=True)[:MOST_PER_SWEEP])
    for key in keys:
        try:
            run_bulk_change(change_id=key)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("Bulk change %s could not go on", key)
            BulkChange.objects.filter(pk=key).update(claimed_at=clock.now())
    return len(keys)


def date_submissions() -> int:
    """Give what a process of an older version submitted the moment that it did not write; return how many there were.

    It was prepared shortly before. Without a moment it is in no list, and nobody is told of its end.
    """
    undated = BulkChange.objects.filter(submitted_at=None)
    ran = Q(state__in=[State.RUNNING, State.DONE]) | Q(done_up_to__gt=0)
    return undated.filter(ran).update(submitted_at=F("created_at"))


def kick(change_id: int) -> None:
    """Hint to the worker that a change waits. Never raises: without a broker the beat finds it later."""
    try:
        current_app.send_task("subscriptions.tasks.run_bulk_change", args=[change_id], retry=False, ignore_result=True)
    except Exception as error:
        logger.warning("The broker did not take the hint for bulk change %s: %s", change_id, type(error).__name__)


def _locked(change: BulkChange, by: Actor) -> BulkChange:
    require(by, PERMISSIONS[change.kind], change)
    rows = BulkChange.objects.visible_to(by).filter(pk=change.pk)
    return rows.select_for_update(of=("self",), no_key=True).get()
