"""The record, to be read."""

from django.contrib import admin
from django.http import HttpRequest

from activity.models import SEARCH_WORDS, ActivityRecord
from core.admin_search import FoldedSearch


@admin.register(ActivityRecord)
class ActivityRecordAdmin(FoldedSearch, admin.ModelAdmin):
    """Read, filter and search; nothing can be added, changed or removed here."""

    list_display = ("at", "actor_label", "acting_for_label", "action", "target_label", "target_type")
    list_filter = ("at",)
    search_fields = (
        "target_id__exact", "provider_id__exact", "reseller_id__exact", "customer_id__exact", "request_id__exact",
    )  # fmt: skip
    search_words, search_kind = SEARCH_WORDS, "target_type"
    ordering = ("-at", "-pk")
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: rows come from what is done."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ActivityRecord | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ActivityRecord | None = None) -> bool:
        """Nobody."""
        return False
