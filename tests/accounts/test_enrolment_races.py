"""Several presses at the same moment: one company, one account, and nobody sees half of either."""

import itertools

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.access import ANONYMOUS, Actor, system_actor
from accounts.codes import code_digits
from accounts.models import EmailCode, Membership, Partner, User
from accounts.services import (
    AddressTaken,
    AlreadyEnrolled,
    CodeAnswer,
    Newcomer,
    enrol_company,
    enrol_with_account,
    resubmit_enrolment,
    send_enrolment_code,
    set_enrolment_state,
    try_code,
)
from core.exceptions import InvalidTransition
from mail.models import OutgoingEmail
from tests.accounts.enrolling import NEW_PASSWORD, facts, proof
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.races import run_parallel

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

State = Partner.EnrolmentState
BY = system_actor("tests")
ROUND = itertools.count()


def start_over() -> None:
    """Forget the last round; the record stays, and nothing here reads it."""
    Membership.objects.all().delete()
    Partner.objects.all().delete()
    User.objects.all().delete()
    EmailCode.objects.all().delete()
    OutgoingEmail.objects.all().delete()


def two_proofs() -> list[dict[str, str]]:
    """Two people who have proved their mailboxes."""
    start_over()
    number = next(ROUND)
    return [proof(f"{name}{number}@tailwind.example") for name in ("ana", "bo")]


def enrol(proved: dict[str, str]) -> Membership:
    """Send the third step."""
    return enrol_with_account(newcomer=Newcomer("Ana Lima", "en", NEW_PASSWORD), facts=facts(), by=ANONYMOUS, **proved)


def test_eight_presses_of_one_person_make_one_company() -> None:
    def check(proofs: list[dict[str, str]], results: list[object]) -> None:
        assert (User.objects.count(), Partner.objects.count(), Membership.objects.count()) == (1, 1, 1)
        assert sorted(type(result).__name__ for result in results) == ["AddressTaken"] * 7 + ["Membership"]
        assert OutgoingEmail.objects.filter(kind="enrolment_received").count() == 1

    run_parallel(lambda proofs, number: enrol(proofs[0]), before=two_proofs, after=check, rounds=15)


def test_of_two_people_with_one_number_one_is_enrolled() -> None:
    def check(proofs: list[dict[str, str]], results: list[object]) -> None:
        assert (User.objects.count(), Partner.objects.count()) == (1, 1)
        [error] = [result for result in results if isinstance(result, Exception)]
        assert isinstance(error, ValidationError)
        assert list(error.message_dict) == ["mpn_id"]

    run_parallel(lambda proofs, number: enrol(proofs[number]), n=2, before=two_proofs, after=check)


def test_somebody_signed_in_enrolls_one_company() -> None:
    def person() -> User:
        start_over()
        return UserFactory()

    def check(user: User, results: list[object]) -> None:
        assert (Partner.objects.count(), Membership.objects.count()) == (1, 1)
        assert sorted(type(result) is AlreadyEnrolled for result in results) == [False] + [True] * 3

    run_parallel(
        lambda user, number: enrol_company(user=user, facts=facts(mpn_id=f"7700{number + 1}"), by=Actor(user=user)),
        n=4,
        before=person,
        after=check,
    )


def test_of_many_tries_at_once_five_are_judged() -> None:
    def asked() -> EmailCode:
        start_over()
        return send_enrolment_code(address="ana@tailwind.example", language="en", binding="a browser", by=ANONYMOUS)

    def wrong(code: EmailCode) -> str:
        return f"{(int(code_digits(code)) + 1) % 10**6:06d}"

    def check(code: EmailCode, results: list[object]) -> None:
        assert sorted(result is CodeAnswer.WRONG for result in results) == [False] * 4 + [True] * 4
        assert EmailCode.objects.get().tries == 5

    run_parallel(
        lambda code, number: try_code(code_id=str(code.pk), binding="a browser", typed=wrong(code)),
        before=asked,
        after=check,
    )


def test_the_right_code_works_once_of_many() -> None:
    def asked() -> EmailCode:
        start_over()
        return send_enrolment_code(address="ana@tailwind.example", language="en", binding="a browser", by=ANONYMOUS)

    def check(code: EmailCode, results: list[object]) -> None:
        assert results.count(CodeAnswer.RIGHT) == 1
        assert results.count(CodeAnswer.DEAD) == 7

    run_parallel(
        lambda code, number: try_code(code_id=str(code.pk), binding="a browser", typed=code_digits(code)),
        before=asked,
        after=check,
    )


def test_approving_and_rejecting_at_once_decides_one_way() -> None:
    def application() -> Partner:
        start_over()
        return PartnerFactory(reseller=True, pending=True)

    def decide(partner: Partner, number: int) -> Partner:
        state = (State.ACTIVE, State.REJECTED)[number]
        return set_enrolment_state(partner=partner, state=state, reason="A reason", by=BY)

    def check(partner: Partner, results: list[object]) -> None:
        partner.refresh_from_db()
        [decided] = [result for result in results if isinstance(result, Partner)]
        assert [type(result) for result in results if isinstance(result, Exception)] == [InvalidTransition]
        assert partner.enrolment_state == decided.enrolment_state
        assert OutgoingEmail.objects.count() == 1

    run_parallel(decide, n=2, before=application, after=check)


def test_applying_again_twice_at_once_applies_once() -> None:
    def rejected() -> Membership:
        start_over()
        return MembershipFactory(partner=PartnerFactory(reseller=True, enrolment_state=State.REJECTED))

    def apply(membership: Membership, number: int) -> Partner:
        return resubmit_enrolment(partner=membership.partner, facts=facts(), by=Actor(user=membership.user))

    def check(membership: Membership, results: list[object]) -> None:
        assert [type(result) for result in results if isinstance(result, Exception)] == [InvalidTransition]
        assert OutgoingEmail.objects.filter(kind="enrolment_received").count() == 2  # contact and Global admin

    run_parallel(apply, n=2, before=rejected, after=check)


def test_the_error_of_a_taken_address_leaves_the_connection_usable() -> None:
    [made, _other] = two_proofs()
    enrol(made)
    with pytest.raises(AddressTaken):
        enrol(made)
    assert connection.is_usable()
    assert User.objects.count() == 1
