"""Where one is signed in: listed, ended one by one or all at once, by oneself or the back office; and new devices."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.access import Actor, system_actor
from accounts.models import User
from accounts.services import end_sessions, issue_temporary_password, set_own_password, set_user_active
from accounts.tasks import forget_ended_sessions
from activity.models import ActivityRecord
from activity.sentences import value_words
from mail.models import OutgoingEmail
from tests.contracts import html_faults
from tests.factories import PASSWORD, UserFactory

PAGE = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


@pytest.fixture
def user(user: User) -> User:
    """Somebody who has been here for a while."""
    user.date_joined = timezone.now() - timedelta(days=30)
    user.save(update_fields=["date_joined"])
    return user


def signed_in(user: User, user_agent: str = FIREFOX, ip: str = "198.51.100.7") -> Client:
    """A browser in which the person signed in through the page."""
    browser = Client(headers={"user-agent": user_agent}, REMOTE_ADDR=ip)
    answer = browser.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    assert answer["Location"] == "/"
    return browser


def is_signed_in(browser: Client) -> bool:
    """Whether the next request is still the person's."""
    return browser.get("/account/preferences/").status_code == 200


def test_sessions_are_listed_with_device_and_address_and_this_one_is_marked(user: User) -> None:
    here, _phone = signed_in(user), signed_in(user, PHONE, "203.0.113.9")
    signed_in(UserFactory(), "Opera of somebody else")
    page = here.get(PAGE)
    assert page.context["device"] == "Firefox on Windows"
    assert page.context["here"].ip == "198.51.100.7"
    assert [(one["device"], one["row"].ip) for one in page.context["others"]] == [("Safari on iPhone", "203.0.113.9")]
    html = page.content.decode()
    assert html_faults(html) == []
    assert not any(key in html for key in UserSession.objects.values_list("session_key", flat=True))


def test_one_session_can_be_ended(user: User) -> None:
    here, phone, other = signed_in(user), signed_in(user, PHONE), signed_in(user)
    row = here.get(PAGE).context["others"][1]["row"]
    address = reverse("accounts:end_session", args=[row.pk])
    assert here.post(address)["Location"] == PAGE
    assert [is_signed_in(one) for one in (here, phone, other)] == [True, False, True]
    # Pressed twice, or in another tab: it has ended all the same.
    assert "That session has ended already." in here.post(address, follow=True).content.decode()
    record = ActivityRecord.objects.get(action="user.session_ended")
    assert (record.actor_user_id, record.changes) == (user.pk, {"device_ip": "198.51.100.7"})


def test_all_other_sessions_can_be_ended(user: User) -> None:
    here, phone, other = signed_in(user), signed_in(user, PHONE), signed_in(user)
    stranger = signed_in(UserFactory())
    here.post(reverse("accounts:end_other_sessions"))
    assert [is_signed_in(one) for one in (here, phone, other, stranger)] == [True, False, False, True]
    assert here.get(PAGE).context["others"] == []
    assert ActivityRecord.objects.get(action="user.sessions_ended").changes == {"count": 2}
    here.post(reverse("accounts:end_other_sessions"))
    assert ActivityRecord.objects.filter(action="user.sessions_ended").count() == 1


def test_anothers_session_is_as_good_as_none_and_ones_own_is_left_by_signing_out(user: User) -> None:
    here, stranger = signed_in(user), signed_in(UserFactory())
    for pk in (0, *UserSession.objects.values_list("pk", flat=True)):
        page = here.post(reverse("accounts:end_session", args=[pk]), follow=True)
        assert [str(message) for message in page.context["messages"]] == ["That session has ended already."]
    assert [is_signed_in(one) for one in (here, stranger)] == [True, True]
    assert not ActivityRecord.objects.filter(action="user.session_ended").exists()


def test_the_back_office_ends_somebodys_sessions(user: User) -> None:
    browsers = [signed_in(user), signed_in(user, PHONE)]
    back_office = UserFactory(back_office=True)
    assert end_sessions(user=user, by=Actor(user=back_office)) == 2
    assert [is_signed_in(one) for one in browsers] == [False, False]
    assert ActivityRecord.objects.get(action="user.sessions_ended").actor_user_id == back_office.pk
    assert end_sessions(user=user, by=Actor(user=back_office)) == 0


