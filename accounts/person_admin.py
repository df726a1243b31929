"""People in the back office: what is known of one, and what may be done about access; never a password."""

from collections import Counter
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.back_office_steps import Step, SteppedAdmin
from accounts.models import Membership, User
from accounts.second_factors import FACTORS, factors_of
from accounts.step_up import ask_first
from core.exceptions import InvalidTransition, Refused
from core.html import time_tag
from core.text import clean_name, email_key

KINDS = {**FACTORS, Authenticator.Type.RECOVERY_CODES: _("Recovery codes")}
DEACTIVATE = Step(
    "deactivate", _("Deactivate"),
    _("The person is signed out everywhere and cannot sign in until activated again. Memberships stay as they are."),
    _("Deactivated. Every session has ended."), is_hard=True,
)  # fmt: skip
ACTIVATE = Step(
    "activate", _("Activate"),
    _("The person can sign in again, with the same password, second factor and memberships as before."),
    _("Activated."),
)  # fmt: skip
RESET_FACTOR = Step(
    "second-factor", _("Reset second factor"),
    _(
        "Do this only after the person told you in person or by telephone that it is lost: whoever knows the password "
        "sets up a new one at the next sign-in. The person is told by e-mail."
    ),
    _("The second factor is removed. The next sign-in sets up a new one."), is_hard=True, asks_who=True,
)  # fmt: skip
UNLINK_OPENID = Step(
    "unlink", _("Remove link to the sign-in service"),
    _(
        "The account at the sign-in service opens nothing here any more, and the person is signed out everywhere and "
        "told by e-mail. The next sign-in there makes a new link if its proved address is the person’s user name here."
    ),
    _("The link is removed, and every session has ended."), asks_who=True,
)  # fmt: skip
PASSWORD_LINK = Step(
    "password-link", _("Send a link to choose a new password"),
    _("The link goes to the person’s mailbox and nowhere else. What the password will be only the person knows."),
    _("The link is on its way."), asks_who=True,
)  # fmt: skip
END_SESSIONS = Step(
    "end-sessions", _("End all sessions"),
    _("The person is signed out everywhere, at the next click, and can sign in again."),
    _("Every session has ended."),
)  # fmt: skip


def refuse_oneself_and_superiors(request: HttpRequest, person: User) -> None:
    """Refuse what one does about oneself elsewhere, and what would give power over somebody with more of it."""
    if person.pk == request.user.pk:
        raise Refused(gettext("This is your own account. Use Security and Where you are signed in."))
    if person.is_superuser and not request.user.is_superuser:
        raise Refused(gettext("Only somebody with every right may do this to somebody with every right."))


def end_all_sessions(request: HttpRequest, person: User, reason: str) -> None:
    """Sign somebody else out everywhere, and say when there was nothing to end."""
    refuse_oneself_and_superiors(request, person)
    if not services.end_sessions(user=person, by=request.actor, reason=reason):  # type: ignore[attr-defined]
        raise InvalidTransition(gettext("%(person)s is signed in nowhere.") % {"person": person})


class UserAddForm(forms.ModelForm):
    """A new person, who chooses a password by a mailed link."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields = ("sign_in_name", "full_name", "language", "is_staff")
        labels: ClassVar = {"sign_in_name": _("E-mail address")}

    def clean_sign_in_name(self) -> str:
        """The normal form of the address."""
        return email_key(self.cleaned_data["sign_in_name"])

    def clean_full_name(self) -> str:
        """One line, without what deceives."""
        name = clean_name(self.cleaned_data["full_name"])
        if not name:
            raise ValidationError(self.fields["full_name"].error_messages["required"], code="required")
        return name


class MembershipInline(admin.TabularInline):
    """For which companies the person works and has worked."""

    model = Membership
    fields = readonly_fields = ("company", "role", "since", "ended")
    ordering = ("-began_at",)
    extra = 0
    # The person's page there is for people of the company.
    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With the names of company and person."""
        return super().get_queryset(request).select_related("partner", "user")

    @admin.display(description=_("company"))
    def company(self, membership: Membership) -> SafeString:
        """Leads to the company."""
        url = reverse("admin:accounts_partner_change", args=[membership.partner_id])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, membership.partner)

    @admin.display(description=_("since"))
    def since(self, membership: Membership) -> SafeString:
        """From when."""
        return time_tag(membership.began_at)

    @admin.display(description=_("ended"))
    def ended(self, membership: Membership) -> SafeString | str:
        """Until when, if it has ended."""
        return time_tag(membership.ended_at) if membership.ended_at else "–"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(User)
