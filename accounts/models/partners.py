"""Companies, and the roles that people have in them."""

import uuid
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from accounts.models.people import User
from accounts.roles import Permission, Program, Role, roles_up_to
from core import clock
from core.company_labels import company_label, recorded_label
from core.markets import REGIONS, region_of
from core.text import fold

if TYPE_CHECKING:
    from accounts.access import Actor


class PartnerQuerySet(models.QuerySet["Partner"]):
    """Companies by what they are enrolled as."""

    def providers(self) -> "PartnerQuerySet":
        """Indirect providers."""
        return self.filter(program=Program.INDIRECT_PROVIDER)

    def resellers(self) -> "PartnerQuerySet":
        """Indirect resellers."""
        return self.filter(program=Program.INDIRECT_RESELLER)

    def enrolled(self) -> "PartnerQuerySet":
        """Companies whose enrolment is active: only these may act."""
        return self.filter(enrolment_state=Partner.EnrolmentState.ACTIVE)


def mpn_key(mpn_id: str) -> str:
    """The form in which two MPN IDs are the same number: leading zeros carry no meaning."""
    return mpn_id.strip().lstrip("0") or "0"


class Partner(models.Model):
    """A company with an account, enrolled as an indirect provider or an indirect reseller."""

    class EnrolmentState(models.TextChoices):
        """Whether the programme lets the company do business."""

        PENDING = "pending", _("Pending")
        ACTIVE = "active", _("Active")
        REJECTED = "rejected", _("Rejected")
        SUSPENDED = "suspended", _("Suspended")

    microsoft_id = models.UUIDField(_("Microsoft ID"), default=uuid.uuid4, unique=True, editable=False)
    program = models.CharField(_("enrolled as"), max_length=20, choices=Program.choices)
    legal_name = models.CharField(_("legal name"), max_length=200)
    mpn_id = models.CharField(
        _("MPN ID"), max_length=12, validators=[RegexValidator(r"\A\d{1,12}\Z", _("Enter digits only, like 0012345."))]
    )
    # 0012345 and 12345 are one number to the programme, so uniqueness is on the number and not on its spelling.
    mpn_key = models.CharField(max_length=12, unique=True, editable=False)
    country = CountryField(_("country or region"))
    address_line_1 = models.CharField(_("address line 1"), max_length=200)
    address_line_2 = models.CharField(_("address line 2"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    state = models.CharField(_("state or province"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    contact_name = models.CharField(_("contact"), max_length=150)
    contact_email = models.EmailField(_("contact's e-mail address"), max_length=254)
    contact_phone = models.CharField(_("contact's telephone"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    enrolment_state = models.CharField(
        _("enrolment"), max_length=10, choices=EnrolmentState.choices, default=EnrolmentState.PENDING
    )
    # Why the programme decided as it did, in the words that the company was told.
    enrolment_reason = models.CharField(_("reason of the decision"), max_length=500, blank=True)
    enrolment_decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    agreement_accepted_on = models.DateField(_("partner agreement accepted on"), null=True, blank=True)
    # Regions of the programme beyond that of its own country in which the company is authorized to do business.
    further_regions = models.JSONField(_("further regions"), default=list, blank=True)
    search_text = models.TextField(editable=False, default="")
    # How many requests for changes wait for an answer of the company, so that the navigation of its people says it
    # without a query; subscriptions/change_requests/counting.py counts.
    requests_waiting = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # How many of these are about new subscriptions, which not everybody may order who changes subscriptions.
    orders_waiting = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ("legal_name", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(program__in=Program.values), name="partner_program_known"),
            models.CheckConstraint(
                condition=Q(enrolment_state__in=["pending", "active", "rejected", "suspended"]),
                name="partner_enrolment_state_known",
            ),
        )
        # Lists of partnerships sort by the name of the other company.
        indexes = (models.Index(fields=["search_text", "id"], name="partner_name"),)

    def __str__(self) -> str:
        return self.legal_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the derived columns true to what they are derived from."""
        self.mpn_key = mpn_key(self.mpn_id)
        self.search_text = fold(f"{self.legal_name} {self.mpn_id} {self.contact_email}")
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "mpn_key", "search_text"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse an MPN ID that is another company's, however it is spelled."""
        others = Partner.objects.filter(mpn_key=mpn_key(self.mpn_id)).exclude(pk=self.pk)
        if others.exists():
            raise ValidationError({"mpn_id": _("A company with this MPN ID is already enrolled.")})

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """In whose record of activity a change of the company appears: its own."""
        return {"provider" if self.is_provider else "reseller": self.microsoft_id}

    @property
    def is_enrolled(self) -> bool:
        """Whether the company may act today."""
        return self.enrolment_state == self.EnrolmentState.ACTIVE

    @property
    def is_provider(self) -> bool:
        """Whether the company is an indirect provider."""
        return self.program == Program.INDIRECT_PROVIDER

    @property
    def is_reseller(self) -> bool:
        """Whether the company is an indirect reseller."""
        return self.program == Program.INDIRECT_RESELLER

    @property
    def regions(self) -> frozenset[str]:
        """The regions of the programme in which the company may do business."""
        return frozenset({region_of(str(self.country)), *self.further_regions} - {""})

    @property
    def countries(self) -> frozenset[str]:
        """The countries whose customers the company may serve."""
        return frozenset().union(*(REGIONS.get(region, frozenset()) for region in self.regions))

    @property
    def name_and_mpn(self) -> str:
        """The name as lists of resellers show it to this reader: Fabrikam (MPN ID 0012345)."""
        return company_label(self.legal_name, self.mpn_id)

    @property
    def recorded_name(self) -> str:
        """The same for the record of activity, in which no reader's language is active."""
        return recorded_label(self.legal_name, self.mpn_id)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Who works where."""

    def visible_to(self, actor: "Actor") -> "MembershipQuerySet":
        """The people of the company for which somebody acts, at work or not; nobody else's."""
        if actor.partner is None or not actor.partner.is_enrolled:
            return self.none()
        return self.filter(partner=actor.partner)

    def current(self) -> "MembershipQuerySet":
        """Memberships that have not ended, of people who may sign in."""
        return self.filter(ended_at=None, user__is_active=True)

    def left(self) -> "MembershipQuerySet":
        """The last membership of each person who works for the company no more."""
        later = Membership.objects.filter(user=OuterRef("user"), partner=OuterRef("partner"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later), ended_at__isnull=False)


class Membership(models.Model):
    """A person's role in a company, from a day on and until it is ended."""

    user = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="memberships")
    partner = models.ForeignKey(
        Partner, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    began_at = models.DateTimeField(_("since"), default=clock.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "partner"], condition=Q(ended_at=None), name="membership_one_current_role_per_company"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.partner} · {self.get_role_display()}"

    def get_absolute_url(self) -> str:
        """The person's page in the company."""
        return reverse("people:detail", args=[self.pk])

    @property
    def is_at_work(self) -> bool:
        """Whether the person works for the company now."""
        return self.ended_at is None

    def permits(self, actor: "Actor", permission: Permission) -> bool:
        """Nobody touches a colleague whose role is above their own."""
        return permission != Permission.MANAGE_PEOPLE or (
            actor.role is not None and Role(self.role) in roles_up_to(actor.role)
        )

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """In whose record of activity a change appears: the company's."""
        return self.partner.activity_parties()
