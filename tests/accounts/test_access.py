"""Who acts for whom, and what that allows."""

import pytest

from accounts.access import ANONYMOUS, Actor, can, require, system_actor
from accounts.models import Membership, Partner, User
from accounts.roles import Permission, Program, Role
from core.exceptions import NotPermitted
from tests.factories import PartnerFactory, UserFactory


@pytest.mark.parametrize("state", ["pending", "rejected", "suspended"])
@pytest.mark.parametrize("permission", Permission)
def test_can_refuses_everything_to_a_company_that_is_not_enrolled(state: str, permission: Permission) -> None:
    for program in Program:
        partner = Partner(program=program, enrolment_state=state)
        assert not can(Actor(user=User(), partner=partner, role=Role.GLOBAL_ADMIN), permission)


@pytest.mark.parametrize("permission", Permission)
def test_can_refuses_everything_to_strangers_tasks_and_the_back_office(permission: Permission) -> None:
    back_office = Actor(user=User(is_staff=True, is_superuser=True))
    assert not any(can(actor, permission) for actor in (ANONYMOUS, system_actor("a task"), back_office))


def test_require_says_who_may_not_what() -> None:
    with pytest.raises(NotPermitted, match=r"Robin \(robin@x.example\) may not place_order"):
        require(Actor(user=User(full_name="Robin", sign_in_name="robin@x.example")), Permission.PLACE_ORDER)


def test_can_refuses_a_permission_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="fly"):
        can(ANONYMOUS, "fly")


def test_current_memberships_are_those_of_people_who_may_sign_in(membership: Membership) -> None:
    assert list(Membership.objects.current()) == [membership]
    User.objects.update(is_active=False)
    assert not Membership.objects.current().exists()


def test_partners_say_in_whose_record_they_appear(db: None) -> None:
    provider, reseller = PartnerFactory(), PartnerFactory(reseller=True)
    assert provider.activity_parties() == {"provider": provider.microsoft_id}
    assert reseller.activity_parties() == {"reseller": reseller.microsoft_id}


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc", ""])
def test_an_unknown_time_zone_is_utc(db: None, name: str) -> None:
    assert str(UserFactory(time_zone=name).zone) == "UTC"
