"""The filters of the Indirect resellers list."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from core.filters import PortalFilterSet, SearchFilter
from resellers.models import Partnership


class ResellerFilter(PortalFilterSet):
    """By name, MPN ID or e-mail address, and by the country of the company."""

    q = SearchFilter("reseller__search_text")
    country = django_filters.ChoiceFilter(
        field_name="reseller__country", label=_("Location"), empty_label=_("All locations")
    )

    class Meta:
        model = Partnership
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Only countries that occur: 249 others would find nothing.
        codes = self.queryset.order_by().values_list("reseller__country", flat=True).distinct()
        names = dict(countries)
        self.filters["country"].extra["choices"] = sorted(
            ((code, names.get(code, code)) for code in codes), key=lambda choice: str(choice[1])
        )
