"""Pages of the namespace `resellers` that show customers and subscriptions; csp_portal.urls joins them."""

from django.urls import path

from subscriptions.reseller_pages import exporting, incentives, pages, removing, views

page = "resellers/<uuid:public_id>/"

reseller_pages = [
    path("resellers/", views.ResellerListView.as_view(), name="list"),
    path("resellers/ended/", views.EndedListView.as_view(), name="ended"),
    path("resellers/export/", exporting.ExportView.as_view(), name="export"),
    path(page, pages.OverviewView.as_view(), name="detail"),
    path(f"{page}customers/", pages.CustomersView.as_view(), name="detail_customers"),
    path(f"{page}subscriptions/", pages.SubscriptionsView.as_view(), name="detail_subscriptions"),
    path(f"{page}incentives/", incentives.IncentivesView.as_view(), name="detail_incentives"),
    path(f"{page}access/", pages.AccessView.as_view(), name="detail_access"),
    path(f"{page}access/<uuid:microsoft_id>/remove/", removing.RemoveAccessView.as_view(), name="remove_access"),
    path(f"{page}activity/", pages.ActivityView.as_view(), name="detail_activity"),
]
