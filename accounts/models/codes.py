"""Codes that prove a mailbox."""

import secrets
import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock

CODE_LIFE = timedelta(minutes=10)


def new_code_nonce() -> str:
    """Sixteen random bytes in hex: what the six digits of one code are derived from, together with a key."""
    return secrets.token_hex(16)


def code_expiry() -> datetime:
    """When a code that is made now stops working."""
    return clock.now() + CODE_LIFE


class EmailCode(models.Model):
    """Six digits that were mailed to an address; who types them reads its mail.

    The digits themselves are nowhere in the database: they are derived from the nonce and a key while the mail is sent
    and when somebody types them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address_key = models.CharField(_("e-mail address"), max_length=254, db_index=True)
    nonce = models.CharField(max_length=32, default=new_code_nonce, editable=False)
    # The browser that asked for it: a code that somebody is talked into reading out opens nothing elsewhere.
    session_hash = models.CharField(max_length=64, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(default=code_expiry, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("e-mail code")
        verbose_name_plural = _("e-mail codes")

    def __str__(self) -> str:
        return self.address_key
