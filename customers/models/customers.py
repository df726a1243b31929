"""Customers of a provider, and who manages them."""

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_countries import countries
from django_countries.fields import CountryField

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import ObjectState, Permission, Program, roles_in_state
from core import clock
from core.routes import address
from core.text import fold
from resellers.models import Partnership

TENANT_DOMAIN: str = settings.TENANT_DOMAIN


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Customers by who may see them."""

    def visible_to(self, actor: Actor) -> "CustomerQuerySet":
        """A provider's own; a reseller's while it manages them; an administrator's one; nothing for anybody else."""
        if actor.is_provider:
            return self.filter(provider=actor.partner)
        if actor.is_reseller:
            assert actor.partner is not None
            return self.managed_by(actor.partner)
        if actor.is_customer:
            return self.filter(pk=actor.customer.pk)
        return self.none()

    def managed_by(self, reseller: Partner) -> "CustomerQuerySet":
        """Customers whose account the reseller manages now: the relation says so, and the column finds them quickly."""
        relation = ResellerRelationship.objects.current().filter(customer=OuterRef("pk"), reseller=reseller)
        return self.filter(Exists(relation), managing_reseller=reseller)

    def without_reseller(self) -> "CustomerQuerySet":
        """Customers that no reseller manages now."""
        return self.filter(managing_reseller=None)

    def without_agreement(self) -> "CustomerQuerySet":
        """Customers for which nobody has accepted the customer agreement yet."""
        return self.filter(has_agreement=False)

    def with_managers(self) -> "CustomerQuerySet":
        """Each with its managing reseller, in one query for all."""
        current = ResellerRelationship.objects.current().select_related("reseller")
        return self.prefetch_related(
            Prefetch("reseller_relationships", queryset=current, to_attr="current_relationships")
        )


