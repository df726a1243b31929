"""Indirect resellers, the tab of those that are asked."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.roles import Permission
from core.lists import ListPage
from mail.models import OutgoingEmail
from resellers.filters import RequestFilter
from resellers.models import PartnershipRequest
from resellers.tables import RequestTable
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
