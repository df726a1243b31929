"""People, companies and memberships in the back office: read here, changed through the services, never removed."""

from typing import Any

# Imported before they are unregistered: these show what nobody should see (second factors) or change by hand.
import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from accounts import profile_admin, services  # noqa: F401 – registers itself
from accounts.back_office import RecordedAdmin
from accounts.enrolment import admin as enrolment_admin  # noqa: F401
from accounts.models import Membership, User
from accounts.step_up import ask_first
from core.text import email_key

for model in (Authenticator, EmailAddress, EmailConfirmation, Group, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("CSP portal, back office")  # type: ignore[assignment]


class UserAddForm(forms.ModelForm):
    """A new person, who chooses a password by a mailed link."""

    class Meta:
        model = User
        fields = ("sign_in_name", "full_name", "language", "is_staff")
        labels = {"sign_in_name": _("E-mail address")}

    def clean_sign_in_name(self) -> str:
        """The normal form of the address."""
        return email_key(self.cleaned_data["sign_in_name"])


@admin.register(User)
class UserAdmin(RecordedAdmin):
    """People: no password is typed or shown here; a person is sent a link to choose one."""

    list_display = ("sign_in_name", "full_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("sign_in_name", "full_name")
    ordering = ("sign_in_name",)
    fields = (
        "sign_in_name", "email", "full_name", "language", "time_zone", "is_active", "is_staff", "is_superuser",
        "must_change_password", "password_expires_at", "last_login", "date_joined",
    )  # fmt: skip
    actions = ("deactivate", "reactivate", "send_password_link", "reset_second_factor")

    def get_form(self, request: HttpRequest, obj: User | None = None, **kwargs: Any) -> Any:
        """Few fields to begin with."""
        if obj is None:
            kwargs |= {"form": UserAddForm, "fields": UserAddForm.Meta.fields}
        return super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """The same few."""
        return self.fields if obj else UserAddForm.Meta.fields

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Create through the service."""
        created = services.open_account(
            sign_in_name=obj.sign_in_name,
            full_name=obj.full_name,
            language=obj.language,
            is_staff=obj.is_staff,
            by=request.actor,  # type: ignore[attr-defined]
        )
        obj.__dict__.update(created.__dict__)

    @admin.action(description=_("Deactivate: may not sign in any more"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Shut people out, at once."""
        self.call_for_each(
            request, queryset, lambda user: services.set_user_active(user=user, active=False, by=request.actor)
        )  # type: ignore[attr-defined]

    @admin.action(description=_("Reactivate: may sign in again"))
    def reactivate(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Let people in again."""
        self.call_for_each(
            request, queryset, lambda user: services.set_user_active(user=user, active=True, by=request.actor)
        )  # type: ignore[attr-defined]

    @admin.action(description=_("Send a link to choose a new password"))
    def send_password_link(self, request: HttpRequest, queryset: QuerySet) -> HttpResponseBase | None:
        """Start a reset; what the password will be only its owner knows."""
        if question := ask_first(request):
            return question
        self.call_for_each(request, queryset, lambda user: services.send_password_link(user=user, by=request.actor))  # type: ignore[attr-defined]
        return None

    @admin.action(description=_("Forget the lost second factor"))
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet) -> HttpResponseBase | None:
        """Let people set up a new second factor."""
        if question := ask_first(request):
            return question
        self.call_for_each(request, queryset, lambda user: services.reset_second_factor(user=user, by=request.actor))  # type: ignore[attr-defined]
        return None


class MembershipAddForm(forms.ModelForm):
    """A new member of a company, by e-mail address."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    full_name = forms.CharField(
        label=_("Full name"), max_length=150, required=False, help_text=_("Needed for somebody new to the portal.")
    )

    class Meta:
        model = Membership
        fields = ("partner", "role")

    def clean(self) -> dict[str, Any]:
        """The normal form of the address, a name for somebody new, and one role per company."""
        cleaned = super().clean() or {}
        if "email" not in cleaned or "partner" not in cleaned:
            return cleaned
        try:
            cleaned["email"] = email_key(cleaned["email"])
        except ValidationError as error:
            self.add_error("email", error)
            return cleaned
        user = User.objects.filter(sign_in_name=cleaned["email"]).first()
        if user is None and not cleaned.get("full_name"):
            self.add_error("full_name", _("Enter the name of the new person."))
        if user is not None and user.memberships.filter(partner=cleaned["partner"], ended_at=None).exists():
            self.add_error("email", _("This person already works for this company."))
        return cleaned


@admin.register(Membership)
class MembershipAdmin(RecordedAdmin):
    """Who works where."""

    list_display = ("user", "partner", "role", "began_at", "ended_at")
    list_filter = ("role", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "partner")
    search_fields = ("user__sign_in_name", "user__full_name", "partner__search_text")
    ordering = ("partner__legal_name", "user__full_name")
    autocomplete_fields = ("partner",)
    fields = ("user", "partner", "role", "began_at", "ended_at")
    actions = ("end",)

    def get_form(self, request: HttpRequest, obj: Membership | None = None, **kwargs: Any) -> Any:
        """A person is named by address, not picked from everybody."""
        if obj is None:
            kwargs |= {"form": MembershipAddForm, "fields": MembershipAddForm.Meta.fields}
        return super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        """The fields of that form."""
        return self.fields if obj else ("partner", "email", "full_name", "role")

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Add through the service."""
        created = services.add_member(
            partner=obj.partner,
            role=obj.role,
            email=form.cleaned_data["email"],
            full_name=form.cleaned_data["full_name"],
            by=request.actor,  # type: ignore[attr-defined]
        )
        obj.__dict__.update(created.__dict__)

    @admin.action(description=_("End the membership"))
    def end(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Take people's role away, at once."""
        self.call_for_each(request, queryset, lambda row: services.end_membership(membership=row, by=request.actor))  # type: ignore[attr-defined]
