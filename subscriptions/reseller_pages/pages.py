"""A reseller's pages: what it is, whom it serves with us, who can act there, and what was done."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from django_countries import countries

from accounts.access import can
from accounts.models import Partner
from accounts.roles import Permission
from activity.models import ActivityRecord
from core import html
from core.companies import show_phone
from core.lists import ListPage
from core.paging import Sort
from customers.models import ResellerRelationship
from resellers.models import Partnership
from resellers.readiness import conditions, region_names
from subscriptions.models import ResellerTally, Subscription
from subscriptions.reseller_pages import counts
from subscriptions.reseller_pages.access import ResellerPage
from subscriptions.reseller_pages.history import about_the_relation
from subscriptions.reseller_pages.page_tables import (
    AccessTable,
    ActivityTable,
    ManagedCustomerTable,
    NamedSubscriptionTable,
    PeopleTable,
)
from subscriptions.reseller_pages.people import people_of
from subscriptions.reseller_pages.relations import named_count, named_parts, with_named_relations

# What a row of Subscriptions shows.
SHOWN = "subscription_id nickname quantity status starts_at customer__microsoft_id customer__company_name".split()


class OverviewView(ResellerPage, TemplateView):
    """Who the reseller is, whether new business can be done with it today, and what it does with us."""

    template_name = "resellers/reseller_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        provider, reseller = self.partnership.provider, self.reseller
        managed, of_record = self.numbers()
        return super().get_context_data(
            facts=reseller_facts(self.partnership),
            conditions=conditions(provider, reseller, self.obstacles) if self.is_active else [],
            managed=managed,
            of_record=of_record,
            supported=named_count(self.actor, self.partnership, "support"),
            may_end=self.is_active and can(self.actor, Permission.END_PARTNERSHIP),
            **kwargs,
        )

    def numbers(self) -> tuple[int, int]:
        """How many customers it manages, and of how many subscriptions it is of record; or was, where that is over."""
        if self.is_active:
            tallies = ResellerTally.objects.visible_to(self.actor).filter(reseller=self.reseller).by_reseller()
            return tallies.get(self.reseller.pk, (0, 0))
        managed = relationships(self.partnership).values("customer").distinct().count()
        return managed, named_count(self.actor, self.partnership, "of_record")


class ResellerListPage(ResellerPage, ListPage):
    """A tab of a reseller that is a list."""

    page_base = "components/list_page.html"
    template_name = "resellers/reseller_tab.html"


class CustomersView(ResellerListPage):
    """The customers that the reseller manages; of a partnership that is over, those it managed until then."""

    table_class = ManagedCustomerTable
    title = gettext_lazy("Customers")
    sorts = {"customer": "customer__search_text", "since": Sort("begins_at", descending_first=True)}
    default_sort = "-since"
    empty_title = gettext_lazy("No customers yet")
    empty_icon = "building"

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What brings the first one."""
        if not self.is_active:
            return _("The reseller managed no customer of yours.")
        return _("A customer appears here when you add one for this reseller.")

    def get_queryset(self) -> QuerySet[ResellerRelationship]:
        """Relations to our customers under this partnership."""
        return relationships(self.partnership)

    def prepare(self, rows: list[Any]) -> None:
        """How many subscriptions and licenses the visible customers have."""
        counts.count_subscriptions([row.customer for row in rows])


class SubscriptionsView(ResellerListPage):
    """Subscriptions on which the reseller is reseller of record, designated support contact, or both."""

    table_class = NamedSubscriptionTable
    title = gettext_lazy("Subscriptions")
    sorts = {
        "name": "nickname",
        "customer": "customer__search_text",
        "quantity": Sort("quantity", descending_first=True),
        "started": Sort("starts_at", descending_first=True),
    }
    default_sort = "-started"
    empty_title = gettext_lazy("No subscriptions yet")
    empty_text = gettext_lazy(
        "A subscription appears here when it names this reseller as its reseller of record or as its support contact."
    )
    empty_icon = "box-seam"

    def get_queryset(self) -> QuerySet[Subscription]:
        """Our customers' subscriptions; which of them name the reseller, the parts say."""
        rows = Subscription.objects.visible_to(self.actor).listed()
        return rows.select_related("customer").only(*SHOWN)

    def get_parts(self) -> Sequence[Q]:
        """Those that name the reseller in the one relation, and those that do only in the other."""
        return named_parts(self.partnership)

    def prepare(self, rows: list[Any]) -> None:
        """Which of the two relations names it, and since when."""
        with_named_relations(rows, self.partnership)


