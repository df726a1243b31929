"""A customer's *Activity*: everything that was done to it and its subscriptions, as far as the reader is concerned."""

from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from activity.models import ActivityRecord
from activity.sentences import sentence
from core import html
from core.lists import ListPage
from core.paging import Sort
from core.tables import PortalTable, TimeColumn
from customers.pages import CustomerPage
from subscriptions.timeline import customer_actions, details, joined, who


class ActivityTable(PortalTable):
    """Records as sentences, with old and new values."""

    title = gettext_lazy("Activity")
    row_header = "what"

    at = TimeColumn(gettext_lazy("When"), style="absolute")
    what = tables.Column(gettext_lazy("What was done"), accessor="action", orderable=False)
    about = tables.Column(gettext_lazy("About"), accessor="target_label", orderable=False)
    change = tables.Column(gettext_lazy("From → to"), accessor="pk", orderable=False)
    who = tables.Column(gettext_lazy("Who"), accessor="pk", orderable=False)

    def row_name(self, record: ActivityRecord) -> str:
        """The sentence."""
        return sentence(record)

    def render_what(self, record: ActivityRecord) -> str:
        """What was done."""
        return sentence(record)

    def render_about(self, record: ActivityRecord) -> SafeString:
        """The subscription, as a link; the customer itself by its name."""
        name = html.name(record.target_label)
        if record.target_type != "subscriptions.subscription":
            return name
        url = reverse("subscriptions:detail", args=[record.customer_id, record.target_id])
        return format_html('<a href="{}">{}</a>', url, name)

    def render_change(self, record: ActivityRecord) -> SafeString:
        """What it was and what it became; prices only for who may see them."""
        actor = self.listing.request.actor
        return joined(details(record, actor, prices=can(actor, Permission.VIEW_PRICES)))

    def render_who(self, record: ActivityRecord) -> SafeString:
        """The person or the company."""
        return who(record, self.listing.request.actor)


class CustomerActivityView(CustomerPage, ListPage):
    """What was done, newest first; a reseller reads what concerns it, a customer what concerns it."""

    permission = Permission.VIEW_CUSTOMER_ACTIVITY
    template_name = "customers/customer_activity.html"
    table_class = ActivityTable
    title = gettext_lazy("Activity")
    sorts = {"at": Sort("at", descending_first=True)}
    default_sort = "-at"
    empty_title = gettext_lazy("No activity yet")
    empty_text = gettext_lazy("What is done with this customer appears here.")
    empty_icon = "clock-history"

    def get_queryset(self) -> QuerySet[ActivityRecord]:
        """Records that name the customer and have words for people."""
        visible = ActivityRecord.objects.visible_to(self.actor)
        return visible.filter(customer_id=self.customer.microsoft_id, action__in=customer_actions(self.actor))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(own=self.actor.is_customer, **kwargs)
