"""What an opened row of Indirect resellers shows; made in Python as that of the Customers list is."""

from collections.abc import Callable
from html import escape
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import html
from core.routes import address_maker
from customers.models import ResellerRelationship
from subscriptions.reseller_pages.counts import ShownCustomer


class OpenedResellers:
    """Makes the content of one opened row after another; `may_add_customer` says where the button is offered."""

    def __init__(self, may_add_customer: Callable[[Any], bool]) -> None:
        self.may_add_customer = may_add_customer
        self.customer_address, self.reseller_address = (
            address_maker("subscriptions:list"),
            address_maker("resellers:detail"),
        )
        labels = (_("Contact"), _("Delegated access"), _("Newest customers"))
        self.heads = [f"<div><dt>{escape(words)}</dt><dd>" for words in labels]
        self.refused = escape(_("New business would be refused today"))
        self.no_access, self.none_yet = escape(_("None of your customers")), escape(_("No customers yet"))
        self.add_words = f"{html.icon('plus-lg', 'sm')}{escape(_('Add new customer'))}"
        self.view_words = _("View reseller")

    def __call__(self, record: Any) -> SafeString:
        """The obstacles of today, the facts and the links of one reseller."""
        entries = (self._contact(record.reseller), self._access(record.managed), self._newest(record))
        facts = "".join(f"{head}{content}</dd></div>" for head, content in zip(self.heads, entries, strict=True))
        return SafeString(
            f'{self._obstacles(record.obstacles)}<dl class="facts">{facts}</dl>'
            f'<div class="d-flex flex-wrap align-items-center gap-3 mt-3">{self._actions(record)}</div>'
        )

    def _obstacles(self, obstacles: Any) -> str:
        if not obstacles:
            return ""
        sentences = "".join(f"<p>{escape(one.sentence)} {escape(one.repair)}</p>" for one in obstacles)
        return (
            f'<div class="inset inset-warning">{html.icon("exclamation-triangle-fill", "lg")}'
            f'<div><p class="inset-title">{self.refused}</p>{sentences}</div></div>'
        )

    def _contact(self, reseller: Any) -> str:
        mail = escape(reseller.contact_email)
        return f'<bdi>{escape(reseller.contact_name)}</bdi> · <a href="mailto:{mail}">{mail}</a>'

    def _access(self, managed: dict[str, int]) -> str:
        parts = []
        if number := managed.get(ResellerRelationship.Scope.MANAGE, 0):
            words = ngettext(
                "Can manage accounts and subscriptions of %(shown)s customer",
                "Can manage accounts and subscriptions of %(shown)s customers",
                number,
            )
            parts.append(escape(words % {"shown": html.number_text(number)}))
        if number := managed.get(ResellerRelationship.Scope.VIEW_AND_REQUEST, 0):
            words = ngettext(
                "Can view %(shown)s customer and request changes",
                "Can view %(shown)s customers and request changes",
                number,
            )
            parts.append(escape(words % {"shown": html.number_text(number)}))
        return "<br>".join(parts) or self.no_access

    def _newest(self, record: Any) -> str:
        newest: list[ShownCustomer] = record.newest_customers
        if not newest:
            return self.none_yet
        rows = "".join(
            f'<li><a href="{self.customer_address(one.microsoft_id)}"><bdi>{escape(one.company_name)}</bdi></a></li>'
            for one in newest
        )
        if (more := record.customer_count - len(newest)) > 0:
            words = ngettext("and %(shown)s more", "and %(shown)s more", more) % {"shown": html.number_text(more)}
            rows += f'<li class="muted">{escape(words)}</li>'
        return f'<ul class="list-unstyled mb-0">{rows}</ul>'

    def _actions(self, record: Any) -> str:
        name = record.reseller.legal_name
        view = html.row_link(self.reseller_address(record.public_id), self.view_words, name)
        if not self.may_add_customer(record):
            return view
        return (
            f'<button type="submit" form="add-customer" name="reseller" value="{record.reseller.microsoft_id}" '
            f'class="btn btn-secondary btn-sm">{self.add_words}<span class="visually-hidden"> {escape(name)}</span>'
            f"</button>{view}"
        )
