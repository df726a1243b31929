"""What the record says of the catalogue."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalogue.models import CatalogueImport
from catalogue.models.products import Policy

SENTENCES: dict[str, Promise] = {
    "catalogue.import_requested": _("Catalogue import uploaded"),
    "catalogue.import_requeued": _("Catalogue import started again"),
    "catalogue.imported": _("Catalogue imported"),
    "catalogue.import_refused": _("Catalogue import refused"),
    "sku.policy_changed": _("Rules of an offer changed"),
}
FIELDS: dict[str, Promise] = {
    "kind": _("Kind"),
    "file": _("File"),
    "markets": _("Markets"),
    "rows": _("Rows"),
    "added": _("Added"),
    "ended": pgettext_lazy("how many", "Ended"),
    "sha256": _("SHA-256 of the file"),
    "policy": _("Rules"),
    "problems": _("Problems"),
}
LABELS = {
    "kind": dict(CatalogueImport.Kind.choices),
    "state": dict(CatalogueImport.State.choices),
    "policy": dict(Policy.choices),
}