class UserAdmin(SteppedAdmin):
    """People: no password is typed or shown here; a person is sent a link to choose one."""

    list_display = ("sign_in_name", "full_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("sign_in_name", "full_name")
    ordering = ("sign_in_name",)
    fields = (
        "sign_in_name", "email", "email_proved_at", "full_name", "language", "time_zone", "is_active", "is_staff",
        "is_superuser", "second_factors", "openid_links",
        "last_login", "sessions", "must_change_password", "password_expires_at",
        "date_joined",
    )  # fmt: skip
    steps = (PASSWORD_LINK, END_SESSIONS, RESET_FACTOR, UNLINK_OPENID, DEACTIVATE, ACTIVATE)
    # What is hard to undo is done to one person at a time, on a page that asks for the name.
    actions = ("reactivate", "send_password_link", "end_sessions")

    def get_form(self, request: HttpRequest, obj: User | None = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Few fields to begin with."""
        if obj is None:
            kwargs |= {"form": UserAddForm, "fields": UserAddForm.Meta.fields}
        return super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """The same few."""
        return self.fields if obj else UserAddForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """What is not a column."""
        return ("second_factors", "openid_links", "sessions") if obj else ()

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Memberships, of a person who is there."""
        return [MembershipInline] if obj else []

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

    # --- what is shown -----------------------------------------------------------------------------------------------
    @admin.display(description=_("second factors"))
    def second_factors(self, person: User) -> str:
        """By kind, and how many where there are several."""
        kinds = Counter(Authenticator.objects.filter(user=person).values_list("type", flat=True))
        found = [(str(name), kinds[kind]) for kind, name in KINDS.items() if kinds[kind]]
        return ", ".join(f"{name} ({count})" if count > 1 else name for name, count in found) or gettext("None")

    @admin.display(description=_("links to a sign-in service"))
    def openid_links(self, person: User) -> SafeString | str:
        """Which account there opens this one."""
        links = person.openid_links.order_by("pk")
        return format_html_join(SafeString("<br>"), "<bdi>{}</bdi> ({})", ((one, one.issuer) for one in links)) or "–"

    @admin.display(description=_("sessions"))
    def sessions(self, person: User) -> SafeString:
        """How many last, and the way to them."""
        count = services.sessions_of(person).count()
        url = f"{reverse('admin:accounts_personsession_changelist')}?user__id__exact={person.pk}"
        text = ngettext("%(count)d session", "%(count)d sessions", count) % {"count": count}
        return format_html('<a href="{}">{}</a>', url, text)

    # --- what can be done --------------------------------------------------------------------------------------------
    def typed_name(self, row: User) -> str:
        """The user name."""
        return row.sign_in_name

    def possible(self, request: HttpRequest, row: User) -> list[Step]:
        """Nothing about oneself, and what the account's state allows."""
        try:
            refuse_oneself_and_superiors(request, row)
        except Refused:
            return []
        if not row.is_active:
            return [ACTIVATE]
        wanted = {
            PASSWORD_LINK: bool(row.email),
            END_SESSIONS: services.sessions_of(row).exists(),
            RESET_FACTOR: factors_of(row).exists(),
            UNLINK_OPENID: row.openid_links.exists(),
            DEACTIVATE: True,
        }
        return [step for step, offered in wanted.items() if offered]

    def obstacle(self, request: HttpRequest, row: User, step: Step) -> str:
        """Who one is, or what the account has not."""
        try:
            refuse_oneself_and_superiors(request, row)
        except Refused as refusal:
            return str(refusal)
        if step == RESET_FACTOR and not factors_of(row).exists():
            return gettext("%(person)s has no second factor.") % {"person": row}
        return super().obstacle(request, row, step)

    def carry_out(self, request: HttpRequest, row: User, step: Step, reason: str) -> None:
        """Call the service."""
        refuse_oneself_and_superiors(request, row)
        by = request.actor  # type: ignore[attr-defined]
        if step in (DEACTIVATE, ACTIVATE):
            services.set_user_active(user=row, active=step == ACTIVATE, by=by, reason=reason)
        elif step == RESET_FACTOR:
            services.reset_second_factor(user=row, by=by, reason=reason)
        elif step == UNLINK_OPENID:
            services.remove_openid_links(user=row, by=by, reason=reason)
        elif step == PASSWORD_LINK:
            services.send_password_link(user=row, by=by, reason=reason)
        else:
            end_all_sessions(request, row, reason)

    def do_to_each(self, request: HttpRequest, queryset: QuerySet, step: Step) -> None:
        """The same for the selected people, with one reason for all."""
        self.call_with_reason(request, queryset, lambda person, reason: self.carry_out(request, person, step, reason))

    @admin.action(description=_("Activate: may sign in again (give a reason)"))
    def reactivate(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Let people in again."""
        self.do_to_each(request, queryset, ACTIVATE)

    @admin.action(description=_("Send a link to choose a new password (give a reason)"))
    def send_password_link(self, request: HttpRequest, queryset: QuerySet) -> HttpResponseBase | None:
        """Start a reset; what the password will be only its owner knows."""
        if question := ask_first(request):
            return question
        self.do_to_each(request, queryset, PASSWORD_LINK)
        return None

    @admin.action(description=_("End all sessions (give a reason)"))
    def end_sessions(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Sign people out everywhere."""
        self.do_to_each(request, queryset, END_SESSIONS)
