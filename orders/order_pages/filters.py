"""Search and filters of the Orders list."""

import re
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core.filters import PortalFilterSet, SearchFilter
from core.typeahead import Suggestion, TypeaheadFilter, TypeaheadInput
from customers.models import Customer
from orders.models import Order
from resellers.choosing import ResellerSource
from subscriptions.customer_list.search import occurs, words_of
from subscriptions.filters import NO_RESELLER, providers_of

NUMBER = re.compile(r"(?:(?P<year>[0-9]{4})-)?(?P<key>[0-9]{1,12})")
# Of so many customers the keys are asked for; where more match, the order itself is looked at.
MOST_CUSTOMERS = 200
# Nothing was ordered before or after; days beyond are taken for these.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)


class OrderNumber(NamedTuple):
    """What a word says if it is the number of an order; with the year in front it can be nothing else."""

    year: int | None
    key: int

    @property
    def condition(self) -> Q:
        """The order of this number."""
        if self.year is None:
            return Q(pk=self.key)
        first = datetime(self.year, 1, 1, tzinfo=UTC)
        return Q(pk=self.key, placed_at__gte=first, placed_at__lt=first.replace(year=self.year + 1))


def order_number(word: str) -> OrderNumber | None:
    """The number of an order with or without its year and its zeros, or None for another word."""
    found = NUMBER.fullmatch(word)
    if not found:
        return None
    year = int(found["year"]) if found["year"] else None
    possible = year is None or FIRST_DAY.year <= year <= LAST_DAY.year
    return OrderNumber(year, int(found["key"])) if possible else None


class OrderSearchFilter(SearchFilter):
    """Every word is the number of the order, or occurs in what is stored of its customer."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first words."""
        customers = Customer.objects.visible_to(self.parent.request.actor)
        for word in words_of(str(value or "")):
            qs = qs.filter(self._wanted(word, customers))
        return qs

    @staticmethod
    def _wanted(word: str, customers: QuerySet[Customer]) -> Q:
        found, number = customers.filter(occurs(word)), order_number(word)
        if number is None:
            return Q(customer__in=found)
        if number.year is not None:
            return number.condition
        keys = list(found.order_by().values_list("pk", flat=True)[: MOST_CUSTOMERS + 1])
        return number.condition | Q(customer__in=keys if len(keys) <= MOST_CUSTOMERS else found)


def day_filter(label: Any) -> django_filters.DateFilter:
    """A filter by a day, chosen from the browser's calendar or typed."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return django_filters.DateFilter(label=label, method="filter_day", widget=widget)


class OrderFilter(PortalFilterSet):
    """By number or customer, by the company on the other side, by status and period."""

    q = OrderSearchFilter(label=_("Search by order number or customer"))
    reseller = TypeaheadFilter(
        label=_("Reseller"),
        empty_label=_("All"),
        extras=(NO_RESELLER,),
        widget=TypeaheadInput(attrs={"placeholder": _("Name or MPN ID, or none")}),
        method="filter_reseller",
    )
    provider = django_filters.ChoiceFilter(
        label=_("Indirect provider"), empty_label=_("All"), field_name="provider__microsoft_id"
    )
    status = django_filters.ChoiceFilter(label=_("Status"), empty_label=_("All"), choices=Order.Status.choices)
    since = day_filter(pgettext_lazy("a day", "From"))
    until = day_filter(pgettext_lazy("a day", "To"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor: Actor = self.request.actor
        if actor.is_provider:
            del self.filters["provider"]
            self.filters["reseller"].offer(ResellerSource(actor, with_ended=True))
            return
        del self.filters["reseller"]
        providers = providers_of(actor)
        if len(providers) > 1:
            self.filters["provider"].extra["choices"] = [(str(one.microsoft_id), one.legal_name) for one in providers]
        else:
            del self.filters["provider"]

    def filter_reseller(self, queryset: QuerySet[Order], name: str, value: Partner | Suggestion) -> QuerySet[Order]:
        """Orders in which a reseller was named, or in which none was."""
        return queryset.filter(reseller=None if value == NO_RESELLER else value)

    def filter_day(self, queryset: QuerySet[Order], name: str, value: date) -> QuerySet[Order]:
        """Orders from a day on, or up to one and on it, in the person's zone."""
        day = min(max(value, FIRST_DAY), LAST_DAY)
        if name == "since":
            return queryset.filter(placed_at__gte=timezone.make_aware(datetime.combine(day, time.min)))
        return queryset.filter(placed_at__lte=timezone.make_aware(datetime.combine(day, time.max)))
