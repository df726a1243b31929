"""*Not yet handed over*: temporary passwords that nobody used and nobody stored, or that ran out unused."""

from dataclasses import dataclass
from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.filters import PortalFilterSet, SearchFilter
from core.lists import ListPage, capped_text
from core.paging import COUNT_CAP, Sort
from core.tables import ActionsColumn, PortalTable, StatusColumn, TimeColumn
from customers.credentials.facts import STAGE_KINDS
from customers.models import TemporaryPassword
from customers.models.credentials import TemporaryPasswordQuerySet
from customers.pages import account_url

SHOWN_ON_HOME = 5
HOME_COLUMNS = (
    *("issued_at", "valid_until", "revealed_at", "stored_at"),
    *("administrator__customer__microsoft_id", "administrator__customer__company_name"),
    *("issued_by__full_name", "issued_by__sign_in_name"),
)
PENDING_STAGES = [stage for stage in TemporaryPassword.Stage if stage != TemporaryPassword.Stage.STORED]


def not_handed_over(actor: Actor) -> TemporaryPasswordQuerySet:
    """Those of the actor's company, for who may add customers and so hands passwords over; nothing for others."""
    rows = TemporaryPassword.objects.visible_to(actor).not_handed_over()
    related = ("administrator__customer", "issued_by")
    return rows.select_related(*related) if can(actor, Permission.ADD_CUSTOMER) else rows.none()


class PendingTable(PortalTable):
    """One row for each customer that waits for its password."""

    title = gettext_lazy("Not yet handed over")
    row_key = "public_id"

    customer = tables.Column(
        gettext_lazy("Customer"),
        accessor="administrator__customer",
        linkify=lambda record: account_url(record.administrator.customer.microsoft_id),
    )
    issued = TimeColumn(gettext_lazy("Issued"), accessor="issued_at", style="absolute")
    issued_by = tables.Column(gettext_lazy("Issued by"), accessor="issued_by__full_name", orderable=False)
    expires = TimeColumn(gettext_lazy("Expires"), accessor="valid_until", style="absolute")
    stage = StatusColumn(gettext_lazy("State"), kinds=STAGE_KINDS, orderable=False)
    actions = ActionsColumn(gettext_lazy("Actions"))

    def row_name(self, record: TemporaryPassword) -> str:
        """The customer."""
        return str(record.administrator.customer)

    def row_actions(self, record: TemporaryPassword) -> list[tuple[Any, str]]:
        """The page on which who saw it says that it is stored, and a new one for who may issue it."""
        customer = record.administrator.customer
        actions = [(_("Setup info"), reverse("customers:credentials", args=[customer.microsoft_id, record.public_id]))]
        if can(self.listing.request.actor, Permission.ISSUE_CREDENTIALS):
            address = reverse("customers:issue_credentials", args=[customer.microsoft_id])
            actions.append((_("Issue a new one"), address))
        return actions


class PendingFilter(PortalFilterSet):
    """By customer and by how far the handing-over is."""

    q = SearchFilter("administrator__customer__search_text")
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        empty_label=gettext_lazy("All"),
        choices=[(stage.value, stage.label) for stage in PENDING_STAGES],
        method="filter_stage",
    )

    class Meta:
        model = TemporaryPassword
        fields: list[str] = []

    def filter_stage(self, queryset: TemporaryPasswordQuerySet, name: str, value: str) -> TemporaryPasswordQuerySet:
        """By the rule that each row's own words follow."""
        return queryset.in_stage(value)


class NotHandedOverView(PermittedView, ListPage):
    """The whole list behind the one on Home."""

    permission = Permission.ADD_CUSTOMER
    table_class = PendingTable
    filterset_class = PendingFilter
    title = gettext_lazy("Not yet handed over")
    sorts = {
        "customer": "administrator__customer__search_text",
        "issued": Sort("issued_at", descending_first=True),
        "expires": Sort("valid_until"),
    }
    default_sort = "-issued"
    empty_icon = "key"
    empty_title = gettext_lazy("Every password is handed over")
    empty_text = gettext_lazy(
        "A customer appears here while nobody has stored its administrator’s temporary password, "
        "or when the password expired before it was used."
    )

    def get_queryset(self) -> QuerySet:
        return not_handed_over(self.actor)


@dataclass(frozen=True)
class Waiting:
    """The part of the list that Home shows."""

    rows: list[TemporaryPassword]
    count: int

    @property
    def count_text(self) -> str:
        """12, or 10,000+ where nobody counted further."""
        return capped_text(self.count, COUNT_CAP)


def waiting_for_home(actor: Actor) -> Waiting | None:
    """The latest few and how many there are, in one query or two; None while everything is handed over."""
    if not can(actor, Permission.ADD_CUSTOMER):
        return None
    pending = not_handed_over(actor)
    rows = list(pending.only(*HOME_COLUMNS).order_by("-issued_at", "-pk")[: SHOWN_ON_HOME + 1])
    count = len(rows)
    if count > SHOWN_ON_HOME:
        count = pending.order_by().values("pk")[:COUNT_CAP].count()
    for row in rows:
        row.kind = STAGE_KINDS[row.stage]  # type: ignore[attr-defined]
    return Waiting(rows[:SHOWN_ON_HOME], count) if rows else None
