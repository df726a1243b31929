"""A provider's own profile: as the public sees it, what it lacks, and the change that is asked for."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from django_countries import countries

from accounts.access import Actor, can
from accounts.differences import differences
from accounts.models import Partner, ProfileChange
from accounts.permitted import PermittedView
from accounts.profile_facts import completeness, public_facts, region_name
from accounts.profile_forms import ProfileChangeForm
from accounts.roles import Permission
from accounts.services.profiles import (
    ProfileMoved,
    pending_change,
    present_values,
    profile_of,
    request_profile_change,
    withdraw_profile_change,
)
from core import html
from core.addresses import address_lines
from core.companies import show_phone
from core.exceptions import Refused
from core.text import fold


class ProfilePage(PermittedView):
    """A page of the company for which somebody acts; only its own people have one."""

    permission = Permission.VIEW_PROFILE

    @property
    def company(self) -> Partner:
        """The provider whose profile this is."""
        assert self.actor.partner is not None
        return self.actor.partner


class OwnProfileView(ProfilePage, TemplateView):
    """Review your company's profile."""

    template_name = "profile/own.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The preview, what is missing, the facts, and the change that waits or was decided last."""
        profile, latest = profile_of(self.company), latest_change(self.actor)
        waits = latest is not None and latest.state == ProfileChange.State.PENDING
        return super().get_context_data(
            profile=profile,
            facts=public_facts(profile),
            completeness=completeness(profile),
            company_facts=company_facts(self.company),
            contact_facts=contact_facts(self.company),
            change=latest,
            change_waits=waits,
            change_differences=differences(latest.changes, present_values(profile)) if latest and waits else [],
            may_change=can(self.actor, Permission.CHANGE_PROFILE),
            **kwargs,
        )


class ChangeProfileView(ProfilePage):
    """Request a change of the profile or of the company's facts."""

    permission = Permission.CHANGE_PROFILE
    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, filled in with what stands today or with the change that waits."""
        return self.page(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask; who was overtaken keeps every entry and looks again."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(form)
        entered = form.cleaned_data
        try:
            request_profile_change(wanted=form.wanted, note=entered["note"], seen=entered["seen"], by=self.actor)
        except ProfileMoved as refusal:
            form.look_again()
            form.add_error(None, str(refusal))
            return self.page(form, status=409)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.page(form)
        messages.success(request, _("Your request is with the programme. You get an e-mail when it is decided."))
        return redirect("profile:own")

    def form(self, data: Any = None) -> ProfileChangeForm:
        """The form over what stands there now."""
        self.pending = pending_change(self.company)
        return ProfileChangeForm(data, profile=profile_of(self.company), pending=self.pending)

    def page(self, form: ProfileChangeForm, status: int = 200) -> HttpResponse:
        """The form, and the change that sending it would replace."""
        shown = differences(self.pending.changes) if self.pending else []
        context = {"form": form, "change": self.pending, "change_differences": shown}
        return render(self.request, "profile/change.html", context, status=status)


class WithdrawChangeView(ProfilePage):
    """Take back the change that waits."""

    permission = Permission.CHANGE_PROFILE
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Pressed twice, the same."""
        change = get_object_or_404(ProfileChange.objects.visible_to(self.actor), public_id=public_id)
        try:
            withdraw_profile_change(change=change, by=self.actor)
            messages.success(request, _("The request is withdrawn. Your profile stays as it is."))
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect("profile:own")


def latest_change(actor: Actor) -> ProfileChange | None:
    """The change that waits, else the one that was decided last and not taken back."""
    asked = ProfileChange.objects.visible_to(actor).exclude(state=ProfileChange.State.WITHDRAWN)
    return asked.select_related("requested_by").order_by("-requested_at", "-pk").first()


def company_facts(company: Partner) -> list[tuple[str, Any]]:
    """What the enrolment says of the company, label and value."""
    fields = ("address_line_1", "address_line_2", "city", "state", "postal_code")
    lines = address_lines(country=str(company.country), **{field: getattr(company, field) for field in fields})
    regions = sorted((region_name(code) for code in company.regions), key=fold)
    return [
        (_("Legal name"), html.name(company.legal_name)),
        (_("Country or region"), str(countries.name(str(company.country)))),
        (_("MPN ID"), html.copy_text(company.mpn_id, _("MPN ID"))),
        (_("Microsoft ID"), html.copy_text(company.microsoft_id, _("Microsoft ID"))),
        (_("Address"), format_html("<bdi>{}</bdi>", format_html_join(SafeString("<br>"), "{}", ((x,) for x in lines)))),
        (_("Regions"), ", ".join(regions)),
        (_("Enrolment"), html.status_badge("success", company.get_enrolment_state_display())),
    ]


def contact_facts(company: Partner) -> list[tuple[str, Any]]:
    """Whom the programme speaks with, label and value; none of it is public."""
    return [
        (_("Name"), html.name(company.contact_name)),
        (_("E-mail address"), company.contact_email),
        (_("Telephone"), show_phone(company.contact_phone)),
    ]
