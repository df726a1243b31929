"""Pages of the namespace `resellers` that show customers and subscriptions; csp_portal.urls joins them."""

from django.urls import path

from subscriptions.reseller_pages import views

reseller_pages = [path("resellers/", views.ResellerListView.as_view(), name="list")]
