"""What records say that are about webhooks."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.models import DisabledWhy
from notifications.webhooks.events import EventCategory

UNDELIVERED = _("E-mail could not be delivered")
SENTENCES: dict[str, Promise] = {
    "email.undelivered": UNDELIVERED,
    "email.undelivered_to_partner": UNDELIVERED,
    "email.undelivered_to_colleague": UNDELIVERED,
    "email.undelivered_of_webhook": UNDELIVERED,
    "email.summary_undelivered": _("Daily summary could not be delivered"),
    "webhook.registered": _("Webhook registered"),
    "webhook.changed": _("Webhook changed"),
    "webhook.enabled": _("Webhook turned on"),
    "webhook.disabled": _("Webhook turned off"),
    "webhook.removed": _("Webhook removed"),
    "webhook.tested": _("Webhook tested"),
    "webhook.replayed": _("Deliveries of a webhook repeated"),
    "webhook.key_shown": _("Signing secret of a webhook shown"),
    "webhook.key_rotated": _("Signing secret of a webhook replaced"),
}
FIELDS: dict[str, Promise] = {
    "url": _("Address"),
    "host": _("Server"),
    "categories": _("Events"),
    "delivery": _("Delivery"),
    "count": _("How many"),
    "since": _("From"),
    "why": _("Why"),
    "days": _("Days"),
    "before_until": _("Old secret valid until"),
    "device": _("Device"),
    "device_ip": _("Network address"),
}
LABELS = {"categories": dict(EventCategory.choices), "why": dict(DisabledWhy.choices)}
