"""People, companies and memberships in the back office: read here, changed through the services, never removed."""

from collections.abc import Callable
from typing import Any

# Imported before they are unregistered: these show what nobody should see (second factors) or change by hand.
import allauth.account.admin
import allauth.mfa.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.models import Membership, Partner, User
from core.exceptions import Refused
from core.text import email_key

for model in (Authenticator, EmailAddress, EmailConfirmation, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("CSP portal, back office")  # type: ignore[assignment]


class ReasonActionForm(ActionForm):
    """The choice of an action, with a reason for those that take something away."""

    reason = forms.CharField(label=_("Reason:"), required=False, max_length=500)


class RecordedAdmin(admin.ModelAdmin):
    """Nothing is edited in place and nothing is removed: what can be done, services do and record."""

    show_full_result_count = False
    list_per_page = 50

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def may_act(self, request: HttpRequest) -> bool:
        """Who holds Django's change permission may use the actions."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No actions for those who may only look."""
        return super().get_actions(request) if self.may_act(request) else {}

    def call_for_each(self, request: HttpRequest, queryset: QuerySet, service: Callable[[Any], object]) -> None:
        """Run a service for each selected row; each succeeds or is refused by itself, and both are said."""
        done = 0
        for row in queryset:
            try:
                service(row)
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
        if done:
            text = ngettext("Done for %(count)d row.", "Done for %(count)d rows.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)


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
    def send_password_link(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Start a reset; what the password will be only its owner knows."""
        self.call_for_each(request, queryset, lambda user: services.send_password_link(user=user, by=request.actor))  # type: ignore[attr-defined]

    @admin.action(description=_("Forget the lost second factor"))
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Let people set up a new authenticator app."""
        self.call_for_each(request, queryset, lambda user: services.reset_second_factor(user=user, by=request.actor))  # type: ignore[attr-defined]


@admin.register(Partner)
class PartnerAdmin(RecordedAdmin):
    """Companies: an application is taken down here and decided by an action."""

    list_display = ("legal_name", "program", "mpn_id", "country", "enrolment_state", "created_at")
    list_filter = ("program", "enrolment_state")
    search_fields = ("search_text", "mpn_id")
    action_form = ReasonActionForm
    actions = ("approve", "reject", "suspend", "reinstate", "reconsider")
    fields = (
        "program", "legal_name", "mpn_id", "country", "address_line_1", "address_line_2", "city", "state",
        "postal_code", "contact_name", "contact_email", "contact_phone", "language", "agreement_accepted_on",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """What the portal knows about the company; what it decides itself is not asked for."""
        return (*self.fields, "enrolment_state", "microsoft_id", "created_at") if obj else self.fields

    def save_model(self, request: HttpRequest, obj: Partner, form: Any, change: bool) -> None:
        """Enrol through the service."""
        facts = {name: getattr(obj, name) for name in self.fields}
        created = services.enrol_partner(by=request.actor, **facts)  # type: ignore[attr-defined]
        obj.__dict__.update(created.__dict__)

    def _move(self, request: HttpRequest, queryset: QuerySet, before: str, after: str) -> None:
        reason = request.POST.get("reason", "")[:500]

        def move(partner: Partner) -> None:
            if partner.enrolment_state != before:
                raise Refused(_("This enrolment is not in the state that the action is for."))
            services.set_enrolment_state(partner=partner, state=after, reason=reason, by=request.actor)  # type: ignore[attr-defined]

        self.call_for_each(request, queryset, move)

    @admin.action(description=_("Approve the enrolment"))
    def approve(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Pending becomes active."""
        self._move(request, queryset, services.State.PENDING, services.State.ACTIVE)

    @admin.action(description=_("Reject the enrolment (give a reason)"))
    def reject(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Pending becomes rejected."""
        self._move(request, queryset, services.State.PENDING, services.State.REJECTED)

    @admin.action(description=_("Suspend (give a reason)"))
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Active becomes suspended."""
        self._move(request, queryset, services.State.ACTIVE, services.State.SUSPENDED)

    @admin.action(description=_("Reinstate"))
    def reinstate(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Suspended becomes active."""
        self._move(request, queryset, services.State.SUSPENDED, services.State.ACTIVE)

    @admin.action(description=_("Reconsider a rejected enrolment"))
    def reconsider(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Rejected becomes pending."""
        self._move(request, queryset, services.State.REJECTED, services.State.PENDING)


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


# At the end, for it builds on the classes above.
from accounts import profile_admin  # noqa: E402, F401
