"""Where people are signed in, in the back office: read, and ended with a reason; what opens a session is not shown."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.back_office_steps import Step, SteppedAdmin
from accounts.devices import device_words
from accounts.models import PersonSession, User
from accounts.person_admin import end_all_sessions, refuse_oneself_and_superiors
from core.html import time_tag

END = Step(
    "end", _("End this session"),
    _("The person is signed out there, at the next click, and can sign in again."), _("The session has ended."),
)  # fmt: skip
END_ALL = Step(
    "end-all", _("End all sessions of the person"),
    _("The person is signed out everywhere, at the next click, and can sign in again."), _("Every session has ended."),
)  # fmt: skip


@admin.register(PersonSession)
class PersonSessionAdmin(SteppedAdmin):
    """Sessions that last, the one used last first."""

    list_display = ("person", "since", "last_seen", "device", "address")
    list_display_links = ("since",)
    list_select_related = ("user",)
    search_fields = ("user__sign_in_name", "user__full_name")
    fields = readonly_fields = ("person", "since", "last_seen", "device", "address")
    steps = (END, END_ALL)
    actions = ("end", "end_all")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonSession]:
        """What has run out is gone."""
        return services.lasting_sessions().select_related("user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: people sign in themselves."""
        return False

    @admin.display(description=_("person"), ordering="user__sign_in_name")
    def person(self, session: PersonSession) -> SafeString:
        """Leads to the person."""
        url = reverse("admin:accounts_user_change", args=[session.user_id])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, session.user.sign_in_name)

    @admin.display(description=_("since"), ordering="created_at")
    def since(self, session: PersonSession) -> SafeString:
        """When the person signed in."""
        return time_tag(session.created_at)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def last_seen(self, session: PersonSession) -> SafeString:
        """When it was used last, to the minute."""
        return time_tag(session.last_seen_at)

    @admin.display(description=_("address"), ordering="ip")
    def address(self, session: PersonSession) -> str:
        """From where it was used last."""
        return session.ip

    @admin.display(description=_("device"))
    def device(self, session: PersonSession) -> str:
        """Browser and system in words."""
        return device_words(session.user_agent)

    def step_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
        """Of what has ended meanwhile, say so."""
        if self.may_act(request) and not self.get_queryset(request).filter(pk=pk).exists():
            self.message_user(request, gettext("That session has ended already."), messages.INFO)
            return HttpResponseRedirect(reverse("admin:accounts_personsession_changelist"))
        return super().step_view(request, pk, name)

    def after_step(self, row: PersonSession) -> str:
        """To the list: the session itself is gone."""
        return reverse("admin:accounts_personsession_changelist")

    def possible(self, request: HttpRequest, row: PersonSession) -> list[Step]:
        """One's own are ended on one's own page."""
        return [] if row.user_id == request.user.pk else list(self.steps)

    def carry_out(self, request: HttpRequest, row: PersonSession, step: Step, reason: str) -> None:
        """Call the service."""
        if step == END_ALL:
            return end_all_sessions(request, row.user, reason)
        refuse_oneself_and_superiors(request, row.user)
        services.end_session(session=row, by=request.actor, reason=reason)  # type: ignore[attr-defined]
        return None

    @admin.action(description=_("End the sessions (give a reason)"))
    def end(self, request: HttpRequest, queryset: QuerySet) -> None:
        """One by one."""
        self.call_with_reason(request, queryset, lambda row, reason: self.carry_out(request, row, END, reason))

    @admin.action(description=_("End all sessions of these people (give a reason)"))
    def end_all(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Once for each person."""
        people = User.objects.filter(pk__in=queryset.order_by().values("user"))
        self.call_with_reason(request, people, lambda person, reason: end_all_sessions(request, person, reason))
