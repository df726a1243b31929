"""Orders and drafts, to be read."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin_search import FoldedSearch
from orders.fulfilment import admin as fulfilment_admin
from orders.models import Order, OrderDraft, OrderDraftLine, OrderLine

# The queue of lines that wait registers itself.
__all__ = ["fulfilment_admin"]


class ReadOnly:
    """Nothing can be added, changed or removed here: orders come from the wizard and stay as they are."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class OrderLineInline(ReadOnly, admin.TabularInline):
    """What was ordered."""

    model = OrderLine
    fields = ("offer_name", "quantity", "unit_price", "term_duration", "billing_plan", "state", "refusal")


class OrderDraftLineInline(ReadOnly, admin.TabularInline):
    """What is chosen so far."""

    model = OrderDraftLine
    fields = ("price", "quantity")


@admin.register(Order)
class OrderAdmin(ReadOnly, FoldedSearch, admin.ModelAdmin):
    """Orders, latest first."""

    list_display = ("number", "customer", "provider", "reseller", "placed_by", "placed_at", "currency", "status")
    list_select_related = ("customer", "provider", "reseller", "placed_by")
    list_filter = ("status", "currency")
    search_fields = ("public_id__exact", "customer__search_text")
    # In the order of their numbers, which is that of their times and has an index.
    ordering = ("-pk",)
    show_full_result_count = False
    list_per_page = 50
    inlines = (OrderLineInline,)

    @admin.display(description=_("number"))
    def number(self, order: Order) -> str:
        """The number people quote."""
        return order.number


@admin.register(OrderDraft)
class OrderDraftAdmin(ReadOnly, admin.ModelAdmin):
    """Who works on what; customers' details in drafts are nobody else's business and are not shown."""

    list_display = ("public_id", "provider", "owner", "reseller", "state", "created_at", "changed_at")
    list_select_related = ("provider", "owner", "reseller")
    list_filter = ("state",)
    search_fields = ("public_id",)
    fields = ("public_id", "provider", "owner", "reseller", "customer", "state", "order", "created_at", "changed_at")
    ordering = ("-changed_at", "-pk")
    show_full_result_count = False
    list_per_page = 50
    inlines = (OrderDraftLineInline,)
