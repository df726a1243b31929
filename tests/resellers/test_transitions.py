"""Every state, and everything that may be tried in it: the table of moves is all that happens."""

from datetime import timedelta

import pytest

from core import clock
from core.exceptions import InvalidTransition
from resellers import refusals
from resellers.models import PartnershipRequest
from resellers.services import (
    accept_request,
    change_draft,
    decline_request,
    discard_draft,
    revoke_request,
    send_request,
    share_request,
)
from tests.factories import PartnershipFactory, PartnershipRequestFactory, UserFactory

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel

ACTS = {
    "change": lambda request, sender, riley: change_draft(
        request=request, recipient=request.recipient, language="en", message="Other words", valid_days=7, by=sender
    ),
    "send": lambda request, sender, riley: send_request(request=request, by=sender),
    "share": lambda request, sender, riley: share_request(request=request, channel=Channel.CLIPBOARD, by=sender),
    "discard": lambda request, sender, riley: discard_draft(request=request, by=sender),
    "revoke": lambda request, sender, riley: revoke_request(request=request, by=sender),
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
        "accept": refusals.NotYetSent,
        "decline": refusals.NotYetSent,
    },
    State.SENT: {
        "change": InvalidTransition,
        "send": State.SENT,
        "share": State.SENT,
        "discard": InvalidTransition,
        "revoke": State.REVOKED,
        "accept": State.ACCEPTED,
        "decline": State.DECLINED,
    },
    State.ACCEPTED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "accept": refusals.RequestUsed,
        "decline": refusals.RequestUsed,
    },
    State.DECLINED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": State.REVOKED,
        "accept": State.ACCEPTED,
        "decline": State.DECLINED,
    },
    State.REVOKED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "accept": refusals.LinkWithdrawn,
        "decline": refusals.LinkWithdrawn,
    },
    State.EXPIRED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
        "accept": refusals.RequestExpired,
        "decline": refusals.RequestExpired,
    },
    State.SUPERSEDED: {
        "change": InvalidTransition,
        "send": InvalidTransition,
        "share": InvalidTransition,
        "discard": InvalidTransition,
        "revoke": InvalidTransition,
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
    after = PartnershipRequest.objects.values().get()
    assert after["state"] == outcome
    if outcome == state and state != State.DRAFT:
        assert after == before


@pytest.mark.parametrize("state", State)
def test_what_happens_follows_the_table(state):
    reached = {one for one in OUTCOMES[state].values() if isinstance(one, State) and one != state}
    # Expiry and replacement are nobody's act on this page: the next request to the same address brings them about.
    assert reached == PartnershipRequest.TRANSITIONS.get(state, frozenset()) - {State.EXPIRED, State.SUPERSEDED}


@pytest.mark.parametrize("state", [State.SENT, State.DECLINED])
@pytest.mark.parametrize("act", ["accept", "decline"])
def test_time_that_ran_out_ends_it_whatever_the_state_says(state, act, sender, riley):
    request = request_in(state, sender)
    PartnershipRequest.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(refusals.RequestExpired):
        ACTS[act](request, sender, riley)
    assert PartnershipRequest.objects.get().state == state
