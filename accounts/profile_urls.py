"""The addresses of a provider's own profile."""

from django.urls import URLPattern, path

from accounts import profile_views as views

app_name = "profile"

urlpatterns: list[URLPattern] = [
    path("", views.OwnProfileView.as_view(), name="own"),
    path("change/", views.ChangeProfileView.as_view(), name="change"),
    path("changes/<uuid:public_id>/withdraw/", views.WithdrawChangeView.as_view(), name="withdraw"),
]
