"""Partnerships between indirect providers and indirect resellers, and the requests that start them."""

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Actor, can
from accounts.models import Partner, User
from accounts.roles import Permission
from core import clock
from core.routes import address


def new_nonce() -> str:
    """Sixteen random bytes in hex: what makes one link of a request differ from the next."""
    return secrets.token_hex(16)


def _person(words: Any) -> "models.ForeignKey[User | None, User | None]":
    """A column that says who did something, where somebody did."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=words, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )


class PartnershipQuerySet(models.QuerySet["Partnership"]):
    """Partnerships by who may see them and whether they last."""

    def visible_to(self, actor: Actor) -> "PartnershipQuerySet":
        """Those in which the actor's company is the provider or the reseller; nothing for anybody else."""
        if actor.is_provider:
            return self.filter(provider=actor.partner)
        if actor.is_reseller:
            return self.filter(reseller=actor.partner)
        return self.none()

    def active(self) -> "PartnershipQuerySet":
        """Those that have not ended."""
        return self.filter(ended_at=None)

    def ended(self) -> "PartnershipQuerySet":
        """Those that are over."""
        return self.filter(ended_at__isnull=False)

    def open_for_business(self) -> "PartnershipQuerySet":
        """Active ones whose reseller is enrolled: only with these may new customers and orders be associated."""
        return self.active().filter(reseller__enrolment_state=Partner.EnrolmentState.ACTIVE)


class Partnership(models.Model):
    """From a day on, and until it is ended, a provider and a reseller serve common customers."""

    class Side(models.TextChoices):
        """Which of the two companies did something."""

        PROVIDER = "provider", _("Indirect provider")
        RESELLER = "reseller", _("Indirect reseller")

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(
        Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="partnerships_as_provider"
    )
    reseller = models.ForeignKey(
        Partner, verbose_name=_("reseller"), on_delete=models.PROTECT, related_name="partnerships_as_reseller"
    )
    began_at = models.DateTimeField(_("since"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = _person(_("person who ended it"))
    ended_side = models.CharField(_("ended by"), max_length=8, choices=Side.choices, blank=True)
    end_reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = PartnershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("partnership")
        verbose_name_plural = _("partnerships")
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "reseller"], condition=Q(ended_at=None), name="partnership_one_active_per_pair"
            ),
            models.CheckConstraint(condition=~Q(provider=F("reseller")), name="partnership_joins_two_companies"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="partnership_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(ended_by=None, ended_side="")
                | Q(ended_at__isnull=False, ended_side__in=["provider", "reseller"]),
                name="partnership_ended_by_belongs_to_an_end",
            ),
        )
        indexes = (
            models.Index(fields=["provider", "-began_at", "-id"], name="partnership_provider_recent"),
            models.Index(fields=["provider", "-ended_at", "-id"], name="partnership_provider_ended"),
        )

    def __str__(self) -> str:
        return f"{self.provider} – {self.reseller}"

    def get_absolute_url(self) -> str:
        """The reseller's page, which only its provider opens."""
        return address("resellers:detail", self.public_id)

    def activity_parties(self) -> dict[str, uuid.UUID | None]:
        """Whose record this belongs to."""
        return {"provider": self.provider.microsoft_id, "reseller": self.reseller.microsoft_id}


class PartnershipRequestQuerySet(models.QuerySet["PartnershipRequest"]):
    """Requests by who may see them and by where they stand."""

    def visible_to(self, actor: Actor) -> "PartnershipRequestQuerySet":
        """The requests of the actor's own provider, for those who may request; a reseller reaches one by its link."""
        if actor.is_provider and can(actor, Permission.REQUEST_PARTNERSHIP):
            return self.filter(provider=actor.partner)
        return self.none()

    def listed(self) -> "PartnershipRequestQuerySet":
        """Those worth a row: all that left the portal, and the drafts somebody has written in."""
        return self.exclude(state=PartnershipRequest.State.DRAFT, changed_at=None)

    def answerable(self) -> "PartnershipRequestQuerySet":
        """Those that may still be accepted: sent, or declined and not yet regretted, and within their time."""
        states = (PartnershipRequest.State.SENT, PartnershipRequest.State.DECLINED)
        return self.filter(state__in=states, expires_at__gt=clock.now())

    def awaiting_answer(self) -> "PartnershipRequestQuerySet":
        """Sent, unanswered and not expired."""
        return self.filter(state=PartnershipRequest.State.SENT, expires_at__gt=clock.now())