def test_ending_saves_nothing_when_the_record_fails(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    browser = signed_in(user)
    monkeypatch.setattr("accounts.services.sessions.record", fail)
    with pytest.raises(RuntimeError):
        end_sessions(user=user, by=system_actor("tests"))
    assert is_signed_in(browser)


@pytest.mark.parametrize("change", ["password", "issued", "deactivated"])
def test_what_ends_sessions_takes_them_off_the_list(user: User, change: str) -> None:
    here, phone = signed_in(user), signed_in(user, PHONE)
    if change == "password":
        new = "a new bicycle in the sun"
        sent = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        assert here.post(reverse("account_change_password"), sent).status_code == 302
    elif change == "issued":
        issue_temporary_password(user=user, valid_days=7, by=system_actor("tests"))
    else:
        set_user_active(user=user, active=False, by=system_actor("tests"))
    assert not is_signed_in(phone)
    assert UserSession.objects.filter(user=user).count() == (1 if change == "password" else 0)
    if change == "password":
        assert here.get(PAGE).context["here"] is not None


def test_a_session_in_use_stays_on_the_list_and_a_forgotten_one_does_not(user: User) -> None:
    here, _phone = signed_in(user), signed_in(user, PHONE)
    with time_machine.travel(timezone.now() + timedelta(minutes=20), tick=False):
        is_signed_in(here)
    with time_machine.travel(timezone.now() + timedelta(minutes=40), tick=False):
        page = here.get(PAGE)
    assert page.context["others"] == []
    assert (timezone.now() - page.context["here"].created_at).total_seconds() < 600


def test_a_session_of_before_joins_the_list_when_it_is_used(client: Client, user: User) -> None:
    client.force_login(user)
    is_signed_in(client)
    assert client.get(PAGE).context["here"] is None
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        is_signed_in(client)
        assert client.get(PAGE).context["here"] is not None


def test_rows_of_ended_sessions_are_purged(user: User) -> None:
    here = signed_in(user)
    here.post(reverse("account_logout"))
    assert UserSession.objects.count() == 1
    staying = signed_in(user)
    forget_ended_sessions()
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [staying.session.session_key]
    assert Session.objects.filter(session_key=staying.session.session_key).exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(user: User, count: int) -> None:
    here = signed_in(user)
    for _one in range(count):
        signed_in(user, PHONE)
    here.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        assert len(here.get(PAGE).context["others"]) == count
    assert len(queries) == 4


# --- new devices -----------------------------------------------------------------------------------------------------
def new_device_mails() -> list[OutgoingEmail]:
    """What was told."""
    return list(OutgoingEmail.objects.filter(kind="new_device"))


def test_the_first_sign_in_of_all_is_no_news(user: User) -> None:
    signed_in(user)
    assert new_device_mails() == []


def test_a_browser_not_seen_before_is_told_of_once(user: User) -> None:
    signed_in(user)
    phone = signed_in(user, PHONE, "203.0.113.9")
    mail = new_device_mails()[0]
    assert mail.recipient == user.email
    assert "Safari on iPhone" in mail.text
    assert "203.0.113.9" in mail.text
    assert ActivityRecord.objects.get(action="user.signed_in_on_new_device").changes == {"device": "Safari on iPhone"}
    phone.post(reverse("account_logout"))
    phone.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    assert len(new_device_mails()) == 1


def test_a_browser_known_for_one_person_is_new_for_another(user: User) -> None:
    shared, other = signed_in(user), UserFactory(date_joined=user.date_joined)
    signed_in(other)
    shared.post(reverse("account_logout"))
    shared.post(reverse("account_login"), {"login": other.sign_in_name, "password": PASSWORD})
    assert [mail.recipient for mail in new_device_mails()] == [other.email]


@pytest.mark.parametrize("forged", ["", "nonsense", "WyJ4Il0:1abcde:forged"])
def test_a_forged_memory_is_none(user: User, settings: Any, forged: str) -> None:
    signed_in(user)
    browser = Client()
    browser.cookies[settings.DEVICE_COOKIE_NAME] = forged
    browser.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD})
    assert len(new_device_mails()) == 1


