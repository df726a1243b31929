"""Forms of sign-in and of one's own account."""

import json
import struct
import zoneinfo
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, UserTokenForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as LibraryReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.forms import PortalForm, PortalFormMixin, PortalModelForm
from core.text import email_key

# Of the fields of the question that may stand between a form and its answer.
STEP_UP_PREFIX = "step-up"


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

    def clean_code(self) -> str:
        """Say what to check of the codes that the person has."""
        try:
            code: str = super().clean_code()
        except ValidationError as error:
            app = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP)
            raise error if error.code != "incorrect_code" or app.exists() else wrong_recovery_code() from error
        return code


class SetUpSecondFactorForm(CodeFieldMixin, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new authenticator app proves that it took the key."""


# What the libraries raise at an answer that no browser makes.
MALFORMED = (ValidationError, ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error)


def wrong_recovery_code() -> ValidationError:
    """To whoever has a passkey and no app: the only codes there are."""
    return ValidationError(_("Check the code. It is one of your recovery codes, and each works once."), code="recovery")


def passkey_failed() -> ValidationError:
    """The same words whatever was wrong with a passkey."""
    return ValidationError(get_adapter().error_messages["passkey_failed"], code="passkey_failed")


class CredentialDecoder(json.JSONDecoder):
    """Reads what a browser made of a passkey; a number or a depth that Python refuses is as wrong as any other text."""

    def decode(self, s: str, *args: Any) -> Any:
        """As the library's, but with one kind of error, the only one that Django's field knows."""
        try:
            return super().decode(s, *args)
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError("No browser sends this", s, 0) from error


class PasskeyNameForm(PortalForm):
    """What a passkey is called, so that its owner knows which to remove."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("So that you know it again, like “Work laptop” or “Blue key”.")
    )


class NewPasskeyForm(PasskeyNameForm, AddWebAuthnForm):  # type: ignore[misc]
    """A passkey that the browser has just made; every one of ours verifies its owner and can sign in by itself."""

    passwordless = None
    credential = forms.JSONField(required=True, widget=forms.HiddenInput, decoder=CredentialDecoder)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"].error_messages["required"] = _("Your browser has made no passkey. Try again.")

    def clean(self) -> dict[str, Any]:
        """Refuse what no browser of the person's made for this very page."""
        try:
            return dict(super().clean())
        except MALFORMED as error:
            raise passkey_failed() from error


class PasskeyAnswerMixin:
    """What a passkey has signed; what no browser sends is refused like a wrong answer."""

    fields: dict[str, forms.JSONField]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"].decoder = CredentialDecoder

    def clean_credential(self) -> Authenticator:
        """The passkey that it is; too many tries of one person say so."""
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except ValidationError as error:
            raise error if error.code == "too_many_login_attempts" else passkey_failed() from error
        except MALFORMED as error:
            raise passkey_failed() from error
        return found


class PasskeySignInForm(PasskeyAnswerMixin, LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey alone, as the way in."""


class PasskeyStepForm(PasskeyAnswerMixin, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second step."""


class PasskeyConfirmForm(PasskeyAnswerMixin, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey to confirm that it is the person."""


class StepUpForm(PortalForm):
    """Give again what signs one in: the password and a code for those who have both, or a passkey in place of them."""

    password = password_field(_("Password"), "current-password", _("Enter your password."), max_length=4096)
    code = forms.CharField(
        label=_("Code"), max_length=20, help_text=_("From your authenticator app, or a recovery code.")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        kwargs.setdefault("prefix", STEP_UP_PREFIX)
        super().__init__(*args, **kwargs)
        kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        self.has_passkey = Authenticator.Type.WEBAUTHN in kinds
        self.has_app = Authenticator.Type.TOTP in kinds
        if not user.has_usable_password():
            del self.fields["password"]
        if not kinds - {Authenticator.Type.WEBAUTHN}:
            del self.fields["code"]
        else:
            code = self.fields["code"]
            code.error_messages["required"] = _("Enter the code.")
            code.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
            if not self.has_app:
                code.help_text = _("One of your recovery codes.")

    def clean(self) -> dict[str, Any]:
        """The password first: a wrong one uses up no recovery code."""
        cleaned = super().clean() or {}
        self.proof: forms.Form | None = None
        if credential := self.data.get(self.add_prefix("credential")):
            self._errors = ErrorDict()
            self.proof = PasskeyConfirmForm({"credential": credential}, user=self.user)
            if not self.proof.is_valid():
                raise passkey_failed()
            return cleaned
        if not self.fields:
            raise ValidationError(_("Sign out and in again to confirm it is you."), code="nothing_to_ask")
        if "password" in cleaned and not get_adapter().reauthenticate(self.user, str(cleaned["password"])):
            self.add_error("password", get_adapter().validation_error("incorrect_password"))
        elif "code" in cleaned and not self.errors:
            self.proof = LibraryReauthenticateForm({"code": cleaned["code"]}, user=self.user)
            if not self.proof.is_valid():
                wrong = self.proof.errors.as_data()["code"]
                self.add_error("code", wrong if self.has_app else wrong_recovery_code())
        return cleaned

    def save(self) -> None:
        """Note in the session what was proved."""
        if self.proof is not None:
            self.proof.save()  # type: ignore[attr-defined]
        else:
            reauthenticate_by_password(context.request)


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
