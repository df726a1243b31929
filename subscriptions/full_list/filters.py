"""The filters of Subscriptions."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from core.filters import PortalFilterSet
from core.typeahead import Suggestion, TypeaheadFilter, TypeaheadInput
from resellers.choosing import ResellerSource
from subscriptions.full_list import conditions
from subscriptions.full_list.search import SubscriptionSearchFilter
from subscriptions.models import Subscription

EVERYTHING = "all"
RENEWS, ENDS, CANCELABLE = "renews", "ends", "cancelable"
TRIAL, PAID = "trial", "paid"
OURS, NOT_OURS = "ours", "others"
NO_RESELLER = Suggestion("none", _("No reseller of record"), alias=_("none"))
PARTNERSHIP_ENDED = Suggestion("ended", _("Partnership ended"), alias=_("ended"))


class ResellerOfRecordFilter(TypeaheadFilter):
    """By the reseller of record, for a provider's staff; the set's `__init__` calls `offer_to()` or drops it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            empty_label=_("All"),
            extras=(NO_RESELLER, PARTNERSHIP_ENDED),
            widget=TypeaheadInput(attrs={"placeholder": _("Name or MPN ID, none, or ended")}),
            **kwargs,
        )

    def offer_to(self, actor: Actor) -> None:
        """Let the actor choose among the resellers of its company, past ones too."""
        self.offer(ResellerSource(actor, with_ended=True))

    def filter(self, qs: QuerySet, value: Partner | Suggestion | None) -> QuerySet:
        """What one reseller earns with, what none does, or one that is no partner any more."""
        if value is None:
            return qs
        if value == NO_RESELLER:
            return qs.filter(reseller_of_record=None)
        if value == PARTNERSHIP_ENDED:
            return qs.filter(conditions.partnership_ended(self.parent.request.actor.partner))
        return qs.filter(conditions.earned_by(value))


class SubscriptionFilter(PortalFilterSet):
    """By words, reseller of record, what the term brings next, trial and status; else what is over is hidden."""

    q = SubscriptionSearchFilter(label=_("Search by customer, offer, nickname or ID"))
    reseller = ResellerOfRecordFilter(label=_("Reseller (MPN ID)"))
    term = django_filters.ChoiceFilter(
        label=_("Term"),
        empty_label=_("All"),
        choices=[
            (RENEWS, _("Renews within 30 days")),
            (ENDS, _("Ends within 30 days")),
            (CANCELABLE, _("Can still be canceled")),
        ],
        method="filter_term",
    )
    kind = django_filters.ChoiceFilter(
        label=_("Kind"),
        empty_label=_("All"),
        choices=[(TRIAL, _("Trials")), (PAID, _("Paid subscriptions"))],
        method="filter_kind",
    )
    support = django_filters.ChoiceFilter(
        label=_("Designated support contact"),
        empty_label=_("All"),
        choices=[(OURS, _("Your company")), (NOT_OURS, _("Somebody else"))],
        method="filter_support",
    )
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        empty_label=_("All current"),
        choices=[*Subscription.Status.choices, (EVERYTHING, _("All, deleted too"))],
        method="filter_status",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actor: Actor = self.request.actor
        if actor.is_provider:
            self.filters["reseller"].offer_to(actor)
            del self.filters["support"]
        else:
            del self.filters["reseller"]

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Hide what is over, unless a status says otherwise."""
        if not self.form.cleaned_data.get("status"):
            queryset = queryset.live()
        return super().filter_queryset(queryset)

    def filter_term(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """What renews or ends soon, and what the rules still allow to be canceled."""
        wanted = {RENEWS: conditions.renewing, ENDS: conditions.ending, CANCELABLE: conditions.cancelable}
        return queryset.filter(wanted[value](clock.now()))

    def filter_support(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """What the reseller itself answers for, or what it does not."""
        ours = conditions.answered_by(self.request.actor.partner)
        return queryset.filter(ours if value == OURS else ~ours)

    def filter_kind(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Trials, or what is paid for."""
        return queryset.filter(is_trial=value == TRIAL)

    def filter_status(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """One state, or every one."""
        return queryset if value == EVERYTHING else queryset.filter(status=value)
