"""Pages of one's own account."""

from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("password/own/", views.OwnPasswordView.as_view(), name="own_password"),
    path("preferences/", views.PreferencesView.as_view(), name="preferences"),
    path("switch/", views.SwitchView.as_view(), name="switch"),
]
