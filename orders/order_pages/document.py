"""An order as a document: the words of its parts, as they were when it was placed, and what became of its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Actor
from core import html
from customers.models import Customer
from orders.attesting import Attestation
from orders.models import Order, OrderLine
from orders.money import Ordered, bill_amount, bill_label, billing_words, price_words, term_words
from orders.order_pages.rows import placed_by_words, reseller_words
from subscriptions.models import ChangeRequest, Subscription

LINE_KINDS: dict[str, str] = {
    OrderLine.State.PENDING: "info",
    OrderLine.State.FULFILLED: "success",
    OrderLine.State.REFUSED: "danger",
}


@dataclass(frozen=True)
class DocumentLine:
    """A line in words; `subscription` only where the reader may open it."""

    line: OrderLine
    subscription: Subscription | None

    @property
    def kind(self) -> str:
        """How its state is shown."""
        return LINE_KINDS[self.line.state]

    @property
    def term_words(self) -> str:
        """The term; nothing where there is none."""
        return term_words(self.line.price)

    @property
    def billing_words(self) -> str:
        """How it is billed; nothing where there is no plan."""
        return billing_words(self.line.price)

    @property
    def price_words(self) -> str:
        """What one license cost on one bill."""
        return price_words(self.line.price)

    @property
    def amount_words(self) -> str:
        """What the licenses cost on one bill."""
        price = self.line.price
        if price.sku.is_usage_based:
            return price_words(price)
        amount = html.money_text(bill_amount(price, self.line.quantity), price.currency)
        return f"{amount} {bill_label(price.billing_plan)}"

    @property
    def is_refused(self) -> bool:
        """Whether it was refused and may be tried again."""
        return self.line.state == OrderLine.State.REFUSED


def document_lines(order: Order, *, links: bool) -> list[DocumentLine]:
    """The lines in the order in which they were ordered, each base before its add-ons."""
    found = []
    rows = order.lines.select_related("price__sku", "subscription", "base_line", "base_subscription")
    for line in rows:
        if line.subscription is not None:
            line.subscription.customer = order.customer
        found.append(DocumentLine(line, line.subscription if links else None))
    return found


def may_open_customer(order: Order, actor: Actor) -> bool:
    """Whether the reader sees the customer: a reseller keeps its orders when the customer goes to another."""
    return actor.is_provider or Customer.objects.visible_to(actor).filter(pk=order.customer_id).exists()


def counted(lines: Sequence[DocumentLine]) -> list[Ordered]:
    """Prices and quantities of what was not refused."""
    return [(one.line.price, one.line.quantity) for one in lines if not one.is_refused]


def status_note(order: Order, lines: Sequence[DocumentLine]) -> str:
    """How far the order is carried out, where it is not all done."""
    waiting = sum(one.line.state == OrderLine.State.PENDING for one in lines)
    refused = sum(one.is_refused for one in lines)
    words = []
    if waiting:
        text = ngettext("%(number)s line waits to be carried out.", "%(number)s lines wait to be carried out.", waiting)
        words.append(text % {"number": html.number_text(waiting)})
    if refused:
        text = ngettext("%(number)s line was refused.", "%(number)s lines were refused.", refused)
        words.append(text % {"number": html.number_text(refused)})
    return " ".join(words)


def order_facts(order: Order, actor: Actor) -> list[tuple[str, Any]]:
    """When it was placed, by whom, what was said of it, and in which request it was asked for."""
    return [
        (_("Placed"), html.time_tag(order.placed_at)),
        (_("Placed by"), html.name(placed_by_words(order, actor))),
        (_("Attested"), attested_words(order)),
        (_("Currency"), order.currency),
        (_("Order number"), html.copy_text(order.number, _("order number"))),
        *_request_facts(order, actor),
    ]


def _request_facts(order: Order, actor: Actor) -> list[tuple[str, Any]]:
    """The request that it came of, for those who see that."""
    if order.requested_in_id is None:
        return []
    request = (
        ChangeRequest.objects.visible_to(actor).filter(pk=order.requested_in_id).select_related("reseller").first()
    )
    if request is None:
        return []
    link = format_html('<a href="{}">{}</a>', request.get_absolute_url(), _("Open the request"))
    asked = format_html("{} · {}", html.name(request.reseller), link)
    return [(_("Asked for by"), asked)]


def party_facts(order: Order, *, links: bool) -> list[tuple[str, Any]]:
    """For whom it was placed, and which companies take part."""
    support = order.support_contact
    return [
        (_("Customer"), customer_words(order, links=links)),
        (_("Primary domain name"), order.customer.domain),
        (_("Indirect provider"), html.name(order.provider)),
        (_("Reseller"), html.name(reseller_words(order))),
        (_("Designated support contact"), html.name(support if support else order.provider)),
    ]


def customer_words(order: Order, *, links: bool) -> SafeString:
    """The customer's name, as a link where the reader sees its pages."""
    words = html.name(order.customer)
    if not links:
        return words
    return format_html('<a href="{}">{}</a>', order.customer.get_absolute_url(), words)


def attested_words(order: Order) -> str:
    """In which part the provider said that it acts; nothing where nobody was asked yet."""
    names = {
        "provider": order.provider.legal_name,
        "reseller": order.reseller.legal_name if order.reseller else "",
    }
    if order.attestation == Attestation.DIRECT:
        text = _("%(provider)s acts as Direct Partner: no indirect reseller takes part.")
    elif order.attestation == Attestation.INDIRECT:
        text = _("%(provider)s acts as Indirect Partner and %(reseller)s as the indirect reseller.")
    else:
        return ""
    return text % names
