"""The people of a company: seen, given roles, let go and let in again by its own admins."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.access import Actor, can
from accounts.models import Membership, Partner, User
from accounts.roles import Permission, Role, roles_up_to
from accounts.services.colleagues import (
    LastGlobalAdmin,
    change_role,
    deactivate_colleague,
    leave_company,
    reactivate_colleague,
    reset_colleague_second_factor,
)
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from mail.models import OutgoingEmail
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.races import at_once, run_parallel

ADMIN, AGENT, SALES, HELP = Role.GLOBAL_ADMIN, Role.ADMIN_AGENT, Role.SALES_AGENT, Role.HELPDESK_AGENT


@pytest.fixture
def company(db: None) -> Partner:
    return PartnerFactory(legal_name="Northwind")


def member(company: Partner, role: Role, name: str = "", **person: Any) -> Membership:
    """Somebody who works there."""
    fields = {"full_name": name, "sign_in_name": f"{name.lower()}@northwind.example"} if name else {}
    return MembershipFactory(partner=company, role=role, user=UserFactory(**fields, **person))


def actor(membership: Membership) -> Actor:
    """The person at work."""
    return Actor(user=membership.user, partner=membership.partner, role=Role(membership.role))


def browser(membership: Membership) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(membership.user)
    return client


def actions() -> list[str]:
    return list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True))


def mails() -> list[tuple[str, str]]:
    return list(OutgoingEmail.objects.order_by("created_at").values_list("kind", "recipient"))


# --- who may touch whom -----------------------------------------------------------------------------------------------
def test_roles_have_an_order() -> None:
    assert [len(roles_up_to(role)) for role in (ADMIN, AGENT, SALES, HELP)] == [4, 3, 2, 1]
    assert roles_up_to(AGENT) == [AGENT, SALES, HELP]


@pytest.mark.parametrize("own", Role)
@pytest.mark.parametrize("other", Role)
def test_nobody_touches_a_colleague_above_themselves(company: Partner, own: Role, other: Role) -> None:
    may = can(actor(member(company, own)), Permission.MANAGE_PEOPLE, member(company, other))
    assert may is (own == ADMIN or (own == AGENT and other != ADMIN))


def test_people_of_another_company_are_nobodys_business(company: Partner) -> None:
    admin, stranger = member(company, ADMIN), MembershipFactory(role=HELP)
    assert not can(actor(admin), Permission.MANAGE_PEOPLE, stranger)
    assert list(Membership.objects.visible_to(actor(admin))) == [admin]
    assert not Membership.objects.visible_to(Actor(user=admin.user)).exists()
    with pytest.raises(NotPermitted):
        change_role(membership=stranger, role=SALES, by=actor(admin))
    page = browser(admin).get(reverse("people:detail", args=[stranger.pk]))
    assert page.status_code == 404


def test_a_suspended_company_manages_nobody(company: Partner) -> None:
    admin, other = member(company, ADMIN), member(company, HELP)
    company.enrolment_state = Partner.EnrolmentState.SUSPENDED
    company.save()
    assert not Membership.objects.visible_to(actor(Membership.objects.get(pk=admin.pk))).exists()
    with pytest.raises(NotPermitted):
        change_role(membership=other, role=SALES, by=actor(Membership.objects.get(pk=admin.pk)))


# --- roles ------------------------------------------------------------------------------------------------------------
def test_a_new_role_is_kept_recorded_and_told(company: Partner) -> None:
    admin, other = member(company, ADMIN, "Ana"), member(company, HELP, "Rui")
    change_role(membership=other, role=AGENT, by=actor(admin))
    other.refresh_from_db()
    assert other.role == AGENT
    entry = ActivityRecord.objects.get()
    assert (entry.action, entry.changes) == (
        "membership.role_changed",
        {"person": "rui@northwind.example", "role": ["helpdesk_agent", "admin_agent"]},
    )
    assert mails() == [("membership_changed", "rui@northwind.example")]
    assert "Ana changed your role in Northwind. You are now Admin agent there." in " ".join(
        OutgoingEmail.objects.get().text.split()
    )


def test_each_role_that_one_may_give_says_what_it_does(company: Partner) -> None:
    agent, other = member(company, AGENT, "Ana"), member(company, HELP, "Rui")
    client = Client()
    client.force_login(agent.user)
    for address in (reverse("people:invite"), reverse("people:role", args=[other.pk])):
        page = client.get(address).content.decode()
        assert page.count('class="form-check-input"') == page.count('_hint" class="form-text"') == 3, address
        assert "sees no prices and places no orders." in page
        assert "webhooks" not in page.split("<main")[1]


def test_the_same_role_again_changes_nothing(company: Partner) -> None:
    admin, other = member(company, ADMIN), member(company, HELP)
    change_role(membership=other, role=HELP, by=actor(admin))
    assert (actions(), mails()) == ([], [])


def test_nobody_gives_a_role_above_their_own(company: Partner) -> None:
    agent, other = member(company, AGENT), member(company, HELP)
    for target in (other, agent):
        with pytest.raises(NotPermitted, match="above your own"):
            change_role(membership=target, role=ADMIN, by=actor(agent))
    page = browser(agent).post(reverse("people:role", args=[other.pk]), {"role": "global_admin"})
    assert page.status_code == 200
    assert "Select a choice of the list for the role." in page.content.decode()
    assert set(Membership.objects.values_list("role", flat=True)) == {AGENT, HELP}


def test_what_counts_is_the_role_that_one_has_now(company: Partner) -> None:
    admin, other = member(company, ADMIN), member(company, HELP)
    member(company, ADMIN)
    by = actor(admin)
    Membership.objects.filter(pk=admin.pk).update(role=SALES)
    with pytest.raises(NotPermitted):
        change_role(membership=other, role=SALES, by=by)
    Membership.objects.filter(pk=admin.pk).update(role=ADMIN, ended_at=clock.now())
    with pytest.raises(NotPermitted, match="do not work for this company any more"):
        change_role(membership=other, role=SALES, by=by)


def test_the_last_global_admin_stays_one(company: Partner) -> None:
    admin = member(company, ADMIN)
    member(company, ADMIN, is_active=False)
    MembershipFactory(role=ADMIN)
    with pytest.raises(LastGlobalAdmin):
        change_role(membership=admin, role=AGENT, by=actor(admin))
    with pytest.raises(LastGlobalAdmin):
        leave_company(choices={}, by=actor(admin))
    page = browser(admin).get(reverse("people:leave"))
    assert "last Global admin" in page.content.decode()
    assert '<button type="submit" class="btn btn-danger"' not in page.content.decode()
    admin.refresh_from_db()
    assert (admin.role, admin.ended_at, actions()) == (ADMIN, None, [])


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_step_down_at_once_one_stays() -> None:
    def both() -> tuple[Membership, Membership]:
        company = PartnerFactory()
        return member(company, ADMIN), member(company, ADMIN)

    def step_down(pair: tuple[Membership, Membership], number: int) -> Membership:
        return change_role(membership=pair[number], role=AGENT, by=actor(pair[number]))

    def one_is_left(pair: tuple[Membership, Membership], results: list[Any]) -> None:
        assert sum(isinstance(one, LastGlobalAdmin) for one in results) == 1, results
        assert Membership.objects.filter(partner=pair[0].partner, role=ADMIN).count() == 1

    run_parallel(step_down, 2, 5, before=both, after=one_is_left)


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_demote_each_other_one_wins() -> None:
    company = PartnerFactory()
    one, two = member(company, ADMIN), member(company, ADMIN)
    results = at_once(
        lambda: change_role(membership=two, role=AGENT, by=actor(one)),
        lambda: change_role(membership=one, role=AGENT, by=actor(two)),
    )
    assert sum(isinstance(result, NotPermitted) for result in results) == 1, results
    assert Membership.objects.filter(partner=company, role=ADMIN).count() == 1


# --- leaving and coming back ------------------------------------------------------------------------------------------
def test_a_deactivated_colleague_is_out_at_the_next_request(company: Partner) -> None:
    admin, other = member(company, ADMIN, "Ana"), member(company, AGENT, "Rui")
    theirs = browser(other)
    assert theirs.get(reverse("people:list")).status_code == 200
    answer = browser(admin).post(reverse("people:deactivate", args=[other.pk]))
    assert answer.url == reverse("people:list")
    assert theirs.get(reverse("people:list")).status_code == 403
    assert actions() == ["membership.ended"]
    assert mails() == [("membership_changed", "rui@northwind.example")]
    listed = browser(admin).get(reverse("people:list")).content.decode().replace("<wbr>", "")
    left = browser(admin).get(reverse("people:left")).content.decode().replace("<wbr>", "")
    assert ("rui@northwind.example" in listed, "rui@northwind.example" in left) == (False, True)
    # Pressed again, nothing more happens.
    assert browser(admin).post(reverse("people:deactivate", args=[other.pk])).status_code == 302
    assert len(mails()) == 1


def test_an_own_place_is_left_and_not_deactivated(company: Partner) -> None:
    admin = member(company, ADMIN)
    member(company, ADMIN)
    with pytest.raises(Refused, match="Leave the company"):
        deactivate_colleague(membership=admin, choices={}, by=actor(admin))
    assert browser(admin).get(reverse("people:deactivate", args=[admin.pk])).url == reverse("people:leave")


@pytest.mark.parametrize("role", [AGENT, SALES, HELP])
def test_everybody_may_leave(company: Partner, role: Role) -> None:
    person = member(company, role)
    answer = browser(person).post(reverse("people:leave"))
    assert answer.url == reverse("home")
    person.refresh_from_db()
    assert person.ended_at is not None
    assert (actions(), mails()) == (["membership.ended"], [])


def test_somebody_who_left_comes_back_in_the_same_role(company: Partner) -> None:
    admin, other = member(company, ADMIN), member(company, SALES, "Rui")
    deactivate_colleague(membership=other, choices={}, by=actor(admin))
    answer = browser(admin).post(reverse("people:reactivate", args=[other.pk]))
    begun = Membership.objects.current().get(user=other.user)
    assert answer.url == begun.get_absolute_url()
    assert (begun.pk == other.pk, begun.role) == (False, SALES)
    assert actions() == ["membership.ended", "membership.began"]
    assert [kind for kind, _to in mails()] == ["membership_changed"] * 2
    with pytest.raises(InvalidTransition):
        reactivate_colleague(membership=other, by=actor(admin))
    assert not Membership.objects.left().exists()


def test_an_admin_agent_lets_no_global_admin_in_again(company: Partner) -> None:
    agent, boss = member(company, AGENT), member(company, ADMIN)
    Membership.objects.filter(pk=boss.pk).update(ended_at=clock.now())
    assert browser(agent).post(reverse("people:reactivate", args=[boss.pk])).status_code == 403
    assert not Membership.objects.current().filter(user=boss.user).exists()


# --- passwords and second factors -------------------------------------------------------------------------------------
def test_a_link_for_a_new_password_is_mailed_three_times_an_hour(company: Partner) -> None:
    admin, other = member(company, ADMIN), member(company, HELP, "Rui")
    client, address = browser(admin), reverse("people:password_link", args=[other.pk])
    for _press in range(4):
        client.post(address)
    assert mails() == [("password_reset", "rui@northwind.example")] * 3
    assert actions() == ["user.password_link_sent"] * 3
    assert "Too many attempts" in client.get(other.get_absolute_url()).content.decode()


def give_factor(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})


def test_a_lost_second_factor_is_reset(company: Partner) -> None:
    admin, other = member(company, ADMIN), member(company, HELP, "Rui")
    give_factor(other.user)
    client, address = browser(admin), reverse("people:second_factor", args=[other.pk])
    assert client.get(address).status_code == 200
    assert Authenticator.objects.exists()
    client.post(address)
    assert not Authenticator.objects.exists()
    assert actions() == ["user.second_factor_reset"]
    assert mails() == [("security_changed", "rui@northwind.example")]


@pytest.mark.parametrize("elsewhere", ["company", "back office"])
def test_a_second_factor_that_others_trust_is_not_reset(company: Partner, elsewhere: str) -> None:
    admin, other = member(company, ADMIN), member(company, HELP)
    give_factor(other.user)
    if elsewhere == "company":
        MembershipFactory(user=other.user, role=ADMIN)
    else:
        User.objects.filter(pk=other.user.pk).update(is_staff=True)
    with pytest.raises(Refused, match="Ask the back office"):
        reset_colleague_second_factor(membership=other, by=actor(admin))
    assert Authenticator.objects.exists()


def test_ones_own_second_factor_is_not_reset_here(company: Partner) -> None:
    admin = member(company, ADMIN)
    give_factor(admin.user)
    with pytest.raises(Refused, match="under Security"):
        reset_colleague_second_factor(membership=admin, by=actor(admin))


# --- the pages --------------------------------------------------------------------------------------------------------
def test_the_list_says_who_works_here_and_how_safely(company: Partner) -> None:
    admin = member(company, ADMIN, "Ana")
    rui = member(company, SALES, "Rui", last_login=clock.now())
    give_factor(rui.user)
    MembershipFactory(user__sign_in_name="spy@elsewhere.example")
    page = browser(admin).get(reverse("people:list")).content.decode().replace("<wbr>", "")
    assert "rui@northwind.example" in page
    assert "Authenticator app" in page
    assert "spy@elsewhere.example" not in page


@pytest.mark.parametrize(("query", "found"), [("rui sil", ["Rui Silva"]), ("ANA@", ["Ana Lima"]), ("xyz", [])])
def test_people_are_found_by_name_and_address(company: Partner, query: str, found: list[str]) -> None:
    admin = member(company, ADMIN, full_name="Ana Lima", sign_in_name="ana@northwind.example")
    member(company, SALES, full_name="Rui Silva", sign_in_name="rui@northwind.example")
    page = browser(admin).get(reverse("people:list"), {"q": query})
    assert [row.user.full_name for row in page.context["table"].records] == found


@pytest.mark.parametrize("others", [1, 3])
def test_the_list_costs_the_same_for_many(company: Partner, others: int, django_assert_num_queries: Any) -> None:
    client = browser(member(company, ADMIN))
    for _number in range(others):
        give_factor(member(company, SALES).user)
    client.get(reverse("people:list"))
    with django_assert_num_queries(6):
        client.get(reverse("people:list"))


def test_a_colleague_above_oneself_is_shown_and_not_touched(company: Partner) -> None:
    agent, boss = member(company, AGENT), member(company, ADMIN)
    client = browser(agent)
    page = client.get(boss.get_absolute_url()).content.decode()
    assert "role is above yours" in page
    assert "Deactivate" not in page
    for name in ("role", "deactivate", "reactivate", "password_link", "second_factor"):
        assert client.post(reverse(f"people:{name}", args=[boss.pk]), {"role": "helpdesk_agent"}).status_code == 403
    boss.refresh_from_db()
    assert (boss.role, boss.ended_at) == (ADMIN, None)
