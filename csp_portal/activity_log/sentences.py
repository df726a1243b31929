"""The sentences of apps that cannot say theirs, and what every other app says, put together."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import sentences as accounts
from activity.sentences import register
from catalogue import sentences as catalogue
from customers import sentences as customers
from mail.models import OutgoingEmail
from notifications import sentences as notifications
from orders import sentences as orders
from resellers import sentences as resellers
from subscriptions import sentences as subscriptions

# The outbox stands beside the record and knows it only by name; the log's own export is its own.
OWN: dict[str, Promise] = {
    "email.retried": _("Mail tried again"),
    "email.dropped": _("Mail dropped"),
    "activity.exported": _("Activity exported"),
}


def register_all() -> None:
    """Fill the catalogue."""
    for app in (accounts, catalogue, resellers, customers, subscriptions, orders):
        own_fields = getattr(app, "OWN_FIELDS", None)
        register(app.SENTENCES, fields=app.FIELDS, own_fields=own_fields, labels=app.LABELS)
    register(notifications.SENTENCES, fields=notifications.FIELDS, labels=notifications.LABELS)
    register(OWN, labels={"state_before": dict(OutgoingEmail.State.choices)})
