"""The addresses of subscriptions, and the Customers pages that show them."""

from django.urls import path

from subscriptions import views

app_name = "subscriptions"

# Pages of the namespace `customers` that need something from this app: csp_portal.urls joins them with customers.urls.
customer_pages = [path("customers/", views.CustomerList.as_view(), name="list")]

urlpatterns = [
    path("customers/<uuid:microsoft_id>/subscriptions/", views.SubscriptionList.as_view(), name="list"),
    path(
        "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/",
        views.SubscriptionDetail.as_view(),
        name="detail",
    ),
]
