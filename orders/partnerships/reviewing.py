"""What the last page showed of the end of a partnership, signed, and what is otherwise when it comes back."""

import hashlib
import json
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exceptions import Refused
from core.html import number_text
from orders.partnerships.choices import Takeover, steps
from orders.partnerships.consequences import Consequences, some_names
from resellers.models import Partnership

SALT = "orders.partnerships.reviewed"


class SomethingChanged(Refused):
    """More, less or other things would happen than the page showed; `differences` says which, in words."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__(_("Something changed since you saw this page."))
        self.differences = differences


def fingerprint(consequences: Consequences, takeover: Takeover) -> str:
    """Everything that the page shows, signed and packed: the answer brings it back."""
    content = {name: steps(sorted(keys)) for name, keys in _keys(consequences).items()}
    content["takers"] = [_digest(takeover)]  # type: ignore[list-item]
    return _signer(consequences.partnership).sign_object(content, compress=True)


def require_same(consequences: Consequences, takeover: Takeover, reviewed: str) -> None:
    """Raise SomethingChanged unless the fingerprint is of what would happen now."""
    try:
        seen = _signer(consequences.partnership).unsign_object(reviewed)
    except (signing.BadSignature, ValueError):
        # Not a fingerprint of this page: whatever was seen, it was not this.
        raise SomethingChanged([]) from None
    if found := _differences(seen, consequences, _digest(takeover)):
        raise SomethingChanged(found)


def _signer(partnership: Partnership) -> signing.Signer:
    return signing.Signer(salt=f"{SALT}.{partnership.public_id}")


def _keys(consequences: Consequences) -> dict[str, list[int]]:
    return {
        "managing": [held.key for held in consequences.managing],
        "of_record": [held.key for held in consequences.of_record],
        "support": [held.key for held in consequences.support],
        "drafts": [draft.key for draft in consequences.drafts],
        "requests": [request.pk for request in consequences.requests],
    }


def _digest(takeover: Takeover) -> str:
    """Who takes over what, as a word: it can differ although the rows are the same."""
    content = {relation.value: sorted(rows.items()) for relation, rows in takeover.to.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _differences(seen: Mapping[str, Any], consequences: Consequences, takers: str) -> list[str]:
    names = {
        **{("managing", held.key): held.name for held in consequences.managing},
        **{("of_record", held.key): held.name for held in consequences.of_record},
        **{("support", held.key): held.name for held in consequences.support},
        **{("drafts", draft.key): draft.owner for draft in consequences.drafts},
        **{("requests", request.pk): str(request) for request in consequences.requests},
    }
    found = []
    for part, keys in _keys(consequences).items():
        before, now = set(accumulate(seen[part])), set(keys)
        if added := now - before:
            words = _with_names([names[part, key] for key in added])
            found.append(ADDED[part](len(added)) % {"number": number_text(len(added)), "names": words})
        if removed := before - now:
            found.append(REMOVED[part](len(removed)) % {"number": number_text(len(removed))})
    if not found and seen["takers"] != [takers]:
        found.append(_("Some of it would go to another reseller than the page showed."))
    return found


def _with_names(names: list[str]) -> str:
    shown, more = some_names(names)
    words = ", ".join(shown)
    return _("%(names)s and %(more)s more") % {"names": words, "more": number_text(more)} if more else words


ADDED: dict[str, Callable[[int], str]] = {
    "managing": lambda number: ngettext(
        "%(number)s customer more than before: %(names)s", "%(number)s customers more than before: %(names)s", number
    ),
    "of_record": lambda number: ngettext(
        "%(number)s subscription more on which it is reseller of record: %(names)s",
        "%(number)s subscriptions more on which it is reseller of record: %(names)s",
        number,
    ),
    "support": lambda number: ngettext(
        "%(number)s subscription more of which it is the support contact: %(names)s",
        "%(number)s subscriptions more of which it is the support contact: %(names)s",
        number,
    ),
    "drafts": lambda number: ngettext(
        "%(number)s open draft more, of %(names)s", "%(number)s open drafts more, of %(names)s", number
    ),
    "requests": lambda number: ngettext(
        "%(number)s open request more, to %(names)s", "%(number)s open requests more, to %(names)s", number
    ),
}
REMOVED: dict[str, Callable[[int], str]] = {
    "managing": lambda number: ngettext(
        "%(number)s customer is no longer managed by it", "%(number)s customers are no longer managed by it", number
    ),
    "of_record": lambda number: ngettext(
        "%(number)s subscription has no longer it as reseller of record",
        "%(number)s subscriptions have no longer it as reseller of record",
        number,
    ),
    "support": lambda number: ngettext(
        "%(number)s subscription has no longer it as support contact",
        "%(number)s subscriptions have no longer it as support contact",
        number,
    ),
    "drafts": lambda number: ngettext(
        "%(number)s open draft no longer names it", "%(number)s open drafts no longer name it", number
    ),
    "requests": lambda number: ngettext(
        "%(number)s request is no longer open", "%(number)s requests are no longer open", number
    ),
}
