"""What the page of a request shows its reader: what is asked, what would happen now, what was said, who may do what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.access import Actor, can
from accounts.models import Partner, User
from accounts.roles import Permission
from core import clock, html
from subscriptions.change_requests.services import asked_by
from subscriptions.change_requests.states import State
from subscriptions.change_requests.tables import state_badge
from subscriptions.change_requests.wishes import asked_rows, changed_since, form_of
from subscriptions.delegation import permission_for_kind
from subscriptions.details.changing import absolute, change_url
from subscriptions.details.making import answer_to
from subscriptions.models import ChangeRequest, ChangeRequestEntry
from subscriptions.rules import Allowed, Answer, Refused
from subscriptions.rules.words import consequences


@dataclass(frozen=True)
class Said:
    """One line of the timeline."""

    kind: str
    at: datetime
    what: str
    who: Any
    text: str


def page_of(request: ChangeRequest, reader: Actor) -> dict[str, Any]:
    """The context of the page; the rules are asked afresh while somebody can still decide or submit."""
    prices = can(reader, Permission.VIEW_PRICES)
    live = request.is_open or request.state == State.DRAFT
    request.is_possible = not live or ChangeRequest.objects.possible().filter(pk=request.pk).exists()  # type: ignore[attr-defined]
    open_now = request.is_open and request.is_possible  # type: ignore[attr-defined]
    answer = answer_now(request, prices=prices) if live and request.is_possible else None  # type: ignore[attr-defined]
    timeline = timeline_of(request, reader)
    own = reader.is_provider and asked_by(request, reader)
    may_decide = can(reader, permission_for_kind(request.kind))
    draft_url = f"{change_url(request.subscription, request.kind)}?{urlencode(request.values)}"
    return {
        "asked": request,
        "badge": state_badge(request, reader),
        "facts": facts_of(request, reader),
        "rows": asked_rows(request, prices=prices),
        "changed": changed_since(request) if live else [],
        "allowed": isinstance(answer, Allowed),
        "consequences": consequences(answer, absolute, prices=prices) if isinstance(answer, Allowed) else [],
        "refused": answer if isinstance(answer, Refused) else None,
        "version": request.subscription.version,
        "timeline": timeline,
        "question": next((one.text for one in timeline if one.kind == ChangeRequestEntry.Kind.QUESTION), ""),
        "is_draft": request.state == State.DRAFT,
        "is_own": own,
        "may_decide": open_now and reader.is_provider and may_decide and not own,
        "may_ask": request.state == State.SUBMITTED,
        "may_answer": open_now and reader.is_reseller and request.state == State.QUESTION,
        "may_withdraw": open_now and reader.is_reseller,
        "open_now": open_now,
        "change_url": draft_url,
    }


def answer_now(request: ChangeRequest, *, prices: bool) -> Answer:
    """What the rules say at this moment to what was asked."""
    form = form_of(request, prices=prices)
    if not form.is_valid():
        return Refused("", " ".join(str(error) for errors in form.errors.values() for error in errors))
    return answer_to(form, clock.now())


def facts_of(request: ChangeRequest, reader: Actor) -> list[tuple[str, Any]]:
    """Whose subscription it is, and who asked and decided."""
    subscription = request.subscription
    link = '<a href="{}"><bdi>{}</bdi></a>'
    facts: list[tuple[str, Any]] = [
        (_("Customer"), format_html(link, subscription.customer.get_absolute_url(), subscription.customer)),
        (_("Subscription"), format_html(link, subscription.get_absolute_url(), subscription.nickname)),
        (_("Offer"), html.name(subscription.offer_name)),
        (_("Indirect reseller"), html.name(request.reseller)),
        (_("Indirect provider"), html.name(request.provider)),
        (_("Asked by"), who(request.created_by, request.reseller, reader)),
    ]
    if request.submitted_at:
        facts.append((_("Submitted"), html.time_tag(request.submitted_at, "both")))
    if request.decided_at:
        facts.append((_("Decided"), html.time_tag(request.decided_at, "both")))
        facts.append((_("Decided by"), who(request.decided_by, request.provider, reader)))
    return facts


def timeline_of(request: ChangeRequest, reader: Actor) -> list[Said]:
    """What was done and said, the newest first (one query)."""
    entries = request.entries.select_related("author", "company").order_by("-pk")
    return [
        Said(entry.kind, entry.at, entry.get_kind_display(), who(entry.author, entry.company, reader), entry.text)
        for entry in entries
    ]


def who(person: User | None, company: Partner | None, reader: Actor) -> Any:
    """The person, for its own company; for the other side the company that the person acted for."""
    if company is None:
        return html.name(_("The portal"))
    return html.name(person.full_name if person is not None and company == reader.partner else company)
