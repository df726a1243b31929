"""What activity is filtered by; without a period it is the last month, and the form says so."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.people.account_history import PRIVATE
from activity.models import ActivityRecord, Source
from activity.sentences import SENTENCES
from core import clock
from core.filters import PortalFilterSet
from core.typeahead import TypeaheadFilter, TypeaheadInput
from csp_portal.activity_log.people import PersonSource
from customers.choosing import CustomerSource
from customers.models import Customer
from resellers.choosing import ResellerSource

LAST_MONTH = timedelta(days=30)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(9999, 12, 30)
EXPORTS = "exports"
# What actions begin with, by what people look for.
GROUPS: dict[str, tuple[Promise, tuple[str, ...]]] = {
    "customers": (_("Customers"), ("customer.", "relationship_request.")),
    "subscriptions": (_("Subscriptions"), ("subscription.", "change_request.", "bulk_change.")),
    "orders": (_("Orders"), ("order.", "order_draft.")),
    "partnerships": (_("Partnerships"), ("partnership.", "partnership_request.", "pending_acceptance.")),
    "company": (
        _("Company and people"),
        ("partner.", "membership.", "colleague_invitation.", "profile.", "profile_change.", "user.", "webhook."),
    ),
    "incentives": (_("Incentives"), ("incentive.", "incentives.", "incentive_rate.")),
    "views": (_("Saved views"), ("saved_view.",)),
    EXPORTS: (_("Exports"), ()),
}
# The back office's own, which concerns no company.
INTERNAL = ("catalogue.", "sku.", "email.", "user.", "incentive_rate.")


def actions_of(group: str) -> list[str]:
    """The actions of a group, by the order of the catalogue."""
    if group == EXPORTS:
        return [action for action in SENTENCES if action.endswith(".exported")]
    prefixes = GROUPS[group][1]
    return [one for one in SENTENCES if one.startswith(prefixes) and not one.endswith(".exported")]


def action_choices() -> list[tuple[Any, Any]]:
    """Each group as a whole, then its actions."""
    choices: list[tuple[Any, Any]] = []
    for group, (label, _prefixes) in GROUPS.items():
        own = [(one, SENTENCES[one]) for one in actions_of(group) if not one.startswith(INTERNAL)]
        choices.append((label, [(group, _("All: %(group)s") % {"group": label}), *own]))
    return choices


def day_filter(label: Promise) -> django_filters.DateFilter:
    """A filter by a day, chosen from the browser's calendar or typed."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return django_filters.DateFilter(label=label, method="filter_day", widget=widget)


class ActivityFilter(PortalFilterSet):
    """By person, companies, action, way and period."""

    person = TypeaheadFilter(
        label=_("Person"),
        empty_label=pgettext_lazy("people", "All"),
        widget=TypeaheadInput(attrs={"placeholder": _("Name or sign-in name")}),
        method="filter_person",
    )
    reseller = TypeaheadFilter(
        label=_("Reseller"),
        empty_label=_("All"),
        widget=TypeaheadInput(attrs={"placeholder": _("Name or MPN ID")}),
        method="filter_company",
    )
    customer = TypeaheadFilter(
        label=_("Customer"),
        empty_label=_("All"),
        widget=TypeaheadInput(attrs={"placeholder": _("Name or domain")}),
        method="filter_company",
    )
    action = django_filters.ChoiceFilter(
        label=_("Action"), empty_label=pgettext_lazy("actions", "All"), choices=action_choices, method="filter_action"
    )
    source = django_filters.ChoiceFilter(
        label=_("Source"), empty_label=pgettext_lazy("sources", "All"), choices=Source.choices
    )
    since = day_filter(pgettext_lazy("a day", "From"))
    until = day_filter(pgettext_lazy("a day", "To"))

    def __init__(self, data: Mapping[str, Any] | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(with_period(data or {}), *args, **kwargs)
        actor: Actor = self.request.actor
        self.filters["person"].offer(PersonSource(actor))
        self.filters["customer"].offer(CustomerSource(actor, reverse("activity:suggest_customers")))
        if actor.is_provider:
            self.filters["reseller"].offer(ResellerSource(actor, with_ended=True))
        else:
            del self.filters["reseller"]

    def filter_person(self, queryset: QuerySet, name: str, value: User) -> QuerySet:
        """What one of the company's people did for it."""
        return queryset.filter(actor_user_id=value.pk, acting_for_id=self.request.actor.partner.microsoft_id)

    def filter_company(self, queryset: QuerySet, name: str, value: Partner | Customer) -> QuerySet:
        """What concerned a reseller or a customer."""
        return queryset.filter(**{f"{name}_id": value.microsoft_id})

    def filter_action(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """One action, or a group of them."""
        return queryset.filter(action__in=actions_of(value) if value in GROUPS else [value])

    def filter_day(self, queryset: QuerySet[ActivityRecord], name: str, value: date) -> QuerySet[ActivityRecord]:
        """From a day on, or up to one and on it, in the person's zone."""
        day = min(max(value, FIRST_DAY), LAST_DAY)
        edge = timezone.make_aware(datetime.combine(day, time.min if name == "since" else time.max))
        return queryset.filter(Q(at__gte=edge) if name == "since" else Q(at__lte=edge))


def account_choices() -> list[tuple[str, Any]]:
    """What can be done to an account that others read of."""
    return [(one, words) for one, words in SENTENCES.items() if one.startswith("user.") and one not in PRIVATE]


class AccountFilter(ActivityFilter):
    """By the person whose account it is, action, way and period."""

    action = django_filters.ChoiceFilter(
        label=_("Action"), empty_label=pgettext_lazy("actions", "All"), choices=account_choices
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("reseller", "customer"):
            self.filters.pop(name, None)

    def filter_person(self, queryset: QuerySet, name: str, value: User) -> QuerySet:
        """What was done to the account of one of the company's people."""
        return queryset.filter(target_id=str(value.pk))


def with_period(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The address, with the last month where it names no period; an empty day in it means the whole time."""
    if "since" in data or "until" in data:
        return data
    filled = data.copy() if hasattr(data, "copy") else dict(data)  # type: ignore[attr-defined]
    filled["since"] = (timezone.localdate(clock.now()) - LAST_MONTH).isoformat()
    return filled  # type: ignore[no-any-return]
