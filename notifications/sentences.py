"""What records say that are about webhooks."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Promise] = {
    "webhook.registered": _("Webhook registered"),
    "webhook.changed": _("Webhook changed"),
    "webhook.enabled": _("Webhook turned on"),
    "webhook.disabled": _("Webhook turned off"),
    "webhook.removed": _("Webhook removed"),
    "webhook.tested": _("Webhook tested"),
    "webhook.replayed": _("Deliveries of a webhook repeated"),
    "webhook.key_shown": _("Signing key of a webhook shown"),
    "webhook.key_rotated": _("Signing key of a webhook replaced"),
}
