"""The filters of the Incentives pages: the month, the company on the other side, and how far the money is."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Partner
from core.filters import PortalFilterSet
from core.typeahead import TypeaheadFilter, TypeaheadInput
from resellers.choosing import ResellerSource
from subscriptions.filters import providers_of
from subscriptions.incentives.months import month_key, month_text, months_for
from subscriptions.models import IncentiveEntry, IncentiveTotal


class IncentiveFilter(PortalFilterSet):
    """One month, the latest unless another is chosen; a provider's resellers, or a reseller's providers."""

    month = django_filters.ChoiceFilter(label=_("Month"), empty_label=_("Latest month"), method="filter_month")
    reseller = TypeaheadFilter(
        label=_("Indirect reseller"),
        empty_label=_("All"),
        widget=TypeaheadInput(attrs={"placeholder": _("Name or MPN ID")}),
        field_name="reseller",
    )
    provider = django_filters.ChoiceFilter(
        label=_("Indirect provider"), empty_label=_("All"), field_name="provider__microsoft_id"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor: Actor = self.request.actor
        self.months = months_for(actor)
        self.filters["month"].extra["choices"] = [(month_key(month), month_text(month)) for month in self.months]
        if actor.is_provider:
            del self.filters["provider"]
            self.filters["reseller"].offer(ResellerSource(actor, with_ended=True))
            return
        del self.filters["reseller"]
        providers: list[Partner] = providers_of(actor)
        if len(providers) > 1:
            self.filters["provider"].extra["choices"] = [(str(one.microsoft_id), one.legal_name) for one in providers]
        else:
            del self.filters["provider"]

    @property
    def month_shown(self) -> date | None:
        """The month that is chosen, else the latest; None where there is none yet."""
        chosen = self.form.cleaned_data.get("month") if self.is_valid() else ""
        found = [month for month in self.months if month_key(month) == chosen]
        return found[0] if found else self.months[0] if self.months else None

    def of_company(self, rows: QuerySet) -> QuerySet:
        """Rows of all months, narrowed by the company alone."""
        for name in {"reseller", "provider"} & self.filters.keys():
            rows = self.filters[name].filter(rows, self.form.cleaned_data.get(name))
        return rows

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Never more than a month: without any there are no rows."""
        queryset = super().filter_queryset(queryset)
        return queryset.filter(month=self.month_shown) if self.month_shown else queryset.none()

    def filter_month(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """See filter_queryset()."""
        return queryset


class TotalFilter(IncentiveFilter):
    """The sums of a month."""

    class Meta:
        model = IncentiveTotal
        fields: list[str] = []


STATES = {
    "accrued": Q(confirmed_at=None),
    "confirmed": Q(confirmed_at__isnull=False, paid_at=None),
    "paid": Q(paid_at__isnull=False),
    "reversed": Q(reverses__isnull=False) | Q(reversed_by__isnull=False),
}


class EntryFilter(IncentiveFilter):
    """The entries of a month."""

    state = django_filters.ChoiceFilter(
        label=_("State"),
        empty_label=_("All"),
        choices=[*IncentiveEntry.State.choices, ("reversed", _("Taken back"))],
        method="filter_state",
    )

    class Meta:
        model = IncentiveEntry
        fields: list[str] = []

    def filter_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """By the two moments, or by whether an entry takes it back or it does so itself."""
        return queryset.filter(STATES[value])
