"""Ways of looking at a list that people keep under a name."""

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models.partners import Partner
from core import clock


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views by who may open them."""

    def visible_to(self, actor: object) -> "SavedViewQuerySet":
        """The person's own in the company that it acts for, and those that colleagues there share."""
        partner, user = getattr(actor, "partner", None), getattr(actor, "user", None)
        if partner is None or user is None or not partner.is_enrolled:
            return self.none()
        return self.filter(partner=partner).filter(models.Q(owner=user) | models.Q(is_shared=True))


class SavedView(models.Model):
    """The filters and the order of a list under a name; private, or shared with the owner's company."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="saved_views")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_views")
    # Which list: the name of its address, such as `customers:list`.
    page = models.CharField(_("list"), max_length=60)
    name = models.CharField(_("name"), max_length=60)
    # The part of the address after the question mark, without the place in the list.
    query = models.CharField(_("filters"), max_length=1000, blank=True)
    is_shared = models.BooleanField(_("shared with the company"), default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = (
            models.UniqueConstraint(fields=["partner", "owner", "page", "name"], name="savedview_name_once"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The list as this view shows it."""
        return f"{reverse(self.page)}?{self.query}{'&' if self.query else ''}view={self.pk}"

    def activity_parties(self) -> dict[str, Any]:
        """Whose record this belongs to: the company's, on its side of the programme."""
        return {"provider" if self.partner.is_provider else "reseller": self.partner.microsoft_id}
