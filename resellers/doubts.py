"""Addresses that look like a slip of the keyboard, or like somebody else's; a person decides, once."""

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.mailboxes import PUBLIC_MAIL_DOMAINS, mail_domain
from accounts.models import Partner
from core.text import email_key
from resellers.models import PartnershipRequest
from resellers.standing import unanswered

SHORTEST_NAME = 5
# Letters and pairs that pass for another one at a glance.
TWINS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))


def address_doubt(provider: Partner, address: str) -> str:
    """A question about this address, or "" when there is nothing odd about it."""
    key = email_key(address)
    if meant := meant_domain(mail_domain(key)):
        local = address.rpartition("@")[0]
        return _("Did you mean %(address)s?") % {"address": f"{local}@{meant}"}
    if other := _look_alike(provider, key):
        return _("%(other)s was asked already, and this address looks almost the same. Is it another one?") % {
            "other": other
        }
    return ""


def meant_domain(domain: str) -> str:
    """The common mail domain from which this one differs by one slip, or "" for any other domain.

    Short names are left out: too many companies are one letter away from me.com.
    """
    if domain in PUBLIC_MAIL_DOMAINS:
        return ""
    common = sorted(name for name in PUBLIC_MAIL_DOMAINS if len(name.partition(".")[0]) >= SHORTEST_NAME)
    return next((name for name in common if one_slip_apart(domain, name)), "")


def one_slip_apart(one: str, other: str) -> bool:
    """Whether a letter too many, too few, wrong, or changed with its neighbor makes one text of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    shorter = min(len(one), len(other))
    head = next((place for place in range(shorter) if one[place] != other[place]), shorter)
    tail = next((place for place in range(shorter - head) if one[-1 - place] != other[-1 - place]), shorter - head)
    rest, other_rest = one[head : len(one) - tail], other[head : len(other) - tail]
    return max(len(rest), len(other_rest)) == 1 or (len(rest) == 2 and rest == other_rest[::-1])


def _look_alike(provider: Partner, key: str) -> str:
    """An address that this provider asks now and that a reader would take for this one."""
    local, _at, domain = key.rpartition("@")
    # A slip is in one half; so the other half, which an index cannot help with, is at least the same.
    near = Q(recipient_key__startswith=f"{local}@") | Q(recipient_key__endswith=f"@{domain}")
    asked = unanswered(PartnershipRequest.objects.filter(provider=provider)).filter(near).exclude(recipient_key=key)
    for other in asked.order_by("-pk").values_list("recipient_key", flat=True)[:500]:
        if _silhouette(other) == _silhouette(key):
            return str(other)
    return ""


def _silhouette(key: str) -> str:
    for twin, letter in TWINS:
        key = key.replace(twin, letter)
    return key
