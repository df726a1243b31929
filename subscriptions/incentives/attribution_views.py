"""The Attribution page: managing reseller, reseller of record and support contact side by side, what is wrong first."""

from typing import Any
from urllib.parse import urlencode

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can
from accounts.models import Partner
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core import html
from core.counting import count_up_to
from core.filters import PortalFilterSet, SearchFilter
from core.html import date_text
from core.lists import ListPage
from core.paging import COUNT_CAP, Sort
from core.tables import PortalTable
from core.typeahead import TypeaheadFilter, TypeaheadInput
from customers.models import ResellerRelationship
from resellers.choosing import ResellerSource
from subscriptions.incentives.attribution import attribute, attributed, direct, problems
from subscriptions.incentives.views import incentive_tabs
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact

PROBLEM_NAMES = {
    "refused": gettext_lazy("Would be refused today"),
    "gap": gettext_lazy("Nobody earns"),
    "mismatch": gettext_lazy("Do not fit together"),
}
PROBLEM_KINDS = {"refused": "danger", "gap": "warning", "mismatch": "info"}
# As many as an address holds.
MOST_TOGETHER = 50
EVERYTHING, DIRECT = "all", "direct"


class AttributionFilter(PortalFilterSet):
    """By what is wrong – anything, unless something else is chosen –, by words, and by a reseller named anywhere."""

    q = SearchFilter(field_name="customer__search_text", label=gettext_lazy("Search by customer"))
    problem = django_filters.ChoiceFilter(
        label=gettext_lazy("What is wrong"),
        empty_label=gettext_lazy("Anything"),
        choices=[
            *PROBLEM_NAMES.items(),
            (DIRECT, gettext_lazy("Nothing: sold directly")),
            (EVERYTHING, gettext_lazy("Show all subscriptions")),
        ],
        method="filter_problem",
    )
    reseller = TypeaheadFilter(
        label=gettext_lazy("Indirect reseller"),
        empty_label=gettext_lazy("All"),
        widget=TypeaheadInput(attrs={"placeholder": gettext_lazy("Name or MPN ID")}),
        method="filter_reseller",
    )

    class Meta:
        model = Subscription
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor: Actor = self.request.actor
        self.provider = actor.partner
        self.filters["reseller"].offer(ResellerSource(actor, with_ended=True))

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Without a choice, everything with which something is wrong."""
        queryset = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("problem") or self.provider is None:
            return queryset
        anything = Q()
        for condition in problems(self.provider).values():
            anything |= condition
        return queryset.filter(anything)

    def filter_problem(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """One kind; or what is sold directly; or all."""
        if value == EVERYTHING or self.provider is None:
            return queryset
        return queryset.filter(direct() if value == DIRECT else problems(self.provider)[value])

    def filter_reseller(self, queryset: QuerySet, name: str, value: Partner) -> QuerySet:
        """Subscriptions whose customer it manages, with which it earns, or for which it answers."""
        managed = ResellerRelationship.objects.current().filter(reseller=value).values("customer")
        found = Q(customer__in=managed)
        for model in (ResellerOfRecord, SupportContact):
            named = model._default_manager.filter(ends_at=None, reseller=value)
            found |= Q(pk__in=named.values("subscription"))
        return queryset.filter(found)


class AttributionTable(PortalTable):
    """The three relations of each subscription, what is wrong with them, and the way to what repairs it."""

    title = gettext_lazy("Attribution")
    row_key = "subscription_id"

    name = tables.Column(gettext_lazy("Subscription"), accessor="nickname")
    manager = tables.Column(gettext_lazy("Managing reseller"), accessor="pk", orderable=False)
    record = tables.Column(gettext_lazy("Reseller (MPN ID)"), accessor="pk", orderable=False)
    support = tables.Column(gettext_lazy("Support contact"), accessor="pk", orderable=False)
    wrong = tables.Column(gettext_lazy("What is wrong"), accessor="pk", orderable=False)

    def render_name(self, record: Any) -> SafeString:
        """The subscription, and under it its customer."""
        return format_html(
            '<div><a href="{}"><bdi>{}</bdi></a><br><a class="fw-normal" href="{}"><bdi>{}</bdi></a></div>',
            record.get_absolute_url(),
            record.nickname,
            record.customer.get_absolute_url(),
            record.customer,
        )

    def render_manager(self, record: Any) -> SafeString:
        """The name, or a dash for a direct customer."""
        manager = record.attribution.manager
        return html.name(manager) if manager else html.missing(_("No reseller (direct)"))

    def render_record(self, record: Any) -> SafeString:
        """The name, and the number that it was set with; where there is none any more, until when there was."""
        relation, removed = record.attribution.record, record.attribution.removed
        if relation is None and removed is not None:
            words = _("%(reseller)s until %(day)s") % {
                "reseller": removed.reseller.legal_name,
                "day": date_text(timezone.localtime(removed.ends_at)),
            }
            return format_html('{} <span class="muted">{}</span>', html.missing(_("No reseller")), words)
        if relation is None:
            return html.missing(_("No reseller"))
        name, number = html.name(relation.reseller), _("MPN ID %(mpn_id)s") % {"mpn_id": relation.mpn_id}
        return format_html('<div>{}<br><span class="muted">{}</span></div>', name, number)

    def render_support(self, record: Any) -> SafeString:
        """The reseller, or the provider where none is designated."""
        return html.name(record.attribution.support or record.provider)

    def render_wrong(self, record: Any) -> SafeString:
        """Each kind in a word, the sentences that say why, and the sections or the page where it is repaired."""
        found = record.attribution
        if not found.kinds:
            return html.missing(_("Nothing"))
        badges = ((html.status_badge(PROBLEM_KINDS[kind], PROBLEM_NAMES[kind]),) for kind in found.kinds)
        links = ((*self.repair(record, name), record.nickname) for name in found.repairs)
        return format_html(
            '<div class="attribution-wrong"><div>{}</div><div class="muted">{}</div>'
            '<div class="no-print">{}</div></div>',
            format_html_join(" ", "{}", badges),
            " ".join(found.sentences),
            format_html_join(" ", '<a href="{}">{}<span class="visually-hidden"> {}</span></a>', links),
        )

    def repair(self, record: Any, name: str) -> tuple[str, Any]:
        """Where one of the three relations is changed, and what the link says."""
        if name == "manager":
            account = reverse("customers:detail", args=[record.customer.microsoft_id])
            return account, _("Change managing reseller")
        page = record.get_absolute_url()
        if name == "support":
            return f"{page}#support-contact", _("Change support contact")
        return f"{page}#reseller-of-record", _("Change reseller of record")


class AttributionView(PermittedView, ListPage):
    """What does not fit together first: unless something else is asked for, nothing else is listed."""

    permission = Permission.VIEW_ATTRIBUTION
    template_name = "incentives/attribution.html"
    table_class = AttributionTable
    filterset_class = AttributionFilter
    title = gettext_lazy("Attribution")
    sorts = {
        "name": "search_text",
        "customer": "customer__search_text",
        "changed": Sort("changed_at", descending_first=True),
    }
    default_sort = "-changed"
    empty_title = gettext_lazy("Everything fits together")
    empty_text = gettext_lazy("The same reseller manages, earns and answers everywhere, and could be named today.")
    empty_icon = "check2"

    def get_queryset(self) -> QuerySet:
        """The provider's subscriptions that go on."""
        return attributed(self.actor).select_related("customer", "provider")

    def prepare(self, rows: list[Any]) -> None:
        """The three relations of the visible rows, and what is wrong with them."""
        if rows:
            assert self.actor.partner is not None
            attribute(rows, self.actor.partner)

    def get_empty_action(self) -> tuple[Any, str]:
        """Where nothing is wrong there is still something to look at."""
        return _("Show all subscriptions"), f"?problem={EVERYTHING}"

    def get_tabs(self) -> list[dict[str, Any]]:
        """The pages of the section."""
        return incentive_tabs(self.request)

    def kept_parameters(self) -> tuple[str, ...]:
        """The month of the other pages of the section, too."""
        return (*super().kept_parameters(), "month")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """How many there are of each kind."""
        assert self.actor.partner is not None
        rows, conditions = attributed(self.actor), problems(self.actor.partner)
        counts = count_up_to(COUNT_CAP, *map(rows.filter, conditions.values()))
        found = [
            (name, PROBLEM_KINDS[name], PROBLEM_NAMES[name], count)
            for name, count in zip(conditions, counts, strict=True)
        ]
        context = super().get_context_data(kinds=found, **kwargs)
        return {**context, **self.together(context["listing"].page.rows)}

    def together(self, rows: list[Any]) -> dict[str, Any]:
        """Where the rows of this page are changed at once, for who may change subscriptions."""
        if not can(self.actor, Permission.MANAGE_SUBSCRIPTION):
            return {"bulk_url": "", "bulk_count": 0}
        picked = urlencode([("pick", row.subscription_id) for row in rows[:MOST_TOGETHER]])
        return {
            "bulk_url": f"{reverse('subscriptions:prepare_bulk')}?{picked}",
            "bulk_count": len(rows[:MOST_TOGETHER]),
        }
