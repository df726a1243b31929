"""The table of a reseller's indirect providers."""

from typing import Any

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import html
from core.tables import ActionsColumn, PortalTable, TimeColumn
from resellers.models import Partnership
from resellers.tables import customers_link


class ProviderTable(PortalTable):
    """The reseller's active partnerships."""

    title = gettext_lazy("Indirect providers")
    row_key = "public_id"

    provider = tables.Column(gettext_lazy("Indirect provider"), accessor="provider__legal_name")
    location = tables.Column(gettext_lazy("Location"), accessor="provider__country")
    since = TimeColumn(verbose_name=gettext_lazy("Since"), accessor="began_at")
    granted = tables.Column(pgettext_lazy("column", "What was granted"), accessor="pk")
    actions = ActionsColumn(verbose_name=gettext_lazy("Actions"), accessor="pk")

    def row_name(self, record: Partnership) -> str:
        """The provider's name."""
        return record.provider.legal_name

    def row_actions(self, record: Partnership) -> list[tuple[Any, str]]:
        """The customers shared with the provider."""
        return [(_("View customers"), customers_link("provider", record.provider))]

    def render_provider(self, value: str) -> SafeString:
        """A name somebody typed."""
        return html.name(value)

    def render_location(self, record: Partnership) -> str:
        """The country by name."""
        return str(record.provider.country.name)

    def render_granted(self) -> str:
        """What every partnership grants: there is one kind."""
        return _(
            "Add customers and submit orders on your behalf, associate you with subscriptions, "
            "designate you as support contact"
        )
