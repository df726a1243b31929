"""Where the enrolment of one's own company stands, and applying again."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView

from accounts.access import Actor
from accounts.enrolment.forms import UPDATE, CorrectFactsForm
from accounts.models import Membership, Partner
from accounts.roles import Role
from accounts.services import resubmit_enrolment
from accounts.throttle import minutes_until_enrolment, too_many_tries
from core.addresses import address_lines
from core.companies import show_phone
from core.exceptions import InvalidTransition

MOST_ADMINS = 10


class StatusView(TemplateView):
    """The enrolment of the company one acts for: waiting, rejected, suspended or active."""

    http_method_names = ("get", "head", "options")
    template_name = "enrolment/status.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever acts for no company has another home, or may enroll one."""
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if actor.partner is None and (actor.is_customer or request.user.is_staff):
            return redirect("home")
        return self.render_to_response(self.get_context_data(actor=actor))

    def get_context_data(self, *, actor: Actor, **kwargs: Any) -> dict[str, Any]:
        """The facts as they were sent, and who may correct them."""
        partner = actor.partner
        is_admin = actor.role == Role.GLOBAL_ADMIN
        return super().get_context_data(
            partner=partner,
            facts=company_facts(partner) if partner else [],
            is_admin=is_admin,
            admins=global_admins(partner) if partner and not is_admin else [],
            **kwargs,
        )


class ApplyAgainView(FormView):
    """Correct the facts of a company that was rejected, and apply again."""

    template_name = "enrolment/apply_again.html"
    partner: Partner

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """There is something to correct only after a rejection, and only a Global admin may."""
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if actor.partner is None or actor.partner.enrolment_state != Partner.EnrolmentState.REJECTED:
            return redirect("enrolment:status")
        if actor.role != Role.GLOBAL_ADMIN:
            raise PermissionDenied
        self.partner = actor.partner
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class: Any = None) -> CorrectFactsForm:
        """The facts as they stand."""
        return CorrectFactsForm(self.request.POST if self.request.method == "POST" else None, partner=self.partner)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whose they are, and why they were rejected."""
        return super().get_context_data(partner=self.partner, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Bring the fields of another country, or apply."""
        if UPDATE in request.POST:
            return self.render_to_response(self.get_context_data())
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Apply again; the second press finds the application waiting."""
        if minutes := minutes_until_enrolment(self.request, self.request.user.sign_in_name):
            form.add_error(None, too_many_tries(minutes))
            return self.form_invalid(form)
        try:
            resubmit_enrolment(partner=self.partner, facts=form.facts(), by=self.request.actor)
        except ValidationError as error:
            form.add_refusal(error)
            return self.form_invalid(form)
        except InvalidTransition:
            return redirect("enrolment:status")
        messages.success(self.request, _("We received the corrected application."))
        return redirect("enrolment:status")


def company_facts(partner: Partner) -> list[tuple[str, Any]]:
    """What the company said about itself."""
    parts = ("address_line_1", "address_line_2", "city", "state", "postal_code")
    lines = address_lines(country=str(partner.country), **{name: getattr(partner, name) for name in parts})
    return [
        (_("Legal name"), partner.legal_name),
        (_("Enrolled as"), partner.get_program_display()),
        (_("MPN ID"), partner.mpn_id),
        (_("Country or region"), partner.country.name),
        (_("Address"), ", ".join(lines)),
        (_("Contact"), partner.contact_name),
        (_("E-mail address"), partner.contact_email),
        (_("Telephone number"), show_phone(partner.contact_phone)),
    ]


def global_admins(partner: Partner) -> list[Membership]:
    """The colleagues who may correct the facts; for people of the same company only."""
    rows = Membership.objects.current().filter(partner=partner, role=Role.GLOBAL_ADMIN)
    return list(rows.select_related("user").order_by("user__full_name", "pk")[:MOST_ADMINS])
