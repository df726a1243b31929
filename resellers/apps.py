"""The resellers app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResellersConfig(AppConfig):
    """Gives the outbox a request's link at the moment its mail leaves; completes what waits for an enrolment."""

    name = "resellers"
    verbose_name = _("Resellers")

    def ready(self) -> None:
        """Register with the apps below, which know nothing of this one."""
        from accounts.registry import enrolment_followers
        from mail import registry
        from resellers.services.mailing import late_link
        from resellers.services.waiting import follow_enrolment
        from resellers.standing import LINK_KINDS

        for kind in LINK_KINDS:
            registry.register(kind, late_link)
        enrolment_followers.append(follow_enrolment)
