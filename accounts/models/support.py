"""How a company is reached by the customers whose support requests it answers."""

from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.partners import Partner
from core import clock


class SupportProfile(models.Model):
    """What customers see of a company that is their support contact, in place of its contact for the programme."""

    partner = models.OneToOneField(Partner, on_delete=models.PROTECT, related_name="support_profile")
    email = models.EmailField(_("e-mail address"), max_length=254)
    phone = models.CharField(_("telephone"), max_length=30)
    website = models.URLField(_("website"), max_length=200, blank=True, validators=[URLValidator(["https", "http"])])
    changed_at = models.DateTimeField(_("changed"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("support profile")
        verbose_name_plural = _("support profiles")

    def __str__(self) -> str:
        return str(self.partner)
