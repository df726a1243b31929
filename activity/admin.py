"""The record, to be read."""

from django.contrib import admin
from django.http import HttpRequest

from activity.models import ActivityRecord


@admin.register(ActivityRecord)
class ActivityRecordAdmin(admin.ModelAdmin):
    """Read, filter and search; nothing can be added, changed or removed here."""

    list_display = ("at", "actor_label", "acting_for_label", "action", "target_label", "target_type")
    list_filter = ("action", "target_type", "at")
    search_fields = ("action", "actor_label", "acting_for_label", "target_label", "target_id")
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
