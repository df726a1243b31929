"""The Customers list, a customer's Subscriptions page and the Subscription details page."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.access import Actor, can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.saved_views.listing import WithSavedViews
from accounts.services.support import RELATED as SUPPORT_RELATED
from accounts.services.support import support_of
from catalogue.models import Policy
from core import clock, html
from core.lists import ListPage
from core.paging import Sort
from customers.models import Customer, CustomerQuerySet
from customers.notices import notices_of
from customers.pages import CustomerPage
from subscriptions.customer_list.addresses import export_url
from subscriptions.customer_list.rows import add_facts, listed_customers
from subscriptions.customer_pages.partners import requests_to_answer
from subscriptions.customer_pages.support import support_facts
from subscriptions.decisions.outlook import outlook_words, outlooks
from subscriptions.details.adding import add_ons_offered
from subscriptions.details.sections import management, timeline
from subscriptions.filters import CustomerFilter
from subscriptions.models import LIVE, ChangeRequest, ResellerOfRecord, Subscription, SupportContact
from subscriptions.others import ANOTHER, ANOTHER_RESELLER, as_seen
from subscriptions.reseller_pages.counts import count_subscriptions
from subscriptions.tables import (
    STATUS_KINDS,
    ProviderCustomerTable,
    ResellerCustomerTable,
    SubscriptionTable,
    add_subscription_url,
    ask_subscription_url,
    renewal,
    reseller_of_record,
)


class CustomerList(WithSavedViews, PermittedView, ListPage):
    """A provider's customers, or those that a reseller manages."""

    permission = Permission.VIEW_CUSTOMERS
    template_name = "customers/customer_list.html"
    title = gettext_lazy("Customers")
    filterset_class = CustomerFilter
    sorts = {
        "company_name": "search_text",
        "changed": Sort("changed_at", descending_first=True),
        "created": Sort("created_at", descending_first=True),
    }
    default_sort = "-changed"
    rows_open = True
    empty_icon = "building"
    empty_title = gettext_lazy("No customers yet")

    @property
    def table_class(self) -> type:  # type: ignore[override]
        """Each side sees who is on the other side."""
        return ProviderCustomerTable if self.actor.is_provider else ResellerCustomerTable

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What brings the first one."""
        if self.actor.is_provider:
            return _("Add a customer to open its account and order its subscriptions.")
        return _("A customer appears here when an indirect provider assigns it to you.")

    def get_queryset(self) -> QuerySet:
        return listed_customers(self.actor)

    def prepare(self, rows: list[Any]) -> None:
        """How much the visible customers have."""
        count_subscriptions(rows)

    def prepare_opened(self, rows: list[Any]) -> None:
        """Who administers the customers whose rows are open, and what they have."""
        add_facts(rows, self.actor)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Where the export finds the same rows."""
        return super().get_context_data(export_url=export_url(self.request), **kwargs)


class SubscriptionList(CustomerPage, ListPage):
    """What one customer has; the home of its administrator."""

    permission = Permission.VIEW_SUBSCRIPTIONS
    template_name = "subscriptions/subscription_list.html"
    table_class = SubscriptionTable
    title = gettext_lazy("Subscriptions")
    sorts = {
        "name": "nickname",
        "quantity": Sort("quantity", descending_first=True),
        "term": "ends_at",
        "created": "created_at",
    }
    default_sort = "-created"
    empty_icon = "box-seam"
    empty_title = gettext_lazy("No subscriptions yet")
    empty_text = gettext_lazy("What is ordered for this customer appears here.")

    def get_queryset(self) -> QuerySet:
        return Subscription.objects.visible_to(self.actor).listed().filter(customer=self.customer)

    def prepare(self, rows: list[Any]) -> None:
        """The two relations of the visible subscriptions."""
        with_relations(rows, self.customer, self.actor)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_order, may_ask = (can(self.actor, one) for one in (Permission.PLACE_ORDER, Permission.REQUEST_CHANGE))
        own = self.actor.is_customer
        return super().get_context_data(
            add_subscription_url=add_subscription_url(self.customer) if may_order else None,
            ask_subscription_url=ask_subscription_url(self.customer) if may_ask else None,
            notices=notices_of(self.customer, self.actor),
            own=own,
            asked=requests_to_answer(self.customer) if own else 0,
            **kwargs,
        )


