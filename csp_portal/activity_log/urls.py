"""Addresses of the activity log."""

from django.urls import path

from csp_portal.activity_log.exporting import ExportAccountsView, ExportActivityView
from csp_portal.activity_log.views import AccountLog, ActivityLog, SuggestCustomers, SuggestPeople

app_name = "activity"
urlpatterns = [
    path("", ActivityLog.as_view(), name="list"),
    path("export/", ExportActivityView.as_view(), name="export"),
    path("accounts/", AccountLog.as_view(), name="accounts"),
    path("accounts/export/", ExportAccountsView.as_view(), name="export_accounts"),
    path("people/", SuggestPeople.as_view(), name="suggest_people"),
    path("customers/", SuggestCustomers.as_view(), name="suggest_customers"),
]
