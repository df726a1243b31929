"""Customers in the back office: to look at and decide about, never to edit; passwords as who issued them and when."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from customers.account.admin import AccountDecisions
from customers.models import (
    BillTo,
    Customer,
    CustomerAdministrator,
    CustomerAgreement,
    ResellerRelationship,
    TemporaryPassword,
)


class ReadOnly:
    """Nothing is added, changed or deleted by hand: services do that, and record it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """Rows of something else, to look at."""

    extra = 0
    model: type[models.Model]


class RelationshipInline(ReadOnlyInline):
    """Who manages the customer, now and before."""

    model = ResellerRelationship
    fields = ("reseller", "scope", "begins_at", "ends_at", "set_by")


class AgreementInline(ReadOnlyInline):
    """Confirmations of the customer agreement."""

    model = CustomerAgreement


class BillToInline(ReadOnlyInline):
    """Whom and where the bills go to, where that is not the company itself."""

    model = BillTo


class AdministratorInline(ReadOnlyInline):
    """Who signs in for the customer."""

    model = CustomerAdministrator


@admin.register(Customer)
class CustomerAdmin(ReadOnly, AccountDecisions):
    """Every provider's customers; the state of their accounts is decided here, with a reason."""

    list_display = ("company_name", "domain", "provider", "country", "status", "created_at")
    list_filter = ("status", "qualification")
    list_select_related = ("provider",)
    search_fields = ("search_text", "microsoft_id__exact")
    exclude = ("search_text",)
    inlines: ClassVar[Any] = [RelationshipInline, BillToInline, AgreementInline, AdministratorInline]

    @admin.display(description=_("domain"))
    def domain(self, customer: Customer) -> str:
        """The primary one."""
        return customer.domain


@admin.register(TemporaryPassword)
class TemporaryPasswordAdmin(ReadOnly, admin.ModelAdmin):
    """When temporary passwords were issued and seen, by whom, until when; neither they nor what encrypts them."""

    fields = ("administrator", "issued_by", "issued_at", "valid_until", "reveal_until", "revealed_at")
    list_display = fields
    list_select_related = ("administrator__user", "issued_by")
    show_full_result_count = False