class PartnershipRequest(models.Model):
    """A provider's request to a reseller, from its draft to its answer."""

    class State(models.TextChoices):
        """Where the request stands; the delivery of its mails is told apart, by the outbox."""

        DRAFT = "draft", _("Draft")
        SENT = "sent", _("Awaiting reply")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REVOKED = "revoked", _("Revoked")
        EXPIRED = "expired", _("Expired")
        SUPERSEDED = "superseded", _("Replaced by a newer request")

    class Channel(models.TextChoices):
        """How the request left the portal."""

        PORTAL = "portal", _("Sent from the portal")
        MAIL_PROGRAM = "mail_program", _("Opened in e-mail")
        CLIPBOARD = "clipboard", pgettext_lazy("request", "Copied")

    # The one table of moves: from -> what may follow. Services change the state only along it, by a guarded UPDATE.
    TRANSITIONS: dict[str, frozenset[str]] = {
        State.DRAFT: frozenset({State.SENT}),
        State.SENT: frozenset({State.ACCEPTED, State.DECLINED, State.REVOKED, State.EXPIRED, State.SUPERSEDED}),
        # A refusal may be regretted until the request expires, so whoever sent it may also withdraw it until then.
        State.DECLINED: frozenset({State.ACCEPTED, State.REVOKED, State.SUPERSEDED}),
        # Asking again makes a new request of it, with a link of its own.
        State.EXPIRED: frozenset({State.SUPERSEDED}),
    }

    class DeclineReason(models.TextChoices):
        """Why a company says no."""

        OTHER_PROVIDER = "other_provider", _("We work with another provider")
        NOT_NOW = "not_now", _("Not at this time")
        WRONG_PERSON = "wrong_person", _("I am not the right person")
        UNKNOWN_SENDER = "unknown_sender", _("We do not know this provider")
        OTHER = "other", _("Another reason")

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(
        Partner, verbose_name=_("provider"), on_delete=models.PROTECT, related_name="partnership_requests"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("created by"), on_delete=models.PROTECT, related_name="+"
    )
    recipient = models.EmailField(_("reseller's e-mail address"), max_length=254, blank=True)
    recipient_key = models.CharField(max_length=254, blank=True, editable=False)
    language = models.CharField(_("language of the message"), max_length=10, choices=settings.LANGUAGES, default="en")
    # Empty = nothing but the portal's own words. Those, the link among them, are never part of this text.
    message = models.TextField(_("message"), max_length=1000, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel.choices, blank=True)
    # The link's secret half is derived from this and a key that is not in the database; changing it kills old links.
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    valid_days = models.PositiveSmallIntegerField(_("valid for"), default=14)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    changed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = _person(_("sent by"))
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = _person(_("answered by"))
    partnership = models.OneToOneField(
        Partnership,
        verbose_name=_("partnership"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="request",
    )
    # Set when somebody pressed a button on the page of the link: opening the page alone proves no person.
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    decline_reason = models.CharField(
        _("reason for declining"), max_length=16, choices=DeclineReason.choices, blank=True
    )
    decline_note = models.CharField(_("note on declining"), max_length=500, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    last_reminded_at = models.DateTimeField(_("last reminded"), null=True, blank=True)
    # The request that took this one's place; a request sent again counts how often its line was.
    replaced_by = models.OneToOneField(
        "self", verbose_name=_("replaced by"), on_delete=models.PROTECT, null=True, blank=True, related_name="replaces"
    )
    resend_number = models.PositiveSmallIntegerField(_("times sent again"), default=0, editable=False)
    # Somebody with the link asked for another one: it had expired, or it was for another address than theirs.
    new_link_wanted_at = models.DateTimeField(_("new link wanted"), null=True, blank=True)
    new_link_wanted_by = _person(_("new link wanted by"))

    objects = PartnershipRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("partnership request")
        verbose_name_plural = _("partnership requests")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["draft", "sent", "accepted", "declined", "revoked", "expired", "superseded"]),
                name="partnershiprequest_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(sent_at__isnull=False, sent_by__isnull=False, expires_at__isnull=False),
                name="partnershiprequest_sent_has_dates",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="accepted", partnership__isnull=False, answered_at__isnull=False, answered_by__isnull=False)
                    | (~Q(state="accepted") & Q(partnership=None))
                ),
                name="partnershiprequest_accepted_has_partnership",
            ),
            models.CheckConstraint(
                condition=Q(valid_days__gte=1, valid_days__lte=30), name="partnershiprequest_valid_days_sane"
            ),
            models.UniqueConstraint(
                fields=["provider", "recipient_key"],
                condition=Q(state="sent") & ~Q(recipient_key=""),
                name="partnershiprequest_one_open_per_address",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | Q(state="superseded"), name="partnershiprequest_replaced_is_superseded"
            ),
        )
        indexes = (
            models.Index(fields=["provider", "-created_at", "-id"], name="request_provider_recent"),
            models.Index(fields=["recipient_key", "sent_at"], name="request_recipient_sent"),
            # Read by the task that reminds and closes what nobody answered.
            models.Index(fields=["expires_at"], condition=Q(state="sent"), name="request_open_by_expiry"),
        )

    def __str__(self) -> str:
        return self.recipient or str(_("Personal link"))

    def get_absolute_url(self) -> str:
        """The draft page, or the sent request."""
        return reverse("resellers:request", args=[self.public_id])

    @property
    def is_expired(self) -> bool:
        """Whether its time ran out, noticed by the portal or not yet."""
        return self.state == self.State.EXPIRED or (
            self.state == self.State.SENT and self.expires_at is not None and self.expires_at <= clock.now()
        )

    @property
    def is_answerable(self) -> bool:
        """Whether its link can still be accepted, and so may be shown."""
        waiting = self.state in (self.State.SENT, self.State.DECLINED)
        return waiting and self.expires_at is not None and self.expires_at > clock.now()

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to; the reseller is known once it accepted."""
        reseller = self.partnership.reseller.microsoft_id if self.partnership else None
        return {"provider": self.provider.microsoft_id, "reseller": reseller}


class PendingAcceptanceQuerySet(models.QuerySet["PendingAcceptance"]):
    """Acceptances by whether they still wait."""

    def waiting(self) -> "PendingAcceptanceQuerySet":
        """Those that are neither completed nor given up."""
        return self.filter(ended_at=None)

    def awaiting_confirmation(self) -> "PendingAcceptanceQuerySet":
        """Those that wait for the provider's word, because they came from another domain."""
        return self.waiting().filter(from_other_domain=True, confirmed_at=None)

    def visible_to(self, actor: Actor) -> "PendingAcceptanceQuerySet":
        """Those of requests that the actor may see; a reseller's own."""
        if actor.is_provider and can(actor, Permission.REQUEST_PARTNERSHIP):
            return self.filter(request__provider=actor.partner)
        if actor.is_reseller:
            return self.filter(reseller=actor.partner)
        return self.none()


