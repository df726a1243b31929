"""The tables on a reseller's pages."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import can
from accounts.models import Membership
from accounts.roles import Permission
from activity.models import ActivityRecord
from activity.sentences import sentence
from core import html
from core.tables import ActionsColumn, NumberColumn, PortalTable, StatusColumn, TimeColumn
from customers.models import TENANT_DOMAIN, ResellerRelationship
from resellers.models import Partnership
from subscriptions.models import SubscriptionRelation
from subscriptions.reseller_pages.history import linked_sentence
from subscriptions.tables import STATUS_KINDS
from subscriptions.timeline import details, joined, who

NARROW = {"td": {"class": "hide-md"}, "th": {"class": "hide-md"}}


class RelationshipTable(PortalTable):
    """Relations of the reseller to customers; the customer names the row."""

    customer = tables.Column(
        gettext_lazy("Customer"),
        accessor="customer__company_name",
        linkify=lambda record: record.customer.get_absolute_url(),
    )

    def row_name(self, record: ResellerRelationship) -> str:
        """The customer's name."""
        return str(record.customer)


class ManagedCustomerTable(RelationshipTable):
    """The customers of a reseller with what they have."""

    title = gettext_lazy("Customers")

    domain = tables.Column(gettext_lazy("Primary domain name"), accessor="customer__domain")
    country = tables.Column(gettext_lazy("Country or region"), accessor="customer__country_name", attrs=NARROW)
    subscription_count = NumberColumn(gettext_lazy("Subscriptions"), accessor="customer__subscription_count")
    license_count = NumberColumn(gettext_lazy("Licenses"), accessor="customer__license_count")
    since = tables.Column(gettext_lazy("Managed since"), accessor="begins_at")

    def render_domain(self, record: ResellerRelationship) -> SafeString:
        """The domain, which may break before its fixed part."""
        return format_html("{}<wbr>.{}", record.customer.domain_prefix, TENANT_DOMAIN)

    def render_since(self, record: ResellerRelationship) -> SafeString:
        """The day, and where it is over, until when."""
        return period(record.begins_at, record.ends_at)


class AccessTable(RelationshipTable):
    """Which customers the reseller may administer, how far, and who let it."""

    title = gettext_lazy("Delegated access")

    scope = tables.Column(gettext_lazy("Scope"))
    since = tables.Column(gettext_lazy("Since"), accessor="begins_at")
    set_by = tables.Column(gettext_lazy("Granted by"), accessor="set_by__full_name", orderable=False)
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk")

    def __init__(self, *args: Any, partnership: Partnership, may_remove: bool, **kwargs: Any) -> None:
        self.partnership = partnership
        super().__init__(*args, exclude=() if may_remove else ("actions",), **kwargs)

    def row_actions(self, record: ResellerRelationship) -> list[tuple[Any, str]]:
        """Remove access: a page that asks first."""
        keys = [self.partnership.public_id, record.customer.microsoft_id]
        return [(_("Remove access"), reverse("resellers:remove_access", args=keys))]

    def render_since(self, record: ResellerRelationship) -> SafeString:
        """The day, and where it is over, until when."""
        return period(record.begins_at, record.ends_at)

    def render_set_by(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)


class NamedSubscriptionTable(PortalTable):
    """Subscriptions that name the reseller, and as what."""

    title = gettext_lazy("Subscriptions")
    row_key = "subscription_id"

    name = tables.Column(
        gettext_lazy("Subscription"), accessor="nickname", linkify=lambda record: record.get_absolute_url()
    )
    customer = tables.Column(
        gettext_lazy("Customer"),
        accessor="customer__company_name",
        linkify=lambda record: record.customer.get_absolute_url(),
    )
    quantity = NumberColumn(gettext_lazy("Licenses"))
    status = StatusColumn(gettext_lazy("Status"), kinds=STATUS_KINDS)
    named_as = tables.Column(gettext_lazy("The reseller is"), accessor="pk", orderable=False)
    started = TimeColumn(gettext_lazy("Started"), accessor="starts_at", attrs=NARROW)

    def render_named_as(self, record: Any) -> SafeString:
        """Reseller of record, designated support contact, or both; each since when."""
        named = [
            (_("Reseller of record"), record.named_of_record),
            (_("Designated support contact"), record.named_support),
        ]
        parts = [(words, since_words(relation)) for words, relation in named if relation is not None]
        return format_html(
            "<div>{}</div>", format_html_join(SafeString("<br>"), '{} <span class="muted">{}</span>', parts)
        )


class PeopleTable(PortalTable):
    """The people of the reseller."""

    title = gettext_lazy("People who can act")

    person = tables.Column(gettext_lazy("Name"), accessor="user__full_name")
    role = tables.Column(gettext_lazy("Role"))
    last_sign_in = TimeColumn(gettext_lazy("Last sign-in"), accessor="user__last_login", default=gettext_lazy("Never"))
    second_factor = tables.Column(gettext_lazy("Two-step sign-in"), accessor="has_second_factor")

    def row_name(self, record: Membership) -> str:
        """The person's name."""
        return str(record.user)

    def render_person(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)

    def render_second_factor(self, value: bool) -> SafeString:
        """On or off, in words."""
        return html.status_badge("success", _("On")) if value else html.status_badge("warning", _("Off"))


class ActivityTable(PortalTable):
    """Records as sentences."""

    title = gettext_lazy("Activity")
    row_header = "what"

    at = TimeColumn(gettext_lazy("When"), style="absolute")
    what = tables.Column(gettext_lazy("What was done"), accessor="action")
    change = tables.Column(gettext_lazy("From → to"), accessor="pk", orderable=False)
    who = tables.Column(gettext_lazy("Who"), accessor="actor_label", orderable=False)

    def row_name(self, record: ActivityRecord) -> str:
        """The sentence."""
        return sentence(record)

    def render_what(self, record: ActivityRecord) -> SafeString:
        """The sentence, its object as a link where that has a page."""
        return linked_sentence(record)

    def render_change(self, record: ActivityRecord) -> SafeString:
        """What it was and what it became; prices only for who may see them."""
        actor = self.listing.request.actor
        return joined(details(record, actor, prices=can(actor, Permission.VIEW_PRICES)))

    def render_who(self, record: ActivityRecord) -> SafeString:
        """The person or the company."""
        return who(record, self.listing.request.actor)


def period(begins_at: Any, ends_at: Any) -> SafeString:
    """A day, or two with a dash between them."""
    if ends_at is None:
        return html.time_tag(begins_at, "date")
    return format_html("<div>{} – {}</div>", html.time_tag(begins_at, "date"), html.time_tag(ends_at, "date"))


def since_words(relation: SubscriptionRelation) -> SafeString:
    """Since 14 Mar 2026, or until when it was."""
    if relation.ends_at is None:
        return format_html(_("since {}"), html.time_tag(relation.begins_at, "date"))
    return format_html(_("until {}"), html.time_tag(relation.ends_at, "date"))
