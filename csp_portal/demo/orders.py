"""Orders of the demo that people carry out: one that waits, and one of which a line was refused."""

from datetime import datetime, timedelta

from accounts.access import Actor
from catalogue.models import Price
from core import clock
from customers.models import Customer
from orders.attesting import attestation_of
from orders.fulfilment import IMPLEMENTATIONS
from orders.fulfilment.deciding import fulfil_line, refuse_line
from orders.models import Order
from orders.services import choose_offers, fingerprint, start_draft, submit_draft

# What the demo bought in the past is there, whoever carries orders out from now on.
AT_ONCE, BY_PEOPLE = IMPLEMENTATIONS["local"], IMPLEMENTATIONS["back_office"]
# Title, licenses, term and billing plan.
WAITING = (("Microsoft Entra ID P1", 12, "P1Y", "Monthly"), ("Planner Plan 1", 2, "P1Y", "Monthly"))
REFUSED = (("Microsoft 365 F3", 40, "P1Y", "Monthly"), ("Planner and Project Plan 3", 5, "P1Y", "Monthly"))


def load_orders(actor: Actor, office: Actor, now: datetime) -> None:
    """Two customers of a provider order more, and the back office has decided about one of the orders."""
    customers = Customer.objects.filter(provider=actor.partner, country="US", status=Customer.Status.ACTIVE)
    first, second = customers.filter(managing_reseller__isnull=False).order_by("pk")[:2]
    with clock.at(now - timedelta(days=3)):
        order = _ordered(second, REFUSED, actor)
    with clock.at(now - timedelta(days=2)):
        accepted, refused = order.lines.order_by("pk")
        fulfil_line(line=accepted, by=office)
        reason = "Project is sold to this customer by another provider. Ask it to end that subscription first."
        refuse_line(line=refused, reason=reason, by=office)
    with clock.at(now - timedelta(hours=5)):
        _ordered(first, WAITING, actor)


def _ordered(customer: Customer, basket: tuple[tuple[str, int, str, str], ...], actor: Actor) -> Order:
    """Place an order that people carry out."""
    managing = customer.managing_relationship()
    draft = start_draft(reseller=managing.reseller if managing else None, customer=customer, by=actor)
    on_sale = Price.objects.on_sale(country=customer.country_code, at=clock.now(), segments=["Commercial"])
    quantities = {
        on_sale.get(sku__title=title, term_duration=term, billing_plan=plan): quantity
        for title, quantity, term, plan in basket
    }
    draft = choose_offers(draft=draft, quantities=quantities, by=actor)
    return submit_draft(
        draft=draft,
        reviewed=fingerprint(draft),
        attestation=attestation_of(draft),
        session_key="demo data",
        by=actor,
        fulfilment=BY_PEOPLE,
    )