def test_the_memory_is_out_of_reach_of_scripts_and_names_nobody(user: User, settings: Any) -> None:
    cookie = signed_in(user).cookies[settings.DEVICE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert user.sign_in_name not in cookie.value


def test_the_record_names_a_device_in_the_language_of_its_reader(user: User) -> None:
    User.objects.filter(pk=user.pk).update(language="pt-br")
    signed_in(user)
    signed_in(user, PHONE)
    recorded = ActivityRecord.objects.get(action="user.signed_in_on_new_device").changes["device"]
    assert recorded == "Safari on iPhone"
    assert "Safari em iPhone" in new_device_mails()[0].text
    with translation.override("pt-br"):
        assert value_words("device", recorded) == "<bdi>Safari em iPhone</bdi>"
        assert value_words("device", "Unknown device") == "<bdi>Dispositivo desconhecido</bdi>"


# --- devices known: a stranger's tries close no door to them ---------------------------------------------------------
def tries(browser: Client, user: User, password: str = PASSWORD, count: int = 1, **where: str) -> Any:
    """The answer to the last of so many tries to sign in."""
    for _try in range(count):
        answer = browser.post(reverse("account_login"), {"login": user.sign_in_name, "password": password}, **where)
    return answer


def refused(answer: Any) -> bool:
    """Whether the try was not even heard."""
    return answer.status_code == 200 and answer.context["form"].has_error("__all__", "too_many_login_attempts")


def signed_out(user: User, ip: str = "198.51.100.7") -> Client:
    """A browser that the person has signed in with, and has left."""
    browser = signed_in(user, ip=ip)
    browser.post(reverse("account_logout"))
    return browser


def test_strangers_cannot_lock_the_owner_out_of_a_known_device(user: User) -> None:
    own = signed_out(user)
    for number in range(100):
        tries(Client(), user, "guess", REMOTE_ADDR=f"203.0.113.{number}")
    assert refused(tries(Client(REMOTE_ADDR="192.0.2.1"), user))
    assert tries(own, user).status_code == 302


def test_a_stranger_at_the_same_address_cannot_either(user: User) -> None:
    own = signed_out(user, ip="198.51.100.7")
    assert refused(tries(Client(REMOTE_ADDR="198.51.100.7"), user, "guess", count=11))
    for number in range(90):
        tries(Client(REMOTE_ADDR="198.51.100.7"), UserFactory.build(sign_in_name=f"p{number}@else.example"), "guess")
    assert refused(tries(Client(REMOTE_ADDR="198.51.100.7"), UserFactory()))
    assert tries(own, user).status_code == 302


def test_tries_with_a_known_device_have_a_limit_of_their_own(user: User) -> None:
    own, other = signed_out(user), signed_out(user)
    assert refused(tries(own, user, "guess", count=11))
    assert refused(tries(own, user, REMOTE_ADDR="203.0.113.9")), "the device is counted, wherever it is"
    assert tries(other, user).status_code == 302
    assert tries(Client(), user).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert tries(own, user).status_code == 302


def test_a_hundred_tries_a_day_are_all_that_a_known_device_has(user: User) -> None:
    own = signed_out(user)
    for quarter in range(10):
        with time_machine.travel(timezone.now() + timedelta(minutes=16 * quarter), tick=False):
            assert not refused(tries(own, user, "guess", count=10))
    with time_machine.travel(timezone.now() + timedelta(hours=4), tick=False):
        assert refused(tries(own, user))
        set_own_password(user=user, password="a new bicycle in the sun", by=Actor(user=user))
        assert tries(own, user, "a new bicycle in the sun").status_code == 302


def test_a_right_password_ends_the_count_of_a_known_device(user: User) -> None:
    own = signed_out(user)
    for _round in range(3):
        assert tries(own, user, "guess", count=9).status_code == 200
        assert tries(own, user).status_code == 302
        own.post(reverse("account_logout"))


def test_a_device_is_known_for_those_alone_who_signed_in_there(user: User) -> None:
    shared, victim = signed_out(user), UserFactory()
    assert refused(tries(Client(REMOTE_ADDR="198.51.100.7"), victim, "guess", count=11))
    assert refused(tries(shared, victim))


def test_a_known_device_learns_of_no_other_name_whether_it_exists(user: User) -> None:
    own, costs, answers = signed_out(user), [], []
    tries(own, UserFactory(), "guess")
    for other in (UserFactory(), UserFactory.build(sign_in_name="nobody@company.example")):
        with CaptureQueriesContext(connection) as queries:
            answer = tries(own, other, "guess")
        costs.append(len(queries))
        answers.append(answer.context["form"].non_field_errors())
    assert costs[0] == costs[1]
    assert answers[0] == answers[1]


def test_a_connection_without_an_address_signs_in_as_well(user: User) -> None:
    browser = Client(REMOTE_ADDR="")
    assert browser.post(reverse("account_login"), {"login": user.sign_in_name, "password": PASSWORD}).status_code == 302
    assert browser.get(PAGE).context["here"].ip == "0.0.0.0"
