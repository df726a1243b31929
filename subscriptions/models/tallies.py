"""How many of a provider's customers and subscriptions name a reseller, kept so that no list counts them."""

from typing import Any

from django.db import models
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Partner


def _company() -> Any:
    """Who it is need not be looked up with every row: the numbers follow rows that hold keys themselves."""
    return models.ForeignKey(
        Partner, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, editable=False
    )


class ResellerTallyQuerySet(models.QuerySet["ResellerTally"]):
    """Rows to add up."""

    def visible_to(self, actor: Actor) -> "ResellerTallyQuerySet":
        """A provider's own; nothing for anybody else."""
        return self.filter(provider=actor.partner) if actor.is_provider else self.none()

    def by_reseller(self) -> dict[int, tuple[int, int]]:
        """For each reseller, how many customers it manages and of how many subscriptions it is of record."""
        summed = self.order_by().values_list("reseller").annotate(Sum("customers"), Sum("subscriptions"))
        return {reseller: (customers, subscriptions) for reseller, customers, subscriptions in summed}

    def with_customers(self) -> Any:
        """The keys of resellers that manage a customer now."""
        summed = self.order_by().values("reseller").annotate(number=Sum("customers")).filter(number__gt=0)
        return summed.values("reseller")


class ResellerTally(models.Model):
    """What came or went: the sum of a reseller's rows is how many there are now.

    Triggers of the database (migration 0018) add a row for each change, and change none: whoever places an order waits
    for nobody. Once a day everything is counted anew, into one row for each provider and reseller.
    """

    provider = _company()
    reseller = _company()
    customers = models.IntegerField(_("customers"), editable=False)
    subscriptions = models.IntegerField(_("subscriptions"), editable=False)

    objects = ResellerTallyQuerySet.as_manager()

    class Meta:
        verbose_name = _("tally of a reseller")
        verbose_name_plural = _("tallies of resellers")
        indexes = (models.Index(fields=["provider", "reseller"], name="resellertally_of_reseller"),)

    def __str__(self) -> str:
        return f"{self.customers:+} / {self.subscriptions:+}"


def tallied(what: str) -> Coalesce:
    """Of a partnership, how many customers, or subscriptions, its reseller has with its provider."""
    rows = ResellerTally.objects.filter(provider=OuterRef("provider"), reseller=OuterRef("reseller")).order_by()
    return Coalesce(Subquery(rows.values("reseller").annotate(number=Sum(what)).values("number")), 0)
