"""How far each follower of the record has come."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FollowerPosition(models.Model):
    """The last position of the record that a follower has dealt with; its lock lets one worker follow at a time."""

    name = models.CharField(_("follower"), max_length=40, primary_key=True)
    position = models.PositiveBigIntegerField(_("position"), default=0)
    # What was recorded before is passed over: nobody is told of the past of an installation that is upgraded.
    since = models.DateTimeField(_("from"))

    class Meta:
        verbose_name = _("position of a follower")
        verbose_name_plural = _("positions of followers")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"
