"""The record of customers and subscriptions for a reader: which of it, what of its values, and who did it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.access import ANONYMOUS, Actor, can
from accounts.models import User
from accounts.roles import Permission
from activity.models import ActivityRecord
from activity.sentences import FIELDS, SENTENCES, field_label, sentence, value_words
from core import html
from core.company_labels import label_in_words
from core.routes import address
from customers.account.words import ACCOUNT_FIELDS

# What a customer and its partners read of the customer: the rest of the catalogue is a company's own.
CUSTOMER_PREFIXES = ("customer.", "relationship_request.", "order.", "subscription.")
PRICES = {"unit_price", "amount"}
# The fields that companies other than the provider read; what else stands in a record is the provider's.
TOLD = {
    *("status", "state", "quantity", "nickname", "offer_name", "offer", "term_duration", "billing_plan", "at_end"),
    *("ends_at", "is_trial", "reseller", "scope", "reason", *PRICES, *ACCOUNT_FIELDS),
}
# What holds several values, which are no pair of before and after.
LISTS = {"columns", "lines", "markets"}
# Decisions of the back office, whose reason the customer is told.
TOLD_WHY = ("customer.approved", "customer.not_approved", "customer.put_under_review")


@dataclass(frozen=True)
class Event:
    """One line of a history."""

    at: datetime
    what: str
    lines: list[SafeString]
    who: SafeString


def events_of(records: Iterable[ActivityRecord], reader: Actor) -> list[Event]:
    """Records as lines of a history."""
    prices = can(reader, Permission.VIEW_PRICES)
    return [
        Event(record.at, sentence(record), details(record, reader, prices=prices), who(record, reader))
        for record in records
    ]


# The same change once more for the reseller that was; others read it in the record of the one that followed.
FOR_THE_FORMER = {"subscription.reseller_of_record_ended", "subscription.support_contact_ended"}


def customer_actions(reader: Actor) -> list[str]:
    """The actions that a customer's pages tell this reader of."""
    told = [action for action in SENTENCES if action.startswith(CUSTOMER_PREFIXES)]
    return told if reader.is_reseller else [action for action in told if action not in FOR_THE_FORMER]


# Records that name the reseller of before and the one that follows.
NAMING_BOTH = (
    "customer.reseller_changed",
    "subscription.reseller_of_record_changed",
    "subscription.support_contact_changed",
)


def details(record: ActivityRecord, reader: Actor, *, prices: bool) -> list[SafeString]:
    """What changed, one line a field, old → new; amounts only for who may see prices.

    A reseller reads its own name alone: who was there before it, or follows, is none of its business.
    """
    changes = record.changes if isinstance(record.changes, dict) else {}
    lines = []
    if {"old", "new"} <= changes.keys():
        lines += _old_and_new(record.action, changes["old"], changes["new"], reader)
    hidden = hidden_fields(record, reader, prices=prices) | {"old", "new"}
    for field in sorted(changes.keys() - hidden, key=_places()):
        value = changes[field]
        if isinstance(value, list) and len(value) == 2 and field not in LISTS:
            pair = (value_words(field, value[0]), value_words(field, value[1]))
            lines.append(format_html("{}: {} → {}", field_label(field, record.action), *pair))
        elif field == "moved_to" and record.customer_id is not None:
            words = format_html(
                '<a href="{}">{}</a>', address("subscriptions:detail", record.customer_id, value), value
            )
            lines.append(format_html("{}: {}", field_label(field, record.action), words))
        elif value not in (None, ""):
            lines.append(format_html("{}: {}", field_label(field, record.action), value_words(field, value)))
    return lines


@cache
def _places() -> Callable[[str], tuple[int, str]]:
    """Known fields in the order of the catalogue: databases keep the names of an object in an order of their own."""
    known = {field: number for number, field in enumerate(FIELDS)}
    return lambda field: (known.get(field, len(known)), field)


def hidden_fields(record: ActivityRecord, reader: Actor, *, prices: bool) -> set[str]:
    """What of a record is not this reader's: amounts, and for a customer the reasons that others noted."""
    hidden = set() if prices else {*PRICES, "currency", "lines"}
    # What was done to the company itself is no secret to it.
    if not (reader.is_provider or is_own(record, reader) or record.target_type.startswith("accounts.")):
        hidden |= record.changes.keys() - TOLD
    if _is_account(record) and not is_own(record, reader):
        # Of the person's other companies, and of what these have told the back office, nothing is said.
        hidden |= {"reason", "device_ip"}
    if reader.is_customer and record.action not in TOLD_WHY and record.acting_for_id != reader.customer.microsoft_id:
        hidden.add("reason")
    return hidden


def is_own(record: ActivityRecord, reader: Actor) -> bool:
    """Whether the reader's own company or customer did it."""
    return reader.acting_for is not None and reader.acting_for.microsoft_id == record.acting_for_id


def _is_account(record: ActivityRecord) -> bool:
    """Whether it was done to a person's account, which belongs to no company."""
    return record.target_type == User._meta.label_lower


def _by_its_owner(record: ActivityRecord) -> bool:
    return record.actor_user_id is not None and record.target_id == str(record.actor_user_id)


def acting_for(record: ActivityRecord, reader: Actor) -> str:
    """For whom the person acted; not where that is another company of one of the reader's own people."""
    return "" if _is_account(record) and not is_own(record, reader) else record.acting_for_label


def _old_and_new(action: str, old: Any, new: Any, reader: Actor) -> list[SafeString]:
    if reader.is_reseller and action in NAMING_BOTH:
        assert reader.partner is not None
        own = reader.partner.recorded_name
        return [value_words("", own)] if own in (old, new) else []
    field = "scope" if action.endswith(("scope_changed", "access_removed")) else ""
    if action in NAMING_BOTH:
        nobody = _("The indirect provider") if action == "subscription.support_contact_changed" else _("No reseller")
        return [format_html("{} → {}", *(html.name(label_in_words(one) if one else nobody) for one in (old, new)))]
    return [format_html("{} → {}", value_words(field, old), value_words(field, new))]


def joined(lines: list[SafeString]) -> SafeString:
    """The lines under each other, or a dash."""
    if not lines:
        return html.missing(_("No details"))
    return format_html("<div>{}</div>", format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines)))


def who(record: ActivityRecord, actor: Actor) -> SafeString:
    """The person, for its own company; for others the company that the person acted for."""
    person = record.actor_label.rpartition(" (")[0] or record.actor_label
    if is_own(record, actor) or (_is_account(record) and _by_its_owner(record)):
        return html.name(person)
    if _is_account(record) and record.acting_for_label:
        return html.name(_("Somebody outside your company"))
    if record.acting_for_label:
        return html.name(record.acting_for_label)
    if record.actor_user_id is not None:
        return html.name(_("Back office"))
    return html.name(_("Somebody not signed in") if record.actor_label == ANONYMOUS.label else _("The portal"))
