"""What the home page shows each audience: work that waits, and what happened lately."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.access import Actor, can
from accounts.roles import Permission
from activity.models import ActivityRecord
from core import clock
from core.html import date_text, number_text
from core.paging import COUNT_CAP
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
from subscriptions.decisions.coming import soon
from subscriptions.decisions.views import SOON
from subscriptions.models import Subscription

RECENT_RECORDS = 10


class Queue(NamedTuple):
    """A number of things that wait or stand, and the list that shows them."""

    count: int
    label: str
    url: str

    @property
    def count_text(self) -> str:
        """312, or 10,000+ where nobody counted further, as in the list."""
        return capped_text(self.count)


def capped_text(count: int) -> str:
    """A count that went no further than the cap."""
    return f"{number_text(COUNT_CAP - 1)}+" if count >= COUNT_CAP else number_text(count)


def count_of(rows: QuerySet) -> int:
    """How many rows there are, counted no further than the lists count: Home must not grow slow with them."""
    return rows.order_by().values("pk")[:COUNT_CAP].count()


def counts_of(*several: QuerySet) -> list[int]:
    """The same of several in one query."""
    compiled = [rows.order_by().values("pk")[:COUNT_CAP].query.sql_with_params() for rows in several]
    numbers = ", ".join(f"(SELECT COUNT(*) FROM ({sql}) AS counted)" for sql, _params in compiled)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {numbers}", [value for _sql, params in compiled for value in params])
        return list(cursor.fetchone())


def queues(actor: Actor) -> list[Queue]:
    """The actor's work queues; each count is that of the list behind its link."""
    return list(_provider_queues(actor) if actor.is_provider else _reseller_queues(actor))


def _provider_queues(actor: Actor) -> Iterator[Queue]:
    if can(actor, Permission.REQUEST_PARTNERSHIP):
        count = count_of(unanswered(PartnershipRequest.objects.visible_to(actor)))
        label = ngettext_lazy("Request awaiting reply", "Requests awaiting reply", count)
        yield Queue(count, str(label), reverse("resellers:requested"))
    if can(actor, Permission.REQUEST_RELATIONSHIP):
        count = count_of(RelationshipRequest.objects.visible_to(actor).awaiting_answer())
        if count:
            label = ngettext_lazy(
                "Relationship request awaiting the customer", "Relationship requests awaiting the customer", count
            )
            yield Queue(count, str(label), f"{reverse('customers:relationship_requests')}?state=open")
    if can(actor, Permission.VIEW_RESELLERS):
        count = count_of(Partnership.objects.visible_to(actor).active())
        yield Queue(
            count, str(ngettext_lazy("Indirect reseller", "Indirect resellers", count)), reverse("resellers:list")
        )
    if can(actor, Permission.VIEW_CUSTOMERS):
        customers = Customer.objects.visible_to(actor)
        decisions = soon(Subscription.objects.visible_to(actor))
        waiting = Order.objects.visible_to(actor).filter(status=Order.Status.PENDING)
        everybody, direct, unagreed, deciding, carried_out = counts_of(
            customers, customers.without_reseller(), customers.without_agreement(), decisions, waiting
        )
        yield Queue(everybody, str(ngettext_lazy("Customer", "Customers", everybody)), reverse("customers:list"))
        label = ngettext_lazy("Customer without a reseller", "Customers without a reseller", direct)
        yield Queue(direct, str(label), f"{reverse('customers:list')}?reseller=none")
        label = ngettext_lazy(
            "Customer without an accepted agreement", "Customers without an accepted agreement", unagreed
        )
        yield Queue(unagreed, str(label), f"{reverse('customers:list')}?agreement=none")
        yield from _decision_queue(deciding)
        if carried_out and can(actor, Permission.VIEW_ORDERS):
            label = ngettext_lazy("Order being carried out", "Orders being carried out", carried_out)
            yield Queue(carried_out, str(label), f"{reverse('orders:list')}?status=pending")
    if can(actor, Permission.GRANT_TENANT_OWNER):
        count = count_of(lacking_tenant_owner(Customer.objects.visible_to(actor)))
        if count:
            label = ngettext_lazy(
                "Customer with Azure whose reseller is not tenant owner",
                "Customers with Azure whose reseller is not tenant owner",
                count,
            )
            yield Queue(count, str(label), f"{reverse('customers:list')}?azure=todo")


def _reseller_queues(actor: Actor) -> Iterator[Queue]:
    if can(actor, Permission.VIEW_PROVIDERS):
        count = count_of(Partnership.objects.visible_to(actor).active())
        label = ngettext_lazy("Indirect provider", "Indirect providers", count)
        yield Queue(count, str(label), reverse("resellers:providers"))
    if can(actor, Permission.VIEW_CUSTOMERS):
        subscriptions = Subscription.objects.visible_to(actor)
        count, active, deciding = counts_of(
            Customer.objects.visible_to(actor),
            subscriptions.filter(status=Subscription.Status.ACTIVE),
            soon(subscriptions),
        )
        yield Queue(count, str(ngettext_lazy("Customer", "Customers", count)), reverse("customers:list"))
        label = ngettext_lazy("Active subscription", "Active subscriptions", active)
        yield Queue(active, str(label), f"{reverse('subscriptions:all')}?status=active")
        yield from _decision_queue(deciding)


