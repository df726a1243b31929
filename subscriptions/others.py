"""What a reseller reads where another one is named: that there is one, and nothing else of it."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.access import Actor

# In the place of a relation.
ANOTHER: Final = "another"
ANOTHER_RESELLER = _("Another reseller")


def as_seen(relation: Any, reader: Actor) -> Any:
    """The relation, or ANOTHER for a reseller that is not the one named."""
    if relation is None or not reader.is_reseller:
        return relation
    assert reader.partner is not None
    return relation if relation.reseller_id == reader.partner.pk else ANOTHER
