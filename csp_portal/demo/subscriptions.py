"""One customer of the demo with a subscription in every state of both rule sets, so that each can be tried by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.access import Actor
from accounts.models import Partner
from accounts.services.support import Support, change_support_profile
from catalogue.models import Policy, Price, Sku
from catalogue.services import set_policy
from core import clock
from customers.models import Customer, ResellerRelationship
from customers.relationship_requests.services import draft_relationship_request, send_relationship_request
from subscriptions.changing import change_subscription, rename_subscription
from subscriptions.clockwork import step_subscription
from subscriptions.intents import Intent
from subscriptions.models import Subscription
from subscriptions.rules import AtEnd, Cancel, ChangeLicenses, DecideEnd, ScheduleChange, Scheduled, Suspend
from subscriptions.services import set_support_contact, start_subscription

CUSTOMER = "Adatum Corporation"
# Offers that are still sold under the rules of 2019, and one that was until lately.
LEGACY = (
    "Office 365 E1",
    "Exchange Online (Plan 2)",
    "Exchange Online Archiving for Exchange Online",
    "SharePoint (Plan 1)",
    "Exchange Online Kiosk",
)
LEGACY_UNTIL_NOW = ("Office 365 E3", "Microsoft 365 Business Basic Trial")
# What the clock does, it does within minutes.
SHORTLY = timedelta(minutes=3)
Actors = dict[str, Actor]


class Planned(NamedTuple):
    """A subscription: what, bought how many days ago, and what was changed how many days ago."""

    nickname: str
    offer: str
    days_ago: float
    quantity: int = 10
    term: str = "P1Y"
    billing: str = "Monthly"
    changes: tuple[tuple[float, Intent], ...] = ()
    base: str = ""
    supported: bool = False


OLD = (
    Planned("Legacy, in the middle of its term", "Office 365 E1", 250, 40),
    Planned("Legacy, with a path to upgrade", "Office 365 E3", 130, 12, supported=True),
    Planned("Legacy, renews in a few days", "Exchange Online Kiosk", 361, 15),
    Planned("Legacy base with an add-on", "Exchange Online (Plan 2)", 100, 20),
    Planned(
        "Legacy add-on", "Exchange Online Archiving for Exchange Online", 99, 20, base="Legacy base with an add-on"
    ),
    Planned("Legacy, suspended long ago", "SharePoint (Plan 1)", 180, 8, changes=((84, Suspend()),)),
    Planned("Legacy trial, expired", "Microsoft 365 Business Basic Trial", 40, 25, "P1M", "None"),
)
NEW = (
    Planned("New, inside its seven days", "Visio Plan 2", 2, 5, changes=((1, ChangeLicenses(8)),)),
    Planned("New, past its seven days", "Power BI Pro", 200, 20, supported=True),
    Planned(
        "New, with a scheduled change",
        "Microsoft 365 Business Premium",
        344,
        30,
        billing="Annual",
        changes=((20, ScheduleChange(Scheduled(quantity=24))),),
    ),
    Planned("New, ends in a few days", "Planner Plan 1", 360, 6, changes=((40, DecideEnd(AtEnd.CANCEL)),)),
    Planned("New, suspended", "SharePoint (Plan 2)", 150, 9, changes=((10, Suspend()),)),
    Planned("New trial", "Microsoft 365 Business Basic Trial", 12, 25, "P1M", "None"),
    Planned("New, renewed two days ago", "Microsoft 365 Apps for business", 33, 7, "P1M"),
    Planned(
        "New, in an extended term",
        "Windows 10/11 Enterprise E3",
        75,
        4,
        "P1M",
        changes=((70, DecideEnd(AtEnd.EXTEND)),),
    ),
    Planned("New, disabled", "OneDrive for business (Plan 1)", 52, 3, "P1M", changes=((47, DecideEnd(AtEnd.CANCEL)),)),
    Planned("New, canceled in time", "Visio Plan 1", 30, 2, changes=((27, Cancel()),)),
    Planned("New, with a path to upgrade", "Microsoft 365 Business Basic", 100, 15),
    Planned("New, with an add-on", "Microsoft 365 Business Standard", 90, 18),
    Planned("New add-on", "Microsoft Teams Phone Standard", 89, 5, base="New, with an add-on"),
    Planned("New, three years", "Microsoft 365 E3", 300, 50, "P3Y", "Annual"),
    Planned("Azure plan", "Azure plan", 60, 1, "", "None"),
)
SUPPORT = {
    "northwind.example": Support("support@northwind.example", "+12065550111", "https://support.northwind.example"),
    "fabrikam.example": Support("help@fabrikam.example", "+16175550120", "https://help.fabrikam.example"),
}


def load_subscriptions(actors: Actors, office: Actor, add_customer: Callable[[str], None], now: datetime) -> None:
    """Let the customer buy and change everything in the order of time, and ask another for a relationship."""
    for domain, support in SUPPORT.items():
        with clock.at(now - timedelta(days=395)):
            change_support_profile(support=support, by=actors[domain])
    with clock.at(now - timedelta(days=390)):
        add_customer(CUSTOMER)
    customer = Customer.objects.select_related("provider").get(company_name=CUSTOMER)
    by, reseller = actors["northwind.example"], actors["fabrikam.example"].partner
    assert reseller is not None
    made: dict[str, Subscription] = {}
    for titles, policy, group in (
        ((*LEGACY, *LEGACY_UNTIL_NOW), Policy.LEGACY, OLD),
        (LEGACY_UNTIL_NOW, Policy.NEW_COMMERCE, NEW),
    ):
        _sell(titles, policy, office, now - timedelta(days=389))
        for planned in group:
            made[planned.nickname] = _live(planned, customer, reseller, made.get(planned.base), by, now)
    for subscription in customer.subscriptions.all():
        catch_up(subscription, now)
    _ask(actors, now)


def _sell(titles: tuple[str, ...], policy: Policy, office: Actor, at: datetime) -> None:
    """The back office sells the offers under these rules."""
    with clock.at(at):
        for sku in Sku.objects.filter(title__in=titles).order_by("pk"):
            set_policy(sku=sku, policy=policy, reason="As the programme announced.", by=office)


def _live(
    planned: Planned, customer: Customer, reseller: Partner, base: Subscription | None, by: Actor, now: datetime
) -> Subscription:
    """Buy it and change it, each at its moment, after what the clock did until then."""
    at = now - timedelta(days=planned.days_ago)
    with clock.at(at):
        subscription = start_subscription(
            customer=customer,
            price=_price(planned, at),
            quantity=planned.quantity,
            reseller_of_record=reseller,
            parent=base,
            by=by,
        )
        rename_subscription(subscription=subscription, nickname=planned.nickname, version=None, by=by)
        if planned.supported:
            set_support_contact(subscription=subscription, reseller=reseller, by=by)
    for days_ago, intent in planned.changes:
        moment = now - timedelta(days=days_ago)
        catch_up(subscription, moment)
        with clock.at(moment):
            change_subscription(subscription=subscription, intent=intent, by=by)
    return subscription


def _price(planned: Planned, at: datetime) -> Price:
    on_sale = Price.objects.on_sale(country="US", at=at, segments=["Commercial"])
    return on_sale.get(sku__title=planned.offer, term_duration=planned.term, billing_plan=planned.billing)


def catch_up(subscription: Subscription, until: datetime) -> None:
    """Let the clock do what was due by then, each thing soon after its moment."""
    row = Subscription.objects.filter(pk=subscription.pk)
    while (due := row.values_list("next_step_at", flat=True).get()) is not None and due + SHORTLY <= until:
        with clock.at(due + SHORTLY):
            step_subscription(subscription.pk, clock.now())


def _ask(actors: Actors, now: datetime) -> None:
    """A direct customer is asked to let a reseller look after it, and has not answered."""
    customer = Customer.objects.get(company_name="Datum Corporation")
    reseller = actors["contoso.example"].partner
    assert reseller is not None
    with clock.at(now - timedelta(days=2)):
        request = draft_relationship_request(
            customer=customer,
            reseller=reseller,
            scope=ResellerRelationship.Scope.MANAGE,
            by=actors["northwind.example"],
        )
        send_relationship_request(request=request, by=actors["northwind.example"])
