"""Forms of sign-in and of one's own account."""

import zoneinfo
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, UserTokenForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as LibraryReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.forms import PortalForm, PortalFormMixin, PortalModelForm
from core.text import email_key


def user_name_field() -> forms.CharField:
    """Who signs in, as password managers know it."""
    attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
    field = forms.CharField(label=_("E-mail address or user name"), max_length=254, widget=forms.TextInput(attrs=attrs))
    field.error_messages["required"] = _("Enter your e-mail address or user name.")
    return field


def password_field(label: Any, autocomplete: str, required: Any, **kwargs: Any) -> forms.CharField:
    """A password, kept as typed and never written back into the page."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, error_messages={"required": required}, **kwargs)


class SignInForm(PortalFormMixin, LoginForm):  # type: ignore[misc]
    """Sign in by user name; every refusal but that of too many tries reads the same."""

    password = password_field(_("Password"), "current-password", _("Enter your password."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = user_name_field()
        self._dress("login", self.fields["login"])

    def clean_login(self) -> str:
        """The normal form under which people are stored; what has none is nobody's name and fails as such."""
        typed = str(self.cleaned_data["login"])
        try:
            return email_key(typed)
        except ValidationError:
            return typed.strip().lower()

    def clean(self) -> dict[str, Any]:
        """Refuse the deactivated like strangers; tell only who knows the password that its time is over."""
        cleaned: dict[str, Any] = super().clean()
        if self.user is not None and not self.user.is_active:
            raise get_adapter().validation_error("username_password_mismatch")
        if self.user is not None and self.user.temporary_password_expired:
            raise ValidationError(
                _("Your temporary password has expired. Ask your reseller or provider for a new one."),
                code="temporary_password_expired",
            )
        return cleaned


class NewPasswordMixin:
    """Two fields for a new password, judged by the rules of the portal; the form has a `user`."""

    user: User | None
    cleaned_data: dict[str, Any]

    def clean_password1(self) -> str:
        """Refuse what is easily guessed, and the password in use."""
        password = str(self.cleaned_data["password1"])
        password_validation.validate_password(password, self.user)
        if self.user is not None and self.user.check_password(password):
            raise ValidationError(_("Choose a password that differs from the one you have now."), code="same")
        return password

    def clean_password2(self) -> str:
        """Refuse a slip of the fingers."""
        password = str(self.cleaned_data["password2"])
        if "password1" in self.cleaned_data and password != self.cleaned_data["password1"]:
            raise ValidationError(_("The two passwords differ. Enter the same password twice."), code="differs")
        return password


def new_password_fields() -> tuple[forms.CharField, forms.CharField]:
    """The pair of fields that NewPasswordMixin judges."""
    help_text = _(
        "At least 12 characters; a few words in a row are easy to remember. "
        "Not a common password, and not built on your name, your company's name or the portal's."
    )
    first = password_field(_("New password"), "new-password", _("Enter a new password."), help_text=help_text)
    second = password_field(_("New password again"), "new-password", _("Enter the new password again."))
    return first, second


class OwnPasswordForm(NewPasswordMixin, PortalForm):
    """Choose a password of one's own in place of a temporary one."""

    password1, password2 = new_password_fields()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)


class ChangePasswordForm(OwnPasswordForm):
    """Change one's password; the present one is asked for, and tries of it are limited as at sign-in."""

    oldpassword = password_field(_("Current password"), "current-password", _("Enter your current password."))
    field_order = ("oldpassword", "password1", "password2")

    def clean_oldpassword(self) -> str:
        """Refuse anything but the present password."""
        password = str(self.cleaned_data["oldpassword"])
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password


class ResetPasswordForm(PortalForm):
    """Ask for a link to choose a new password."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def clean_email(self) -> str:
        """The normal form; a customer administrator's user name is known by its shape, not by looking it up."""
        key = email_key(self.cleaned_data["email"])
        if key.startswith("admin@") and key.endswith(f".{settings.TENANT_DOMAIN}"):
            raise ValidationError(
                _("This is a user name and not a mailbox. Ask your reseller for a new temporary password."),
                code="no_mailbox",
            )
        return key


class NewPasswordForm(OwnPasswordForm):
    """Choose a new password after following the mailed link."""

    def __init__(self, *args: Any, user: User, temp_key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)

    def save(self) -> None:
        """Save through the adapter, which calls the service."""
        get_adapter().set_password(self.user, self.cleaned_data["password1"])


class ResetLinkForm(UserTokenForm):  # type: ignore[misc]
    """Judges the two halves of a mailed link."""

    def clean(self) -> dict[str, Any]:
        """Refuse the link of somebody who may no longer sign in."""
        cleaned: dict[str, Any] = super().clean()
        if not self.reset_user.is_active:
            raise get_adapter().validation_error("invalid_password_reset")
        return cleaned


class ReauthenticateForm(PortalForm):
    """Give the password again before something that needs it."""

    password = password_field(_("Password"), "current-password", _("Enter your password."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        """Refuse anything but the present password; tries are limited as at sign-in."""
        password = str(self.cleaned_data["password"])
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password


class CodeFieldMixin(PortalFormMixin):
    """One box for a code that can be pasted; spaces do not matter."""

    def _dress(self, name: str, field: forms.Field) -> None:
        if name == "code":
            field.label = _("Code")
            field.error_messages["required"] = _("Enter the code.")
            field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super()._dress(name, field)


class SecondFactorForm(CodeFieldMixin, AuthenticateForm):  # type: ignore[misc]
    """The code of the authenticator app, or a recovery code, as the second step of sign-in."""


class ReauthenticateWithCodeForm(CodeFieldMixin, LibraryReauthenticateForm):  # type: ignore[misc]
    """The same code, given again before something that needs it."""


class SetUpSecondFactorForm(CodeFieldMixin, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new authenticator app proves that it took the key."""


class PreferencesForm(PortalModelForm):
    """How a person wants to be called and to see the portal."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Times on all pages are shown in this zone. E-mails name their zone.")
    )

    class Meta:
        model = User
        fields = ("full_name", "language", "time_zone", "theme")
        widgets = {"full_name": forms.TextInput(attrs={"autocomplete": "name"}), "theme": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.fields["time_zone"].choices = [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)]  # type: ignore[attr-defined]

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""
