"""The demo's People pages: an invitation that waits, one whose time is over, and somebody who has left."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from accounts.access import Actor, system_actor
from accounts.roles import Role
from accounts.services import add_member
from accounts.services.colleagues import deactivate_colleague
from accounts.services.invitations import invite_colleague
from activity.models import Source
from core import clock

# Address, role, and how many days ago: the second one's time is over.
INVITED = (("warehouse@northwind.example", Role.SALES_AGENT, 2), ("intern@northwind.example", Role.HELPDESK_AGENT, 14))


def load_colleagues(actors: Mapping[str, Actor], now: datetime) -> None:
    """Let the Global admin of Northwind have dealt with people of every kind."""
    admin = actors["northwind.example"]
    assert admin.partner is not None
    with clock.at(now - timedelta(days=300)):
        member = add_member(
            partner=admin.partner,
            email="formerly@northwind.example",
            full_name="Elena Duarte",
            role=Role.SALES_AGENT,
            by=system_actor("demo data", Source.COMMAND),
        )
    with clock.at(now - timedelta(days=20)):
        deactivate_colleague(membership=member, choices={}, by=admin)
    for address, role, days in INVITED:
        with clock.at(now - timedelta(days=days)):
            invite_colleague(email=address, role=role, language="en", by=admin)
