"""Two people press at the same moment: one change waits, and it is decided once."""

from typing import Any

import pytest

from accounts.access import Actor
from accounts.models import Partner, ProfileChange, ProviderProfile
from accounts.services import profiles as module
from accounts.services.profiles import (
    ProfileMoved,
    approve_profile_change,
    reject_profile_change,
    request_profile_change,
    withdraw_profile_change,
)
from core.exceptions import InvalidTransition, Refused
from mail.models import OutgoingEmail
from tests.accounts.profiles import actor_of, make_change, seen_by
from tests.factories import PartnerFactory, UserFactory
from tests.races import at_once, run_parallel

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

State = ProfileChange.State


@pytest.fixture
def people() -> list[Actor]:
    """Eight people of one provider."""
    partner = PartnerFactory()
    return [actor_of(partner, f"person{number}@northwind.example") for number in range(8)]


@pytest.fixture
def office() -> Actor:
    """Somebody of the back office."""
    return Actor(user=UserFactory(back_office=True))


def start_over(people: list[Actor]) -> str:
    """Forget the last round; what everybody's form shows."""
    ProfileChange.objects.all().delete()
    ProviderProfile.objects.all().delete()
    OutgoingEmail.objects.all().delete()
    Partner.objects.update(city="")
    return seen_by(people[0])


def test_of_many_who_ask_at_once_one_waits_and_the_others_are_told(people: list[Actor], office: Actor) -> None:
    def check(seen: str, results: list[Any]) -> None:
        waiting = ProfileChange.objects.get()
        assert [result for result in results if isinstance(result, ProfileChange)] == [waiting]
        assert {type(result) for result in results if isinstance(result, Exception)} == {ProfileMoved}
        assert OutgoingEmail.objects.count() == 1

    run_parallel(
        lambda seen, number: request_profile_change(wanted={"city": f"City {number}"}, seen=seen, by=people[number]),
        rounds=10,
        before=lambda: start_over(people),
        after=check,
    )


def test_eight_presses_of_one_person_are_one_request(people: list[Actor], office: Actor) -> None:
    def check(seen: str, results: list[Any]) -> None:
        assert {result.pk for result in results} == {ProfileChange.objects.get().pk}
        assert OutgoingEmail.objects.count() == 1

    run_parallel(
        lambda seen, number: request_profile_change(wanted={"city": "Tacoma"}, seen=seen, by=people[0]),
        rounds=10,
        before=lambda: start_over(people),
        after=check,
    )


def test_a_change_is_decided_once(people: list[Actor], office: Actor) -> None:
    def fresh() -> ProfileChange:
        start_over(people)
        return make_change(people[0], city="Tacoma")

    def check(change: ProfileChange, results: list[Any]) -> None:
        refusals = [result for result in results if isinstance(result, Exception)]
        assert [type(refusal) for refusal in refusals] == [InvalidTransition, InvalidTransition]
        change.refresh_from_db()
        assert (Partner.objects.get().city == "Tacoma") == (change.state == State.APPROVED)
        assert OutgoingEmail.objects.count() == (0 if change.state == State.WITHDRAWN else 1)

    for _round in range(10):
        change = fresh()
        check(
            change,
            at_once(
                lambda change=change: approve_profile_change(change=change, by=office),
                lambda change=change: reject_profile_change(change=change, reason="No.", by=office),
                lambda change=change: withdraw_profile_change(change=change, by=people[0]),
            ),
        )


def test_a_first_profile_is_made_once(people: list[Actor], office: Actor) -> None:
    def fresh() -> ProfileChange:
        start_over(people)
        return make_change(people[0], description="New words.")

    def check(change: ProfileChange, results: list[Any]) -> None:
        assert sum(isinstance(result, ProfileChange) for result in results) == 1
        assert all(isinstance(result, ProfileChange | Refused) for result in results)
        assert ProviderProfile.objects.get().description == "New words."

    run_parallel(
        lambda change, number: approve_profile_change(change=change, by=office),
        rounds=10,
        before=fresh,
        after=check,
    )


def test_without_the_lock_two_would_ask(people: list[Actor], office: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of the company is what keeps the others from an error of the database."""

    def unlocked(partner: Partner) -> ProviderProfile:
        return module.profile_of(Partner.objects.get(pk=partner.pk))

    monkeypatch.setattr(module, "_locked_profile", unlocked)
    kinds: set[type] = set()
    for _round in range(20):
        seen = start_over(people)
        results = at_once(
            *[
                lambda person=person, seen=seen: request_profile_change(wanted={"city": "X"}, seen=seen, by=person)
                for person in people
            ]
        )
        kinds |= {type(result) for result in results if isinstance(result, Exception)}
    assert kinds - {ProfileMoved}
