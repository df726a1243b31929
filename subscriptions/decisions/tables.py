"""The renewal calendar as a table."""

from typing import Any

import django_tables2 as tables
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from core import html
from core.tables import NUMERIC, NumberColumn, PortalTable
from subscriptions.decisions.outlook import outlook_words
from subscriptions.models import Subscription
from subscriptions.rules import decision_date
from subscriptions.tables import reseller_of_record


class DecisionTable(PortalTable):
    """What is to be decided, until when, and what happens otherwise."""

    title = gettext_lazy("Decisions")
    row_header = "name"
    row_key = "subscription_id"

    day = tables.Column(gettext_lazy("Decide by"), accessor="next_step_at")
    name = tables.Column(
        gettext_lazy("Subscription"), accessor="nickname", linkify=lambda record: record.get_absolute_url()
    )
    customer = tables.Column(
        gettext_lazy("Customer"),
        accessor="customer__company_name",
        linkify=lambda record: record.customer.get_absolute_url(),
    )
    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="customer__provider", orderable=False)
    # Of record, not managing: whose incentive hangs on the decision, and whom the filter finds.
    reseller = tables.Column(gettext_lazy("Reseller of record"), accessor="pk", orderable=False)
    quantity = NumberColumn(gettext_lazy("Licenses"))
    outlook = tables.Column(gettext_lazy("If nobody acts"), accessor="pk", orderable=False)
    cost = tables.Column(
        gettext_lazy("Next term, at today’s price"),
        accessor="pk",
        orderable=False,
        attrs={**NUMERIC, "th": {"class": "num text-wrap"}},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        actor = kwargs["listing"].request.actor
        hidden = ["provider" if actor.is_provider else "reseller"]
        hidden += [] if can(actor, Permission.VIEW_PRICES) else ["cost"]
        super().__init__(*args, exclude=hidden, **kwargs)

    def render_day(self, record: Subscription) -> SafeString:
        """The last day, with the moment after which it is too late."""
        return day_tag(record)

    def render_reseller(self, record: Subscription) -> SafeString:
        """Whom to call about it, with the MPN ID that it was set with."""
        return reseller_of_record(record.current_reseller)  # type: ignore[attr-defined]

    def render_outlook(self, record: Subscription) -> str:
        """In one sentence."""
        return outlook_words(record.outlook)

    def render_cost(self, record: Subscription) -> SafeString | str:
        """The amount, or a dash where nothing is charged any more."""
        cost = record.outlook.cost
        return html.missing(_("Nothing")) if cost is None else html.money_text(cost, record.currency)


def day_tag(subscription: Subscription) -> SafeString:
    """The decision date in the reader's zone; its title says the moment."""
    deadline = subscription.next_step_at
    local = timezone.localtime(deadline)
    moment = _("until %(moment)s") % {"moment": f"{html.date_text(local)} {local:%H:%M} {html.zone_text(local)}"}
    day = decision_date(deadline, timezone.get_current_timezone())
    return format_html('<time datetime="{}" title="{}">{}</time>', day.isoformat(), moment, html.date_text(day))
