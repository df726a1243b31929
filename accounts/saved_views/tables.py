"""The views of a list as a table."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from accounts.models import SavedView
from accounts.saved_views.services import is_own, may_delete
from core.tables import ActionsColumn, PortalTable


class ViewTable(PortalTable):
    """A person's own views and those that are shared with it."""

    title = gettext_lazy("Saved views")

    name = tables.Column(gettext_lazy("Name"), linkify=lambda record: record.get_absolute_url())
    audience = tables.Column(gettext_lazy("Who sees it"), accessor="is_shared")
    owner = tables.Column(gettext_lazy("Saved by"))
    actions = ActionsColumn(gettext_lazy("Actions"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        self.actor = actor
        super().__init__(*args, **kwargs)

    def render_audience(self, value: bool) -> str:
        """Only its owner, or the company."""
        return _("Everybody at %(company)s") % {"company": self.actor.partner} if value else _("Only me")

    def row_actions(self, record: SavedView) -> list[tuple[Any, str]]:
        """Rename what is one's own; delete what one may."""
        arguments = [record.page, record.pk]
        actions: list[tuple[Any, str]] = []
        if is_own(record, self.actor):
            actions.append((_("Rename"), reverse("saved_views:rename", args=arguments)))
        if may_delete(record, self.actor):
            actions.append((_("Delete"), reverse("saved_views:delete", args=arguments)))
        return actions
