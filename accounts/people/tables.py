"""The list of a company's people."""

from collections.abc import Iterable
from typing import Any

import django_filters
import django_tables2 as tables
from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import ColleagueInvitation, Membership
from accounts.roles import Role
from accounts.second_factors import FACTORS
from core import html
from core.filters import PortalFilterSet, SearchFilter
from core.tables import PortalTable, TimeColumn


class PersonSearch(SearchFilter):
    """Every word typed must occur in the name or the address."""

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow by each of the first six words."""
        for word in str(value or "").split()[:6]:
            qs = qs.filter(Q(user__full_name__icontains=word) | Q(user__sign_in_name__contains=word.lower()))
        return qs


class PeopleFilter(PortalFilterSet):
    """Name, address and role."""

    q = PersonSearch(label=_("Name or address"))
    role = django_filters.ChoiceFilter(label=_("Role"), choices=Role.choices, empty_label=_("All roles"))


class PeopleTable(PortalTable):
    """Who works for the company; rows carry `factors`, from with_factors()."""

    title = _("People")
    person = tables.Column(_("Person"), accessor="user__full_name", linkify=lambda record: record.get_absolute_url())
    address = tables.Column(_("E-mail address"), accessor="user__sign_in_name")
    role = tables.Column(_("Role"))
    seen = TimeColumn(_("Last sign-in"), accessor="user__last_login", style="relative")
    factors = tables.Column(_("Second factor"), empty_values=())
    state = tables.Column(_("State"), empty_values=(), accessor="ended_at")

    def render_address(self, value: str) -> SafeString:
        """Breakable where there is little room."""
        return html.name(html.breakable(value))

    def render_factors(self, record: Membership) -> Any:
        """Its kinds, or that there is none."""
        return factor_words(record.factors)  # type: ignore[attr-defined]

    def render_state(self, record: Membership) -> SafeString:
        """At work or not."""
        return state_badge(record)

    def row_name(self, record: Membership) -> str:
        """The person."""
        return str(record.user)


def with_factors(rows: Iterable[Membership]) -> None:
    """Give each membership the kinds of second factor that its person has: one query for all."""
    people = [row.user_id for row in rows]
    found: dict[int, list[str]] = {}
    kinds = Authenticator.objects.filter(user__in=people, type__in=FACTORS).order_by("type")
    for user, kind in kinds.values_list("user", "type").distinct():
        found.setdefault(user, []).append(kind)
    for row in rows:
        row.factors = found.get(row.user_id, [])  # type: ignore[attr-defined]


def factor_words(kinds: list[str]) -> str:
    """The kinds of second factor in words."""
    return ", ".join(str(FACTORS[Authenticator.Type(kind)]) for kind in kinds) if kinds else str(_("None"))


def state_badge(membership: Membership) -> SafeString:
    """At work, deactivated (and since when), or kept from signing in by the back office."""
    if membership.ended_at is not None:
        badge = html.status_badge("neutral", _("Deactivated"))
        return format_html("{} {}", badge, html.time_tag(membership.ended_at, "date"))
    if not membership.user.is_active:
        return html.status_badge("warning", _("May not sign in"))
    return html.status_badge("success", _("At work"))


class InvitationTable(PortalTable):
    """Invitations that nobody has accepted."""

    title = _("Invitations")
    address = tables.Column(
        _("E-mail address"), accessor="address_key", linkify=lambda record: record.get_absolute_url()
    )
    role = tables.Column(_("Role"))
    inviter = tables.Column(_("Invited by"), accessor="created_by")
    sent = TimeColumn(pgettext_lazy("invitation", "Sent"), accessor="sent_at")
    until = TimeColumn(pgettext_lazy("invitation", "Valid until"), accessor="expires_at")
    state = tables.Column(_("State"), empty_values=(), accessor="revoked_at")

    def render_address(self, value: str) -> Any:
        """Breakable where there is little room."""
        return html.breakable(value)

    def render_state(self, record: ColleagueInvitation) -> SafeString:
        """Waiting or expired."""
        return invitation_badge(record)


def invitation_badge(invitation: ColleagueInvitation) -> SafeString:
    """Where an invitation stands."""
    if invitation.accepted_at is not None:
        return html.status_badge("success", pgettext_lazy("invitation", "Accepted"))
    if invitation.revoked_at is not None:
        return html.status_badge("neutral", pgettext_lazy("invitation", "Revoked"))
    if invitation.is_expired:
        return html.status_badge("warning", pgettext_lazy("invitation", "Expired"))
    return html.status_badge("info", _("Waiting"))
