"""Who carries orders out: what Submit makes under each implementation, and that nobody else knows which it is."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings as project
from django.test import Client
from django.urls import reverse

from accounts.models import Partner
from catalogue.models import Price
from customers.models import Customer, TemporaryPassword
from mail.models import OutgoingEmail
from orders.attesting import attestation_of
from orders.forms import licenses_name
from orders.fulfilment import IMPLEMENTATIONS
from orders.fulfilment.lines import status_of
from orders.models import Order, OrderDraft, OrderLine
from orders.services import choose_offers, fingerprint, start_draft, submit_draft
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from tests.contracts import html_faults
from tests.orders.conftest import agreed, confirmed, make_details, make_price, make_sku, posted, signed_in, submitted

# What names an implementation, or asks which one is in use.
NAMES = re.compile(r"FULFILMENT|LocalFulfilment|BackOfficeFulfilment|fulfilment\.(local|back_office)|IMPLEMENTATIONS")


def lines_of(order: Order) -> dict[str, OrderLine]:
    """The lines by the names of their offers."""
    return {line.offer_name: line for line in order.lines.all()}


# --- the seam ---------------------------------------------------------------------------------------------------------
def test_nobody_but_the_package_and_the_settings_knows_which_one_is_in_use():
    root = Path(project.BASE_DIR)
    apps = ("accounts", "activity", "catalogue", "core", "csp_portal", "customers", "mail", "orders", "resellers")
    files = [
        path
        for directory in (*apps, "subscriptions", "templates", "static")
        for path in (root / directory).rglob("*")
        if path.suffix in (".py", ".html", ".txt", ".js") and "vendor" not in path.parts
    ]
    assert len(files) > 300
    found = {str(path.relative_to(root)) for path in files if NAMES.search(path.read_text())}
    assert {name for name in found if not name.startswith("orders/fulfilment/")} <= {
        "csp_portal/settings.py",
        # The demo shows orders that wait, whatever the installation does with its own.
        "csp_portal/demo/orders.py",
    }


def test_every_name_that_settings_take_has_an_implementation():
    words = (Path(project.BASE_DIR) / "csp_portal/settings.py").read_text()
    taken = re.search(r'"FULFILMENT", default="(\w+)", validate=validate.OneOf\(\[([^\]]+)\]\)', words)
    assert taken
    assert set(IMPLEMENTATIONS) == set(re.findall(r'"(\w+)"', taken[2]))
    assert taken[1] == "local"


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ("pending", "pending"),
        ("fulfilled", "completed"),
        ("refused", "refused"),
        ("pending fulfilled", "pending"),
        ("pending refused", "pending"),
        ("fulfilled refused", "partial"),
        ("pending fulfilled refused", "pending"),
    ],
)
def test_the_status_of_an_order_follows_from_its_lines(states, status):
    assert status_of(OrderLine(state=state) for state in states.split()) == status


# --- carried out at once ----------------------------------------------------------------------------------------------
def test_local_starts_everything_in_the_order_it_was_ordered(ready, sales, reseller, standard, defender, settings):
    settings.FULFILMENT = "local"
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    ready.support_contact = reseller
    ready.save(update_fields=["support_contact"])
    order = submitted(ready, sales)
    base, add_on = lines_of(order)["Business Standard"], lines_of(order)["Defender for Business"]
    assert (order.status, order.customer.status) == ("completed", "active")
    assert {(line.state, line.decided_by) for line in (base, add_on)} == {("fulfilled", sales.user)}
    assert (add_on.base_line, add_on.subscription.parent) == (base, base.subscription)
    assert {one.reseller for one in ResellerOfRecord.objects.all()} == {reseller}
    assert {(one.subscription, one.reseller) for one in SupportContact.objects.all()} == {
        (base.subscription, reseller),
        (add_on.subscription, reseller),
    }
    assert OutgoingEmail.objects.filter(kind="customer_assigned").count() == 1


def test_lines_keep_both_prices_of_the_day(draft, sales, reseller, ready, either_fulfilment):
    dear = make_price(make_sku("Enterprise"), "240.00", erp_price=Decimal("300"))
    choose_offers(draft=ready, quantities={dear: 2}, by=sales)
    lines = lines_of(submitted(ready, sales))
    assert (lines["Enterprise"].unit_price, lines["Enterprise"].erp_price) == (dear.unit_price, dear.erp_price)
    assert lines["Business Standard"].erp_price is None


# --- carried out by people --------------------------------------------------------------------------------------------
def test_back_office_leaves_the_lines_and_a_new_account_pending(ready, sales, defender, settings):
    settings.FULFILMENT = "back_office"
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    order = submitted(ready, sales)
    base, add_on = lines_of(order)["Business Standard"], lines_of(order)["Defender for Business"]
    assert (order.status, order.customer.status) == ("pending", "pending")
    assert {(line.state, line.subscription, line.decided_by) for line in (base, add_on)} == {("pending", None, None)}
    assert (base.base_line, add_on.base_line) == (None, base)
    assert not Subscription.objects.exists()
    # Who manages the customer is told once there is something to manage.
    assert not OutgoingEmail.objects.filter(kind="customer_assigned").exists()
    assert OutgoingEmail.objects.filter(kind="order_placed").count() == 1


def test_credentials_are_handed_over_whoever_carries_orders_out(ready, sales, either_fulfilment):
    order = submitted(ready, sales)
    issued = TemporaryPassword.objects.get()
    assert (issued.administrator.customer, issued.ciphertext is not None) == (order.customer, True)
    assert issued.administrator.user.has_usable_password()


def test_an_implementation_can_be_named_for_one_order(ready, sales):
    kept = submit_draft(
        draft=ready,
        reviewed=fingerprint(ready),
        attestation=attestation_of(ready),
        session_key="a",
        by=sales,
        fulfilment=IMPLEMENTATIONS["back_office"],
    )
    assert (kept.status, Customer.objects.get().status) == ("pending", "pending")


# --- through the wizard -----------------------------------------------------------------------------------------------
def wizard(client: Client, reseller: Partner, standard: Price) -> str:
    """Start, details, offers, review, submit; the address of the confirmation."""
    [address] = [client.post(reverse("orders:start"), {"reseller": str(reseller.microsoft_id)}).url]
    address = client.post(address, posted(make_details(), reseller)).url
    address = client.post(address, {licenses_name(standard): "5"}).url
    sent = confirmed(client.get(address))
    draft = OrderDraft.objects.latest("pk")
    return client.post(reverse("orders:submit", args=[draft.public_id]), sent).url


def test_the_whole_wizard_works_whoever_carries_orders_out(sales, reseller, standard, either_fulfilment):
    client = signed_in(sales)
    text = client.get(wizard(client, reseller, standard)).content.decode()
    order = Order.objects.get()
    assert html_faults(text) == []
    assert 'id="setup-password" value="' in text
    assert order.number in text
    at_once = either_fulfilment == "local"
    assert ("<bdi>Padaria São João</bdi> created" in text) == at_once
    assert ("<bdi>Padaria São João</bdi> is being set up" in text) != at_once
    assert ("is told by e-mail as soon as the account is set up" in text) != at_once


def test_an_order_for_an_existing_customer_says_whether_its_subscriptions_are_there(
    sales, provider, standard, either_fulfilment
):
    draft = start_draft(reseller=None, customer=agreed(provider=provider), by=sales)
    choose_offers(draft=draft, quantities={standard: 2}, by=sales)
    client = signed_in(sales)
    sent = confirmed(client.get(reverse("orders:review", args=[draft.public_id])))
    answer = client.post(reverse("orders:submit", args=[draft.public_id]), sent, follow=True)
    [words] = [str(message) for message in answer.context["messages"]]
    number = Order.objects.get().number
    later = "" if either_fulfilment == "local" else " Its subscriptions are listed here once they are set up."
    assert words == f"Order {number} was placed.{later}"
