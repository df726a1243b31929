"""Activity as a table: when, who and by which way, what, about what, for which customer, from what to what."""

from collections.abc import Callable
from typing import Any

import django_tables2 as tables
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import can
from accounts.roles import Permission, Role
from activity.models import ActivityRecord
from activity.sentences import sentence
from core import html
from core.tables import PortalTable, TimeColumn
from csp_portal.activity_log.links import Links
from subscriptions.timeline import acting_for, details, is_own, joined, who

HIDDEN_ON_TABLETS = {"td": {"class": "hide-md"}, "th": {"class": "hide-md"}}
# So many changes stand in the row itself; all of them in the opened one.
SHOWN_CHANGES = 2
SEE_ADDRESSES = (Role.GLOBAL_ADMIN, Role.ADMIN_AGENT)


class ActivityTable(PortalTable):
    """One row a record; opened, it shows everything that the reader may know of it."""

    title = gettext_lazy("Activity")
    row_header = "what"

    at = TimeColumn(gettext_lazy("When"), style="absolute")
    who = tables.Column(gettext_lazy("Who and source"), accessor="pk")
    what = tables.Column(gettext_lazy("Action and object"), accessor="action")
    customer = tables.Column(gettext_lazy("Customer"), accessor="pk", attrs=HIDDEN_ON_TABLETS)
    change = tables.Column(gettext_lazy("From → to"), accessor="pk", attrs=HIDDEN_ON_TABLETS)

    def __init__(self, *args: Any, links: Links, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.links, self.actor = links, links.actor
        self.prices = can(self.actor, Permission.VIEW_PRICES)
        # Lines of each record: the row shows some, the opened row all.
        self.lines: dict[int, list[SafeString]] = {}

    def row_name(self, record: ActivityRecord) -> str:
        """The sentence and its object."""
        return f"{sentence(record)}: {record.target_label}"

    def render_what(self, record: ActivityRecord) -> SafeString:
        """What was done, and the object: a link where the reader may open it."""
        about = linked(self.links.target_url(record), record.target_label)
        return format_html('{}<br><span class="fw-normal">{}</span>', sentence(record), about)

    def render_customer(self, record: ActivityRecord) -> SafeString:
        """The customer, where there is one that the reader sees."""
        name = self.links.customer_name(record)
        return linked(self.links.customer_url(record), name) if name else html.missing()

    def render_change(self, record: ActivityRecord) -> SafeString:
        """The first values that changed."""
        lines = sorted(self.lines_of(record), key=lambda line: "→" not in line)
        more = len(lines) - SHOWN_CHANGES
        if more > 1:
            words = ngettext("and %(shown)s more", "and %(shown)s more", more) % {"shown": more}
            lines = [*lines[:SHOWN_CHANGES], format_html('<span class="muted">{}</span>', words)]
        return format_html('<div class="small-lines">{}</div>', joined(lines)) if lines else html.missing()

    def render_who(self, record: ActivityRecord) -> SafeString:
        """The person, of other companies the company alone, and by which way."""
        source = record.get_source_display()
        return format_html('{}<br><span class="muted">{}</span>', who(record, self.actor), source or html.missing())

    def lines_of(self, record: ActivityRecord) -> list[SafeString]:
        """Everything that changed, as far as the reader may know."""
        if record.pk not in self.lines:
            self.lines[record.pk] = details(record, self.actor, prices=self.prices)
        return self.lines[record.pk]

    def details_maker(self) -> Callable[[Any], SafeString]:
        """The opened row."""
        template = get_template("activity/_record.html")

        def make(record: ActivityRecord) -> SafeString:
            return SafeString(template.render({"facts": self.facts(record)}))

        return make

    def facts(self, record: ActivityRecord) -> list[tuple[str, Any]]:
        """Label and value of what the row does not show."""
        company = acting_for(record, self.actor)
        facts: list[tuple[str, Any]] = [
            (_("Who"), who(record, self.actor)),
            (_("Acting for"), html.name(company) if company else html.missing()),
            (_("Object"), html.name(record.target_label)),
            (_("Object’s ID"), html.copy_text(record.target_id, _("Object’s ID"))),
            (_("From → to"), joined(self.lines_of(record))),
            (_("Source"), record.get_source_display()),
        ]
        if record.request_id:
            facts.append((_("Request ID"), html.copy_text(record.request_id, _("Request ID"))))
        if record.ip and is_own(record, self.actor) and self.actor.role in SEE_ADDRESSES:
            facts.append((_("Network address"), record.ip))
        return facts


class AccountsTable(ActivityTable):
    """The same without customers, whom no account concerns."""

    title = gettext_lazy("Activity of accounts")
    customer = None


def linked(url: str, name: str) -> SafeString:
    """A name, as a link if there is somewhere to go."""
    return format_html('<a href="{}">{}</a>', url, html.name(name)) if url else html.name(name)
