"""Requests for new subscriptions, as the pages and mails of requests know them."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can
from accounts.roles import Permission
from core.html import number_text
from customers.services import PartnershipRequired
from orders.asking.services import place_requested_order, problems_of, submit_order_request
from orders.asking.wanted import LINES, Wanted, changed_rows, edition_of
from orders.attesting import AttestationMissing
from orders.checks import Line, ordered
from orders.forms import AttestationForm
from orders.models import Order, OrderDraft
from orders.money import bill_totals, licenses_words, term_totals
from orders.offer_rows import named_bases
from orders.offers import Offer
from orders.outlook import review_lines
from orders.refusals import SomethingChanged
from orders.reviewed import Difference, fingerprint
from subscriptions.change_requests.matters import NOTHING, Matter, NotConfirmed, NotReadable, Outlook, Reading, Row
from subscriptions.change_requests.states import Entry
from subscriptions.models import ChangeRequest, Subscription
from subscriptions.starting import lock_partners

PANEL = "orders/_asked.html"


class OrderMatter(Matter):
    """New subscriptions of a customer."""

    ask_label = gettext_lazy("Ask for these subscriptions")
    approve_label = gettext_lazy("Approve and place the order")

    def permission(self, kind: str) -> Permission:
        return Permission.PLACE_ORDER

    def reading(
        self, request: ChangeRequest, reader: Actor, *, is_live: bool, is_judged: bool, problem: str = ""
    ) -> Reading:
        wanted = Wanted.by(request, reader)
        return Reading(
            rows=_rows(wanted),
            changed=_changed(wanted, request.before) if is_live else [],
            outlook=_outlook(wanted, problem) if is_judged else None,
        )

    def rows(self, request: ChangeRequest, *, prices: bool = False) -> list[Row]:
        return _rows(Wanted.by(request, Actor()))

    def short(self, request: ChangeRequest) -> str:
        lines = request.values.get(LINES, ())
        return named_bases([f"{number_text(one['quantity'])} × {one['offer']}" for one in lines])

    def changed(self, request: ChangeRequest) -> list[Row]:
        return _changed(Wanted.by(request, Actor()), request.before)

    def outlook(self, request: ChangeRequest, reader: Actor, problem: str = "") -> Outlook:
        return _outlook(Wanted.by(request, reader), problem)

    def version(self, request: ChangeRequest) -> int:
        return edition_of(request.values)

    def edit_url(self, request: ChangeRequest) -> str:
        return reverse("orders:ask_subscription", args=[request.customer.microsoft_id])

    def back_url(self, request: ChangeRequest) -> str:
        return request.customer.get_absolute_url()

    def submit(self, draft: ChangeRequest, *, message: str, version: int | None, by: Actor) -> ChangeRequest:
        return submit_order_request(request=draft, message=message, version=version, by=by)

    def hold(self, request: ChangeRequest) -> None:
        try:
            # Orders take the partnership before the customer.
            lock_partners(request.customer, request.reseller)
        except PartnershipRequired:
            # Said with everything else that keeps it from being ordered.
            return

    def make(self, request: ChangeRequest, *, version: int | None, said: Mapping[str, str], by: Actor) -> None:
        facts = {"reviewed": said.get("reviewed", ""), "attestation": said.get("attestation", "")}
        try:
            place_requested_order(request=request, **facts, by=by)
        except AttestationMissing as refusal:
            raise NotConfirmed(str(refusal)) from refusal
        except SomethingChanged as refusal:
            raise NotReadable(_changed_words(refusal.differences)) from refusal

    def facts(self, request: ChangeRequest, reader: Actor) -> list[tuple[str, Any]]:
        if request.state != ChangeRequest.State.APPROVED or not can(reader, Permission.VIEW_ORDERS):
            return []
        order = Order.objects.visible_to(reader).filter(requested_in=request).first()
        if order is None:
            return []
        return [(_("Order"), format_html('<a href="{}">{}</a>', order.get_absolute_url(), order.number))]

    def approved_words(self, request: ChangeRequest) -> str:
        text = _("Approved. Order %(number)s was placed, and the reseller is told.")
        return text % {"number": _order_of(request).number}

    def letter(self, request: ChangeRequest, done: str) -> tuple[str, str] | None:
        names = {
            "reseller": request.reseller.legal_name,
            "provider": request.provider.legal_name,
            "customer": request.customer.company_name,
        }
        if done == Entry.SUBMITTED:
            subject = _("%(customer)s: new subscriptions are requested") % names
            return subject, _("%(reseller)s asks you to order new subscriptions for %(customer)s.") % names
        if done == Entry.APPROVED:
            subject = _("%(customer)s: your request is approved") % names
            text = _("%(provider)s approved your request for %(customer)s and placed order %(number)s.")
            return subject, text % {**names, "number": _order_of(request).number}
        return None


def _rows(wanted: Wanted) -> list[Row]:
    rows = []
    for one in wanted.values.get(LINES, ()):
        price = wanted.prices.get(one["price"])
        what = Offer((price,)).in_words if price else one["offer"]
        usage = price is not None and price.sku.is_usage_based
        licenses = _("By usage") if usage else licenses_words(one["quantity"])
        if one["beside"]:
            licenses = _("%(licenses)s, beside what the customer has") % {"licenses": licenses}
        rows.append((what, "", licenses))
    reseller = wanted.draft.reseller
    assert reseller is not None
    contact = wanted.draft.support_contact
    return [
        *rows,
        (_("Reseller"), "", reseller.name_and_mpn),
        (_("Designated support contact"), "", contact.name_and_mpn if contact else wanted.draft.provider.legal_name),
    ]


def _changed(wanted: Wanted, before: Mapping[str, Any]) -> list[Row]:
    return [
        (_("What the customer has of %(offer)s") % {"offer": offer}, _owned_words(*old), _owned_words(*now))
        for offer, old, now in changed_rows(wanted.lines, before)
    ]


def _outlook(wanted: Wanted, problem: str) -> Outlook:
    if problems := problems_of(wanted):
        return Outlook(refusal=" ".join(found.message for found in problems))
    draft, lines, reader = wanted.draft, wanted.lines, wanted.reader
    decides = reader.is_provider and can(reader, Permission.PLACE_ORDER)
    return Outlook(
        sentences=_consequences(draft, lines),
        panel=_panel(lines) if can(reader, Permission.VIEW_PRICES) else None,
        form=AttestationForm(draft, fingerprint(draft, lines), problem) if decides else None,
    )


def _order_of(request: ChangeRequest) -> Order:
    return Order.objects.get(requested_in=request)


def _owned_words(licenses: int, is_suspended: bool) -> str:
    if is_suspended:
        return str(Subscription.Status.SUSPENDED.label)
    return licenses_words(licenses) if licenses else NOTHING


def _changed_words(differences: list[Difference]) -> str:
    """What is not as the approver saw it."""
    if not differences:
        return _("Nothing was ordered: this page was opened before something changed. Read it again.")
    words = [f"{one.label}: {one.before or NOTHING} → {one.after or NOTHING}." for one in differences]
    return _("Something changed after you opened this page. Read it again.") + " " + " ".join(words)


def _consequences(draft: OrderDraft, lines: list[Line]) -> list[str]:
    assert draft.reseller is not None
    found = [
        _("The order for %(customer)s is placed.") % {"customer": draft.customer},
        _("%(reseller)s is named as the reseller of record and earns incentives for what is eligible.")
        % {"reseller": draft.reseller.legal_name},
        _("%(reseller)s answers the customer’s support requests for the new subscriptions.")
        % {"reseller": (draft.support_contact or draft.provider).legal_name},
    ]
    if any(line.confirmed_beside for line in lines):
        found.append(
            _("What the customer has of the same offers stays as it is; the new subscriptions come beside it.")
        )
    return found


def _panel(lines: list[Line]) -> tuple[str, dict[str, Any]]:
    """The lines with their prices, as Review shows them."""
    return PANEL, {
        "lines": review_lines(lines),
        "bill_totals": bill_totals(ordered(lines)),
        "term_totals": term_totals(ordered(lines)),
        "has_usage": any(line.sku.is_usage_based for line in lines),
    }
