"""One person in the back office: what is shown, what can be done, to whom, and where people are signed in."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.access import Actor
from accounts.models import Membership, OpenIDLink, PersonSession, User
from accounts.roles import Role
from accounts.services import end_membership
from accounts.services.colleagues import deactivate_colleague
from activity.models import ActivityRecord
from mail.models import OutgoingEmail
from tests.accounts.test_sessions import PHONE, is_signed_in, signed_in
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, UserFactory

LIST = "/admin/accounts/personsession/"
WHY = "Asked for by telephone"


@pytest.fixture
def back_office(db: None) -> User:
    """Somebody with every right there."""
    return UserFactory(back_office=True)


@pytest.fixture
def office(back_office: User) -> Client:
    """A browser inside the back office."""
    client = Client()
    client.force_login(back_office)
    return client


def url(user: User, name: str = "") -> str:
    """The page of a person, or of something done to it."""
    if name:
        return reverse("admin:accounts_user_step", args=[user.pk, name])
    return reverse("admin:accounts_user_change", args=[user.pk])


def offered(office: Client, user: User) -> list[str]:
    """What can be done to the person."""
    return [step.name for step, _url in office.get(url(user)).context["steps"]]


def record() -> list[tuple[str, Any]]:
    """What was recorded."""
    return list(ActivityRecord.objects.order_by("pk").values_list("action", "changes"))


# --- the page of a person ---------------------------------------------------------------------------------------------
def test_a_person_is_shown_with_memberships_factors_and_sessions(office: Client, membership: Membership) -> None:
    user = membership.user
    MembershipFactory(user=user, partner=PartnerFactory(legal_name="Former Company"), ended_at=membership.began_at)
    signed_in(user)
    for kind, count in (("totp", 1), ("webauthn", 2), ("recovery_codes", 1)):
        for _one in range(count):
            Authenticator.objects.create(user=user, type=kind, data={"secret": "never-shown"})
    page = office.get(url(user)).content.decode()
    for shown in (membership.partner.legal_name, "Former Company", "Global admin", "1 session"):
        assert shown in page
    assert "Authenticator app, Passkey (2), Recovery codes" in page
    assert f"{LIST}?user__id__exact={user.pk}" in page
    assert "never-shown" not in page
    assert 'type="password"' not in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_a_person_costs_the_same_for_any_number(office: Client, user: User, count: int) -> None:
    for _one in range(count - 1):
        MembershipFactory(user=user)
    for _one in range(count):
        signed_in(user)
    office.get(url(user))
    with CaptureQueriesContext(connection) as queries:
        office.get(url(user))
    assert len(queries) == 13


def test_only_what_makes_sense_is_offered(office: Client, back_office: User, user: User, secret: str) -> None:
    signed_in_browser = Client()
    signed_in_browser.force_login(user)
    assert offered(office, user) == ["password-link", "second-factor", "deactivate"]
    assert offered(office, UserFactory(email="")) == ["deactivate"]
    assert offered(office, UserFactory(is_active=False)) == ["activate"]
    assert offered(office, back_office) == []


@pytest.mark.parametrize("name", ["deactivate", "second-factor"])
@pytest.mark.parametrize("typed", ["", "somebody@else.example"])
def test_what_is_hard_to_undo_wants_the_name(office: Client, user: User, secret: str, name: str, typed: str) -> None:
    page = office.post(url(user, name), {"reason": WHY, "typed": typed})
    assert (page.status_code, list(page.context["form"].errors)) == (200, ["typed"])
    assert WHY in page.content.decode()
    assert record() == []
    assert office.post(url(user, name), {"reason": WHY, "typed": f" {user.sign_in_name.upper()} "}).status_code == 302
    assert [changes["reason"] for _action, changes in record()] == [WHY]


def test_deactivating_ends_the_sessions_and_says_so_in_one_line(office: Client, user: User) -> None:
    browsers = [signed_in(user), signed_in(user, PHONE)]
    known = len(record())
    data = {"reason": WHY, "typed": user.sign_in_name}
    assert office.post(url(user, "deactivate"), data)["Location"] == url(user)
    assert [is_signed_in(one) for one in browsers] == [False, False]
    assert record()[known:] == [("user.deactivated", {"is_active": [True, False], "reason": WHY, "sessions": 2})]
    again = office.post(url(user, "deactivate"), data)
    assert "already is in that state" in again.content.decode()
    assert "This can no longer be decided" in again.content.decode()
    assert 'value="Deactivate' not in again.content.decode()
    office.post(url(user, "activate"), {"reason": "Back"})
    assert record()[known + 1 :] == [("user.reactivated", {"is_active": [False, True], "reason": "Back"})]


def test_the_second_factor_is_reset_and_the_person_told(office: Client, user: User, secret: str) -> None:
    office.post(url(user, "second-factor"), {"reason": WHY, "typed": user.sign_in_name})
    assert not Authenticator.objects.filter(user=user).exists()
    assert record() == [("user.second_factor_reset", {"reason": WHY})]
    assert [mail.kind for mail in OutgoingEmail.objects.filter(recipient=user.email)] == ["security_changed"]


def test_the_link_to_the_sign_in_service_is_removed_and_the_person_told(office: Client, user: User) -> None:
    other = UserFactory()
    for one in (user, other):
        OpenIDLink.objects.create(user=one, issuer="https://id.example", subject=str(one.pk), address="at@id.example")
    browser = signed_in(user)
    known = len(record())
    assert "at@id.example</bdi> (https://id.example)" in office.get(url(user)).content.decode()
    assert "unlink" in offered(office, user)
    assert office.post(url(user, "unlink"), {"reason": " "}).context["form"].has_error("reason")
    assert OpenIDLink.objects.count() == 2
    assert office.post(url(user, "unlink"), {"reason": WHY})["Location"] == url(user)
    assert list(OpenIDLink.objects.values_list("user", flat=True)) == [other.pk]
    assert record()[known:] == [
        ("user.openid_unlinked", {"issuer": "https://id.example", "reason": WHY, "sessions": 1})
    ]
    assert not is_signed_in(browser)
    (mail,) = OutgoingEmail.objects.filter(recipient=user.email)
    assert "sign-in service was removed" in " ".join(mail.text.split())
    assert "unlink" not in offered(office, user)
    again = office.post(url(user, "unlink"), {"reason": WHY})
    assert "linked to no account at a sign-in service" in again.content.decode()


def test_a_link_is_removed_by_who_has_proved_to_be_the_one(office: Client, user: User) -> None:
    OpenIDLink.objects.create(user=user, issuer="https://id.example", subject="1")
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert office.post(url(user, "unlink"), {"reason": WHY}).status_code == 200
    assert OpenIDLink.objects.exists()


def test_sessions_end_from_the_page_of_the_person(office: Client, user: User) -> None:
    browser = signed_in(user)
    assert "end-sessions" in offered(office, user)
    office.post(url(user, "end-sessions"), {"reason": WHY})
    assert not is_signed_in(browser)
    again = office.post(url(user, "end-sessions"), {"reason": WHY})
    assert "is signed in nowhere" in again.content.decode()


@pytest.mark.parametrize("name", ["deactivate", "second-factor", "password-link", "end-sessions", "unlink"])
def test_nobody_is_done_to_themselves_or_to_somebody_with_more_rights(
    office: Client, back_office: User, name: str
) -> None:
    own = office.post(url(back_office, name), {"reason": WHY, "typed": back_office.sign_in_name})
    assert "This is your own account" in own.content.decode()
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    browser = Client()
    browser.force_login(clerk)
    page = browser.post(url(back_office, name), {"reason": WHY, "typed": back_office.sign_in_name})
    assert "Only somebody with every right" in page.content.decode()
    assert record() == []
    assert is_signed_in(office)


def test_the_page_of_what_is_not_possible_says_so(office: Client, back_office: User, user: User) -> None:
    for person, name, said in (
        (user, "second-factor", f"{user} has no second factor."),
        (user, "activate", f"“Activate” is not possible for {user} now."),
        (back_office, "second-factor", "This is your own account."),
    ):
        answer = office.get(url(person, name), follow=True)
        assert answer.redirect_chain == [(url(person), 302)]
        assert said in answer.content.decode()
    assert record() == []


def test_what_cannot_be_done_is_not_found(office: Client, user: User) -> None:
    assert office.get(url(user, "nonsense")).status_code == 404
    assert office.get(reverse("admin:accounts_user_step", args=[10**6, "deactivate"])).status_code == 404


# --- sessions ---------------------------------------------------------------------------------------------------------
def test_sessions_are_listed_found_and_their_keys_are_not_shown(office: Client, user: User) -> None:
    signed_in(user, PHONE, "203.0.113.9")
    other = UserFactory()
    signed_in(other)
    row = PersonSession.objects.get(user=user)
    page = office.get(LIST, {"q": user.sign_in_name}).content.decode()
    for shown in (user.sign_in_name, "Safari on iPhone", "203.0.113.9"):
        assert shown in page
    assert other.sign_in_name not in page
    detail = office.get(f"{LIST}{row.pk}/change/").content.decode()
    assert "Safari on iPhone" in detail
    for one in (page, detail, office.get(f"{LIST}{row.pk}/do/end/").content.decode()):
        assert not any(key in one for key in PersonSession.objects.values_list("session_key", flat=True))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_sessions_costs_the_same_for_any_number(office: Client, count: int) -> None:
    for _one in range(count):
        signed_in(UserFactory())
    office.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert office.get(LIST).context["cl"].result_count == count
    assert len(queries) == 6


def test_one_session_is_ended_with_a_reason(office: Client, user: User) -> None:
    here, phone = signed_in(user), signed_in(user, PHONE, "203.0.113.9")
    row = PersonSession.objects.get(ip="203.0.113.9")
    address = reverse("admin:accounts_personsession_step", args=[row.pk, "end"])
    assert office.post(address, {"reason": WHY})["Location"] == LIST
    assert [is_signed_in(one) for one in (here, phone)] == [True, False]
    assert record()[-1] == ("user.session_ended", {"device_ip": "203.0.113.9", "reason": WHY})
    known = len(record())
    assert "has ended already" in office.post(address, {"reason": WHY}, follow=True).content.decode()
    assert len(record()) == known


def test_all_sessions_of_people_end_with_one_line_each(office: Client, user: User) -> None:
    other = UserFactory()
    browsers = [signed_in(user), signed_in(user, PHONE), signed_in(other)]
    chosen = [row.pk for row in PersonSession.objects.filter(user=user)]
    office.post(LIST, {"action": "end_all", "_selected_action": chosen, "reason": WHY})
    assert [is_signed_in(one) for one in browsers] == [False, False, True]
    assert record()[-1] == ("user.sessions_ended", {"count": 2, "reason": WHY})
    assert [action for action, _changes in record()].count("user.sessions_ended") == 1


def test_ones_own_session_stays(back_office: User) -> None:
    browser = signed_in(back_office)
    browser.post(reverse("admin:enter"))
    row = PersonSession.objects.get(user=back_office)
    for action in ("end", "end_all"):
        page = browser.post(LIST, {"action": action, "_selected_action": [row.pk], "reason": WHY}, follow=True)
        assert "This is your own account" in page.content.decode()
    assert is_signed_in(browser)


def test_sessions_are_for_those_who_may_see_them(user: User) -> None:
    signed_in(user)
    row = PersonSession.objects.get()
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_personsession"))
    browser = Client()
    browser.force_login(looker)
    assert browser.get(LIST).status_code == 200
    assert browser.get(f"{LIST}{row.pk}/change/").context["steps"] == []
    assert browser.post(f"{LIST}{row.pk}/do/end/", {"reason": WHY}).status_code == 403
    browser.force_login(UserFactory(is_staff=True))
    assert browser.get(LIST).status_code == 403


# --- who leaves a company ---------------------------------------------------------------------------------------------
def acting(browser: Client, membership: Membership) -> Client:
    """The browser, acting for that company."""
    browser.post(reverse("accounts:switch"), {"membership": membership.pk})
    return browser


def test_who_is_deactivated_is_out_where_the_person_acts_for_the_company(membership: Membership) -> None:
    user = membership.user
    other = MembershipFactory(user=user, partner=PartnerFactory(legal_name="Zulu"))
    admin = MembershipFactory(partner=membership.partner, role=Role.GLOBAL_ADMIN)
    by_default, chosen, elsewhere = signed_in(user), signed_in(user), signed_in(user)
    acting(chosen, membership)
    acting(elsewhere, other)
    by = Actor(user=admin.user, partner=admin.partner, role=Role.GLOBAL_ADMIN)
    deactivate_colleague(membership=membership, choices={}, by=by)
    assert [is_signed_in(one) for one in (by_default, chosen, elsewhere)] == [False, False, True]
    assert record()[-1][1]["sessions"] == 2


def test_who_loses_the_last_membership_is_out_everywhere(membership: Membership) -> None:
    browsers = [signed_in(membership.user), signed_in(membership.user, PHONE)]
    stranger = signed_in(UserFactory())
    end_membership(membership=membership, by=Actor(user=UserFactory()), reason=WHY)
    assert [is_signed_in(one) for one in (*browsers, stranger)] == [False, False, True]
    assert record()[-1][1] == {
        "person": membership.user.sign_in_name, "role": "global_admin", "reason": WHY, "sessions": 2,
    }  # fmt: skip


def test_who_leaves_stays_signed_in_here_and_nowhere_else(membership: Membership) -> None:
    MembershipFactory(partner=membership.partner)
    here, elsewhere = signed_in(membership.user), signed_in(membership.user, PHONE)
    answer = here.post(reverse("people:leave"))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert [is_signed_in(one) for one in (here, elsewhere)] == [True, False]


def test_who_ends_their_own_membership_in_the_back_office_stays_there(membership: Membership) -> None:
    user = membership.user
    user.is_staff = user.is_superuser = True
    user.save()
    browser = signed_in(user)
    browser.post(reverse("admin:enter"))
    sent = {"action": "end", "_selected_action": [membership.pk], "reason": WHY}
    page = browser.post(reverse("admin:accounts_membership_changelist"), sent, follow=True)
    assert "Done for 1 row." in page.content.decode()
    assert is_signed_in(browser)


@pytest.mark.parametrize("page", ["role", "deactivate", "second_factor"])
def test_who_one_is_is_asked_before_a_colleague_loses_something(membership: Membership, page: str) -> None:
    other = MembershipFactory(partner=membership.partner, role=Role.HELPDESK_AGENT)
    TOTP.activate(other.user, generate_totp_secret())
    browser = signed_in(membership.user)
    address = reverse(f"people:{page}", args=[other.pk])
    assert browser.get(address).status_code == 200
    known = len(record())
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert browser.get(address)["Location"].startswith(reverse("account_reauthenticate"))
        question = browser.post(address, {"role": "sales_agent"})
        assert "step-up-password" in question.content.decode()
        assert len(record()) == known
        proof = {"role": "sales_agent", "step-up-asked": "1", "step-up-password": PASSWORD}
        assert browser.post(address, proof).status_code == 302
        assert browser.get(reverse(f"people:{page}", args=[MembershipFactory().pk])).status_code == 404
    assert len(record()) == known + 1
