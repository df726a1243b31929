"""Ending a partnership, from either side: everything that rests on it is handed over or let go with it, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers.handing_over import hand_over_customers, lock_relationships
from customers.models import ResellerRelationship
from customers.relationship_requests.services import revoke_requests_for
from orders.models import OrderDraft
from orders.partnerships.choices import OWNER, Choice, Choices, Missing, Takeover, let_go, resolved
from orders.partnerships.consequences import SUBSCRIPTION_RELATIONS, Consequences, Relation, naming_drafts
from orders.partnerships.letters import End, tell_everybody
from orders.partnerships.reviewing import require_same
from orders.partnerships.takers import Objection, objections, wanted_by
from resellers.models import Partnership
from resellers.services.ending import close_partnership, lock_for_ending, revoke_open_requests
from subscriptions.handing_over import loaded, lock_subscriptions, lock_their_customers, name_resellers

Side = Partnership.Side


class NotChosen(Refused):
    """For some of it nobody has said who takes over; `missing` says for what."""

    def __init__(self, missing: list[Missing]) -> None:
        super().__init__(_("Choose who takes over everything that the reseller has."))
        self.missing = missing


class TakeoverRefused(Refused):
    """A chosen reseller cannot take over what it is to get; `objections` says who, why, and what repairs it."""

    def __init__(self, found: list[Objection]) -> None:
        super().__init__(" ".join(objection.text for objection in found))
        self.objections = found


@transaction.atomic
def end_partnership(
    *, partnership: Partnership, choices: Choices, reason: str, reviewed: str, by: Actor
) -> Partnership:
    """End it for the provider, and hand over everything that rests on it as chosen; all or nothing.

    `reviewed` is the fingerprint of what the person saw. A partnership that has ended already is returned as it is.
    """
    require(by, Permission.END_PARTNERSHIP, partnership)
    if by.partner != partnership.provider:
        raise NotPermitted(f"{by.label} does not act for {partnership.provider}.")
    # Who takes over is known before anything is locked, so that all locks are taken in one order.
    expected = resolved(choices, Consequences(partnership)).resellers() | _chosen(choices)
    partnership = lock_for_ending(partnership, expected)
    if partnership.ended_at is not None:
        return partnership
    held = _hold(partnership)
    takeover = resolved(choices, held.consequences)
    require_same(held.consequences, takeover, reviewed)
    if takeover.missing:
        raise NotChosen(takeover.missing)
    if found := objections(partnership, wanted_by(choices, takeover, held.consequences)):
        raise TakeoverRefused(found)
    if not takeover.resellers() <= expected:
        # Somebody changed who manages a customer between our two looks; the next press sees it.
        raise InvalidTransition(_("Something changed at this very moment. Press the button again."))
    return _end(held, Side.PROVIDER, choices.drafts, takeover, reason, by)


@transaction.atomic
def leave_partnership(*, partnership: Partnership, reason: str, reviewed: str, by: Actor) -> Partnership:
    """End it for the reseller, which lets go of everything at once; the customers stay with the provider.

    `reviewed` and a second press are as in end_partnership().
    """
    require(by, Permission.END_PARTNERSHIP, partnership)
    if by.partner != partnership.reseller:
        raise NotPermitted(f"{by.label} does not act for {partnership.reseller}.")
    partnership = lock_for_ending(partnership)
    if partnership.ended_at is not None:
        return partnership
    held = _hold(partnership)
    takeover = let_go(held.consequences)
    require_same(held.consequences, takeover, reviewed)
    # To whom its customers go is the provider's to say, afterwards; so is what becomes of drafts.
    return _end(held, Side.RESELLER, OWNER, takeover, reason, by)


@dataclass(frozen=True)
class Held:
    """Everything that rests on a partnership, locked: it stays like this until the transaction ends."""

    partnership: Partnership
    relationships: list[ResellerRelationship]
    relations: dict[Relation, list[Any]]
    consequences: Consequences

    def moment(self) -> datetime:
        """Now; but nothing ends before it began, though a clock of another machine may have been ahead of ours."""
        begun = [one.begins_at for rows in (self.relationships, *self.relations.values()) for one in rows]
        return max([clock.now(), self.partnership.began_at, *begun])


def _chosen(choices: Choices) -> set[int]:
    return {choices.drafts} if isinstance(choices.drafts, int) else set()


def _hold(partnership: Partnership) -> Held:
    """Lock and read it all; also relations on deleted subscriptions, which end with the others and go to nobody."""
    lock_their_customers(partnership)
    relationships = lock_relationships(partnership)
    lock_subscriptions(partnership)
    relations = {relation: loaded(model, partnership) for relation, model in SUBSCRIPTION_RELATIONS.items()}
    return Held(partnership, relationships, relations, Consequences(partnership))


def _end(held: Held, side: str, drafts: Choice, takeover: Takeover, reason: str, by: Actor) -> Partnership:
    partnership, now = held.partnership, held.moment()
    counts = held.consequences.counts()
    wanted = takeover.resellers() | ({drafts} if isinstance(drafts, int) else set())
    takers = _partnerships_of(partnership, wanted)
    managers = _with_takers(takeover, Relation.MANAGING, takers)
    hand_over_customers(relationships=held.relationships, to=managers, by=by, at=now, reason=reason)
    for relation, model in SUBSCRIPTION_RELATIONS.items():
        named = {key: one.reseller for key, one in _with_takers(takeover, relation, takers).items()}
        name_resellers(model=model, relations=held.relations[relation], to=named, by=by, at=now)
    counts["drafts"] = _settle_drafts(partnership, drafts, takers)
    counts["requests"] = revoke_open_requests(partnership, by)
    # Not among the counts, which the reseller reads too: it learns of a relationship, not of a question.
    revoke_requests_for(partnership, by=by, at=now)
    ended = close_partnership(partnership=partnership, side=side, reason=reason, by=by, at=now, **counts)
    tell_everybody(End(ended, counts, takeover, takers, by))
    return ended


def _partnerships_of(partnership: Partnership, resellers: set[int]) -> dict[int, Partnership]:
    """The partnerships under which the takers work, by the key of the reseller; locked before."""
    rows = Partnership.objects.active().filter(provider=partnership.provider, reseller__in=resellers)
    return {row.reseller_id: row for row in rows.select_related("provider", "reseller")} if resellers else {}


def _with_takers(takeover: Takeover, relation: Relation, takers: Mapping[int, Partnership]) -> dict[int, Partnership]:
    rows = takeover.to[relation]
    return {key: takers[reseller] for key, reseller in rows.items() if reseller is not None}


def _settle_drafts(partnership: Partnership, choice: Choice, takers: Mapping[int, Partnership]) -> int:
    """Do with open drafts as chosen, and return how many there were.

    One that is being worked on or submitted at this moment keeps the reseller, as do all where the owner is to choose:
    Submit waits for us, finds that the partnership is over, and Review asks for another reseller.
    """
    drafts = naming_drafts(partnership)
    if choice == OWNER:
        return drafts.count()
    reseller = takers[choice].reseller if isinstance(choice, int) else None
    held = drafts.select_for_update(skip_locked=True, no_key=True)
    keys = list(held.values_list("pk", flat=True))
    # Who manages a new customer is the only one that may answer for it.
    new = OrderDraft.objects.filter(pk__in=keys, customer=None, support_contact=partnership.reseller)
    new.update(support_contact=reseller)
    return OrderDraft.objects.filter(pk__in=keys).update(reseller=reseller, changed_at=clock.now())
