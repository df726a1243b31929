"""What an opened row of the Customers list shows.

Made in Python and not by a template: all rows of a page come with it, and rendering a template for each would cost more
than the rest of the page. Words and addresses are looked up once for the page.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import html
from core.routes import address_maker
from customers.models import Customer
from subscriptions.customer_list.rows import OpenedFacts, ShownSubscription
from subscriptions.wording import WHAT_COMES, what_comes

MUTED = '<span class="muted">· '


@dataclass(frozen=True)
class Offered:
    """What the person may do with a customer, and which side they see."""

    is_provider: bool
    may_order: bool
    may_ask: bool
    may_view_orders: bool


class OpenedRows:
    """Makes the content of one opened row after another.

    `badge` makes the status of a customer, `state_names` are those of subscriptions.
    """

    def __init__(
        self,
        offered: Offered,
        *,
        badge: Callable[[Customer], SafeString],
        state_names: dict[str, Any],
    ) -> None:
        self.offered, self.badge = offered, badge
        self.states = {state: escape(str(name)) for state, name in state_names.items()}
        self.comes = {key: escape(str(words)) for key, words in WHAT_COMES.items()}
        self.day = html.day_writer()
        self.no_term = html.missing(_("No term"))
        self.licenses: dict[int, str] = {}
        self.subscription_address = address_maker("subscriptions:detail", 2)
        self.actions = list(self._actions())
        id_label = _("Microsoft ID")
        self.copy_id, self.copy_user = html.copy_writer(id_label), html.copy_writer(_("user name"))
        self.badges: dict[str, str] = {}
        self.heads = {
            name: f"<div><dt>{escape(words)}</dt><dd>"
            for name, words in {
                "id": id_label,
                "status": _("Status"),
                "subscriptions": _("Subscriptions"),
                "administrator": _("Admin user account"),
                "resellers": _("Indirect resellers"),
                "created": _("Created"),
            }.items()
        }
        self.none_yet, self.direct = escape(_("No subscriptions yet")), escape(_("No reseller (direct)"))
        manages = _("manages the customer")
        self.manages = f"{MUTED}{escape(manages)}</span>"
        self.of_record = f"{MUTED}{escape(_('reseller of record'))}</span>"

    def __call__(self, customer: Customer) -> SafeString:
        """The facts and the links of one customer."""
        facts: OpenedFacts = customer.facts  # type: ignore[attr-defined]
        key = str(customer.microsoft_id)
        entries = [
            ("id", self.copy_id(key)),
            ("status", self._badge(customer)),
            ("subscriptions", self._subscriptions(key, customer)),
        ]
        entries += [("administrator", self.copy_user(name)) for name in facts.administrators]
        if self.offered.is_provider:
            entries.append(("resellers", self._resellers(customer)))
        entries.append(("created", self.day(customer.created_at)))
        listed = "".join(f"{self.heads[name]}{content}</dd></div>" for name, content in entries)
        links = "".join(before + key + after for before, after in self.actions)
        named = links.replace("\0", escape(str(customer)))
        return SafeString(
            f'<dl class="facts">{listed}</dl><div class="d-flex flex-wrap align-items-center gap-3 mt-3">{named}</div>'
        )

    def _badge(self, customer: Customer) -> str:
        if customer.status not in self.badges:
            self.badges[customer.status] = self.badge(customer)
        return self.badges[customer.status]

    def _subscriptions(self, key: str, customer: Any) -> str:
        newest = customer.facts.newest
        if not newest:
            return self.none_yet
        parts = [self._subscription(key, one) for one in newest]
        if more := customer.subscription_count - len(newest):
            words = ngettext("and %(shown)s more", "and %(shown)s more", more)
            parts.append(f'<li class="muted">{escape(words % {"shown": html.number_text(more)})}</li>')
        return f'<ul class="list-unstyled mb-0">{"".join(parts)}</ul>'

    def _subscription(self, key: str, one: ShownSubscription) -> str:
        address = self.subscription_address(key, one.subscription_id)
        if (licenses := self.licenses.get(one.quantity)) is None:
            words = ngettext("%(shown)s license", "%(shown)s licenses", one.quantity)
            licenses = self.licenses[one.quantity] = escape(words % {"shown": html.number_text(one.quantity)})
        return (
            f'<li><a href="{address}"><bdi>{escape(one.nickname)}</bdi></a> '
            f"{MUTED}{licenses} · {self.states[one.status]} · {self._what_comes(one)}</span></li>"
        )

    def _what_comes(self, one: ShownSubscription) -> str:
        if one.ends_at is None:
            return self.no_term
        coming, moment = what_comes(one, one.ends_at)
        return f"{self.comes[coming]} {self.day(moment)}"

    def _resellers(self, customer: Any) -> str:
        manager = customer.managing_reseller
        first = f"<bdi>{escape(manager.legal_name)}</bdi> {self.manages}" if manager else self.direct
        return first + "".join(f"<br><bdi>{escape(name)}</bdi> {self.of_record}" for name in customer.facts.others)

    def _actions(self) -> Iterator[tuple[str, str]]:
        """What stands before and after the customer's ID in each link; NUL stands for the customer's name."""
        name = '<span class="visually-hidden"> \0</span>'
        if self.offered.may_order and (address := _address("orders:add_subscription")):
            yield (
                f'<button type="submit" form="add-subscription" formaction="{address[0]}',
                f'{address[1]}" class="btn btn-secondary btn-sm">{html.icon("plus-lg", "sm")}'
                f"{escape(_('Add subscription'))}{name}</button>",
            )
        elif self.offered.may_ask and (address := _address("orders:ask_subscription")):
            yield (
                f'<a href="{address[0]}',
                f'{address[1]}" class="btn btn-secondary btn-sm">{html.icon("plus-lg", "sm")}'
                f"{escape(_('Add subscription'))}{name}</a>",
            )
        pages = {
            "subscriptions:list": _("View subscriptions"),
            "customers:orders": _("View orders") if self.offered.may_view_orders else "",
            "customers:detail": _("Account"),
        }
        for route, words in pages.items():
            if words and (address := _address(route)):
                yield f'<a href="{address[0]}', f'{address[1]}">{escape(words)}{name}</a>'


def _address(route: str) -> tuple[str, str] | None:
    """What stands before and after the ID in the address of a customer's page, if the portal has that page."""
    try:
        before, _mark, after = address_maker(route)("\0").partition("\0")
    except NoReverseMatch:
        return None
    return before, after
