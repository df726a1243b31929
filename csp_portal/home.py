"""What the home page shows each audience: work that waits, and what happened lately."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Min, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord
from activity.sentences import sentence
from core import clock
from core.counting import count_up_to
from core.html import date_text
from core.lists import capped_text
from core.paging import COUNT_CAP
from csp_portal.activity_log.links import Links
from customers.models import Customer, RelationshipRequest
from mail.models import OutgoingEmail
from orders.handing_over import left_drafts
from orders.models import Order
from orders.services import open_drafts
from resellers.filters import ATTENTION
from resellers.models import Partnership, PartnershipRequest
from resellers.readiness import partnerships_refused_today
from resellers.standing import unanswered
from subscriptions.azure import lacking_tenant_owner
from subscriptions.change_requests.matters import decided_by
from subscriptions.change_requests.tables import DECIDED, lately_decided
from subscriptions.change_requests.tables import list_url as requests_url
from subscriptions.decisions.coming import soon
from subscriptions.decisions.views import SOON
from subscriptions.filters import CHANGED, access_changed
from subscriptions.full_list.conditions import answered_by
from subscriptions.full_list.filters import OURS
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.timeline import who

RECENT_RECORDS = 10


class Queue(NamedTuple):
    """A number of things that wait or stand, and the list that shows them."""

    count: int
    label: str
    url: str

    @property
    def count_text(self) -> str:
        """312, or 10,000+ where nobody counted further, as in the list."""
        return capped_text(self.count, COUNT_CAP)


class Work(NamedTuple):
    """Rows that wait or stand, what they are called, and the list that shows them."""

    rows: QuerySet
    label: Any
    url: str
    # Shown also while there is nothing.
    always: bool = True


def queues(actor: Actor) -> list[Queue]:
    """The actor's work queues; each count is that of the list behind its link (one query)."""
    return counted(_provider_work(actor) if actor.is_provider else _reseller_work(actor))


def counted(works: Iterable[Work]) -> list[Queue]:
    """Count several kinds of work in one query."""
    works = list(works)
    counts = count_up_to(COUNT_CAP, *[work.rows for work in works])
    return [
        Queue(count, str(work.label % {"count": count}), work.url)
        for work, count in zip(works, counts, strict=True)
        if count or work.always
    ]


def _provider_work(actor: Actor) -> Iterator[Work]:
    if can(actor, Permission.REQUEST_PARTNERSHIP):
        rows = unanswered(PartnershipRequest.objects.visible_to(actor))
        label = ngettext_lazy("Request awaiting reply", "Requests awaiting reply", "count")
        yield Work(rows, label, reverse("resellers:requested"))
    if can(actor, Permission.REQUEST_RELATIONSHIP):
        open_requests = RelationshipRequest.objects.visible_to(actor).awaiting_answer()
        label = ngettext_lazy(
            "Relationship request awaiting the customer", "Relationship requests awaiting the customer", "count"
        )
        yield Work(open_requests, label, f"{reverse('customers:relationship_requests')}?state=open", always=False)
    if can(actor, Permission.VIEW_RESELLERS):
        partnerships = Partnership.objects.visible_to(actor).active()
        yield Work(
            partnerships, ngettext_lazy("Indirect reseller", "Indirect resellers", "count"), reverse("resellers:list")
        )
    if can(actor, Permission.VIEW_CUSTOMERS):
        yield from _customer_work(actor)
    if can(actor, Permission.GRANT_TENANT_OWNER):
        label = ngettext_lazy(
            "Customer with Azure whose reseller is not tenant owner",
            "Customers with Azure whose reseller is not tenant owner",
            "count",
        )
        lacking = lacking_tenant_owner(Customer.objects.visible_to(actor))
        yield Work(lacking, label, f"{reverse('customers:list')}?azure=todo", always=False)


def _customer_work(actor: Actor) -> Iterator[Work]:
    customers, address = Customer.objects.visible_to(actor), reverse("customers:list")
    yield Work(customers, ngettext_lazy("Customer", "Customers", "count"), address)
    label = ngettext_lazy("Customer without a reseller", "Customers without a reseller", "count")
    yield Work(customers.without_reseller(), label, f"{address}?reseller=none")
    label = ngettext_lazy("Customer without an accepted agreement", "Customers without an accepted agreement", "count")
    yield Work(customers.without_agreement(), label, f"{address}?agreement=none")
    yield _decisions(Subscription.objects.visible_to(actor))
    if can(actor, Permission.VIEW_ORDERS):
        waiting = Order.objects.visible_to(actor).filter(status=Order.Status.PENDING)
        label = ngettext_lazy("Order being carried out", "Orders being carried out", "count")
        yield Work(waiting, label, f"{reverse('orders:list')}?status=pending", always=False)


