"""The mail about an endpoint that was disabled because it does not answer."""

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import Membership
from accounts.roles import Permission, Program, roles_that_may
from core.html import date_text
from mail.services import queue_email
from notifications.models import WebhookEndpoint


def tell_of_disabling(endpoint: WebhookEndpoint) -> None:
    """Queue a mail to everybody in the company who can mend and enable it."""
    roles = roles_that_may(Program(endpoint.partner.program), Permission.MANAGE_WEBHOOKS)
    readers = Membership.objects.current().filter(partner=endpoint.partner, role__in=roles).exclude(user__email="")
    for membership in readers.select_related("user").order_by("pk"):
        user = membership.user
        with translation.override(user.language):
            since = date_text(timezone.localtime(endpoint.failing_since, user.zone)) if endpoint.failing_since else ""
        queue_email(
            "webhook_disabled",
            to=user.email,
            language=user.language,
            context={
                "name": user.full_name,
                "endpoint": endpoint.name,
                "host": endpoint.host,
                "is_gone": endpoint.disabled_why == "gone",
                "since": since,
                "address": settings.PORTAL_BASE_URL + endpoint.get_absolute_url(),
            },
            about=endpoint,
        )
