"""The *People* pages of a company: who works there, and what its admins may change about it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import TemplateView, View

from accounts.access import can
from accounts.models import Membership
from accounts.people.forms import RoleForm, SettleForm
from accounts.people.open_work import OpenWork, open_work_of
from accounts.people.tables import PeopleFilter, PeopleTable, factor_words, state_badge, with_factors
from accounts.permitted import PermittedView
from accounts.roles import Permission, Role
from accounts.services.colleagues import (
    change_role,
    deactivate_colleague,
    is_last_admin,
    leave_company,
    own_membership,
    reactivate_colleague,
    reset_colleague_second_factor,
    send_colleague_password_link,
)
from accounts.step_up import ask_first
from accounts.throttle import minutes_until_code, too_many_tries
from core.exceptions import InvalidTransition, Refused
from core.html import time_tag
from core.lists import ListPage


def people_tabs(path: str) -> list[dict[str, Any]]:
    """The lists of people, the one at this path marked."""
    pages = [
        (pgettext("several people", "At work"), "people:list"),
        (_("Invitations"), "people:invitations"),
        (pgettext("several people", "Deactivated"), "people:left"),
    ]
    return [
        {"label": label, "url": reverse(name), "current": path == reverse(name), "count": None} for label, name in pages
    ]


class PeoplePage(PermittedView):
    """A page for whoever may manage the company's people."""

    permission = Permission.MANAGE_PEOPLE


class PeopleList(PeoplePage, ListPage):
    """Everybody who works for the company."""

    title = gettext_lazy("People")
    table_class, filterset_class = PeopleTable, PeopleFilter
    sorts = {"person": "user__full_name", "address": "user__sign_in_name", "role": "role"}
    default_sort = "person"
    template_name = "people/list.html"
    empty_title = gettext_lazy("Nobody is deactivated")
    empty_text = gettext_lazy("Colleagues who no longer work for the company appear here, and can be let in again.")
    empty_icon = "people"
    left = False

    def get_queryset(self) -> QuerySet[Membership]:
        """The company's own, at work or not."""
        rows = Membership.objects.visible_to(self.actor).select_related("user")
        return rows.left() if self.left else rows.filter(ended_at=None)

    def prepare(self, rows: list[Membership]) -> None:
        """Their second factors."""
        with_factors(rows)

    def get_tabs(self) -> list[dict[str, Any]]:
        """At work, and deactivated."""
        return people_tabs(self.request.path)


class PersonPage(PeoplePage):
    """A page or an action of one person of the company; another company's people are not found."""

    @cached_property
    def membership(self) -> Membership:
        """The person's place in the company."""
        rows = Membership.objects.visible_to(self.actor).select_related("user", "partner")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def require_reach(self) -> None:
        """Refuse with 403 to touch a colleague whose role is above one's own."""
        if not can(self.actor, self.permission, self.membership):
            raise PermissionDenied

    @property
    def is_own(self) -> bool:
        """Whether this is the actor's own place."""
        return self.actor.user is not None and self.membership.user_id == self.actor.user.pk


class PersonView(PersonPage, TemplateView):
    """What is known of a colleague, and what may be done."""

    template_name = "people/person.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Facts and actions."""
        membership = self.membership
        with_factors([membership])
        in_reach = can(self.actor, self.permission, membership)
        latest = membership.is_at_work or Membership.objects.left().filter(pk=membership.pk).exists()
        return super().get_context_data(
            membership=membership,
            person=membership.user,
            facts=person_facts(membership),
            is_own=self.is_own,
            in_reach=in_reach,
            may_return=in_reach and latest and not membership.is_at_work,
            has_factor=bool(membership.factors),  # type: ignore[attr-defined]
            **kwargs,
        )


def person_facts(membership: Membership) -> list[tuple[str, Any]]:
    """Label and value of what the company may know of its own people."""
    user = membership.user
    return [
        (_("E-mail address"), user.sign_in_name),
        (_("Role"), Role(membership.role).label),
        (_("State"), state_badge(membership)),
        (_("In the company since"), time_tag(membership.began_at, "date")),
        (_("Last sign-in"), time_tag(user.last_login, "both") if user.last_login else _("Never")),
        (_("Second factor"), factor_words(membership.factors)),  # type: ignore[attr-defined]
        (_("Mailbox proved"), time_tag(user.email_proved_at, "date") if user.email_proved_at else _("No")),
        (_("Language"), dict(settings.LANGUAGES).get(user.language, user.language)),
    ]


