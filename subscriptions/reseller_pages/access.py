"""What every page of one reseller starts from: the permission, then the partnership among one's own provider's."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic.base import ContextMixin

from accounts.access import Actor, can
from accounts.models import Partner
from accounts.permitted import PermittedView
from accounts.roles import Permission
from resellers.models import Partnership
from resellers.readiness import Obstacle, company_obstacles

# The tabs of a reseller's page in their order, by URL name; what some of them take beside the permission of all.
TABS = {
    "detail": lambda: _("Overview"),
    "detail_customers": lambda: _("Customers"),
    "detail_subscriptions": lambda: _("Subscriptions"),
    "detail_incentives": lambda: _("Incentives"),
    "detail_access": lambda: _("Users & access"),
    "detail_activity": lambda: _("Activity"),
}

FURTHER = {"detail_incentives": Permission.VIEW_INCENTIVES}


def own_partnership(actor: Actor, public_id: UUID) -> Partnership:
    """The partnership with both companies and who began and ended it, if the actor's provider has it; else 404."""
    related = ("provider", "reseller", "ended_by", "request__sent_by")
    return get_object_or_404(Partnership.objects.visible_to(actor).select_related(*related), public_id=public_id)


class ResellerPage(ContextMixin, PermittedView):
    """A page of one partnership of the actor's provider, lasting or ended; anybody else's is not found."""

    permission = Permission.VIEW_RESELLERS
    page_base = "base.html"
    partnership: Partnership

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the partnership once the permission is sure; without it the answer is 403 whatever the address."""
        if can(self.actor, self.permission):
            self.partnership = own_partnership(self.actor, kwargs["public_id"])
        return super().dispatch(request, *args, **kwargs)

    @property
    def reseller(self) -> Partner:
        """The company on the other side."""
        return self.partnership.reseller

    @property
    def is_active(self) -> bool:
        """Whether the partnership lasts."""
        return self.partnership.ended_at is None

    @cached_property
    def obstacles(self) -> list[Obstacle]:
        """What keeps new business from being done with the reseller today."""
        return company_obstacles(self.partnership.provider, self.reseller, active=self.is_active)

    @cached_property
    def present_partnership(self) -> Partnership | None:
        """The partnership that lasts with the same reseller, where this one is over."""
        if self.is_active:
            return self.partnership
        return Partnership.objects.visible_to(self.actor).active().filter(reseller=self.reseller).first()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The partnership, the tabs and what the head of the page offers."""
        may_add = self.is_active and not self.obstacles and can(self.actor, Permission.ADD_CUSTOMER)
        return super().get_context_data(
            page_base=self.page_base,
            partnership=self.partnership,
            reseller=self.reseller,
            obstacles=self.obstacles,
            present_partnership=self.present_partnership,
            may_add_customer=may_add,
            may_request=not self.present_partnership and can(self.actor, Permission.REQUEST_PARTNERSHIP),
            page_tabs=page_tabs(self.partnership, self.actor, self.request.path),
            **kwargs,
        )


def page_tabs(partnership: Partnership, actor: Actor, path: str) -> list[dict[str, Any]]:
    """The reseller's pages that the actor may open, the one at `path` marked."""
    tabs = []
    for name, label in TABS.items():
        if name in FURTHER and not can(actor, FURTHER[name]):
            continue
        url = reverse(f"resellers:{name}", args=[partnership.public_id])
        tabs.append({"label": label(), "url": url, "current": url == path, "count": None})
    return tabs
