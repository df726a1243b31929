"""Put mail into the outbox, and the back office's two interventions."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import clock
from core.cache import let_redis_rest, redis_rests
from core.exceptions import InvalidTransition
from core.secret_names import refuse_secrets
from mail.models import OutgoingEmail
from mail.rendering import render_email

logger = logging.getLogger(__name__)

State = OutgoingEmail.State


def queue_email(
    kind: str,
    *,
    to: str,
    language: str,
    context: Mapping[str, Any],
    about: models.Model | None = None,
    reply_to: str = "",
    dedupe_key: str = "",
) -> OutgoingEmail:
    """Render a mail now and store it with the caller's changes; it leaves when, and only if, they are committed.

    A second call with the same dedupe_key returns the first mail. Nothing secret belongs in the context: write
    {% late "name" %} in the templates and register a function in mail.registry.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("queue_email() belongs in the transaction of the mail's cause.")
    if dedupe_key and (first := OutgoingEmail.objects.filter(dedupe_key=dedupe_key).first()):
        return first
    _refuse_odd_addresses(to, *([reply_to] if reply_to else []))
    refuse_secrets(context)
    email_id = uuid.uuid4()
    rendered = render_email(kind, language=language, context=context, mark=email_id)
    fields: dict[str, Any] = {
        "id": email_id,
        "kind": kind,
        "recipient": to,
        "reply_to": reply_to,
        "language": language,
        "subject": rendered.subject,
        "text": rendered.text,
        "html": rendered.html,
        "message_id": message_id(email_id),
        "about_type": about._meta.label_lower if about else "",
        "about_id": str(about.pk) if about else "",
    }
    if not dedupe_key:
        email = OutgoingEmail.objects.create(**fields)
    else:
        # Two transactions with one key: the second waits for the first and then finds its row.
        email, _created = OutgoingEmail.objects.get_or_create(dedupe_key=dedupe_key, defaults=fields)
    kick_after_commit(email.pk)
    return email


def message_id(email_id: uuid.UUID) -> str:
    """The Message-ID of a mail: the same at each attempt, so that a repetition threads with the first."""
    host = urlsplit(settings.PORTAL_BASE_URL).hostname or "localhost"
    return f"<{email_id.hex}@{host.encode('idna').decode('ascii')}>"


def _refuse_odd_addresses(*addresses: str) -> None:
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError as error:
            raise ValueError("A mail goes to exactly one valid address.") from error
        if len(address) > 254:
            raise ValueError("The address is too long.")


# --- the hint to the worker -------------------------------------------------------------------------------------------
def kick_after_commit(email_id: uuid.UUID) -> None:
    """Ask the worker to send this mail as soon as the transaction is committed."""
    transaction.on_commit(lambda: kick(email_id), robust=True)


def kick(email_id: uuid.UUID) -> None:
    """Hint to the worker that a mail is due. Never raises: without a broker the sweep sends it a little later."""
    if redis_rests():
        return
    try:
        current_app.send_task("mail.tasks.deliver_email", args=[str(email_id)], retry=False, ignore_result=True)
    except Exception as error:
        let_redis_rest()
        logger.warning("The broker did not take the hint for mail %s: %s", email_id, type(error).__name__)


# --- interventions of the back office ---------------------------------------------------------------------------------
def record(action: str, email: OutgoingEmail, *, by: Any, **changes: Any) -> None:
    """Write the record of an intervention through the function that settings name: this app knows no other."""
    import_string(settings.RECORDER)(action, email, by=by, **changes)


@transaction.atomic
def retry_email(*, email: OutgoingEmail, by: Any) -> OutgoingEmail:
    """Send a mail again that failed or waits for its next attempt, with a full set of attempts."""
    email = OutgoingEmail.objects.select_for_update().get(pk=email.pk)
    if email.state not in (State.QUEUED, State.FAILED):
        raise InvalidTransition(_("Only mail that waits or could not be sent can be sent again."))
    before = email.state
    email.state, email.attempts, email.due_at = State.QUEUED, 0, clock.now()
    email.save(update_fields=["state", "attempts", "due_at"])
    record("email.retried", email, by=by, state_before=before)
    kick_after_commit(email.pk)
    return email


@transaction.atomic
def drop_email(*, email: OutgoingEmail, by: Any, reason: str) -> OutgoingEmail:
    """Withdraw a mail that has not left; one that is being sent can no longer be held back."""
    email = OutgoingEmail.objects.select_for_update().get(pk=email.pk)
    if email.state not in (State.QUEUED, State.FAILED):
        raise InvalidTransition(_("Only mail that waits or could not be sent can be withdrawn."))
    before = email.state
    email.state = State.DROPPED
    email.save(update_fields=["state"])
    record("email.dropped", email, by=by, state_before=before, reason=reason)
    return email
