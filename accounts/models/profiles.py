"""What the public list of indirect providers shows of a company, and the changes that a company asks for."""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.partners import Partner
from core import clock

if TYPE_CHECKING:
    from accounts.access import Actor


class Specialty(models.TextChoices):
    """What a provider knows best."""

    MODERN_WORK = "modern_work", _("Modern work")
    AZURE = "azure", _("Azure")
    SECURITY = "security", _("Security")
    BUSINESS_APPLICATIONS = "business_applications", _("Business applications")
    DATA_AND_AI = "data_and_ai", _("Data and AI")
    EDUCATION = "education", _("Education")
    PUBLIC_SECTOR = "public_sector", _("Public sector")
    TRAINING = "training", _("Training and onboarding")


class ProviderProfileQuerySet(models.QuerySet["ProviderProfile"]):
    """Profiles by who may see them."""

    def published(self) -> "ProviderProfileQuerySet":
        """What anybody may read: published, of an enrolled indirect provider."""
        return self.filter(published_at__isnull=False, partner__in=Partner.objects.providers().enrolled())

    def visible_to(self, actor: "Actor") -> "ProviderProfileQuerySet":
        """A provider's own, published or not; what is public has `published()`."""
        return self.filter(partner=actor.partner) if actor.is_provider else self.none()


class ProviderProfile(models.Model):
    """How a provider presents itself to resellers; name, country and MPN ID are the company's own facts."""

    partner = models.OneToOneField(Partner, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="profile")
    description = models.TextField(_("description"), max_length=2000, blank=True)
    website = models.URLField(_("website"), max_length=200, blank=True, validators=[URLValidator(["https", "http"])])
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    # Codes of languages in which resellers are served, like ["en", "pt-br"]; and of Specialty.
    languages = models.JSONField(_("languages"), default=list, blank=True)
    specialties = models.JSONField(_("specialties"), default=list, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=clock.now, editable=False)

    objects = ProviderProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider profile")
        verbose_name_plural = _("provider profiles")

    def __str__(self) -> str:
        return str(self.partner)

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """In whose record a change appears: the company's."""
        return self.partner.activity_parties()


class ProfileChangeQuerySet(models.QuerySet["ProfileChange"]):
    """Changes by who may see them and whether they are decided."""

    def pending(self) -> "ProfileChangeQuerySet":
        """Those that nobody has decided."""
        return self.filter(state=ProfileChange.State.PENDING)

    def visible_to(self, actor: "Actor") -> "ProfileChangeQuerySet":
        """A provider's own."""
        return self.filter(partner=actor.partner) if actor.is_provider else self.none()


class ProfileChange(models.Model):
    """What a provider wants changed in its profile or in its company's facts, for the programme to decide."""

    class State(models.TextChoices):
        """Where the wish stands."""

        PENDING = "pending", _("Pending review")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(
        Partner, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="profile_changes"
    )
    # {field: [what it was when asked, what it should be]}
    changes = models.JSONField(_("changes"), default=dict)
    note = models.CharField(_("note to the representative"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("requested by"), on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(_("requested"), default=clock.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = ProfileChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile change")
        verbose_name_plural = _("profile changes")
        ordering = ("-requested_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["partner"], condition=Q(state="pending"), name="profilechange_one_pending_per_company"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "approved", "rejected", "withdrawn"]),
                name="profilechange_state_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.partner} · {self.get_state_display()}"

    def activity_parties(self) -> dict[str, Any]:
        """In whose record it appears: the company's."""
        return self.partner.activity_parties()
