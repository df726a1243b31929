"""Activity: everything that concerned the company, latest first; a reseller reads what concerned it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.people.account_history import accounts_of_people
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.saved_views.listing import WithSavedViews
from activity.models import ActivityRecord
from core.lists import PLACE, ListPage
from core.paging import Sort
from core.typeahead import suggestions
from csp_portal.activity_log.filters import AccountFilter, ActivityFilter
from csp_portal.activity_log.links import Links
from csp_portal.activity_log.people import PersonSource
from csp_portal.activity_log.tables import AccountsTable, ActivityTable
from customers.choosing import CustomerSource


class ActivityPage(PermittedView):
    """What the pages of the log have in common: who may open them."""

    permission = Permission.VIEW_ACTIVITY


class ActivityLog(WithSavedViews, ActivityPage, ListPage):
    """The list."""

    template_name = "activity/list.html"
    title = gettext_lazy("Activity")
    export = "activity:export"
    filterset_class = ActivityFilter
    rows_class = ActivityTable
    sorts = {"at": Sort("at", descending_first=True)}
    default_sort = "-at"
    rows_open = True
    empty_icon = "clock-history"
    empty_title = gettext_lazy("No activity yet")

    @cached_property
    def links(self) -> Links:
        """The pages of what the visible rows name."""
        return Links(self.actor)

    def table_class(self, *args: Any, **kwargs: Any) -> ActivityTable:  # type: ignore[override]
        """The table, which knows where its rows lead."""
        return self.rows_class(*args, links=self.links, **kwargs)

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What will stand here."""
        if self.actor.is_provider:
            return _("What is done for your company, its resellers and customers appears here.")
        return _("What concerns your company and the customers that you manage appears here.")

    def get_queryset(self) -> QuerySet[ActivityRecord]:
        return ActivityRecord.objects.visible_to(self.actor)

    def get_tabs(self) -> list[dict[str, Any]]:
        """Everything that concerned the company, and the accounts of its people."""
        if not can(self.actor, Permission.MANAGE_PEOPLE):
            return []
        tabs = [(_("Company"), reverse("activity:list")), (_("Accounts of your people"), reverse("activity:accounts"))]
        return [{"label": label, "url": url, "current": url == self.request.path, "count": None} for label, url in tabs]

    def prepare(self, rows: list[Any]) -> None:
        """Which of the things that they name the reader may open."""
        self.links.learn(rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The address of the export, and a way out of the period that nobody asked for."""
        query = self.request.GET.copy()
        for name in PLACE:
            query.pop(name, None)
        context = super().get_context_data(
            filters_query=query.urlencode(),
            may_export=can(self.actor, Permission.EXPORT_ACTIVITY),
            export_url=reverse(self.export),
            **kwargs,
        )
        if "since" not in query and "until" not in query:
            # Taken away, the last month would only come back: an empty day stands for the whole time.
            query["since"] = ""
            label = str(context["filter_form"].fields["since"].label)
            for chip in context["chips"]:
                if chip["label"] == label:
                    chip["url"] = f"{self.request.path}?{query.urlencode()}"
        return context


class AccountLog(ActivityLog):
    """What was done to the accounts of the company's people, for those who manage them."""

    permission = Permission.MANAGE_PEOPLE
    title = gettext_lazy("Activity of accounts")
    export = "activity:export_accounts"
    filterset_class, rows_class = AccountFilter, AccountsTable

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What will stand here."""
        return _("Passwords, second factors and sessions of your company’s people appear here.")

    def get_queryset(self) -> QuerySet[ActivityRecord]:
        return accounts_of_people(self.actor)


class SuggestPeople(ActivityPage):
    """The people of the company whose name holds `?q=`."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """A few of them."""
        return suggestions(PersonSource(self.actor), request.GET.get("q", ""))


class SuggestCustomers(ActivityPage):
    """The customers that the reader sees whose name or domain holds `?q=`."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """A few of them."""
        return suggestions(CustomerSource(self.actor), request.GET.get("q", ""))
