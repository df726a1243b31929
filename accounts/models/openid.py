"""Who somebody is at the sign-in service of the installation."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock


class OpenIDLink(models.Model):
    """A person's account at an OpenID Connect provider: the pair of issuer and subject, which never changes hands.

    The address is what the provider called it when the link was made, for its owner to recognize; nothing is decided
    by it afterwards.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="openid_links")
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255)
    address = models.CharField(_("e-mail address"), max_length=254, blank=True)
    created_at = models.DateTimeField(_("since"), default=clock.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name = _("link to a sign-in service")
        verbose_name_plural = _("links to a sign-in service")
        constraints = (
            models.UniqueConstraint(fields=["issuer", "subject"], name="openidlink_one_person_per_account"),
            models.UniqueConstraint(fields=["user", "issuer"], name="openidlink_one_account_per_person"),
        )

    def __str__(self) -> str:
        return self.address or self.subject
