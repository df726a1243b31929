"""Subscriptions in the back office: to look at, never to change."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

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


class OverdueFilter(admin.SimpleListFilter):
    """What the worker could not do in time."""

    title = _("overdue")
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Renewal or end is overdue"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those, or all."""
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=Subscription.objects.overdue().values("pk"))


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly, FoldedSearch, admin.ModelAdmin):
    """Every customer's subscriptions."""

    list_display = ("nickname", "customer", "quantity", "status", "ends_at")
    list_filter = ("status", "segment", OverdueFilter)
    list_select_related = ("customer",)
    search_fields = ("subscription_id__exact", "customer__search_text")
    show_full_result_count = False
    inlines: ClassVar = [ResellerOfRecordInline, SupportContactInline]
