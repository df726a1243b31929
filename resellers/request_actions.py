"""What may be done with a request where it stands now: one answer for its row and its page."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from resellers.delivery import asks_for_another_address, mail_failed
from resellers.models import PartnershipRequest
from resellers.services.resending import possible_extensions

State = PartnershipRequest.State


class Action(NamedTuple):
    """A link to where something is done."""

    name: str
    label: str
    url: str


def request_actions(request: Any) -> list[Action]:
    """The actions, the most pressing first; the request has its `mail` and its `waiting` acceptance."""
    if request.state == State.DRAFT:
        return [Action("continue", _("Continue"), request.get_absolute_url())]
    if request.waiting is not None:
        return [*_confirmation(request), _action("revoke_request", _("Revoke"), request)]
    actions = []
    if request.is_answerable:
        actions.append(Action("copy", _("Copy link"), f"{request.get_absolute_url()}#link"))
    if request.state in (State.SENT, State.DECLINED, State.EXPIRED):
        actions += _sending_again(request)
    if possible_extensions(request):
        actions.append(_action("extend_request", _("Extend"), request))
    if request.is_answerable:
        actions.append(_action("revoke_request", _("Revoke"), request))
    return actions


def _confirmation(request: Any) -> list[Action]:
    acceptance = request.waiting
    if not acceptance.awaits_confirmation:
        return []
    arguments = [acceptance.public_id]
    return [
        Action("confirm_acceptance", _("Confirm"), reverse("resellers:confirm_acceptance", args=arguments)),
        Action("refuse_acceptance", _("Refuse"), reverse("resellers:refuse_acceptance", args=arguments)),
    ]


def _sending_again(request: Any) -> list[Action]:
    """A new link to the same address, or to the one that is better."""
    if mail_failed(request):
        return [_action("correct_request", _("Correct the address"), request)]
    if asks_for_another_address(request):
        label = _("Send to %(address)s") % {"address": request.new_link_wanted_by.email}
        return [_action("correct_request", label, request), _action("resend_request", _("Resend"), request)]
    return [_action("resend_request", _("Resend") if request.recipient else _("Make a new link"), request)]


def _action(name: str, label: str, request: Any) -> Action:
    return Action(name, label, reverse(f"resellers:{name}", args=[request.public_id]))
