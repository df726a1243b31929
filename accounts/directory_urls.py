"""The addresses of the public list of indirect providers."""

from django.urls import URLPattern, path

from accounts import directory_views as views

app_name = "directory"

urlpatterns: list[URLPattern] = [
    path("", views.ProviderListView.as_view(), name="list"),
    path("<uuid:microsoft_id>/", views.ProviderView.as_view(), name="provider"),
]
