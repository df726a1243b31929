"""*Support profile*: what customers see of the company when it is their support contact."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView

from accounts.access import Actor, can
from accounts.models import SupportProfile
from accounts.roles import Permission
from accounts.services.support import change_support_profile, support_of
from accounts.support_forms import SupportProfileForm


class SupportProfileView(FormView):
    """Read and change it; it is in force at once, for it is no fact of the enrolment."""

    form_class = SupportProfileForm
    template_name = "profile/support.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask the one judge."""
        if not can(self.actor, Permission.CHANGE_SUPPORT_PROFILE):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        """Who acts, for whom."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    def get_form_kwargs(self) -> dict[str, Any]:
        """What customers see today."""
        company = self.actor.partner
        assert company is not None
        data = self.request.POST if self.request.method == "POST" else None
        return {"data": data, "company": company, "support": support_of(company)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stored = SupportProfile.objects.filter(partner=self.actor.partner).exists()
        return super().get_context_data(is_stored=stored, **kwargs)

    def form_valid(self, form: SupportProfileForm) -> HttpResponse:
        """Change it."""
        change_support_profile(support=form.support(), by=self.actor)
        messages.success(self.request, _("Customers see this from now on."))
        return redirect("support_profile")