def _reseller_work(actor: Actor) -> Iterator[Work]:
    if can(actor, Permission.VIEW_PROVIDERS):
        partnerships = Partnership.objects.visible_to(actor).active()
        label = ngettext_lazy("Indirect provider", "Indirect providers", "count")
        yield Work(partnerships, label, reverse("resellers:providers"))
    if can(actor, Permission.VIEW_CUSTOMERS):
        customers, subscriptions = Customer.objects.visible_to(actor), Subscription.objects.visible_to(actor)
        yield Work(customers, ngettext_lazy("Customer", "Customers", "count"), reverse("customers:list"))
        active = subscriptions.filter(status=Subscription.Status.ACTIVE)
        label = ngettext_lazy("Active subscription", "Active subscriptions", "count")
        yield Work(active, label, f"{reverse('subscriptions:all')}?status=active")
        label = ngettext_lazy(
            "Subscription whose support contact you are", "Subscriptions whose support contact you are", "count"
        )
        ours = subscriptions.live().filter(answered_by(actor.partner))
        yield Work(ours, label, f"{reverse('subscriptions:all')}?support={OURS}", always=False)
        yield _decisions(subscriptions)
        label = ngettext_lazy(
            "Customer to which your access changed in the last 7 days",
            "Customers to which your access changed in the last 7 days",
            "count",
        )
        changed = access_changed(customers, actor.partner)
        yield Work(changed, label, f"{reverse('customers:list')}?access={CHANGED}", always=False)
    if can(actor, Permission.REQUEST_CHANGE):
        label = ngettext_lazy(
            "Request of yours decided in the last 7 days", "Requests of yours decided in the last 7 days", "count"
        )
        decided = lately_decided(ChangeRequest.objects.visible_to(actor))
        yield Work(decided, label, requests_url(DECIDED), always=False)


def _decisions(subscriptions: QuerySet) -> Work:
    """What is to be decided about soon, while there is something."""
    label = ngettext_lazy("Decision in the next 30 days", "Decisions in the next 30 days", "count")
    return Work(soon(subscriptions), label, f"{reverse('subscriptions:renewals')}?month={SOON}", always=False)


# What somebody should look at: a filter of the Requested tab, and its count in words.
ATTENTION_WORDS = {
    "confirm": ngettext_lazy("%(count)s acceptance to confirm", "%(count)s acceptances to confirm", "count"),
    "failed": ngettext_lazy(
        "%(count)s request could not be sent: correct the address",
        "%(count)s requests could not be sent: correct the addresses",
        "count",
    ),
    "new_link": ngettext_lazy("%(count)s person wants a new link", "%(count)s people want a new link", "count"),
    "expiring": ngettext_lazy(
        "%(count)s request expires within 7 days", "%(count)s requests expire within 7 days", "count"
    ),
}


def attention(actor: Actor) -> list[Queue]:
    """What somebody of the company should look at, nothing while all is well (one query)."""
    several = [
        _requests_to_look_at,
        _changes_to_decide,
        _changes_asked_for,
        _resellers_to_look_at,
        _drafts_to_look_at,
    ]
    return counted(work for some in several for work in some(actor))


def _changes_to_decide(actor: Actor) -> Iterator[Work]:
    if not (kinds := decided_by(actor)):
        return
    asked = ChangeRequest.objects.visible_to(actor).filter(state=ChangeRequest.State.SUBMITTED).possible()
    waiting = asked.filter(kind__in=kinds)
    label = ngettext_lazy(
        "%(count)s request for a change waits for your decision",
        "%(count)s requests for changes wait for your decision",
        "count",
    )
    yield Work(waiting, label, requests_url(ChangeRequest.State.SUBMITTED), always=False)


def _changes_asked_for(actor: Actor) -> Iterator[Work]:
    if not (actor.is_reseller and can(actor, Permission.REQUEST_CHANGE)):
        return
    questions = ChangeRequest.objects.visible_to(actor).filter(state=ChangeRequest.State.QUESTION).possible()
    label = ngettext_lazy(
        "%(count)s question about your requests waits for your answer",
        "%(count)s questions about your requests wait for your answer",
        "count",
    )
    yield Work(questions, label, requests_url(ChangeRequest.State.QUESTION), always=False)


