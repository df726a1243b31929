"""What the Account page tells of the administrator's user name and its last temporary password; never a password."""

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from core import html
from customers.models import CustomerAdministrator, TemporaryPassword

Stage = TemporaryPassword.Stage
STAGE_KINDS: dict[str, str] = {
    Stage.NOT_SHOWN: "warning",
    Stage.SHOWN: "warning",
    Stage.STORED: "info",
    Stage.EXPIRED: "danger",
}


def shown(issued: TemporaryPassword) -> Any:
    """When it was shown, or whether that may still happen."""
    if issued.revealed_at:
        return html.time_tag(issued.revealed_at)
    return _("Not yet") if issued.ciphertext is not None else _("Never")


def credential_facts(administrator: CustomerAdministrator) -> list[tuple[str, Any]]:
    """Label and value, for the rail of the page."""
    user = administrator.user
    latest = administrator.temporary_passwords.select_related("issued_by").first()
    facts: list[tuple[str, Any]] = [(_("Admin user account"), html.copy_text(user.sign_in_name, _("user name")))]
    if latest is None:
        return [*facts, (_("Temporary password"), _("None was issued."))]
    issued = format_html("{} · {}", html.time_tag(latest.issued_at), html.name(latest.issued_by))
    facts.append((_("Temporary password issued"), issued))
    if latest.reason:
        facts.append((_("Reason"), html.name(latest.reason_words)))
    facts.append((_("Shown"), shown(latest)))
    if latest.stored_at:
        facts.append((_("Stored"), html.time_tag(latest.stored_at)))
    if not user.must_change_password:
        return [*facts, (_("State"), html.status_badge("success", _("Changed by the customer")))]
    if latest.stage == Stage.EXPIRED:
        return [*facts, (_("State"), html.status_badge("danger", _("Expired, not changed")))]
    facts.append((_("State"), html.status_badge("info", _("Not yet changed"))))
    return [*facts, (_("Valid until"), html.time_tag(latest.valid_until))]