class SubscriptionDetail(CustomerPage, TemplateView):
    """One subscription: what it is, until when, and who earns and answers for it."""

    permission = Permission.VIEW_SUBSCRIPTIONS
    template_name = "subscriptions/subscription_detail.html"

    def customers_seen(self) -> CustomerQuerySet:
        """With how the provider is reached, and the one managing reseller that is offered as support contact."""
        related = ("managing_reseller", *(f"provider__{name}" for name in SUPPORT_RELATED))
        return super().customers_seen().select_related(*related).prefetch_related(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = ChangeRequest.objects.undecided().filter(subscription=OuterRef("pk"))
        under = Subscription.objects.listed().filter(parent=OuterRef("pk"))
        rows = Subscription.objects.visible_to(self.actor).filter(customer=self.customer)
        rows = rows.annotate(is_asked_about=Exists(asked), has_add_ons=Exists(under))
        subscription = get_object_or_404(
            rows.select_related("sku__product", "parent"),
            subscription_id=self.kwargs["subscription_id"],
        )
        with_relations([subscription], self.customer, self.actor)
        outlook = outlook_of(subscription) if self.actor.is_customer or subscription.is_trial else ""
        add_ons = list(subscription.add_ons.listed().order_by("nickname", "pk")) if subscription.has_add_ons else []
        for related in [*add_ons, *([subscription.parent] if subscription.parent else [])]:
            related.customer = self.customer
        events, more = timeline(subscription, self.actor)
        return super().get_context_data(
            subscription=subscription,
            status_kind=STATUS_KINDS[Subscription.Status(subscription.status)],
            facts=subscription_facts(subscription, prices=can(self.actor, Permission.VIEW_PRICES), outlook=outlook),
            relations=relation_facts(subscription),
            add_ons=add_ons,
            offered=add_ons_offered(subscription, self.actor),
            manage=management(subscription, self.actor),
            events=events,
            more=more,
            shown=len(events),
            **kwargs,
        )


def outlook_of(subscription: Subscription) -> str:
    """What happens with it if nobody acts; nothing where no decision is open."""
    found = outlooks([subscription])[subscription.pk]
    return outlook_words(found) if found.step else ""


def with_relations(subscriptions: list[Subscription], customer: Customer, reader: Actor) -> None:
    """Give each its customer, and its reseller of record and support contact as the reader sees them (two queries)."""
    found: dict[type, dict[int, Any]] = {}
    reached = tuple(f"reseller__{name}" for name in SUPPORT_RELATED)
    for model, related in ((ResellerOfRecord, ()), (SupportContact, reached)):
        current = model.objects.filter(subscription__in=subscriptions, ends_at=None)
        current = current.select_related("reseller", *related)
        kept = {relation.subscription_id: as_seen(relation, reader) for relation in current} if subscriptions else {}
        found[model] = kept
    for subscription in subscriptions:
        subscription.customer = customer
        subscription.current_reseller = found[ResellerOfRecord].get(subscription.pk)  # type: ignore[attr-defined]
        subscription.current_support = found[SupportContact].get(subscription.pk)  # type: ignore[attr-defined]


def subscription_facts(subscription: Subscription, *, prices: bool, outlook: str = "") -> list[tuple[str, Any]]:
    """What was bought, label and value; prices only for who may see them, and what comes where nobody here decides."""
    by_usage = subscription.sku.is_usage_based
    term = subscription.term_label
    if subscription.is_extended:
        term = _("%(term)s · extended service term") % {"term": term}
    facts: list[tuple[str, Any]] = [
        (_("Offer"), html.name(subscription.offer_name)),
        (_("Licenses"), _("None: billed by usage") if by_usage else html.number_text(subscription.quantity)),
        (_("Term and billing"), term),
        (_("Started"), html.time_tag(subscription.starts_at)),
        (_("Term ends"), renewal(subscription)),
        *([(_("If nobody acts"), outlook)] if outlook else []),
        *([(_("Can be canceled until"), cancellation(subscription))] if subscription.status in LIVE else []),
        (_("Subscription ID"), html.copy_text(subscription.subscription_id, _("subscription ID"))),
    ]
    if prices and not by_usage:
        unit = html.money_text(subscription.unit_price, subscription.currency)
        total = html.money_text(subscription.term_price, subscription.currency)
        facts[3:3] = [(_("Price per license and term"), unit), (_("Price of the term"), total)]
    return facts


def cancellation(subscription: Subscription) -> SafeString:
    """The moment, and whether it has passed; in words where there is none."""
    moment = subscription.cancellable_until
    if subscription.is_extended:
        return conditional_escape(_("At any time"))
    if moment is None:
        legacy = subscription.policy == Policy.LEGACY
        return conditional_escape(_("Not canceled, but suspended") if legacy else _("Not before the term ends"))
    if moment > clock.now():
        return html.time_tag(moment)
    return format_html('{} <span class="muted">· {}</span>', html.time_tag(moment), _("passed"))


def relation_facts(subscription: Subscription) -> list[tuple[str, Any]]:
    """The two relations to resellers, under their names in Partner Center."""
    support = subscription.current_support  # type: ignore[attr-defined]
    of_record = (_("Reseller (MPN ID)"), reseller_of_record(subscription.current_reseller))  # type: ignore[attr-defined]
    if support == ANOTHER:
        return [of_record, (_("Designated support contact"), ANOTHER_RESELLER)]
    company = support.reseller if support else subscription.customer.provider
    return [
        of_record,
        (_("Designated support contact"), html.name(company)),
        *support_facts(support_of(company)),
    ]
