"""Filters of the lists of this section."""

import django_filters
from django.utils.translation import gettext_lazy as _

from core.filters import PortalFilterSet, SearchFilter
from resellers.models import PartnershipRequest


class RequestFilter(PortalFilterSet):
    """By address and by state."""

    q = SearchFilter("recipient_key")
    state = django_filters.ChoiceFilter(
        label=_("State"), empty_label=_("All states"), choices=PartnershipRequest.State.choices
    )

    class Meta:
        model = PartnershipRequest
        fields: list[str] = []
