"""A reseller's providers on Home: how many customers and subscriptions it has from each, and what waits there."""

from typing import NamedTuple

import django_tables2 as tables
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor, can
from accounts.roles import Permission
from core.counting import count_up_to
from core.lists import capped_text
from core.paging import COUNT_CAP
from core.tables import NUMERIC, PortalTable
from customers.models import Customer
from resellers.models import Partnership
from subscriptions.models import ChangeRequest, Subscription

MOST_PROVIDERS = 10


class ProvidersTable(PortalTable):
    """One row a provider."""

    title = _("Your providers")

    name = tables.Column(_("Indirect provider"), linkify=lambda record: record.url)
    customers = tables.Column(_("Customers"), attrs=NUMERIC)
    subscriptions = tables.Column(_("Subscriptions"), attrs=NUMERIC)
    requests = tables.Column(_("Open requests"), attrs=NUMERIC)


class Glance(NamedTuple):
    """One provider, with its page and the counts as lists count them."""

    name: str
    url: str
    customers: str
    subscriptions: str
    requests: str


def providers_at_a_glance(actor: Actor) -> ProvidersTable | None:
    """The reseller's active partnerships by name, the first so many (two queries); nothing for anybody else."""
    if not actor.is_reseller or not can(actor, Permission.VIEW_PROVIDERS) or not can(actor, Permission.VIEW_CUSTOMERS):
        return None
    rows = Partnership.objects.visible_to(actor).active().select_related("provider")
    partnerships = list(rows.order_by("provider__legal_name", "pk")[:MOST_PROVIDERS])
    if not partnerships:
        return None
    customers, subscriptions = Customer.objects.visible_to(actor), Subscription.objects.visible_to(actor).live()
    requests = ChangeRequest.objects.visible_to(actor).undecided()
    several = [
        kind.filter(provider=one.provider_id) for one in partnerships for kind in (customers, subscriptions, requests)
    ]
    counts = [capped_text(count, COUNT_CAP) for count in count_up_to(COUNT_CAP, *several)]
    return ProvidersTable(
        [
            Glance(str(one.provider), reverse("resellers:provider", args=[one.public_id]), *counts[3 * at : 3 * at + 3])
            for at, one in enumerate(partnerships)
        ]
    )
