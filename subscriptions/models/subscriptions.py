"""What customers have bought."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import BillingPlan, Policy, Sku, TermDuration
from catalogue.models.prices import Segment, rounded
from core import clock
from core.routes import address
from core.text import fold
from customers.models import Customer

# Lists order by the end of the term, which what has no term never reaches: one index serves both directions.
TERM_END = Coalesce("ends_at", Value(datetime(9999, 12, 31, tzinfo=UTC)))
LIVE = ("active", "suspended")
# What is due is done within minutes.
OVERDUE = timedelta(hours=1)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Subscriptions by who may see them."""

    def visible_to(self, actor: Actor) -> "SubscriptionQuerySet":
        """Those of the customers that the actor sees."""
        if actor.is_provider:
            return self.filter(provider=actor.partner)
        if actor.is_reseller:
            # The column alone: beside the relation the planner takes it for rare, and reads all rows to sort them.
            return self.filter(managing_reseller=actor.partner)
        return self.filter(customer__in=Customer.objects.visible_to(actor))

    def live(self) -> "SubscriptionQuerySet":
        """Those that run or are suspended."""
        return self.filter(status__in=LIVE)

    def overdue(self) -> "SubscriptionQuerySet":
        """Those with which the worker should have done something an hour ago: it does not run, or fails with them."""
        return self.filter(next_step_at__lt=clock.now() - OVERDUE)

    def listed(self) -> "SubscriptionQuerySet":
        """Those that still exist: what was deleted is kept for the record alone."""
        return self.exclude(status=Subscription.Status.DELETED)


class AtEnd(models.TextChoices):
    """What happens at the end of the term; the values of subscriptions.rules.AtEnd."""

    RENEW = "renew", _("Renews")
    CANCEL = "cancel", _("Canceled at expiration")
    EXTEND = "extend", _("Goes on in an extended service term")
    UNDECIDED = "undecided", _("Nothing was decided")


def _reseller(words: Any) -> "models.ForeignKey[Partner | None, Partner | None]":
    """A column that says what a dated relation says."""
    return models.ForeignKey(
        Partner,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=words,
    )


