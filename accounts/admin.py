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
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import person_admin, profile_admin, services, session_admin  # noqa: F401 – register themselves
from accounts.back_office import ReasonActionForm, RecordedAdmin
from accounts.enrolment import admin as enrolment_admin  # noqa: F401
from accounts.models import Membership, User
from core.text import clean_name, email_key

for model in (Authenticator, EmailAddress, EmailConfirmation, Group, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("CSP portal, back office")  # type: ignore[assignment]


class MembershipAddForm(forms.ModelForm):
    """A new member of a company, by e-mail address."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    full_name = forms.CharField(
        label=_("Full name"), max_length=150, required=False, help_text=_("Needed for somebody new to the portal.")
    )

    class Meta:
        model = Membership
        fields = ("partner", "role")

    def clean_full_name(self) -> str:
        """One line, without what deceives."""
        return clean_name(self.cleaned_data["full_name"])

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
        if user is None and "full_name" not in self.errors and not cleaned["full_name"]:
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
    action_form = ReasonActionForm
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

    @admin.action(description=_("End the membership (give a reason)"))
    def end(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Take people's role away, at once."""
        # Somebody's own: this very session stays, or the page that tells of it could not be shown.
        said = {"by": request.actor, "keep": request.session.session_key or ""}  # type: ignore[attr-defined]
        self.call_with_reason(
            request, queryset, lambda row, reason: services.end_membership(membership=row, reason=reason, **said)
        )
