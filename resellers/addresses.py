"""What an address says about who may answer a request."""

from django.core.exceptions import ValidationError

from accounts.mailboxes import is_public_mailbox, mail_domain
from core.text import email_key


def mailbox_key(address: str) -> str:
    """The normal form of an address, or "" for what is none: an account may carry an odd one, and that is no error."""
    try:
        return email_key(address)
    except ValidationError:
        return ""


def address_fits(recipient_key: str, address: str) -> bool:
    """Whether the address is of the company that was asked: the same domain, or a request to nobody by name.

    An address is a hint about delivery and no proof, so whoever it does not fit may still be confirmed by the provider.
    """
    if not recipient_key:
        return True
    key = mailbox_key(address)
    same_domain = mail_domain(key) == mail_domain(recipient_key)
    return key == recipient_key or (same_domain and not is_public_mailbox(recipient_key))
