"""What Subscription details offers of changes: each section with its form, and where it leads."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord
from core import clock, html
from subscriptions.change_requests.shown import open_requests
from subscriptions.delegation import Delegation, Way, delegation_of
from subscriptions.details.changing import change_url
from subscriptions.details.forms import EndForm, LicensesForm, NicknameForm, longer, other_bills, scheduled_words
from subscriptions.details.resellers import ResellerOfRecordForm, SupportContactForm
from subscriptions.facts import facts_of
from subscriptions.models import Subscription
from subscriptions.options import choices
from subscriptions.rules import AtEnd as RulesAtEnd
from subscriptions.rules import Cancel, ChangeLicenses, DecideEnd, Facts, Reactivate, Refused, Suspend, judge
from subscriptions.rules.licenses import refundable_quantity
from subscriptions.rules.moving import LONGEST_TERM
from subscriptions.timeline import Event, customer_actions, events_of

# Lines of the history on the page of a subscription; the customer's Activity has them all.
MOST_EVENTS = 50


@dataclass(frozen=True)
class Action:
    """A button, or the sentence that says why there is none; `asks` says that it leads to a request."""

    label: str
    url: str = ""
    note: Any = ""
    danger: bool = False
    kind: str = ""
    asks: bool = False


def management(subscription: Subscription, actor: Actor) -> dict[str, Any]:
    """Everything that the actor may change or ask for; empty for who may only look."""
    # The customer is one that the actor sees: the page looked it up so.
    delegation = delegation_of(actor, subscription.customer)
    if delegation.is_empty:
        return {}
    facts, now = facts_of(subscription, parent=subscription.parent), clock.now()
    lives = subscription.status in ("active", "suspended")
    active = subscription.status == "active"
    ids = [subscription.customer.microsoft_id, subscription.subscription_id]
    given_back = refundable_quantity(facts, now) if facts.is_new_commerce and active else 0
    found: dict[str, Any] = {
        "asks": not delegation.manages,
        "requests": open_requests(subscription.customer, actor, subscription),
        "nickname": NicknameForm(initial={"nickname": subscription.nickname}),
        "nickname_url": change_url(subscription, "nickname"),
        "rename_url": reverse("subscriptions:rename", args=ids),
        "version": subscription.version,
        "status_actions": asked_for(status_actions(subscription, facts, now), delegation) if lives else [],
        "refundable": given_back,
        "windows": [] if facts.is_extended else windows(facts, given_back, now),
        "rules_name": subscription.get_policy_display(),
    }
    if active and not subscription.is_trial and not facts.is_usage_based:
        found["licenses"] = LicensesForm(None, subscription=subscription)
        found["licenses_url"] = change_url(subscription, "licenses")
    elif lives and isinstance(answer := judge(facts, ChangeLicenses(facts.quantity + 1), now), Refused):
        found["licenses_note"] = answer.text
    if active and subscription.ends_at is not None:
        found |= end_of_term(subscription, facts, now)
        found["moves"] = asked_for(found["moves"], delegation)
    if can(actor, Permission.PLACE_ORDER) and lives:
        record, contact = subscription.current_reseller, subscription.current_support  # type: ignore[attr-defined]
        found["reseller_form"] = ResellerOfRecordForm(
            None, actor=actor, subscription=subscription, current=record.reseller if record else None
        )
        found["reseller_url"] = reverse("subscriptions:reseller", args=ids)
        found["verify_url"] = reverse("subscriptions:verify_reseller", args=ids)
        found["support_form"] = SupportContactForm(
            None, actor=actor, subscription=subscription, current=contact.reseller if contact else None
        )
        found["support_url"] = reverse("subscriptions:support_contact", args=ids)
    return found


def windows(facts: Facts, given_back: int, now: datetime) -> list[tuple[int, SafeString]]:
    """Of the licenses that can be given back how many until when, those of the last purchase first."""
    found = []
    for batch in facts.refundable(now):
        if number := min(batch.quantity, given_back):
            found.append((number, html.time_tag(facts.given_back_until(batch.bought_at))))
            given_back -= number
    return found


def asked_for(actions: list[Action], delegation: Delegation) -> list[Action]:
    """Each as the actor comes to it: what it asks for leads to the same page, and says so."""
    return [replace(one, asks=delegation.way(one.kind) == Way.ASK) for one in actions]


def end_of_term(subscription: Subscription, facts: Any, now: Any) -> dict[str, Any]:
    """What can be decided about the end of the term and the next one."""
    found: dict[str, Any] = {}
    other = RulesAtEnd.CANCEL if facts.auto_renew else RulesAtEnd.RENEW
    refused = judge(facts, DecideEnd(other), now)
    if isinstance(refused, Refused):
        found["end_note"] = refused.text
    else:
        found |= {"end": EndForm(None, subscription=subscription), "end_url": change_url(subscription, "end")}
    moves = []
    if facts.is_new_commerce and facts.auto_renew and not subscription.is_trial:
        moves.append(
            Action(_("Schedule a change for the renewal"), change_url(subscription, "schedule"), kind="schedule")
        )
    if subscription.scheduled:
        moves.append(
            Action(_("Drop the scheduled change"), change_url(subscription, "drop-schedule"), kind="drop-schedule")
        )
    return {
        **found,
        "moves": moves + other_offers(subscription, facts, now),
        "scheduled": scheduled_words(subscription),
    }


def other_offers(subscription: Subscription, facts: Any, now: Any) -> list[Action]:
    """What the catalogue has for it today: a longer term, other bills, a better offer."""
    prices, open_paths = choices(subscription, now)
    if subscription.is_trial:
        convert = Action(_("Convert trial to paid subscription"), change_url(subscription, "convert"), kind="convert")
        later = Action(_("Choose what the trial becomes"), change_url(subscription, "schedule"), kind="schedule")
        by_itself = facts.is_new_commerce and facts.auto_renew
        return [convert, *([later] if by_itself else [])] if open_paths else []
    moves = []
    if facts.is_new_commerce and longer(subscription, prices):
        moves.append(Action(_("Begin a longer term"), change_url(subscription, "term"), kind="term"))
    # Under the new commerce rules only the bills of a three-year term change by themselves.
    billed_apart = not facts.is_new_commerce or facts.term_months == LONGEST_TERM
    if billed_apart and other_bills(subscription, prices):
        moves.append(Action(_("Change the billing"), change_url(subscription, "billing"), kind="billing"))
    if open_paths:
        moves.append(Action(_("Upgrade now"), change_url(subscription, "upgrade"), kind="upgrade"))
    return moves


def status_actions(subscription: Subscription, facts: Facts, now: datetime) -> list[Action]:
    """Suspend or reactivate, and cancel while that is possible."""
    actions = []
    if subscription.status == "suspended":
        answer = judge(facts, Reactivate(), now)
        note = answer.text if isinstance(answer, Refused) else ""
        actions.append(
            Action(_("Reactivate"), "" if note else change_url(subscription, "reactivate"), note, kind="reactivate")
        )
    elif not isinstance(judge(facts, Suspend(), now), Refused):
        actions.append(Action(_("Suspend"), change_url(subscription, "suspend"), danger=True, kind="suspend"))
    if not isinstance(judge(facts, Cancel(), now), Refused):
        until = html.time_tag(facts.cancel_until, "absolute") if facts.cancel_until else ""
        actions.append(
            Action(_("Cancel subscription"), change_url(subscription, "cancel"), until, danger=True, kind="cancel")
        )
    return actions


def timeline(subscription: Subscription, actor: Actor) -> tuple[list[Event], bool]:
    """What happened to the subscription, newest first, as far as the actor is concerned (one query); is there more?"""
    records = ActivityRecord.objects.visible_to(actor).about(subscription).filter(action__in=customer_actions(actor))
    found = list(records[: MOST_EVENTS + 1])
    return events_of(found[:MOST_EVENTS], actor), len(found) > MOST_EVENTS
