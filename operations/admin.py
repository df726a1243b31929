"""Notes of backups, to be read."""

from django.contrib import admin
from django.http import HttpRequest

from operations.models import BackupNote


@admin.register(BackupNote)
class BackupNoteAdmin(admin.ModelAdmin):
    """Nothing is added, changed or removed here: a script notes what it did."""

    list_display = ("made_at", "kind", "name", "size")
    list_filter = ("kind",)
    ordering = ("-made_at", "-pk")
    fields = ("made_at", "kind", "name", "size")
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: BackupNote | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BackupNote | None = None) -> bool:
        """Nobody."""
        return False
