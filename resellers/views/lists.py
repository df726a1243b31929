"""Indirect resellers: those that are, those that are asked; and the other side's Indirect providers."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from core.lists import ListPage
from mail.models import OutgoingEmail
from resellers.filters import RequestFilter, ResellerFilter
from resellers.models import Partnership, PartnershipRequest
from resellers.tables import ProviderTable, RequestTable, ResellerTable
from resellers.views.access import PermittedView
from resellers.views.drafting import delivery_words


class SectionList(PermittedView, ListPage):
    """A tab of Indirect resellers."""

    title = gettext_lazy("Indirect resellers")
    template_name = "resellers/section_list.html"

    def get_tabs(self) -> list[dict[str, Any]]:
        """Active, and for those who may request, Requested with the number that waits for an answer."""
        name = self.request.resolver_match.url_name if self.request.resolver_match else ""
        if not can(self.actor, Permission.REQUEST_PARTNERSHIP):
            return []
        waiting = PartnershipRequest.objects.visible_to(self.actor).awaiting_answer().count()
        return [
            {"label": _("Active"), "url": reverse("resellers:list"), "current": name == "list", "count": None},
            {
                "label": _("Requested"),
                "url": reverse("resellers:requested"),
                "current": name == "requested",
                "count": waiting,
            },
        ]


class ResellerListView(SectionList):
    """The resellers with whom the provider has a partnership."""

    permission = Permission.VIEW_RESELLERS
    filterset_class = ResellerFilter
    sorts = {"reseller": "reseller__search_text", "location": "reseller__country", "since": "began_at"}
    default_sort = "-since"
    empty_title = gettext_lazy("No resellers yet")
    empty_text = gettext_lazy("Partnerships start with a request e-mail. Select Request a partnership to write one.")
    empty_icon = "shop"

    def get_queryset(self) -> QuerySet[Partnership]:
        """Active partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).active().select_related("reseller")

    def table_class(self, *args: Any, **kwargs: Any) -> ResellerTable:  # type: ignore[override]
        """The table with the actions that the actor may take."""
        return ResellerTable(
            *args,
            may_view_customers=can(self.actor, Permission.VIEW_CUSTOMERS),
            may_add_customers=can(self.actor, Permission.ADD_CUSTOMER),
            **kwargs,
        )


class RequestListView(SectionList):
    """The requests that were sent, and drafts that somebody has written in."""

    permission = Permission.REQUEST_PARTNERSHIP
    table_class = RequestTable
    filterset_class = RequestFilter
    sorts = {"recipient": "recipient_key", "sent_at": "sent_at", "expires_at": "expires_at"}
    default_sort = "-created_at"
    empty_title = gettext_lazy("No requests yet")
    empty_text = gettext_lazy("Select Request a partnership to write to a reseller. You see here who has answered.")
    empty_icon = "envelope"

    def get_queryset(self) -> QuerySet[PartnershipRequest]:
        """Requests of the actor's company."""
        return PartnershipRequest.objects.visible_to(self.actor).listed().select_related("sent_by")

    def prepare(self, rows: list[Any]) -> None:
        """Say of each visible request how it left."""
        about = PartnershipRequest._meta.label_lower
        mails = OutgoingEmail.objects.filter(
            kind="partnership_request", about_type=about, about_id__in=[str(row.pk) for row in rows]
        )
        states = dict(mails.order_by("created_at").values_list("about_id", "state"))
        for row in rows:
            row.delivery = delivery_words(row.channel, states.get(str(row.pk)))


class ProviderListView(PermittedView, ListPage):
    """The providers with whom the reseller has a partnership."""

    title = gettext_lazy("Indirect providers")
    permission = Permission.VIEW_PROVIDERS
    table_class = ProviderTable
    sorts = {"provider": "provider__search_text", "since": "began_at"}
    default_sort = "-since"
    empty_title = gettext_lazy("No providers yet")
    empty_text = gettext_lazy("A provider appears here once you have accepted its partnership request.")
    empty_icon = "diagram-3"

    def get_queryset(self) -> QuerySet[Partnership]:
        """Active partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).active().select_related("provider")
