"""What the page of a request shows its reader: what is asked, what would happen now, what was said, who may do what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import Actor
from accounts.models import Partner, User
from core import html
from customers.models import Customer
from subscriptions.change_requests.matters import matter_of, may_decide
from subscriptions.change_requests.services import asked_by
from subscriptions.change_requests.states import State
from subscriptions.change_requests.tables import state_badge
from subscriptions.models import OF_ACCOUNTS, ChangeRequest, ChangeRequestEntry, Subscription


@dataclass(frozen=True)
class Said:
    """One line of the timeline."""

    kind: str
    at: datetime
    what: str
    who: Any
    text: str


def page_of(request: ChangeRequest, reader: Actor, problem: str = "") -> dict[str, Any]:
    """The context of the page; the rules are asked afresh while somebody can still decide or submit.

    `problem` is what the approver has not confirmed.
    """
    live = request.is_open or request.state == State.DRAFT
    request.is_possible = not live or ChangeRequest.objects.possible().filter(pk=request.pk).exists()  # type: ignore[attr-defined]
    open_now = request.is_open and request.is_possible  # type: ignore[attr-defined]
    matter = matter_of(request)
    judged = live and request.is_possible  # type: ignore[attr-defined]
    reading = matter.reading(request, reader, is_live=live, is_judged=judged, problem=problem)
    outlook = reading.outlook
    timeline = timeline_of(request, reader)
    own = reader.is_provider and asked_by(request, reader)
    decides = may_decide(request, reader)
    return {
        "asked": request,
        "badge": state_badge(request, reader),
        "facts": [*facts_of(request, reader), *matter.facts(request, reader)],
        "rows": reading.rows,
        "changed": reading.changed,
        "allowed": outlook is not None and not outlook.refusal,
        "consequences": outlook.sentences if outlook else [],
        "refused": outlook.refusal if outlook else "",
        "panel": outlook.panel if outlook else None,
        "approval_form": outlook.form if outlook else None,
        "ask_label": matter.ask_label,
        "approve_label": matter.approve_label,
        "version": matter.version(request),
        "timeline": timeline,
        "question": next((one.text for one in timeline if one.kind == ChangeRequestEntry.Kind.QUESTION), ""),
        "is_draft": request.state == State.DRAFT,
        "is_own": own,
        "may_decide": open_now and decides and not own,
        "is_for_colleagues": open_now and reader.is_provider and not decides,
        "may_ask": request.state == State.SUBMITTED,
        "may_answer": open_now and reader.is_reseller and request.state == State.QUESTION,
        "may_withdraw": open_now and reader.is_reseller,
        "open_now": open_now,
        "change_url": matter.edit_url(request) if request.state == State.DRAFT else "",
    }


def facts_of(request: ChangeRequest, reader: Actor) -> list[tuple[str, Any]]:
    """Whom it is about, and who asked and decided."""
    link = '<a href="{}"><bdi>{}</bdi></a>'
    facts: list[tuple[str, Any]] = [
        (_("Customer"), format_html(link, request.customer.get_absolute_url(), request.customer)),
    ]
    if (subscription := request.subscription) is not None:
        facts += [
            (_("Subscription"), format_html(link, subscription.get_absolute_url(), subscription.nickname)),
            (_("Offer"), html.name(subscription.offer_name)),
        ]
    facts += [
        (_("Indirect reseller"), html.name(request.reseller)),
        (_("Indirect provider"), html.name(request.provider)),
        (_("Asked by"), who(request.created_by, request.reseller, reader)),
    ]
    if request.submitted_at:
        facts.append((pgettext("request", "Submitted"), html.time_tag(request.submitted_at, "both")))
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


def open_requests(customer: Customer, reader: Actor, subscription: Subscription | None = None) -> list[ChangeRequest]:
    """What is asked for and not decided yet of a subscription, or of the customer's account, for those it concerns.

    Each with its state in the reader's words as `badge`.

    One query, where `is_asked_about` of it does not say that there is nothing.
    """
    about = customer if subscription is None else subscription
    if reader.is_customer or not getattr(about, "is_asked_about", True):
        return []
    rows = ChangeRequest.objects.visible_to(reader).undecided().possible()
    if subscription is None:
        rows = rows.filter(kind__in=OF_ACCOUNTS)
    found = list(rows.filter(customer=customer, subscription=subscription).order_by("pk"))
    for asked in found:
        asked.badge = state_badge(asked, reader)  # type: ignore[attr-defined]
    return found
