"""Partnerships and requests, to be read: they change on the portal's own pages, by the people they belong to."""

from django.contrib import admin
from django.http import HttpRequest

from core.admin_search import FoldedSearch
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance


class ReadOnlyAdmin(FoldedSearch, admin.ModelAdmin):
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
    fields = (
        "public_id",
        "provider",
        "reseller",
        "began_at",
        "ended_at",
        "ended_side",
        "ended_by",
        "end_reason",
    )


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
        "opened_at",
        "reminded_at",
        "last_reminded_at",
        "answered_by",
        "answered_at",
        "decline_reason",
        "decline_note",
        "new_link_wanted_at",
        "new_link_wanted_by",
        "replaced_by",
        "resend_number",
        "partnership",
    )


@admin.register(PendingAcceptance)
class PendingAcceptanceAdmin(ReadOnlyAdmin):
    """Who has said yes, and what it waits for or how the waiting ended."""

    list_display = ("accepted_at", "reseller", "request", "from_other_domain", "confirmed_at", "ended_at", "outcome")
    list_filter = ("outcome", "from_other_domain", "accepted_at")
    list_select_related = ("reseller", "request")
    search_fields = ("reseller__search_text", "request__recipient_key")
    ordering = ("-accepted_at", "-pk")
    fields = (
        "public_id",
        "request",
        "reseller",
        "accepted_by",
        "accepted_at",
        "from_other_domain",
        "confirmed_by",
        "confirmed_at",
        "ended_at",
        "outcome",
    )
