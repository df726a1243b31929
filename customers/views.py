"""The customer's Account page, and issuing its administrator a new temporary password."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.access import can
from accounts.roles import Permission
from core import clock, html
from customers.account.facts import sections
from customers.agreements import AGREEMENT_NAME, AGREEMENT_URL
from customers.models import CustomerAdministrator, TemporaryPassword
from customers.pages import CustomerPage, account_url
from customers.services import DailyLimitReached, issue_credentials
from customers.setup_info import setup_info


class AccountView(CustomerPage, TemplateView):
    """Who the customer is, who manages it, and how its administrator signs in."""

    permission = Permission.VIEW_CUSTOMERS
    template_name = "customers/customer_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        customer = self.customer
        relationship = customer.managing_relationship()
        administrator = customer.administrators.select_related("user").order_by("pk").first()
        may_attest = can(self.actor, Permission.ATTEST_AGREEMENT, customer)
        return super().get_context_data(
            relationship=relationship,
            agreements=list(customer.agreements.select_related("confirmed_by").order_by("-pk")),
            agreement_update_url=reverse("customers:attest_agreement", args=[customer.microsoft_id])
            if may_attest
            else "",
            agreement_name=AGREEMENT_NAME,
            agreement_url=AGREEMENT_URL,
            administrator=administrator,
            sections=sections(customer, may_edit=can(self.actor, Permission.EDIT_CUSTOMER, customer)),
            credentials=credential_facts(administrator) if administrator else [],
            may_issue=can(self.actor, Permission.ISSUE_CREDENTIALS, customer),
            **kwargs,
        )


class IssueCredentialsView(CustomerPage, TemplateView):
    """Ask, then issue a new temporary password and lead to the one page that shows it."""

    permission = Permission.ISSUE_CREDENTIALS
    template_name = "customers/issue_credentials.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        administrator = get_object_or_404(self.customer.administrators.select_related("user")[:1])
        return super().get_context_data(
            administrator=administrator,
            consequences=[
                _("The password that %(name)s has now stops working at once.") % {"name": administrator},
                _("You see the new password once, on the next page, and only you."),
                _("It is valid for 7 days and must be changed at the first sign-in."),
            ],
            back_url=account_url(self.customer.microsoft_id),
            **kwargs,
        )

    def post(self, request: HttpRequest, microsoft_id: UUID) -> HttpResponse:
        """Issue it; the answer is a redirect, so that reloading shows nothing twice."""
        try:
            issued = issue_credentials(
                customer=self.customer, session_key=request.session.session_key or "", by=self.actor
            )
        except DailyLimitReached as refusal:
            messages.error(request, str(refusal))
            return redirect("customers:detail", microsoft_id)
        return redirect("customers:credentials", microsoft_id, issued.public_id)


class CredentialsView(CustomerPage, TemplateView):
    """Setup info of a re-issued password: shown to its issuer once, told about ever after."""

    permission = Permission.ISSUE_CREDENTIALS
    template_name = "customers/credentials.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        passwords = TemporaryPassword.objects.filter(administrator__customer=self.customer)
        related = ("administrator__user", "administrator__customer", "issued_by")
        issued = get_object_or_404(passwords.select_related(*related), public_id=self.kwargs["public_id"])
        return super().get_context_data(setup=setup_info(self.request, issued), **kwargs)


def shown(issued: TemporaryPassword) -> Any:
    """When it was shown, or whether that may still happen."""
    if issued.revealed_at:
        return html.time_tag(issued.revealed_at)
    return _("Not yet") if issued.ciphertext is not None else _("Never")


def credential_facts(administrator: CustomerAdministrator) -> list[tuple[str, Any]]:
    """The administrator's user name and what became of the last temporary password; never a password."""
    user = administrator.user
    latest = administrator.temporary_passwords.select_related("issued_by").first()
    facts: list[tuple[str, Any]] = [(_("Admin user account"), html.copy_text(user.sign_in_name, _("user name")))]
    if latest is None:
        return [*facts, (_("Temporary password"), _("None was issued."))]
    issued = format_html("{} · {}", html.time_tag(latest.issued_at), html.name(latest.issued_by))
    facts.append((_("Temporary password issued"), issued))
    facts.append((_("Shown"), shown(latest)))
    if not user.must_change_password:
        facts.append((_("State"), html.status_badge("success", _("Changed by the customer"))))
    elif user.password_expires_at and user.password_expires_at <= clock.now():
        facts.append((_("State"), html.status_badge("danger", _("Expired, not changed"))))
    else:
        facts.append((_("State"), html.status_badge("info", _("Not yet changed"))))
        facts.append((_("Valid until"), html.time_tag(user.password_expires_at)))
    return facts