def _decision_queue(count: int) -> Iterator[Queue]:
    """What is to be decided about soon, while there is something."""
    if count:
        label = ngettext_lazy("Decision in the next 30 days", "Decisions in the next 30 days", count)
        yield Queue(count, str(label), f"{reverse('subscriptions:renewals')}?month={SOON}")


# What somebody should look at: a filter of the Requested tab, and its count in words.
ATTENTION_WORDS = {
    "confirm": ngettext_lazy("%(count)s acceptance to confirm", "%(count)s acceptances to confirm", "count"),
    "failed": ngettext_lazy(
        "%(count)s request could not be sent: correct the address",
        "%(count)s requests could not be sent: correct the addresses",
        "count",
    ),
    "new_link": ngettext_lazy("%(count)s reader wants a new link", "%(count)s readers want a new link", "count"),
    "expiring": ngettext_lazy(
        "%(count)s request expires within 7 days", "%(count)s requests expire within 7 days", "count"
    ),
}


def attention(actor: Actor) -> list[Queue]:
    """What somebody of the company should look at, nothing while all is well (three queries)."""
    return [*_requests_to_look_at(actor), *_resellers_to_look_at(actor), *_drafts_to_look_at(actor)]


def _requests_to_look_at(actor: Actor) -> Iterator[Queue]:
    if not (actor.is_provider and can(actor, Permission.REQUEST_PARTNERSHIP)):
        return
    rows = PartnershipRequest.objects.visible_to(actor).listed()
    wanted = {
        name: Count("pk", filter=Q(pk__in=narrowed(rows).values("pk"))) for name, (_l, narrowed) in ATTENTION.items()
    }
    counts = rows.aggregate(**wanted)
    for name, words in ATTENTION_WORDS.items():
        if count := counts[name]:
            label = words % {"count": count}
            yield Queue(count, label, f"{reverse('resellers:requested')}?attention={name}")


def _resellers_to_look_at(actor: Actor) -> Iterator[Queue]:
    if not (actor.is_provider and can(actor, Permission.VIEW_RESELLERS)) or actor.partner is None:
        return
    active = Partnership.objects.visible_to(actor).active()
    if count := count_of(partnerships_refused_today(active, actor.partner)):
        label = ngettext_lazy(
            "New business with %(count)s reseller would be refused today",
            "New business with %(count)s resellers would be refused today",
            "count",
        )
        yield Queue(count, label % {"count": count}, f"{reverse('resellers:list')}?today=refused")


def _drafts_to_look_at(actor: Actor) -> Iterator[Queue]:
    if not (actor.is_provider and can(actor, Permission.ADD_CUSTOMER)):
        return
    left = [left_drafts(actor)] if can(actor, Permission.REASSIGN_DRAFTS) else []
    soon, *ownerless = counts_of(open_drafts(actor).removed_soon(), *left)
    if soon:
        label = ngettext_lazy(
            "%(count)s draft is removed within 5 days unless you go on with it",
            "%(count)s drafts are removed within 5 days unless you go on with them",
            "count",
        )
        yield Queue(soon, label % {"count": soon}, reverse("orders:start"))
    for count in filter(None, ownerless):
        label = ngettext_lazy(
            "%(count)s draft of somebody who left is without an owner",
            "%(count)s drafts of people who left are without an owner",
            "count",
        )
        yield Queue(count, label % {"count": count}, reverse("orders:left_drafts"))


# What happened, in words that the object's own name follows.
ACTION_WORDS = {
    "customer.created": _("added the customer"),
    "customer.relationship_established": _("established a reseller relationship with"),
    "customer.reseller_changed": _("changed the managing reseller of"),
    "customer.scope_changed": _("changed the access of the managing reseller to"),
    "customer.access_removed": _("ended the access of the managing reseller to"),
    "relationship_request.sent": _("requested the reseller relationship"),
    "relationship_request.shared": _("requested the reseller relationship"),
    "relationship_request.revoked": _("revoked the request for the reseller relationship"),
    "relationship_request.accepted": _("accepted the reseller relationship"),
    "relationship_request.declined": _("declined the reseller relationship"),
    "order.placed": _("placed the order"),
    "order_draft.handed_over": _("handed over the draft of"),
    "partnership.began": _("began the partnership"),
    "partnership.ended": _("ended the partnership"),
    "partnership_request.sent": _("sent a partnership request to"),
    "partnership_request.shared": _("shared a partnership request:"),
    "partnership_request.revoked": _("revoked the partnership request to"),
    "partnership_request.declined": _("declined the partnership request to"),
    "partnership_request.resent": _("sent again the partnership request to"),
    "partnership_request.extended": _("extended the partnership request to"),
}


class Happening(NamedTuple):
    """One line of recent activity."""

    record: ActivityRecord
    who: str
    words: str


def recent_activity(actor: Actor) -> list[Happening]:
    """The latest records that concern the actor's own company, those that have words for people."""
    records = ActivityRecord.objects.visible_to(actor).filter(action__in=list(ACTION_WORDS))
    return [
        Happening(
            record, record.actor_label.rpartition(" (")[0] or record.actor_label, str(ACTION_WORDS[record.action])
        )
        for record in records.order_by("-at", "-pk")[:RECENT_RECORDS]
    ]


class Delay(NamedTuple):
    """Mail that should have left by now."""

    count: int
    since: datetime

    @property
    def count_text(self) -> str:
        """12, or 10,000+."""
        return capped_text(self.count)

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
    return Delay(count_of(delayed), since) if since else None
