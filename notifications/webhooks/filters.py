"""Filters of the log of deliveries."""

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.filters import PortalFilterSet
from notifications.models import WebhookDelivery
from notifications.webhooks.events import EVENTS, FAMILIES, TEST_EVENT, EventCategory

TESTS = "tests"


class DeliveryFilter(PortalFilterSet):
    """By how far it came and what happened."""

    state = django_filters.ChoiceFilter(label=_("Status"), choices=WebhookDelivery.State.choices, empty_label=_("All"))
    category = django_filters.ChoiceFilter(
        label=_("Events"),
        choices=[*EventCategory.choices, (TESTS, _("Test events"))],
        empty_label=_("All"),
        method="of_category",
    )

    def of_category(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """Events of one category, or tests."""
        if value == TESTS:
            return rows.filter(event=TEST_EVENT)
        category = EventCategory(value)
        wanted = Q(event__in=EVENTS[category])
        for prefix, family in FAMILIES.items():
            if family == category:
                wanted |= Q(event__startswith=prefix)
        return rows.filter(wanted)
