"""*User settings*: which indirect reseller is tenant owner of a customer with an Azure plan."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.access import can
from accounts.models import Partner
from accounts.roles import Permission
from accounts.step_up import step_up_required
from core.exceptions import NotPermitted, Refused
from customers.models import TenantOwner
from customers.pages import CustomerPage
from customers.tenant_owners import remove_tenant_owner
from subscriptions.azure import candidates, grant_tenant_owner, has_azure


class UserSettingsView(CustomerPage, TemplateView):
    """Who is tenant owner, who could be, and what that means."""

    permission = Permission.VIEW_TENANT_OWNERS
    template_name = "customers/user_settings.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_grant = can(self.actor, Permission.GRANT_TENANT_OWNER, self.customer)
        with_azure = has_azure(self.customer)
        return super().get_context_data(
            own=self.actor.is_customer,
            has_azure=with_azure,
            may_grant=may_grant,
            owners=self.owners(),
            former=self.former(),
            candidates=candidates(self.customer) if may_grant and with_azure else [],
            **kwargs,
        )

    def owners(self) -> list[TenantOwner]:
        """Who is tenant owner now; a reseller is told of itself alone."""
        owners = list(self.grants().current().order_by("begins_at", "pk"))
        for owner in owners:
            owner.granted_by = self.granted_by(owner)  # type: ignore[attr-defined]
        return owners

    def granted_by(self, grant: TenantOwner) -> str:
        """The person, for its own side; for the other side the company or customer that it acted for."""
        if self.customer.administrators.filter(user=grant.set_by_id).exists():
            return str(self.customer if self.actor.is_reseller else grant.set_by)
        return str(grant.set_by if self.actor.is_provider else self.customer.provider)

    def former(self) -> list[TenantOwner]:
        """Who was, the last first."""
        return list(self.grants().filter(ends_at__isnull=False).order_by("-ends_at", "-pk")[:20])

    def grants(self) -> Any:
        """The grants that the actor may read."""
        rows = TenantOwner.objects.filter(customer=self.customer).select_related("reseller", "set_by")
        return rows.filter(reseller=self.actor.partner) if self.actor.is_reseller else rows


class TenantOwnerAction(CustomerPage, TemplateView):
    """Asks before something is done with the tenant ownership of one reseller, then does it."""

    permission = Permission.GRANT_TENANT_OWNER
    template_name = "customers/tenant_owner.html"
    removes = False

    def settings_url(self) -> str:
        """Where it is asked and where the answer is seen."""
        return reverse("customers:user_settings", args=[self.customer.microsoft_id])

    def get(self, request: HttpRequest, microsoft_id: UUID, reseller: UUID) -> HttpResponse:
        """Ask, or say that it is so already."""
        if (found := self.find(reseller)) is None:
            return redirect(self.settings_url())
        return self.render_to_response(self.get_context_data(reseller=found))

    def post(self, request: HttpRequest, microsoft_id: UUID, reseller: UUID) -> HttpResponse:
        """Do it; pressed twice, the second press finds it done."""
        if (found := self.find(reseller)) is not None:
            try:
                self.act(found)
            except NotPermitted:
                raise
            except Refused as refusal:
                messages.error(request, str(refusal))
        return redirect(self.settings_url())

    def find(self, microsoft_id: UUID) -> Partner | None:
        """The reseller, among those to whom this applies; None where it is done already; else not found."""
        raise NotImplementedError

    def act(self, reseller: Partner) -> None:
        """Do it and say so."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reseller = kwargs["reseller"]
        return super().get_context_data(
            removes=self.removes,
            settings_url=self.settings_url(),
            consequences=self.consequences({"reseller": reseller.legal_name, "customer": self.customer.company_name}),
            **kwargs,
        )

    def consequences(self, names: dict[str, str]) -> list[str]:
        """What it means, one sentence each."""
        raise NotImplementedError

    def holds(self, microsoft_id: UUID) -> TenantOwner | None:
        """The grant of the reseller that is in force."""
        rows = TenantOwner.objects.current().filter(customer=self.customer, reseller__microsoft_id=microsoft_id)
        return rows.select_related("reseller", "customer__provider").first()


@step_up_required
class GrantTenantOwnerView(TenantOwnerAction):
    """Make a reseller tenant owner."""

    def find(self, microsoft_id: UUID) -> Partner | None:
        if self.holds(microsoft_id):
            return None
        for reseller in candidates(self.customer):
            if reseller.microsoft_id == microsoft_id:
                return reseller
        raise Http404

    def act(self, reseller: Partner) -> None:
        grant_tenant_owner(customer=self.customer, reseller=reseller, by=self.actor)
        text = _("%(reseller)s is tenant owner now.") % {"reseller": reseller.legal_name}
        messages.success(self.request, text)

    def consequences(self, names: dict[str, str]) -> list[str]:
        return [
            _("%(reseller)s can manage every Azure resource of %(customer)s and who may use it.") % names,
            _("It can create and delete resources, which the customer pays for.") % names,
            _("It can give others access to them, and take it away.") % names,
            _("%(customer)s and %(reseller)s are told by e-mail.") % names,
            _("It can be taken back here at any time.") % names,
        ]


class RemoveTenantOwnerView(TenantOwnerAction):
    """Take the permission back."""

    removes = True

    def find(self, microsoft_id: UUID) -> Partner | None:
        grant = self.holds(microsoft_id)
        if grant is not None:
            return grant.reseller
        if TenantOwner.objects.filter(customer=self.customer, reseller__microsoft_id=microsoft_id).exists():
            return None
        raise Http404

    def act(self, reseller: Partner) -> None:
        grant = self.holds(reseller.microsoft_id)
        if grant is not None:
            remove_tenant_owner(grant=grant, by=self.actor)
        text = _("%(reseller)s is no longer tenant owner.") % {"reseller": reseller.legal_name}
        messages.success(self.request, text)

    def consequences(self, names: dict[str, str]) -> list[str]:
        return [
            _("%(reseller)s can no longer manage the Azure resources of %(customer)s, from this moment on.") % names,
            _("Resources that it made stay.") % names,
            _("%(customer)s and %(reseller)s are told by e-mail.") % names,
        ]
