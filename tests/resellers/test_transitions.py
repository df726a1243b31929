"""Every state, and everything that may be tried in it: the table of moves is all that happens."""

from datetime import timedelta

import pytest
import time_machine

from accounts.access import system_actor
from core import clock
from core.exceptions import InvalidTransition
from resellers import refusals
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    change_draft,
    decline_request,
    discard_draft,
    extend_request,
    resend_request,
    revoke_request,
    send_request,
    share_request,
)
from resellers.services.expiry import expire_overdue
from tests.factories import PartnershipFactory, PartnershipRequestFactory, UserFactory

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel


def time_passes(request) -> None:
    """A month later, the portal closes what nobody answered."""
    with time_machine.travel(clock.now() + timedelta(days=31)):
        expire_overdue(by=system_actor("expiry"))


ACTS = {
    "change": lambda request, sender, riley: change_draft(
        request=request, recipient=request.recipient, language="en", message="Other words", valid_days=7, by=sender
    ),
    "send": lambda request, sender, riley: send_request(request=request, by=sender),
    "share": lambda request, sender, riley: share_request(request=request, channel=Channel.CLIPBOARD, by=sender),
    "discard": lambda request, sender, riley: discard_draft(request=request, by=sender),
    "revoke": lambda request, sender, riley: revoke_request(request=request, by=sender),
    # To another address: to the same one ten minutes would have to pass.
    "resend": lambda request, sender, riley: resend_request(request=request, recipient="r@fabrikam.example", by=sender),
    "extend": lambda request, sender, riley: extend_request(request=request, days=30, by=sender),
    "expire": lambda request, sender, riley: time_passes(request),
    "accept": lambda request, sender, riley: accept_request(request=request, nonce=request.nonce, by=riley),
    "decline": lambda request, sender, riley: decline_request(request=request, nonce=request.nonce, by=riley),
}
GONE = "gone"
# What happens to (state, act): the next state, or the refusal after which nothing has changed.
OUTCOMES = {
    State.DRAFT: {
        "change": State.DRAFT,
        "send": State.SENT,
        "share": State.SENT,
        "discard": GONE,
        "revoke": InvalidTransition,
        "resend": InvalidTransition,
        "extend": InvalidTransition,
        "expire": State.DRAFT,
        "accept": refusals.NotYetSent,
        "decline": refusals.NotYetSent,
    },
    State.SENT: {
        "change": InvalidTransition,
        "send": State.SENT,
        "share": State.SENT,
        "discard": InvalidTransition,
        "revoke": State.REVOKED,
        "resend": State.SUPERSEDED,
        "extend": State.SENT,
        "expire": State.EXPIRED,
        "accept": State.ACCEPTED,
        "decline": State.DECLINED,
    },
    State.ACCEPTED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "resend": InvalidTransition,
        "extend": InvalidTransition,
        "expire": State.ACCEPTED,
        "accept": refusals.RequestUsed,
        "decline": refusals.RequestUsed,
    },
    State.DECLINED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": State.REVOKED,
        "resend": State.SUPERSEDED,
        "extend": InvalidTransition,
        "expire": State.DECLINED,
        "accept": State.ACCEPTED,
        "decline": State.DECLINED,
    },
    State.REVOKED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "resend": InvalidTransition,
        "extend": InvalidTransition,
        "expire": State.REVOKED,
        "accept": refusals.LinkWithdrawn,
        "decline": refusals.LinkWithdrawn,
    },
    State.EXPIRED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "resend": State.SUPERSEDED,
        "extend": InvalidTransition,
        "expire": State.EXPIRED,
        "accept": refusals.RequestExpired,
        "decline": refusals.RequestExpired,
    },
    State.SUPERSEDED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "resend": InvalidTransition,
        "extend": InvalidTransition,
        "expire": State.SUPERSEDED,
        "accept": refusals.RequestReplaced,
        "decline": refusals.RequestReplaced,
    },
}


def request_in(state, sender):
    """A request of the sender in this state; an accepted one was accepted by somebody else."""
    fields = {"provider": sender.partner, "created_by": sender.user}
    if state == State.DRAFT:
        return PartnershipRequestFactory(**fields)
    if state == State.ACCEPTED:
        fields |= {
            "partnership": PartnershipFactory(provider=sender.partner),
            "answered_by": UserFactory(),
            "answered_at": clock.now(),
        }
    return PartnershipRequestFactory(sent=True, **{**fields, "state": state})


def test_every_pair_of_state_and_act_is_written_down():
    assert set(OUTCOMES) == set(State)
    assert all(set(acts) == set(ACTS) for acts in OUTCOMES.values())


@pytest.mark.parametrize(("state", "act"), [(state, act) for state in State for act in ACTS])
def test_each_act_in_each_state(state, act, sender, riley):
    request = request_in(state, sender)
    before = PartnershipRequest.objects.values().get()
    outcome = OUTCOMES[state][act]
    if isinstance(outcome, type):
        with pytest.raises(outcome):
            ACTS[act](request, sender, riley)
        assert PartnershipRequest.objects.values().get() == before
        return
    ACTS[act](request, sender, riley)
    if outcome == GONE:
        assert not PartnershipRequest.objects.exists()
        return
    after = PartnershipRequest.objects.values().get(pk=request.pk)
    assert after["state"] == outcome
    if outcome == state and state != State.DRAFT and act != "extend":
        assert after == before


@pytest.mark.parametrize("state", State)
def test_what_happens_follows_the_table(state):
    reached = {one for one in OUTCOMES[state].values() if isinstance(one, State) and one != state}
    assert reached == PartnershipRequest.TRANSITIONS.get(state, frozenset())


@pytest.mark.parametrize("state", [State.SENT, State.DECLINED])
@pytest.mark.parametrize("act", ["accept", "decline"])
def test_time_that_ran_out_ends_it_whatever_the_state_says(state, act, sender, riley):
    request = request_in(state, sender)
    PartnershipRequest.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(refusals.RequestExpired):
        ACTS[act](request, sender, riley)
    assert PartnershipRequest.objects.get().state == state