def _requests_to_look_at(actor: Actor) -> Iterator[Work]:
    if not (actor.is_provider and can(actor, Permission.REQUEST_PARTNERSHIP)):
        return
    rows = PartnershipRequest.objects.visible_to(actor).listed()
    for name, label in ATTENTION_WORDS.items():
        _words, narrowed = ATTENTION[name]
        yield Work(narrowed(rows), label, f"{reverse('resellers:requested')}?attention={name}", always=False)


def _resellers_to_look_at(actor: Actor) -> Iterator[Work]:
    if not (actor.is_provider and can(actor, Permission.VIEW_RESELLERS)) or actor.partner is None:
        return
    active = Partnership.objects.visible_to(actor).active()
    label = ngettext_lazy(
        "New business with %(count)s reseller would be refused today",
        "New business with %(count)s resellers would be refused today",
        "count",
    )
    refused = partnerships_refused_today(active, actor.partner)
    yield Work(refused, label, f"{reverse('resellers:list')}?today=refused", always=False)


def _drafts_to_look_at(actor: Actor) -> Iterator[Work]:
    if not (actor.is_provider and can(actor, Permission.ADD_CUSTOMER)):
        return
    label = ngettext_lazy(
        "%(count)s draft is removed within 5 days unless you go on with it",
        "%(count)s drafts are removed within 5 days unless you go on with them",
        "count",
    )
    yield Work(open_drafts(actor).removed_soon(), label, reverse("orders:start"), always=False)
    if can(actor, Permission.REASSIGN_DRAFTS):
        label = ngettext_lazy(
            "%(count)s draft of somebody who left is without an owner",
            "%(count)s drafts of people who left are without an owner",
            "count",
        )
        yield Work(left_drafts(actor), label, reverse("orders:left_drafts"), always=False)


# What is news to everybody in a company; all else is on the page Activity.
NEWS = (
    "change_request.submitted",
    "change_request.questioned",
    "change_request.answered",
    "change_request.withdrawn",
    "change_request.approved",
    "change_request.rejected",
    "customer.created",
    "customer.relationship_established",
    "customer.reseller_changed",
    "customer.scope_changed",
    "customer.access_removed",
    "relationship_request.sent",
    "relationship_request.shared",
    "relationship_request.revoked",
    "relationship_request.accepted",
    "relationship_request.declined",
    "order.placed",
    "order_draft.handed_over",
    "partnership.began",
    "partnership.ended",
    "partnership_request.sent",
    "partnership_request.shared",
    "partnership_request.revoked",
    "partnership_request.declined",
    "partnership_request.resent",
    "partnership_request.extended",
)


class Happening(NamedTuple):
    """One line of recent activity, and the page of what it speaks of if the reader may open it."""

    record: ActivityRecord
    who: str
    words: str
    url: str


def recent_activity(actor: Actor) -> list[Happening]:
    """The latest news that concern the actor's own company (two queries)."""
    news = ActivityRecord.objects.visible_to(actor).filter(action__in=NEWS).order_by("-at", "-pk")
    records, links = list(news[:RECENT_RECORDS]), Links(actor)
    links.learn(records)
    return [Happening(one, who(one, actor), sentence(one), links.target_url(one)) for one in records]


class Delay(NamedTuple):
    """Mail that should have left by now."""

    count: int
    since: datetime

    @property
    def count_text(self) -> str:
        """12, or 10,000+."""
        return capped_text(self.count, COUNT_CAP)

    @property
    def since_text(self) -> str:
        """14:02 in the person's zone, with the day in front unless it is today."""
        since = timezone.localtime(self.since)
        time = f"{since:%H:%M}"
        return time if since.date() == timezone.localdate(clock.now()) else f"{date_text(since)} {time}"


def delayed_mail(actor: Actor) -> Delay | None:
    """How much mail waits longer than it should, for provider staff, who would wonder; None when all is well.

    It is the whole installation's: a mail server that does not answer concerns everybody alike, and tells on nobody.
    """
    if not actor.is_provider:
        return None
    delayed = OutgoingEmail.objects.delayed()
    since = delayed.aggregate(since=Min("created_at"))["since"]
    return Delay(count_up_to(COUNT_CAP, delayed)[0], since) if since else None
