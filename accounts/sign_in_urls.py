"""Pages of sign-in, under the names by which the library looks for them; what is not listed here does not exist."""

from allauth.account import views as library
from django.urls import path, re_path

from accounts import factors, passkeys, step_up, views

urlpatterns = [
    path("sign-in/", views.SignInView.as_view(), name="account_login"),
    path("sign-out/", views.SignOutView.as_view(), name="account_logout"),
    path("confirm/", step_up.ConfirmView.as_view(), name="account_reauthenticate"),
    path("password/change/", views.ChangePasswordView.as_view(), name="account_change_password"),
    path("password/reset/", views.ResetPasswordView.as_view(), name="account_reset_password"),
    path("password/reset/sent/", library.PasswordResetDoneView.as_view(), name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[0-9A-Za-z-]{1,100})/\Z",
        views.NewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("two-step/", factors.TwoStepSignInView.as_view(), name="mfa_index"),
    path("two-step/code/", factors.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("two-step/set-up/", factors.SetUpSecondFactorView.as_view(), name="mfa_activate_totp"),
    path("two-step/remove/", factors.RemoveSecondFactorView.as_view(), name="mfa_deactivate_totp"),
    path("two-step/recovery-codes/", factors.RecoveryCodesView.as_view(), name="mfa_view_recovery_codes"),
    path("two-step/recovery-codes/new/", factors.RenewRecoveryCodesView.as_view(), name="mfa_generate_recovery_codes"),
    path("two-step/passkeys/new/", passkeys.AddPasskeyView.as_view(), name="mfa_add_webauthn"),
    path("two-step/passkeys/<int:pk>/rename/", passkeys.RenamePasskeyView.as_view(), name="mfa_edit_webauthn"),
    path("two-step/passkeys/<int:pk>/remove/", passkeys.RemovePasskeyView.as_view(), name="mfa_remove_webauthn"),
    path("passkey/sign-in/", passkeys.PasskeySignInView.as_view(), name="mfa_login_webauthn"),
]
