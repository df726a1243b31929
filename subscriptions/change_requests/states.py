"""How a request moves: one table, and one guarded UPDATE that lets exactly one of two people at once move it."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from core import clock
from core.exceptions import DraftDiscarded, InvalidTransition
from subscriptions.change_requests.counting import count_after_commit
from subscriptions.models import ChangeRequest, ChangeRequestEntry

State, Entry = ChangeRequest.State, ChangeRequestEntry.Kind

# What is done → (from which states, to which state).
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    Entry.SUBMITTED: ((State.DRAFT,), State.SUBMITTED),
    Entry.QUESTION: ((State.SUBMITTED,), State.QUESTION),
    Entry.ANSWER: ((State.QUESTION,), State.SUBMITTED),
    Entry.WITHDRAWN: ((State.SUBMITTED, State.QUESTION), State.WITHDRAWN),
    Entry.APPROVED: ((State.SUBMITTED, State.QUESTION), State.APPROVED),
    Entry.REJECTED: ((State.SUBMITTED, State.QUESTION), State.REJECTED),
    Entry.CLOSED: ((State.SUBMITTED, State.QUESTION), State.CLOSED),
}
BECAME: dict[str, Promise] = {
    State.DRAFT: gettext_lazy("This request is a draft: it was not submitted yet."),
    State.SUBMITTED: gettext_lazy("This request waits for the provider by now."),
    State.QUESTION: gettext_lazy("This request waits for the reseller’s answer by now."),
    State.APPROVED: gettext_lazy("This request was approved in the meantime, and the change was made."),
    State.REJECTED: gettext_lazy("This request was rejected in the meantime."),
    State.WITHDRAWN: gettext_lazy("The reseller withdrew this request in the meantime. Nothing was changed."),
    State.CLOSED: gettext_lazy("This request is no longer possible. Nothing was changed."),
}


def move(request: ChangeRequest, done: str, *, by: Actor, text: str = "", **fields: Any) -> ChangeRequest | None:
    """Move it, and note who did what; None where it had moved elsewhere before. In the caller's transaction."""
    sources, target = MOVES[done]
    now = clock.now()
    movable = ChangeRequest.objects.filter(pk=request.pk, state__in=sources)
    if not movable.update(state=target, changed_at=now, **fields):
        return None
    ChangeRequestEntry.objects.create(
        request=request, kind=done, text=text, at=now, author=by.user, company=by.partner if by.user else None
    )
    count_after_commit(request.provider_id, request.reseller_id)
    return reload(request)


def settled(request: ChangeRequest, wanted: str) -> ChangeRequest:
    """The request as it is, where it is what was wanted; else a refusal that says what became of it."""
    request = reload(request)
    if request.state == wanted:
        return request
    raise InvalidTransition(str(BECAME[request.state]))


def reload(request: ChangeRequest) -> ChangeRequest:
    """As it is now, with its people; only a draft can be gone."""
    return DraftDiscarded.unless(ChangeRequest.objects.with_people().filter(pk=request.pk).first())
