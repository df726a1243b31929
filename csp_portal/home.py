"""What the home page shows each audience: work that waits, and what happened lately."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Min, QuerySet
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
from customers.models import Customer
from mail.models import OutgoingEmail
from resellers.models import Partnership, PartnershipRequest
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


def queues(actor: Actor) -> list[Queue]:
    """The actor's work queues; each count is that of the list behind its link."""
    return list(_provider_queues(actor) if actor.is_provider else _reseller_queues(actor))


def _provider_queues(actor: Actor) -> Iterator[Queue]:
    if can(actor, Permission.REQUEST_PARTNERSHIP):
        count = count_of(PartnershipRequest.objects.visible_to(actor).awaiting_answer())
        label = ngettext_lazy("Request awaiting reply", "Requests awaiting reply", count)
        yield Queue(count, str(label), reverse("resellers:requested"))
    if can(actor, Permission.VIEW_RESELLERS):
        count = count_of(Partnership.objects.visible_to(actor).active())
        yield Queue(
            count, str(ngettext_lazy("Indirect reseller", "Indirect resellers", count)), reverse("resellers:list")
        )
    if can(actor, Permission.VIEW_CUSTOMERS):
        customers = Customer.objects.visible_to(actor)
        count = count_of(customers)
        yield Queue(count, str(ngettext_lazy("Customer", "Customers", count)), reverse("customers:list"))
        count = count_of(customers.without_reseller())
        label = ngettext_lazy("Customer without a reseller", "Customers without a reseller", count)
        yield Queue(count, str(label), f"{reverse('customers:list')}?reseller=none")


def _reseller_queues(actor: Actor) -> Iterator[Queue]:
    if can(actor, Permission.VIEW_PROVIDERS):
        count = count_of(Partnership.objects.visible_to(actor).active())
        label = ngettext_lazy("Indirect provider", "Indirect providers", count)
        yield Queue(count, str(label), reverse("resellers:providers"))
    if can(actor, Permission.VIEW_CUSTOMERS):
        count = count_of(Customer.objects.visible_to(actor))
        yield Queue(count, str(ngettext_lazy("Customer", "Customers", count)), reverse("customers:list"))
        count = count_of(Subscription.objects.visible_to(actor).filter(status=Subscription.Status.ACTIVE))
        label = ngettext_lazy("Active subscription", "Active subscriptions", count)
        yield Queue(count, str(label), reverse("customers:list"))


# What happened, in words that the object's own name follows.
ACTION_WORDS = {
    "customer.created": _("added the customer"),
    "order.placed": _("placed the order"),
    "partnership.began": _("began the partnership"),
    "partnership_request.sent": _("sent a partnership request to"),
    "partnership_request.shared": _("shared a partnership request:"),
    "partnership_request.revoked": _("revoked the partnership request to"),
    "partnership_request.declined": _("declined the partnership request to"),
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
