"""Endpoints and their deliveries as tables."""

from typing import Any

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import html
from core.tables import NumberColumn, PortalTable, StatusColumn, TimeColumn
from notifications.models import WebhookDelivery, WebhookEndpoint

KINDS = {"pending": "info", "sending": "info", "delivered": "success", "failed": "danger"}


def endpoint_status(endpoint: WebhookEndpoint) -> SafeString:
    """Whether events are sent to it, and whether they arrive."""
    if not endpoint.is_enabled:
        return html.status_badge("neutral", endpoint.get_disabled_why_display())
    if endpoint.failing_since is not None:
        return html.status_badge("warning", _("Failing"))
    return html.status_badge("success", _("Enabled"))


class EndpointTable(PortalTable):
    """The endpoints of a company."""

    title = gettext_lazy("Webhooks")

    name = tables.Column(gettext_lazy("Name"), linkify=True)
    host = tables.Column(gettext_lazy("Host"))
    status = tables.Column(gettext_lazy("Status"), accessor="pk")
    created_at = TimeColumn(gettext_lazy("Registered"))

    def render_status(self, record: WebhookEndpoint) -> SafeString:
        """Its badge."""
        return endpoint_status(record)


class DeliveryTable(PortalTable):
    """The log of what one endpoint was sent."""

    title = gettext_lazy("Deliveries")
    row_key = "public_id"

    event = tables.Column(
        gettext_lazy("Event"), accessor="event_label", linkify=lambda record: record.get_absolute_url()
    )
    created = TimeColumn(gettext_lazy("Created"), accessor="created_at", style="absolute")
    state = StatusColumn(gettext_lazy("Status"), kinds=KINDS)
    attempts = NumberColumn(gettext_lazy("Attempts"))
    outcome = tables.Column(gettext_lazy("Response"), accessor="outcome")
    duration = NumberColumn(gettext_lazy("Duration"), accessor="duration_ms")
    next_try = TimeColumn(
        gettext_lazy("Next attempt"),
        accessor="due_at",
        style="relative",
        attrs={"td": {"class": "hide-md"}, "th": {"class": "hide-md"}},
    )

    def render_duration(self, value: int) -> str:
        """In thousandths of a second."""
        return f"{html.number_text(value)} ms"

    def render_next_try(self, value: Any, record: WebhookDelivery) -> SafeString:
        """When it is tried next, if it is."""
        return html.time_tag(value, "relative") if record.state == WebhookDelivery.State.PENDING else html.missing()

    def row_name(self, record: WebhookDelivery) -> str:
        """The number is what tells two deliveries of one kind apart."""
        return f"{record.event_label} {record.message_id}"
