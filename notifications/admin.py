"""Endpoints and what they were sent, to be read; no secret and no address beyond its host is shown."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.back_office import RecordedAdmin
from notifications.models import WebhookDelivery, WebhookEndpoint


class ReadOnlyAdmin(RecordedAdmin):
    """Nobody adds rows by hand either."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Whose programs are told of what."""

    list_display = ("name", "partner", "host", "disabled_why", "failing_since", "created_at", "removed_at")
    list_filter = ("disabled_why", "created_at")
    list_select_related = ("partner",)
    search_fields = ("name", "partner__legal_name")
    ordering = ("-created_at", "-pk")
    fields = (
        "public_id", "partner", "name", "host", "categories", "disabled_why", "failing_since", "shown_at", "shown_to",
        "before_until", "created_by", "created_at", "removed_at",
    )  # fmt: skip

    @admin.display(description=_("host"))
    def host(self, endpoint: WebhookEndpoint) -> str:
        """As much of the address as may be told."""
        return endpoint.host


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What was sent, how often, and what came of it."""

    list_display = ("created_at", "endpoint", "event", "state", "attempts", "status_code", "failure", "due_at")
    list_filter = ("state", "failure", "created_at")
    list_select_related = ("endpoint",)
    search_fields = ("event", "endpoint__name", "endpoint__partner__legal_name")
    ordering = ("-created_at", "-pk")
    fields = (
        "message_id", "endpoint", "event", "occurred_at", "state", "attempts", "due_at", "tried_at", "status_code",
        "duration_ms", "failure", "created_at", "delivered_at",
    )  # fmt: skip

    @admin.display(description=_("message ID"))
    def message_id(self, delivery: WebhookDelivery) -> str:
        """Its number as the receiver knows it."""
        return delivery.message_id
