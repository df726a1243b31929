"""Pages of one's own account."""

from django.urls import path

from accounts import own_sessions, passkeys, views
from accounts.openid import views as openid

app_name = "accounts"

urlpatterns = [
    path("password/own/", views.OwnPasswordView.as_view(), name="own_password"),
    path("openid/start/", openid.StartView.as_view(), name="openid_start"),
    path("openid/callback/", openid.CallbackView.as_view(), name="openid_callback"),
    path("openid/<int:pk>/remove/", openid.RemoveLinkView.as_view(), name="openid_remove"),
    path("passkey/challenge/", passkeys.ChallengeView.as_view(), name="passkey_challenge"),
    path("passkey/challenge/new/", passkeys.NewPasskeyChallengeView.as_view(), name="new_passkey_challenge"),
    path("preferences/", views.PreferencesView.as_view(), name="preferences"),
    path("sessions/", own_sessions.OwnSessionsView.as_view(), name="sessions"),
    path("sessions/keep/", own_sessions.KeepSessionView.as_view(), name="keep_session"),
    path("sessions/end/", own_sessions.EndOtherSessionsView.as_view(), name="end_other_sessions"),
    path("sessions/<int:pk>/end/", own_sessions.EndSessionView.as_view(), name="end_session"),
    path("switch/", views.SwitchView.as_view(), name="switch"),
]