class PendingAcceptance(models.Model):
    """A company has accepted a request, and something is still owed before the partnership begins.

    It waits for the provider's confirmation when the person came from another e-mail domain than the request went to,
    and for the back office when the company's enrolment is not decided. When both are there it completes itself. The
    request stays `sent` meanwhile and does not expire: the company has answered in time.
    """

    class Outcome(models.TextChoices):
        """How the waiting ended."""

        COMPLETED = "completed", _("The partnership began")
        REFUSED = "refused", _("The provider did not confirm")
        REJECTED = "rejected", _("The enrolment was rejected")
        WITHDRAWN = "withdrawn", _("The company withdrew")
        LAPSED = "lapsed", _("The request was withdrawn or replaced")

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(
        PartnershipRequest,
        verbose_name=_("partnership request"),
        on_delete=models.PROTECT,
        related_name="pending_acceptances",
    )
    reseller = models.ForeignKey(
        Partner, verbose_name=_("reseller"), on_delete=models.PROTECT, related_name="pending_acceptances"
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("accepted by"), on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField(_("accepted"), default=clock.now)
    from_other_domain = models.BooleanField(_("from another e-mail domain"), default=False)
    confirmed_by = _person(_("confirmed by"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, blank=True)

    objects = PendingAcceptanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("pending acceptance")
        verbose_name_plural = _("pending acceptances")
        constraints = (
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_at=None), name="pendingacceptance_one_waiting_per_request"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
                name="pendingacceptance_end_has_outcome",
            ),
        )

    def __str__(self) -> str:
        return f"{self.reseller} – {self.request}"

    def get_absolute_url(self) -> str:
        """Who accepted and what is missing, for the provider that asked."""
        return reverse("resellers:confirm_acceptance", args=[self.public_id])

    @property
    def awaits_confirmation(self) -> bool:
        """Whether the provider has still to say that the company is the one it asked."""
        return self.ended_at is None and self.from_other_domain and self.confirmed_at is None

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to."""
        return {"provider": self.request.provider.microsoft_id, "reseller": self.reseller.microsoft_id}