class Customer(models.Model):
    """A company that buys through a provider; its Microsoft ID and domain are its identity and never change."""

    class Qualification(models.TextChoices):
        """What the customer is, which decides what it may buy."""

        NONE = "none", pgettext_lazy("qualification", "None")
        EDUCATION = "education", _("Education")
        GOVERNMENT = "government", _("Government Community Cloud")
        STATE_OWNED = "state_owned", _("State-owned entity")

    class Status(models.TextChoices):
        """How far the customer's account is; only an active one buys."""

        PENDING = "pending", _("Being set up")
        ACTIVE = "active", _("Active")
        UNDER_REVIEW = "under_review", _("Under review")
        NOT_APPROVED = "not_approved", _("Not approved")

    microsoft_id = models.UUIDField(_("Microsoft ID"), default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(
        Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="customers"
    )
    company_name = models.CharField(_("company name"), max_length=200)
    domain_prefix = models.CharField(
        _("primary domain name"),
        max_length=27,
        unique=True,
        validators=[RegexValidator(r"\A[a-z][a-z0-9]{0,26}\Z")],
    )
    country = CountryField(_("country or region"))
    address_line_1 = models.CharField(_("address line 1"), max_length=200)
    address_line_2 = models.CharField(_("address line 2"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    state = models.CharField(_("state or province"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    registration_id = models.CharField(_("company registration ID"), max_length=20, blank=True)
    qualification = models.CharField(
        _("special qualification"), max_length=12, choices=Qualification.choices, default=Qualification.NONE
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.ACTIVE)
    contact_first_name = models.CharField(_("first name"), max_length=50)
    contact_last_name = models.CharField(_("last name"), max_length=50)
    contact_email = models.EmailField(_("e-mail address"), max_length=254)
    contact_phone = models.CharField(_("telephone number"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("created by"), on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=clock.now, editable=False)
    # Counts the edits of the account, so that none overwrites another unseen.
    version = models.PositiveIntegerField(default=1, editable=False)
    # Both kept by triggers of the database (migrations 0004 and 0007), for lists and choices: access asks the relations
    # themselves, and they hold the key to the reseller that this column goes without.
    managing_reseller = models.ForeignKey(
        Partner,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("managing reseller"),
    )
    has_agreement = models.BooleanField(_("customer agreement accepted"), default=False, editable=False)
    # Begins with the folded name, so lists also sort by it.
    search_text = models.TextField(editable=False, default="")

    # Set by with_managers(): the current relation to a reseller, in a list of at most one.
    current_relationships: "list[ResellerRelationship]"

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = (
            models.CheckConstraint(
                condition=Q(qualification__in=["none", "education", "government", "state_owned"]),
                name="customer_qualification_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "active", "under_review", "not_approved"]),
                name="customer_status_known",
            ),
        )
        indexes = (
            models.Index(fields=["provider", "-created_at", "-id"], name="customer_provider_recent"),
            models.Index(fields=["provider", "search_text", "id"], name="customer_provider_name"),
            models.Index(fields=["provider", "-changed_at", "-id"], name="customer_provider_changed"),
            models.Index(
                fields=["provider", "country", "status", "-changed_at", "-id"], name="customer_country_status"
            ),
            models.Index(fields=["provider", "status", "-changed_at", "-id"], name="customer_provider_status"),
            # The provider stands last: so one index serves a reseller's own list and a provider's list of what it has.
            models.Index(
                fields=["managing_reseller", "-changed_at", "-id", "provider"], name="customer_reseller_changed"
            ),
            models.Index(fields=["managing_reseller", "search_text", "id", "provider"], name="customer_reseller_name"),
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=Q(managing_reseller=None),
                name="customer_without_reseller",
            ),
            models.Index(
                fields=["provider", "country", "status", "search_text", "id"], name="customer_country_status_name"
            ),
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=Q(has_agreement=False),
                name="customer_without_agreement",
            ),
            models.Index(
                fields=["registration_id", "provider"],
                condition=~Q(registration_id=""),
                name="customer_registration_id",
            ),
        )

    def __str__(self) -> str:
        return self.company_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the searched text true to what it is made of."""
        self.search_text = self.words_sought()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_text"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The customer's Subscriptions page, where its name leads in every list."""
        return address("subscriptions:list", self.microsoft_id)

    def words_sought(self) -> str:
        """What the search of lists looks into, folded."""
        return fold(
            f"{self.company_name} {self.domain} {self.registration_id} {self.contact_email} {self.microsoft_id}"
        )

    @property
    def country_code(self) -> str:
        """The country's two letters."""
        return str(self.country)

    @property
    def country_name(self) -> str:
        """The country in the active language."""
        return str(dict(countries).get(self.country_code, self.country_code))

    @property
    def domain(self) -> str:
        """The primary domain, `prefix.onmicrosoft.com`."""
        return f"{self.domain_prefix}.{TENANT_DOMAIN}"

    @property
    def contact_name(self) -> str:
        """The primary contact's name."""
        return f"{self.contact_first_name} {self.contact_last_name}"

    def managing_relationship(self) -> "ResellerRelationship | None":
        """The current relation to the reseller that manages the account, if there is one; uses `with_managers()`."""
        if hasattr(self, "current_relationships"):
            return self.current_relationships[0] if self.current_relationships else None
        return self.reseller_relationships.current().select_related("reseller").first()

    def permits(self, actor: Actor, permission: Permission) -> bool:
        """What a reseller may do depends on how far the customer is delegated to it, as the matrix says."""
        if not actor.is_reseller:
            return True
        if actor.role in roles_in_state(Program.INDIRECT_RESELLER, permission, ObjectState.ANY):
            return True
        relationship = self.reseller_relationships.current().filter(reseller=actor.partner).first()
        if relationship is None:
            return False
        return actor.role in roles_in_state(Program.INDIRECT_RESELLER, permission, ObjectState(relationship.scope))

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """Whose record this belongs to."""
        relationship = self.managing_relationship()
        return {
            "provider": self.provider.microsoft_id,
            "reseller": relationship.reseller.microsoft_id if relationship else None,
            "customer": self.microsoft_id,
        }


class ResellerRelationshipQuerySet(models.QuerySet["ResellerRelationship"]):
    """Who manages whom, and when."""

    def current(self) -> "ResellerRelationshipQuerySet":
        """Relations that have not ended."""
        return self.filter(ends_at=None)


class ResellerRelationship(models.Model):
    """From a day on, and until it is ended, a reseller manages the customer's account and subscriptions."""

    class Scope(models.TextChoices):
        """What the delegation lets the reseller do."""

        MANAGE = "manage", _("Manage")
        VIEW_AND_REQUEST = "view_and_request", _("View and request")

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="reseller_relationships"
    )
    reseller = models.ForeignKey(
        Partner, verbose_name=_("reseller"), on_delete=models.PROTECT, related_name="customer_relationships"
    )
    # The partnership it rests on; a trigger keeps it between the customer's own provider and this reseller.
    partnership = models.ForeignKey(Partnership, on_delete=models.PROTECT, related_name="customer_relationships")
    scope = models.CharField(_("scope"), max_length=16, choices=Scope.choices, default=Scope.MANAGE)
    begins_at = models.DateTimeField(_("since"), default=clock.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("set by"), on_delete=models.PROTECT, related_name="+"
    )

    objects = ResellerRelationshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("managing reseller")
        verbose_name_plural = _("managing resellers")
        constraints = (
            models.UniqueConstraint(
                fields=["customer"], condition=Q(ends_at=None), name="resellerrelationship_one_current"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("begins_at")), name="resellerrelationship_ends_after_begin"
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["manage", "view_and_request"]), name="resellerrelationship_scope_known"
            ),
        )
        indexes = (
            models.Index(fields=["reseller", "ends_at", "customer"], name="resellerrelationship_current"),
            # The scope stands last: how many there are in each is counted in the index alone.
            models.Index(
                fields=["partnership", "-begins_at", "-id", "scope"],
                condition=Q(ends_at=None),
                name="resellerrelationship_newest",
            ),
        )

    def __str__(self) -> str:
        return f"{self.reseller} – {self.customer}"
