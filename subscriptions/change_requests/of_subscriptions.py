"""Requests about one subscription: each kind is a page of Subscription details, and a rule of its own judges it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from accounts.access import Actor, can
from accounts.roles import Permission
from core import clock
from subscriptions.change_requests.asking import submit_change_request
from subscriptions.change_requests.matters import Matter, Outlook, Row
from subscriptions.change_requests.wishes import about, changed_since, form_of, read, short_words, wished_rows
from subscriptions.delegation import permission_for_kind
from subscriptions.details.changing import absolute, change_url
from subscriptions.details.making import answer_to, make_change
from subscriptions.models import ChangeRequest
from subscriptions.rules import Refused
from subscriptions.rules.words import consequences


class SubscriptionMatter(Matter):
    """A change of a subscription that there is."""

    def permission(self, kind: str) -> Permission:
        return permission_for_kind(kind)

    def rows(self, request: ChangeRequest, *, prices: bool = False) -> list[Row]:
        return wished_rows(request, prices=prices)

    def short(self, request: ChangeRequest) -> str:
        return short_words(request)

    def changed(self, request: ChangeRequest) -> list[Row]:
        return changed_since(request)

    def outlook(self, request: ChangeRequest, reader: Actor, problem: str = "") -> Outlook:
        prices = can(reader, Permission.VIEW_PRICES)
        form = form_of(request, prices=prices)
        if not form.is_valid():
            return Outlook(refusal=" ".join(str(error) for errors in form.errors.values() for error in errors))
        answer = answer_to(form, clock.now(), reader if reader.is_provider else None)
        if isinstance(answer, Refused):
            return Outlook(refusal=answer.text)
        return Outlook(consequences(answer, absolute, prices=prices))

    def version(self, request: ChangeRequest) -> int:
        return about(request).version

    def edit_url(self, request: ChangeRequest) -> str:
        return f"{change_url(about(request), request.kind)}?{urlencode(request.values)}"

    def back_url(self, request: ChangeRequest) -> str:
        return about(request).get_absolute_url()

    def submit(self, draft: ChangeRequest, *, message: str, version: int | None, by: Actor) -> ChangeRequest:
        return submit_change_request(
            subscription=about(draft), kind=draft.kind, values=draft.values, message=message, version=version, by=by
        )

    def make(self, request: ChangeRequest, *, version: int | None, said: Mapping[str, str], by: Actor) -> None:
        make_change(read(form_of(request)), version=version, by=by)
