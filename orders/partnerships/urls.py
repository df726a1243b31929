"""Pages of the namespace `resellers` for the end of a partnership and its reseller; csp_portal.urls joins them."""

from django.urls import path

from orders.partnerships import views

partnership_pages = [path("providers/", views.ProviderListView.as_view(), name="providers")]
