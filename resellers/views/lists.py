"""Indirect resellers, the tab of those that are asked."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.access import can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.lists import ListPage
from core.paging import COUNT_CAP
from resellers.delivery import add_standing
from resellers.filters import RequestFilter
from resellers.models import PartnershipRequest
from resellers.standing import unanswered
from resellers.tables import RequestTable


class SectionList(PermittedView, ListPage):
    """A tab of Indirect resellers."""

    title = gettext_lazy("Indirect resellers")
    template_name = "resellers/section_list.html"

    def get_tabs(self) -> list[dict[str, Any]]:
        """Active, Requested with the number that waits for an answer, Ended: those that the actor may open."""
        tabs = []
        if can(self.actor, Permission.VIEW_RESELLERS):
            tabs.append(self._tab("list", pgettext("several partnerships", "Active")))
        if can(self.actor, Permission.REQUEST_PARTNERSHIP):
            waiting = unanswered(PartnershipRequest.objects.visible_to(self.actor)).order_by().values("pk")
            tabs.append(self._tab("requested", _("Requested"), waiting[:COUNT_CAP].count()))
        if can(self.actor, Permission.VIEW_RESELLERS):
            tabs.append(self._tab("ended", pgettext("several partnerships", "Ended")))
        return tabs

    def _tab(self, name: str, label: str, count: int | None = None) -> dict[str, Any]:
        here = self.request.resolver_match
        current = here is not None and here.url_name == name
        return {"label": label, "url": reverse(f"resellers:{name}"), "current": current, "count": count}


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
        related = ("sent_by", "new_link_wanted_by")
        return PartnershipRequest.objects.visible_to(self.actor).listed().select_related(*related)

    def prepare(self, rows: list[Any]) -> None:
        """How far the mail of each visible request came, and who has accepted it."""
        if rows:
            add_standing(rows)
