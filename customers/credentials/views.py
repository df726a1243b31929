"""Issuing a customer's administrator a new temporary password: the page that shows it is in subscriptions."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from accounts.roles import Permission
from accounts.step_up import step_up_required
from core.exceptions import Refused
from customers.credentials.forms import ReissueForm
from customers.credentials.services import ReasonMissing, reissue_credentials
from customers.models import CustomerAdministrator, TemporaryPassword
from customers.pages import CustomerPage, account_url


@step_up_required
class IssueCredentialsView(CustomerPage, TemplateView):
    """Ask why, then issue a new temporary password and lead to the one page that shows it."""

    permission = Permission.ISSUE_CREDENTIALS
    template_name = "customers/issue_credentials.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        administrator = get_object_or_404(self.customer.administrators.select_related("user").order_by("pk")[:1])
        latest = administrator.temporary_passwords.first()
        kwargs.setdefault("form", ReissueForm(initial={"replaces": latest.public_id if latest else None}))
        return super().get_context_data(
            administrator=administrator,
            consequences=consequences(administrator, self.customer.contact_email),
            back_url=account_url(self.customer.microsoft_id),
            **kwargs,
        )

    def post(self, request: HttpRequest, microsoft_id: UUID) -> HttpResponse:
        """Issue it; the answer is a redirect, so that reloading shows nothing twice."""
        form = ReissueForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        try:
            issued = reissue_credentials(
                customer=self.customer,
                replaces=self.known(form.cleaned_data["replaces"]),
                reason=form.cleaned_data["reason"],
                note=form.cleaned_data["note"],
                session_key=request.session.session_key or "",
                by=self.actor,
            )
        except ReasonMissing as refusal:
            form.add_error("reason", str(refusal))
            return self.render_to_response(self.get_context_data(form=form))
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("customers:detail", microsoft_id)
        return redirect("customers:credentials", microsoft_id, issued.public_id)

    def known(self, public_id: UUID | None) -> TemporaryPassword | None:
        """The last password that the page knew of."""
        rows = TemporaryPassword.objects.filter(administrator__customer=self.customer)
        return rows.filter(public_id=public_id).first()


def consequences(administrator: CustomerAdministrator, contact: str) -> list[str]:
    """What a new password means, as sentences."""
    days = settings.TEMPORARY_PASSWORD_DAYS
    return [
        _("The password that %(name)s has now stops working at once, and whoever is signed in with it is signed out.")
        % {"name": administrator},
        _("You see the new password once, on the next page, and only you."),
        ngettext(
            "It is valid for %(days)s day and must be changed at the first sign-in.",
            "It is valid for %(days)s days and must be changed at the first sign-in.",
            days,
        )
        % {"days": days},
        _("Another administrator of your company and %(contact)s are told by e-mail, without the password.")
        % {"contact": contact},
    ]