class AccessView(ResellerListPage):
    """The people who can act for the reseller, and each delegation of a customer's administration to it."""

    template_name = "resellers/reseller_access.html"
    title = gettext_lazy("Delegated access")
    sorts = {"customer": "customer__search_text", "since": Sort("begins_at", descending_first=True)}
    default_sort = "-since"
    empty_title = gettext_lazy("No delegated access")
    empty_text = gettext_lazy("The reseller can open no customer of yours.")
    empty_icon = "key"

    def table_class(self, *args: Any, **kwargs: Any) -> AccessTable:  # type: ignore[override]
        """The table, with Remove access for those who may."""
        may_remove = self.is_active and can(self.actor, Permission.ASSIGN_RESELLER)
        return AccessTable(*args, partnership=self.partnership, may_remove=may_remove, **kwargs)

    def get_queryset(self) -> QuerySet[ResellerRelationship]:
        """Relations to our customers under this partnership."""
        return relationships(self.partnership).select_related("set_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        people, more = people_of(self.reseller) if self.is_active else ([], 0)
        return super().get_context_data(people=PeopleTable(people), more_people=more, **kwargs)


class ActivityView(ResellerListPage):
    """What was done between the two companies, newest first."""

    table_class = ActivityTable
    title = gettext_lazy("Activity")
    sorts = {"at": Sort("at", descending_first=True)}
    default_sort = "-at"
    empty_title = gettext_lazy("No activity yet")
    empty_text = gettext_lazy("What is done with this reseller appears here.")
    empty_icon = "clock-history"

    def get_queryset(self) -> QuerySet[ActivityRecord]:
        """Records that name both companies and concern their relation."""
        visible = ActivityRecord.objects.visible_to(self.actor)
        return visible.filter(about_the_relation(), reseller_id=self.reseller.microsoft_id)


def relationships(partnership: Partnership) -> QuerySet[ResellerRelationship]:
    """The relations to customers that rest on the partnership: those that last, or all where it is over."""
    rows = ResellerRelationship.objects.filter(partnership=partnership).select_related("customer")
    return rows.current() if partnership.ended_at is None else rows


def reseller_facts(partnership: Partnership) -> list[tuple[str, Any]]:
    """What is known of the company and of the partnership, label and value."""
    reseller: Partner = partnership.reseller
    request = getattr(partnership, "request", None)
    mail = format_html('<a href="mailto:{0}">{0}</a>', reseller.contact_email)
    facts = [
        (_("MPN ID"), html.copy_text(reseller.mpn_id, _("MPN ID")) if reseller.mpn_id else ""),
        (_("Country or region"), countries.name(str(reseller.country))),
        (_("Regions"), region_names(reseller)),
        (_("Contact"), html.name(reseller.contact_name)),
        (_("E-mail address"), mail),
        (_("Telephone number"), show_phone(reseller.contact_phone)),
        (_("Partner since"), html.time_tag(partnership.began_at, "date")),
        (_("Invited by"), html.name(request.sent_by) if request and request.sent_by else ""),
        (
            _("Partner agreement accepted on"),
            html.time_tag(reseller.agreement_accepted_on) if reseller.agreement_accepted_on else "",
        ),
        (_("Microsoft ID"), html.copy_text(reseller.microsoft_id, _("Microsoft ID"))),
    ]
    if partnership.ended_at:
        facts.insert(7, (_("Ended"), html.time_tag(partnership.ended_at, "date")))
    return facts
