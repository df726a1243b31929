"""A draft goes to a colleague: handed over by its owner, or by a Global admin where the owner works there no more."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Membership
from accounts.roles import Permission, Program, roles_that_may
from activity.models import ActivityRecord
from activity.services import record
from core.exceptions import InvalidTransition, Refused
from core.html import date_text
from mail.services import queue_email
from orders.models import OrderDraft, OrderDraftQuerySet
from orders.services import lock_open_draft, save_draft


class NoSuchColleague(Refused):
    """Whoever was chosen works there no more, or is in a role that may not order."""


def colleagues(draft: OrderDraft) -> QuerySet[Membership]:
    """Who may go on with the draft: people at work in its provider, in a role that may order, but not its owner."""
    needed = [Permission.PLACE_ORDER, *([Permission.ADD_CUSTOMER] if draft.makes_customer else [])]
    roles = roles_that_may(Program(draft.provider.program), *needed)
    at_work = Membership.objects.current().filter(partner=draft.provider, role__in=roles)
    return at_work.exclude(user=draft.owner_id).select_related("user").order_by("user__full_name", "pk")


def left_drafts(actor: Actor) -> OrderDraftQuerySet:
    """The unfinished drafts of people who left, for whoever may give them to somebody; else none."""
    if actor.partner is None or not actor.is_provider:
        return OrderDraft.objects.none()
    return OrderDraft.objects.worth_resuming().of_people_who_left(actor.partner).select_related("owner", "provider")


@transaction.atomic
def hand_over_draft(*, draft: OrderDraft, to: Membership, by: Actor) -> OrderDraft:
    """Make the colleague the owner of one's own draft; whoever hands it over opens it no more."""
    return give_draft(lock_open_draft(draft, by), to, by)


@transaction.atomic
def reassign_draft(*, draft: OrderDraft, to: Membership, by: Actor) -> OrderDraft:
    """Make somebody at work the owner of a draft whose owner left."""
    require(by, Permission.REASSIGN_DRAFTS)
    assert by.partner is not None
    left = OrderDraft.objects.open().of_people_who_left(by.partner)
    if not left.select_for_update(no_key=True, of=("self",)).filter(pk=draft.pk):
        raise InvalidTransition(_("Nothing is to be reassigned: the draft is finished, or its owner works on it."))
    return give_draft(OrderDraft.objects.select_related("provider", "customer", "owner").get(pk=draft.pk), to, by)


def given_before(public_id: UUID, by: Actor) -> tuple[str, str] | None:
    """The draft and its taker, as the record has them, if it was this person who gave it away last; else None."""
    if by.user is None:
        return None
    records = ActivityRecord.objects.visible_to(by).filter(
        target_type=OrderDraft._meta.label_lower, target_id=str(public_id), action="order_draft.handed_over"
    )
    last = records.order_by("-at", "-pk").first()
    if last is None or last.actor_user_id != by.user.pk:
        return None
    return last.target_label, last.changes["owner"][1]


def give_draft(draft: OrderDraft, to: Membership, by: Actor) -> OrderDraft:
    """Make the colleague the owner of an open draft that the caller holds and may give away."""
    taker = colleagues(draft).filter(pk=to.pk).first()
    if taker is None:
        raise NoSuchColleague(_("Choose a colleague who works in your company and may place orders."))
    before, draft.owner = draft.owner, taker.user
    save_draft(draft, "owner")
    record("order_draft.handed_over", draft, by=by, owner=[before.full_name, taker.user.full_name])
    _tell(draft, taker, by)
    return draft


def _tell(draft: OrderDraft, taker: Membership, by: Actor) -> None:
    """Tell whoever has it now; an own decision needs no mail."""
    user = taker.user
    if not user.email or user == by.user:
        return
    with translation.override(user.language):
        words = {"draft_name": str(draft), "kept_until": date_text(timezone.localtime(draft.removed_at))}
    queue_email(
        "draft_handed_over",
        to=user.email,
        language=user.language,
        context={
            **words,
            "name": user.full_name,
            "giver": by.user.full_name if by.user else by.label,
            "company": draft.provider.legal_name,
            "makes_customer": draft.makes_customer,
            "draft_path": draft.get_absolute_url(),
        },
        about=draft,
    )
