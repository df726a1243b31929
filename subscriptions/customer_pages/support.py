"""How a customer reaches whoever answers its support requests."""

from typing import Any
from urllib.parse import urlsplit

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.services.support import Support
from core import html
from core.companies import show_phone


def support_facts(support: Support) -> list[tuple[str, Any]]:
    """Telephone, e-mail and site, each as a link; what is not known is left out."""
    facts = [
        (_("Telephone"), phone_link(support.phone) if support.phone else ""),
        (_("E-mail"), mail_link(support.email) if support.email else ""),
        (_("Site"), site_link(support.website) if support.website else ""),
    ]
    return [(label, value) for label, value in facts if value]


def phone_link(phone: str) -> SafeString:
    """The number as people read it, for the telephone to call."""
    return format_html('<a href="tel:{}">{}</a>', phone, show_phone(phone))


def mail_link(address: str) -> SafeString:
    """The address, for the mail program."""
    return format_html('<a href="mailto:{}">{}</a>', address, html.name(html.breakable(address)))


def site_link(address: str) -> SafeString | str:
    """The site by its host; an address that no browser should be sent to is text alone."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return address
    return format_html('<a href="{}" rel="noreferrer">{}</a>', address, html.name(html.breakable(parts.hostname)))
