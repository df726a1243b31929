"""What happened to a request, in sentences, oldest first."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from activity.models import ActivityRecord
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.wording import moment_text

Outcome = PendingAcceptance.Outcome


class Event(NamedTuple):
    """Something that happened, perhaps with another request to look at or with words somebody wrote."""

    at: datetime
    sentence: str
    url: str = ""
    note: str = ""


def request_history(request: PartnershipRequest) -> list[Event]:
    """Everything known about a request that has left the portal (two queries)."""
    events = [*_replacements(request), *_reader(request), *_acceptances(request), *_recorded(request)]
    return sorted(events, key=lambda event: event.at)


def _replacements(request: PartnershipRequest) -> Iterator[Event]:
    older = getattr(request, "replaces", None)
    if older is not None and request.sent_at:
        yield Event(request.sent_at, _("Takes the place of an earlier request"), older.get_absolute_url())
    newer = request.replaced_by
    if newer is not None and newer.sent_at:
        yield Event(newer.sent_at, _("Replaced by a newer request"), newer.get_absolute_url())


def _reader(request: PartnershipRequest) -> Iterator[Event]:
    if request.opened_at:
        yield Event(request.opened_at, _("Opened by a person"))
    if request.new_link_wanted_at:
        person = request.new_link_wanted_by
        words = _("%(person)s asked for the link to be sent to %(address)s")
        if person is not None:
            yield Event(request.new_link_wanted_at, words % {"person": person, "address": person.email})
        else:
            yield Event(request.new_link_wanted_at, _("Somebody with the link asked for a new one"))


def _acceptances(request: PartnershipRequest) -> Iterator[Event]:
    ends = {
        Outcome.REFUSED: _("The acceptance of %(company)s was not confirmed"),
        Outcome.REJECTED: _("The enrolment of %(company)s was rejected"),
        Outcome.WITHDRAWN: _("%(company)s withdrew its acceptance"),
        Outcome.LAPSED: _("The acceptance of %(company)s lapsed"),
    }
    for one in request.pending_acceptances.select_related("reseller", "accepted_by", "confirmed_by"):
        company = {"company": one.reseller.legal_name}
        words = _("%(person)s of %(company)s accepted from another domain")
        if not one.from_other_domain:
            words = _("%(person)s of %(company)s accepted, before its enrolment was decided")
        yield Event(one.accepted_at, words % {**company, "person": one.accepted_by})
        if one.confirmed_at:
            words = _("%(person)s confirmed the acceptance of %(company)s")
            yield Event(one.confirmed_at, words % {**company, "person": one.confirmed_by})
        if one.ended_at and one.outcome in ends:
            yield Event(one.ended_at, ends[Outcome(one.outcome)] % company)


# action -> the sentence, with a place for who did it and for the address.
SENTENCES: dict[str, Callable[[], str]] = {
    "partnership_request.sent": lambda: _("%(who)s sent it to %(to)s"),
    "partnership_request.resent": lambda: _("%(who)s sent it to %(to)s"),
    "partnership_request.shared": lambda: _("%(who)s took the link to send it another way"),
    "partnership_request.reminded": lambda: _("A reminder was sent to %(to)s"),
    "partnership_request.mailed_again": lambda: _("%(who)s asked for the e-mail again"),
    "partnership_request.extended": lambda: _("%(who)s extended it until %(until)s"),
    "partnership_request.accepted": lambda: _("%(who)s accepted"),
    "partnership_request.declined": lambda: _("%(who)s declined"),
    "partnership_request.revoked": lambda: _("%(who)s revoked it"),
    "partnership_request.expired": lambda: _("It expired without an answer"),
}


def _recorded(request: PartnershipRequest) -> Iterator[Event]:
    for record in ActivityRecord.objects.about(request).filter(action__in=list(SENTENCES)):
        action, changes = record.action, record.changes
        if action == "partnership_request.resent" and not changes.get("to"):
            action = "partnership_request.shared"
        facts = {"who": _who(record, request), "to": changes.get("to", ""), "until": _until(changes)}
        note = _answer_note(changes) if action == "partnership_request.declined" else ""
        yield Event(record.at, SENTENCES[action]() % facts, note=note)


def _who(record: ActivityRecord, request: PartnershipRequest) -> str:
    """The name without the name for signing in; an answer without an account comes from whoever holds the link."""
    if record.actor_user_id is None:
        return _("Whoever has the link")
    if record.changes.get("accepted_by"):
        return str(record.changes["accepted_by"])
    return str(record.actor_label.rpartition(" (")[0] or record.actor_label)


def _until(changes: dict[str, Any]) -> str:
    moments = changes.get("valid_until")
    moment = parse_datetime(moments[-1]) if isinstance(moments, list) else None
    return moment_text(timezone.localtime(moment)) if moment else ""


def _answer_note(changes: dict[str, Any]) -> str:
    reasons = dict(PartnershipRequest.DeclineReason.choices)
    reason = str(reasons.get(changes.get("reason", ""), ""))
    return " – ".join(part for part in (reason, str(changes.get("note", ""))) if part)
