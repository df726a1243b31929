"""The Customers list and a customer's Subscriptions list as tables."""

from collections.abc import Callable
from html import escape
from typing import Any

import django_tables2 as tables
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.access import can
from accounts.roles import Permission
from core import html
from core.tables import NumberColumn, PortalTable, StatusColumn, TimeColumn
from customers.account_status import STATUS_KINDS as CUSTOMER_STATUS_KINDS
from customers.models import TENANT_DOMAIN, Customer
from subscriptions.customer_list.opened import Offered, OpenedRows
from subscriptions.models import Subscription
from subscriptions.others import ANOTHER, ANOTHER_RESELLER
from subscriptions.wording import WHAT_COMES, what_comes

STATUS_KINDS: dict[str, str] = {
    Subscription.Status.ACTIVE: "success",
    Subscription.Status.SUSPENDED: "warning",
    Subscription.Status.EXPIRED: "danger",
    Subscription.Status.DISABLED: "danger",
    Subscription.Status.DELETED: "neutral",
}
STATUS_NAMES: dict[str, Any] = dict(Subscription.Status.choices)


def add_subscription_url(customer: Customer) -> str | None:
    """Where new subscriptions for a customer that exists are ordered, if the portal has such a page."""
    try:
        return reverse("orders:add_subscription", args=[customer.microsoft_id])
    except NoReverseMatch:
        return None


def ask_subscription_url(customer: Customer) -> str | None:
    """Where a reseller asks for new subscriptions of its customer, if the portal has such a page."""
    try:
        return reverse("orders:ask_subscription", args=[customer.microsoft_id])
    except NoReverseMatch:
        return None


class CustomerTable(PortalTable):
    """What both sides see of a customer; its row opens."""

    title = gettext_lazy("Customers")
    row_key = "microsoft_id"

    company_name = tables.Column(gettext_lazy("Company name"), linkify=lambda record: record.get_absolute_url())
    domain = tables.Column(
        gettext_lazy("Primary domain name"), accessor="domain_prefix", attrs={"td": {"class": "tight"}}
    )
    subscriptions = NumberColumn(gettext_lazy("Subscriptions"), accessor="subscription_count")
    licenses = NumberColumn(gettext_lazy("Licenses"), accessor="license_count")
    status = StatusColumn(gettext_lazy("Status"), kinds=CUSTOMER_STATUS_KINDS)
    changed = TimeColumn(pgettext_lazy("when", "Changed"), accessor="changed_at", style="relative")

    def render_domain(self, value: str) -> SafeString:
        """The domain, which may break before its fixed part."""
        return SafeString(f"{escape(value)}<wbr>.{escape(TENANT_DOMAIN)}")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor = self.listing.request.actor
        self.is_provider = actor.is_provider
        self.may_order = can(actor, Permission.PLACE_ORDER)
        self.may_ask = can(actor, Permission.REQUEST_CHANGE)
        self.may_view_orders = can(actor, Permission.VIEW_ORDERS)

    def details_maker(self) -> Callable[[Any], SafeString]:
        """What an opened row shows."""
        offered = Offered(self.is_provider, self.may_order, self.may_ask, self.may_view_orders)
        return OpenedRows(offered, badge=customer_status, state_names=STATUS_NAMES)


def customer_status(customer: Customer) -> SafeString:
    """How far the customer's account is."""
    status = Customer.Status(customer.status)
    return html.status_badge(CUSTOMER_STATUS_KINDS[status], status.label)


class ProviderCustomerTable(CustomerTable):
    """A provider's customers, each with the reseller that manages it."""

    reseller = tables.Column(gettext_lazy("Indirect reseller"), accessor="pk", orderable=False)

    class Meta:
        sequence = ("company_name", "domain", "reseller", "...")

    def render_reseller(self, record: Customer) -> SafeString:
        """The name, or a dash for a direct customer."""
        manager = record.managing_reseller
        return html.name(manager.legal_name) if manager else html.missing(_("No reseller (direct)"))


class ResellerCustomerTable(CustomerTable):
    """The customers that a reseller manages, each with its provider."""

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="pk", orderable=False)

    class Meta:
        sequence = ("company_name", "domain", "provider", "...")

    def render_provider(self, record: Customer) -> SafeString:
        """The name."""
        return html.name(record.provider)


class SubscriptionTable(PortalTable):
    """A customer's subscriptions."""

    title = gettext_lazy("Subscriptions")
    row_key = "subscription_id"
    new_mark = pgettext_lazy("subscription", "New")

    name = tables.Column(
        gettext_lazy("Subscription"), accessor="nickname", linkify=lambda record: record.get_absolute_url()
    )
    quantity = NumberColumn(gettext_lazy("Licenses"))
    status = StatusColumn(gettext_lazy("Status"), kinds=STATUS_KINDS)
    term = tables.Column(gettext_lazy("Term"), accessor="pk")
    reseller = tables.Column(gettext_lazy("Reseller (MPN ID)"), accessor="pk", orderable=False)
    support = tables.Column(
        gettext_lazy("Designated support contact"),
        accessor="pk",
        orderable=False,
        attrs={"td": {"class": "hide-md"}, "th": {"class": "hide-md"}},
    )

    def render_term(self, record: Subscription) -> SafeString:
        """The term and how it is billed, and what happens at its end."""
        if record.ends_at is None:
            return format_html("{}", record.term_label)
        words = '<div class="small-lines">{}<br><span class="muted">{}</span></div>'
        return format_html(words, _("Trial") if record.is_trial else record.term_label, renewal(record))

    def render_reseller(self, record: Subscription) -> SafeString:
        """The reseller of record with the MPN ID that it was set with."""
        return reseller_of_record(record.current_reseller)  # type: ignore[attr-defined]

    def render_support(self, record: Subscription) -> SafeString:
        """The reseller, or the provider where none is designated."""
        contact = record.current_support  # type: ignore[attr-defined]
        if contact == ANOTHER:
            return html.name(ANOTHER_RESELLER)
        return html.name(contact.reseller if contact else record.customer.provider)


def renewal(subscription: Subscription) -> SafeString:
    """Renews on 14 Mar 2026, Expires on 14 Mar 2026, or whatever else comes or came; a dash where there is no term."""
    if subscription.ends_at is None:
        return html.missing(_("No term"))
    coming, day = what_comes(subscription, subscription.ends_at)
    words = escape(str(WHAT_COMES[coming]))
    return SafeString(f"{words} {html.time_tag(day, 'date')}")


def reseller_of_record(relation: Any) -> SafeString:
    """Fabrikam, and below it MPN ID 0012345, the number of that time."""
    if relation is None:
        return html.missing(_("No reseller"))
    if relation == ANOTHER:
        return html.name(ANOTHER_RESELLER)
    name, number = relation.reseller.legal_name, _("MPN ID %(mpn_id)s") % {"mpn_id": relation.mpn_id}
    below = f'<span class="muted text-nowrap">{escape(number)}</span>'
    return SafeString(f"<div>{html.name(name)}<br>{below}</div>")
