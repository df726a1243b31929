"""Subscriptions in the back office: to look at, never to change."""

from typing import ClassVar

from django.contrib import admin

from core.admin_search import FoldedSearch
from customers.admin import ReadOnly, ReadOnlyInline
from subscriptions.incentives import admin as incentives_admin  # noqa: F401 – registers itself
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact


class ResellerOfRecordInline(ReadOnlyInline):
    """Who earns the incentives, now and before."""

    model = ResellerOfRecord


class SupportContactInline(ReadOnlyInline):
    """Who answers the customer's support requests, now and before."""

    model = SupportContact


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly, FoldedSearch, admin.ModelAdmin):
    """Every customer's subscriptions."""

    list_display = ("nickname", "customer", "quantity", "status", "ends_at")
    list_filter = ("status", "segment")
    list_select_related = ("customer",)
    search_fields = ("subscription_id__exact", "customer__search_text")
    show_full_result_count = False
    inlines: ClassVar = [ResellerOfRecordInline, SupportContactInline]
