"""What waits for people of the back office, and who lacks a second factor: for its first page and monitoring."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Partner, ProfileChange, User
from accounts.second_factors import FACTORS
from catalogue.models import CatalogueImport
from orders.models import OrderLine
from subscriptions.incentives.ledger import months_to_confirm
from subscriptions.models import Subscription

# Beyond this many it makes no difference to whoever has to do it.
MOST = 1001


def capped(rows: QuerySet) -> int:
    """How many rows there are, up to MOST."""
    return rows.order_by()[:MOST].count()


@dataclass(frozen=True)
class Queue:
    """Rows that wait for a decision: which, since when by which field, and the list that shows them."""

    name: str
    title: Any
    rows: Callable[[], QuerySet]
    since: str
    model: str
    query: str

    @property
    def url(self) -> str:
        """The list in the back office, showing what waits."""
        return f"{reverse(f'admin:{self.model}_changelist')}{self.query}"

    @property
    def permission(self) -> str:
        """Django's permission to see that list."""
        app, model = self.model.split("_")
        return f"{app}.view_{model}"

    def count(self) -> int:
        """How many wait, up to MOST."""
        return capped(self.rows())

    def oldest(self) -> datetime | None:
        """Since when the oldest waits."""
        moment: datetime | None = self.rows().aggregate(oldest=Min(self.since))["oldest"]
        return moment


QUEUES = (
    Queue(
        "enrolments", _("Enrolments to verify"),
        lambda: Partner.objects.filter(enrolment_state=Partner.EnrolmentState.PENDING),
        "created_at", "accounts_partner", "?enrolment_state__exact=pending",
    ),
    Queue(
        "profile_changes", _("Profile changes to approve"),
        lambda: ProfileChange.objects.filter(state=ProfileChange.State.PENDING),
        "requested_at", "accounts_profilechange", "",
    ),
    Queue(
        "order_lines", _("Orders to fulfill"),
        lambda: OrderLine.objects.filter(state=OrderLine.State.PENDING),
        "order__placed_at", "orders_orderline", "",
    ),
    Queue(
        "imports", _("Imports that wait or are stuck"),
        lambda: CatalogueImport.objects.filter(
            state__in=[CatalogueImport.State.QUEUED, CatalogueImport.State.RUNNING]
        ),
        "created_at", "catalogue_catalogueimport", "",
    ),
    Queue(
        "overdue_subscriptions", _("Subscriptions that the worker could not renew or end"),
        lambda: Subscription.objects.overdue(),
        "next_step_at", "subscriptions_subscription", "?overdue=yes",
    ),
    Queue(
        "incentive_months", _("Months of incentives to confirm"),
        months_to_confirm,
        "finished_at", "subscriptions_incentivemonth", "",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """How many of the people who must have a second factor have one."""

    people: int
    covered: int


def second_factors() -> Coverage:
    """Active people of companies and of the back office; administrators of customers are asked by nobody."""
    working = Exists(Membership.objects.current().filter(user=OuterRef("pk")))
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    people = User.objects.filter(Q(is_staff=True) | working, is_active=True)
    return Coverage(people.count(), people.filter(Exists(factor)).count())
