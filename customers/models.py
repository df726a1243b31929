"""Customers of a provider, who manages them, what they agreed to, and the account that administers them."""

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_countries import countries
from django_countries.fields import CountryField

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Permission
from core import clock
from core.text import fold
from resellers.models import Partnership

TENANT_DOMAIN = "onmicrosoft.com"


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
        """Customers whose account the reseller manages now."""
        return self.filter(pk__in=ResellerRelationship.objects.current().filter(reseller=reseller).values("customer"))

    def without_reseller(self) -> "CustomerQuerySet":
        """Customers that no reseller manages now."""
        current = ResellerRelationship.objects.current().filter(customer=OuterRef("pk"))
        return self.filter(~Exists(current))

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

        NONE = "none", _("None")
        EDUCATION = "education", _("Education")
        GOVERNMENT = "government", _("Government Community Cloud")
        STATE_OWNED = "state_owned", _("State-owned entity")

    microsoft_id = models.UUIDField(_("Microsoft ID"), default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="customers")
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
    contact_first_name = models.CharField(_("first name"), max_length=50)
    contact_last_name = models.CharField(_("last name"), max_length=50)
    contact_email = models.EmailField(_("e-mail address"), max_length=254)
    contact_phone = models.CharField(_("telephone number"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=clock.now, editable=False)
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
        )
        indexes = (
            models.Index(fields=["provider", "-created_at", "-id"], name="customer_provider_recent"),
            models.Index(fields=["provider", "search_text", "id"], name="customer_provider_name"),
        )

    def __str__(self) -> str:
        return self.company_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the searched text true to what it is made of."""
        self.search_text = fold(
            f"{self.company_name} {self.domain} {self.registration_id} {self.contact_email} {self.microsoft_id}"
        )
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_text"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The customer's Subscriptions page, where its name leads in every list."""
        return reverse("subscriptions:list", args=[self.microsoft_id])

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
        """A reseller whose delegation is narrowed to *view and request* changes nothing itself."""
        if not actor.is_reseller or permission in (Permission.VIEW_CUSTOMERS, Permission.VIEW_SUBSCRIPTIONS):
            return True
        relationship = self.reseller_relationships.current().filter(reseller=actor.partner).first()
        return relationship is not None and relationship.scope == ResellerRelationship.Scope.MANAGE

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

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="reseller_relationships")
    reseller = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="customer_relationships")
    # The partnership it rests on; a trigger keeps it between the customer's own provider and this reseller.
    partnership = models.ForeignKey(Partnership, on_delete=models.PROTECT, related_name="customer_relationships")
    scope = models.CharField(_("scope"), max_length=16, choices=Scope.choices, default=Scope.MANAGE)
    begins_at = models.DateTimeField(_("since"), default=clock.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

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
        indexes = (models.Index(fields=["reseller", "ends_at", "customer"], name="resellerrelationship_current"),)

    def __str__(self) -> str:
        return f"{self.reseller} – {self.customer}"


class CustomerAgreement(models.Model):
    """The provider's confirmation that the customer accepted the Microsoft Customer Agreement."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="agreements")
    accepted_on = models.DateField(_("accepted on"))
    first_name = models.CharField(_("first name"), max_length=50)
    last_name = models.CharField(_("last name"), max_length=50)
    email = models.EmailField(_("e-mail address"), max_length=254)
    phone = models.CharField(_("telephone number"), max_length=30, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("customer agreement")
        verbose_name_plural = _("customer agreements")

    def __str__(self) -> str:
        return f"{self.customer}: {self.accepted_on}"


class CustomerAdministrator(models.Model):
    """A person who signs in to administer the customer: `admin@prefix.onmicrosoft.com`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer_administrator"
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="administrators")

    class Meta:
        verbose_name = _("customer administrator")
        verbose_name_plural = _("customer administrators")

    def __str__(self) -> str:
        return self.user.sign_in_name


class TemporaryPassword(models.Model):
    """One handing-over of a temporary password: encrypted until its one reveal, then only who saw it and when.

    The ciphertext opens for one person in one session and for a quarter of an hour; then it is blanked.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    administrator = models.ForeignKey(
        CustomerAdministrator, on_delete=models.PROTECT, related_name="temporary_passwords"
    )
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(default=clock.now, editable=False)
    valid_until = models.DateTimeField()
    ciphertext = models.BinaryField(null=True, editable=False)
    session_hash = models.CharField(max_length=64, blank=True, editable=False)
    reveal_until = models.DateTimeField(null=True, editable=False)
    revealed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("temporary password")
        verbose_name_plural = _("temporary passwords")
        ordering = ("-issued_at", "-pk")
        indexes = (
            models.Index(
                fields=["reveal_until"], condition=Q(ciphertext__isnull=False), name="temporarypassword_unopened"
            ),
        )

    def __str__(self) -> str:
        return f"{self.administrator} · {self.issued_at:%Y-%m-%d %H:%M}"
