"""What the database itself refuses, and who sees which rows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.access import ANONYMOUS, Actor
from core import clock
from resellers.models import Partnership, PartnershipRequest
from tests.factories import PartnerFactory, PartnershipFactory, PartnershipRequestFactory, UserFactory

State = PartnershipRequest.State


def refused(**changes):
    """Whether the database refuses to change all requests like this."""
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnershipRequest.objects.update(**changes)


def test_a_pair_has_one_active_partnership_and_any_number_of_ended_ones(northwind, fabrikam):
    past = clock.now() - timedelta(days=9)
    for _number in range(2):
        PartnershipFactory(provider=northwind, reseller=fabrikam, began_at=past, ended_at=clock.now())
    PartnershipFactory(provider=northwind, reseller=fabrikam)
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnershipFactory(provider=northwind, reseller=fabrikam)


def test_a_partnership_joins_two_companies_and_ends_after_it_began(northwind, fabrikam):
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnershipFactory(provider=northwind, reseller=northwind)
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnershipFactory(provider=northwind, reseller=fabrikam, ended_at=clock.now() - timedelta(days=1))


def test_a_request_is_in_a_known_state_with_what_belongs_to_it(northwind):
    PartnershipRequestFactory(provider=northwind, sent=True)
    refused(state="opened")
    refused(state=State.ACCEPTED)
    refused(sent_at=None)
    refused(sent_by=None)
    refused(expires_at=None)
    refused(valid_days=0)
    refused(valid_days=31)


def test_one_provider_asks_one_address_once_at_a_time(northwind):
    PartnershipRequestFactory(provider=northwind, sent=True)
    PartnershipRequestFactory(provider=northwind)
    PartnershipRequestFactory(sent=True)
    for _number in range(2):
        PartnershipRequestFactory(provider=northwind, sent=True, recipient="")
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnershipRequestFactory(provider=northwind, sent=True)


def test_each_link_has_a_nonce_of_its_own():
    nonces = {PartnershipRequest._meta.get_field("nonce").get_default() for _number in range(100)}
    assert len(nonces) == 100
    assert all(len(nonce) == 32 for nonce in nonces)


def test_partnerships_are_seen_by_their_two_sides_and_nobody_else(northwind, sender, helpdesk, riley, casey, tailwind):
    ours = PartnershipFactory(provider=northwind, reseller=riley.partner)
    PartnershipFactory(provider=tailwind.partner, reseller=casey.partner)
    visible = Partnership.objects.visible_to
    assert list(visible(sender)) == list(visible(helpdesk)) == list(visible(riley)) == [ours]
    assert not visible(ANONYMOUS).exists()
    assert not visible(Actor(user=UserFactory())).exists()


def test_a_suspended_company_sees_nothing(northwind, sender, riley):
    PartnershipFactory(provider=northwind, reseller=riley.partner)
    for actor in (sender, riley):
        actor.partner.enrolment_state = "suspended"
        actor.partner.save()
        assert not Partnership.objects.visible_to(actor).exists()
        assert not PartnershipRequest.objects.visible_to(actor).exists()


def test_requests_are_seen_by_those_of_the_provider_who_may_request(sent, sender, helpdesk, riley, tailwind):
    visible = PartnershipRequest.objects.visible_to
    assert list(visible(sender)) == [sent]
    for actor in (helpdesk, riley, tailwind, ANONYMOUS, Actor(user=UserFactory())):
        assert not visible(actor).exists()


def test_business_is_open_with_active_partnerships_of_enrolled_resellers(northwind):
    able = PartnershipFactory(provider=northwind)
    PartnershipFactory(provider=northwind, reseller=PartnerFactory(reseller=True, suspended=True))
    PartnershipFactory(provider=northwind, began_at=clock.now() - timedelta(days=2), ended_at=clock.now())
    assert list(Partnership.objects.open_for_business()) == [able]
    assert Partnership.objects.active().count() == 2


def test_a_request_expires_by_itself(sent):
    assert not sent.is_expired
    PartnershipRequest.objects.update(expires_at=clock.now())
    sent.refresh_from_db()
    assert sent.is_expired
    assert sent.state == State.SENT
    assert not PartnershipRequest.objects.awaiting_answer().exists()
    assert not PartnershipRequest.objects.answerable().exists()


def test_names_of_requests_and_partnerships(sent, northwind, fabrikam):
    assert str(sent) == "riley@fabrikam.example"
    assert str(PartnershipRequest(recipient="")) == "Personal link"
    assert str(Partnership(provider=northwind, reseller=fabrikam)) == "Northwind Distribution – Fabrikam Services"
