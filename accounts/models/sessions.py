"""Where people are signed in, under the portal's own words."""

from allauth.usersessions.models import UserSession
from django.utils.translation import gettext_lazy as _


class PersonSession(UserSession):  # type: ignore[misc]
    """A session of a person: since when, with what and from where. What opens it is shown nowhere."""

    class Meta:
        proxy = True
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return str(self.ip)
