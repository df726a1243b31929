"""Partnership requests to the mailbox of the person who reads: found by the mailbox and by nothing else.

A request belongs to its provider, and who has the link may answer it. Whoever was seen to read the mailbox to which it
went may know that it waits there; the link itself stays in the mail.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.access import Actor, can
from accounts.models import Partner, User
from accounts.roles import Permission
from core.fence import beyond_the_fence
from resellers.addresses import mailbox_key
from resellers.models import Partnership, PartnershipRequest, PartnershipRequestQuerySet
from resellers.standing import waits_for_completion

# On Home; its page has the rest. A provider has one open request to a mailbox, so these are as many providers.
MOST_SHOWN = 10
MOST_LISTED = 200


def incoming_requests(actor: Actor, most: int = MOST_LISTED) -> list[PartnershipRequest]:
    """Those that somebody of a reseller can still answer, the first to expire first (at most one query)."""
    if actor.user is None or not actor.is_reseller or not can(actor, Permission.VIEW_PROVIDERS):
        return []
    rows = answerable_by(actor).select_related("provider", "sent_by").order_by("expires_at", "pk")
    with beyond_the_fence("A request is its provider's; whom it was sent to is known by the mailbox."):
        return list(rows[:most])


def incoming_request(actor: Actor, public_id: UUID) -> PartnershipRequest | None:
    """The one that was sent to the person, whatever became of it; nobody else's."""
    if actor.user is None:
        return None
    rows = sent_to(actor.user).select_related("provider").filter(public_id=public_id)
    with beyond_the_fence("The same, for the button beside it."):
        return rows.first()


def sent_to(person: User) -> PartnershipRequestQuerySet:
    """What went to the mailbox that the person was seen to read; nothing where that was never seen."""
    key = mailbox_key(person.email) if person.email_proved_at is not None else ""
    rows = PartnershipRequest.objects.exclude(state=PartnershipRequest.State.DRAFT)
    return rows.filter(recipient_key=key) if key else rows.none()


def answerable_by(actor: Actor) -> PartnershipRequestQuerySet:
    """Of these the open ones, of providers that do business and are not the company's partners yet."""
    assert actor.user is not None
    partners = Partnership.objects.active().filter(provider=OuterRef("provider"), reseller=actor.partner)
    return (
        sent_to(actor.user)
        .awaiting_answer()
        .filter(
            ~waits_for_completion(),
            ~Exists(partners),
            provider__enrolment_state=Partner.EnrolmentState.ACTIVE,
        )
    )