class RoleView(PersonPage):
    """Give a colleague another role."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Ask which."""
        self.require_reach()
        if question := ask_first(request):
            return question
        return self.page(RoleForm(initial={"role": self.membership.role}, actor=self.actor))

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Change it; the same role again changes nothing."""
        self.require_reach()
        if question := ask_first(request):
            return question
        form = RoleForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.page(form)
        try:
            changed = change_role(membership=self.membership, role=form.cleaned_data["role"], by=self.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.page(form)
        text = _("%(person)s is %(role)s now.")
        messages.success(request, text % {"person": changed.user, "role": Role(changed.role).label})
        # Whoever gave up the right to this page by their own choice is better off at home.
        return redirect("home" if self.is_own and changed.role != self.membership.role else changed)

    def page(self, form: RoleForm) -> HttpResponse:
        """The form."""
        context = {"membership": self.membership, "person": self.membership.user, "form": form}
        return render(self.request, "people/role.html", context)


class SettlingView(View):
    """Asks what becomes of somebody's unfinished work, and then ends the work for the company."""

    def ask(self, membership: Membership, form: SettleForm | None = None, **context: Any) -> HttpResponse:
        """The question, with what is open."""
        form = form or SettleForm(works=unfinished(membership))
        context = {"leaving": False} | context | {"membership": membership, "person": membership.user, "form": form}
        context["is_last_admin"] = is_last_admin(membership)
        context["works"] = [(work.title, work.rows()) for work in form.works]
        return render(self.request, "people/end.html", context)


class DeactivateView(SettlingView, PersonPage):
    """End a colleague's work for the company."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What will happen, and what is to be settled first."""
        self.require_reach()
        if question := ask_first(request):
            return question
        if not self.membership.is_at_work:
            return redirect(self.membership)
        return redirect("people:leave") if self.is_own else self.ask(self.membership)

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Settle and end, in one transaction."""
        self.require_reach()
        if question := ask_first(request):
            return question
        form = SettleForm(request.POST, works=unfinished(self.membership))
        if not form.is_valid():
            return self.ask(self.membership, form)
        try:
            deactivate_colleague(membership=self.membership, choices=form.choices(), by=self.actor)
        except InvalidTransition as refusal:
            messages.info(request, str(refusal))
            return redirect(self.membership)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.ask(self.membership, form)
        messages.success(request, _("%(person)s is deactivated.") % {"person": self.membership.user})
        return redirect("people:list")


class LeaveView(SettlingView):
    """End one's own work for the company for which one acts."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What will happen."""
        return self.ask(self.membership, leaving=True)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Settle and end; the next page is that of another company, or of nobody's."""
        form = SettleForm(request.POST, works=unfinished(self.membership))
        if form.is_valid():
            try:
                leave_company(
                    choices=form.choices(),
                    by=self.request.actor,  # type: ignore[attr-defined]
                    keep=request.session.session_key or "",
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("You have left %(company)s.") % {"company": self.membership.partner})
                return redirect("home")
        return self.ask(self.membership, form, leaving=True)

    @cached_property
    def membership(self) -> Membership:
        """One's own place; whoever acts for no enrolled company has none to leave."""
        actor = self.request.actor  # type: ignore[attr-defined]
        membership = own_membership(actor) if actor.partner is not None else None
        if membership is None:
            raise PermissionDenied
        membership.partner = actor.partner
        return membership


class ReactivateView(PersonPage):
    """Let somebody who left in again."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """In the role that the person had."""
        self.require_reach()
        try:
            begun = reactivate_colleague(membership=self.membership, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(self.membership)
        messages.success(request, _("%(person)s works for the company again.") % {"person": begun.user})
        return redirect(begun)


class PasswordLinkView(PersonPage):
    """Mail a colleague a link to choose a new password."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """At most three in an hour."""
        self.require_reach()
        if minutes := minutes_until_code(request, "colleague", self.membership.user.sign_in_name):
            messages.error(request, too_many_tries(minutes))
            return redirect(self.membership)
        try:
            send_colleague_password_link(membership=self.membership, by=self.actor)
            messages.success(
                request, _("%(person)s gets a link to choose a new password.") % {"person": self.membership.user}
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect(self.membership)


class SecondFactorView(PersonPage):
    """Forget a colleague's lost second factor."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Ask first."""
        self.require_reach()
        if question := ask_first(request):
            return question
        return self.page()

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The next sign-in sets up a new one."""
        self.require_reach()
        if question := ask_first(request):
            return question
        try:
            reset_colleague_second_factor(membership=self.membership, by=self.actor)
            text = _("The second factor is removed. %(person)s sets up a new one at the next sign-in.")
            messages.success(request, text % {"person": self.membership.user})
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect(self.membership)

    def page(self) -> HttpResponse:
        """The question."""
        context = {"membership": self.membership, "person": self.membership.user}
        return render(self.request, "people/second_factor.html", context)


def unfinished(membership: Membership) -> list[OpenWork]:
    """The kinds of work of which the person has something open."""
    return [work for work in open_work_of(membership) if work.rows()]