class Subscription(models.Model):
    """A number of licenses of one offer for one customer, for a term."""

    class Status(models.TextChoices):
        """Where the subscription is in its life."""

        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        EXPIRED = "expired", _("Expired")
        DISABLED = "disabled", _("Disabled")
        DELETED = "deleted", _("Deleted")

    subscription_id = models.UUIDField(_("subscription ID"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="subscriptions"
    )
    # The customer's provider, which never changes: the lists of millions are indexed by it.
    provider = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="subscriptions", editable=False)
    sku = models.ForeignKey(Sku, verbose_name=_("SKU"), on_delete=models.PROTECT, related_name="subscriptions")
    # The base that an add-on belongs to.
    parent = models.ForeignKey(
        "self", verbose_name=_("add-on of"), on_delete=models.PROTECT, null=True, blank=True, related_name="add_ons"
    )
    offer_name = models.CharField(_("offer"), max_length=300)
    nickname = models.CharField(_("subscription nickname"), max_length=300)
    quantity = models.PositiveIntegerField(_("licenses"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    term_duration = models.CharField(_("term"), max_length=4, choices=TermDuration.choices, blank=True)
    billing_plan = models.CharField(_("billing plan"), max_length=10, choices=BillingPlan.choices)
    segment = models.CharField(_("segment"), max_length=20, choices=Segment.choices)
    # The price of the whole term for one license, as it was when ordered; the catalogue never reaches back here.
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    is_trial = models.BooleanField(_("trial"), default=False)
    # Which rules hold, as they did when it was ordered; the offer may be sold under others later.
    policy = models.CharField(_("rules"), max_length=12, choices=Policy.choices, default=Policy.NEW_COMMERCE)
    at_end = models.CharField(_("at the end of the term"), max_length=9, choices=AtEnd.choices, default=AtEnd.RENEW)
    starts_at = models.DateTimeField(_("started"), default=clock.now)
    # The present term began then; terms end on this day of the month, or on the last where the month is shorter.
    term_starts_at = models.DateTimeField(_("term began"), default=clock.now)
    anchor_day = models.PositiveSmallIntegerField(default=0, editable=False)
    ends_at = models.DateTimeField(_("term ends"), null=True, blank=True)
    cancellable_until = models.DateTimeField(_("can be canceled until"), null=True, blank=True)
    is_extended = models.BooleanField(_("in an extended service term"), default=False)
    # [{"quantity": 10, "bought_at": "…", "is_added": false}, …]: the purchases of the present term, each with its own
    # window; rows of before that name was kept say it by their place.
    batches = models.JSONField(default=list, blank=True, editable=False)
    # What the next term is to be like (subscriptions.rules.Scheduled), where that was said.
    scheduled = models.JSONField(null=True, blank=True, editable=False)
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    # When the clock has something to do with it next.
    next_step_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Kept by triggers of the database (migration 0012): who manages the customer, and whom the two dated relations name
    # now. So a list narrowed by reseller follows one index; the relations hold the keys that these go without.
    managing_reseller = _reseller(_("managing reseller"))
    reseller_of_record = _reseller(_("reseller of record"))
    support_contact = _reseller(_("designated support contact"))
    # Folded nickname and offer; the customer's words are searched in the customer.
    search_text = models.TextField(editable=False, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=clock.now, editable=False)

    # While something is recorded that concerns a reseller of the subscription: the managing one may be another.
    concerned_reseller: Partner | None = None

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended", "expired", "disabled", "deleted"]),
                name="subscription_status_known",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="subscription_has_licenses"),
            models.CheckConstraint(
                condition=Q(policy__in=["legacy", "new_commerce"]), name="subscription_policy_known"
            ),
            models.CheckConstraint(
                condition=Q(at_end__in=["renew", "cancel", "extend", "undecided"]), name="subscription_at_end_known"
            ),
        )
        indexes = (
            models.Index(fields=["customer", "-created_at", "-id"], name="subscription_customer_recent"),
            models.Index(fields=["provider", "-changed_at", "-id"], name="subscription_provider_changed"),
            models.Index(fields=["provider", "status", "-changed_at", "-id"], name="subscription_provider_status"),
            # The last columns of both are what else is asked then: so many are counted in the index alone.
            models.Index(
                fields=["provider", "ends_at", "id", "status", "at_end"],
                condition=Q(status__in=LIVE),
                name="subscription_live_ends",
            ),
            models.Index(
                fields=["provider", "cancellable_until", "id", "ends_at", "version", "is_extended"],
                condition=Q(status__in=LIVE, cancellable_until__isnull=False),
                name="subscription_live_windows",
            ),
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=Q(is_trial=True, status__in=LIVE),
                name="subscription_live_trials",
            ),
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=Q(reseller_of_record=None, status__in=LIVE),
                name="subscription_live_no_earner",
            ),
            models.Index(
                fields=["managing_reseller", "-changed_at", "-id"],
                condition=Q(status__in=LIVE),
                name="subscription_manager_live",
            ),
            # The provider stands last: one index serves a provider's list of what a reseller has and its page.
            models.Index(
                fields=["reseller_of_record", "-changed_at", "-id", "provider"],
                condition=Q(status__in=LIVE),
                name="subscription_earner_live",
            ),
            models.Index(
                fields=["reseller_of_record", "-starts_at", "-id", "provider"],
                condition=~Q(status="deleted"),
                name="subscription_earner_listed",
            ),
            models.Index(
                fields=["support_contact", "-starts_at", "-id", "provider"],
                condition=Q(support_contact__isnull=False) & ~Q(status="deleted"),
                name="subscription_contact_listed",
            ),
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=Q(status__in=LIVE),
                name="subscription_provider_live",
            ),
            models.Index(
                F("provider"), TERM_END, F("id"), condition=Q(status__in=LIVE), name="subscription_live_term_end"
            ),
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=Q(is_extended=True),
                name="subscription_extended",
            ),
            models.Index(
                fields=["next_step_at", "id"], condition=Q(next_step_at__isnull=False), name="subscription_due"
            ),
        )

    def __str__(self) -> str:
        return self.nickname

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fill in what follows from other columns."""
        if not getattr(self, "provider_id", None):
            self.provider_id = self.customer.provider_id
        self.search_text = fold(f"{self.nickname} {self.offer_name}")
        if kwargs.get("update_fields") is not None and {"nickname", "offer_name"} & set(kwargs["update_fields"]):
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_text"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The Subscription details page."""
        return address("subscriptions:detail", self.customer.microsoft_id, self.subscription_id)

    @property
    def auto_renew(self) -> bool:
        """Whether it renews by itself at the end of its term."""
        return self.at_end == AtEnd.RENEW and self.ends_at is not None

    @property
    def term_label(self) -> str:
        """The term and how it is billed: 1 year, billed Monthly; in the words of the price list."""
        term = TermDuration(self.term_duration).label
        plan = BillingPlan(self.billing_plan)
        return str(term) if plan == BillingPlan.NONE else f"{term} · {plan.label}"

    @property
    def term_price(self) -> Decimal:
        """What all licenses cost for the whole term, to the cent."""
        return rounded(self.unit_price * self.quantity)

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to."""
        parties = self.customer.activity_parties()
        if self.concerned_reseller is not None:
            parties["reseller"] = self.concerned_reseller.microsoft_id
        return parties
