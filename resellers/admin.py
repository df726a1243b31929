"""Partnerships and requests, to be read: they change on the portal's own pages, by the people they belong to."""

from django.contrib import admin
from django.http import HttpRequest

from resellers.models import Partnership, PartnershipRequest


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to find and to read; nothing can be added, changed or removed here."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: rows come from what is done."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody."""
        return False


@admin.register(Partnership)
class PartnershipAdmin(ReadOnlyAdmin):
    """Who works with whom, since when, until when."""

    list_display = ("provider", "reseller", "began_at", "ended_at")
    list_filter = ("began_at",)
    list_select_related = ("provider", "reseller")
    search_fields = ("provider__search_text", "reseller__search_text")
    ordering = ("-began_at", "-pk")
    fields = ("public_id", "provider", "reseller", "began_at", "ended_at")


@admin.register(PartnershipRequest)
class PartnershipRequestAdmin(ReadOnlyAdmin):
    """Who asked whom and where it stands; what the link is made of is not shown."""

    list_display = ("created_at", "provider", "recipient", "state", "channel", "sent_by", "sent_at", "expires_at")
    list_filter = ("state", "channel", "created_at")
    list_select_related = ("provider", "sent_by")
    search_fields = ("recipient_key", "provider__search_text")
    ordering = ("-created_at", "-pk")
    fields = (
        "public_id",
        "provider",
        "recipient",
        "language",
        "message",
        "state",
        "channel",
        "valid_days",
        "created_by",
        "created_at",
        "sent_by",
        "sent_at",
        "expires_at",
        "answered_by",
        "answered_at",
        "partnership",
    )
