"""Pages of one's own account."""

from django.urls import path

from accounts import passkeys, views

app_name = "accounts"

urlpatterns = [
    path("password/own/", views.OwnPasswordView.as_view(), name="own_password"),
    path("passkey/challenge/", passkeys.ChallengeView.as_view(), name="passkey_challenge"),
    path("passkey/challenge/new/", passkeys.NewPasskeyChallengeView.as_view(), name="new_passkey_challenge"),
    path("preferences/", views.PreferencesView.as_view(), name="preferences"),
    path("switch/", views.SwitchView.as_view(), name="switch"),
]
