"""*Support profile*: what customers see of the company when it is their support contact."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import FormView

from accounts.models import SupportProfile
from accounts.profile_views import ProfilePage
from accounts.roles import Permission
from accounts.services.support import change_support_profile, support_of
from accounts.support_forms import SupportProfileForm


class SupportProfileView(ProfilePage, FormView):
    """Read and change it; it is in force at once, for it is no fact of the enrolment."""

    permission = Permission.CHANGE_SUPPORT_PROFILE
    form_class = SupportProfileForm
    template_name = "profile/support.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """What customers see today."""
        data = self.request.POST if self.request.method == "POST" else None
        return {"data": data, "company": self.company, "support": support_of(self.company)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stored = SupportProfile.objects.filter(partner=self.company).exists()
        return super().get_context_data(is_stored=stored, **kwargs)

    def form_valid(self, form: SupportProfileForm) -> HttpResponse:
        """Change it."""
        change_support_profile(support=form.support(), by=self.actor)
        messages.success(self.request, _("Customers see this from now on."))
        return redirect("support_profile")
