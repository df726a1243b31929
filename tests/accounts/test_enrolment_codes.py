"""The first two steps of enrolling: an address and its code."""

import logging
import uuid
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.access import ANONYMOUS
from accounts.codes import code_digits, digits_match, hash_of, proved_address
from accounts.enrolment.session import ENROLLING, AskedCode
from accounts.models import EmailCode, User
from accounts.services import CodeAnswer, send_enrolment_code, set_user_active, try_code
from accounts.tasks import purge_email_codes
from activity.models import ActivityRecord
from core.logs import fingerprint
from mail.delivery import deliver
from mail.models import OutgoingEmail
from tests.accounts.enrolling import ADDRESS, ask, digits, mailed_digits, prove, type_code, url, wrong
from tests.contracts import header_faults, html_faults
from tests.factories import MembershipFactory, UserFactory
from tests.portal.canary import places_that_hold

DEAD = ["This code does not work any more. Send another code."]


@pytest.fixture
def visitor(client: Client, db: None) -> Client:
    """A stranger's visitor."""
    return client


def errors(page: Any, field: str = "code") -> list[str]:
    """What the page says beside the field."""
    assert page.status_code == 200
    return list(page.context["form"].errors[field])


def make_code(binding: str = "a browser", address: str = ADDRESS) -> EmailCode:
    """A code that was asked for in some visitor."""
    return send_enrolment_code(address=address, language="en", binding=binding, by=ANONYMOUS)


def later(**delta: int) -> Any:
    """A while from now."""
    return time_machine.travel(timezone.now() + timezone.timedelta(**delta), tick=False)


# --- the address ---
def test_each_page_keeps_the_contracts(visitor: Client) -> None:
    pages = [visitor.get(url("start"))]
    ask(visitor)
    pages += [visitor.get(url("code")), type_code(visitor, "12")]
    type_code(visitor, digits())
    pages.append(visitor.get(url("company")))
    pages.append(visitor.post(url("company"), {"country": "BR"}))
    for page in pages:
        assert page.status_code == 200
        assert html_faults(page.content.decode()) == []
        assert header_faults(page) == []


def test_asking_mails_a_code(visitor: Client) -> None:
    response = ask(visitor, " Ana@TAILWIND.example ")
    assert (response.status_code, response["Location"]) == (302, url("code"))
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient) == ("email_code", ADDRESS)
    assert mailed_digits(email) == digits()
    assert ADDRESS in visitor.get(url("code")).content.decode()


def test_a_known_and_an_unknown_address_are_answered_alike(visitor: Client) -> None:
    MembershipFactory(user__sign_in_name="known@tailwind.example")
    answers = []
    for address in ("known@tailwind.example", "other@tailwind.example"):
        stranger = Client()
        with CaptureQueriesContext(connection) as queries:
            asked = ask(stranger, address)
        with CaptureQueriesContext(connection) as more:
            page = stranger.get(url("code"))
        body = page.content.decode().replace("<wbr>", "").replace(address, "ADDRESS")
        with CaptureQueriesContext(connection) as tries:
            said = [errors(type_code(stranger, "000000")) for _try in range(5)]
        with CaptureQueriesContext(connection) as again:
            resent = stranger.post(url("another_code"))
        answers.append(
            (
                asked.status_code, asked["Location"], sorted(asked.cookies), len(queries), len(more), tokenless(body),
                said, len(tries), resent.status_code, len(again), len(asked.content),
            )
        )  # fmt: skip
    assert answers[0] == answers[1]
    kinds = OutgoingEmail.objects.order_by("created_at").values_list("kind", flat=True)
    assert list(kinds) == ["email_known", "email_known", "email_code", "email_code"]


def tokenless(body: str) -> str:
    """The page without the values that differ each time."""
    return "\n".join(line for line in body.splitlines() if "csrfmiddlewaretoken" not in line)


def test_the_mail_to_a_known_address_tells_the_truth(visitor: Client) -> None:
    user = UserFactory(sign_in_name="known@tailwind.example", language="en")
    ask(visitor, user.sign_in_name)
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient) == ("email_known", user.email)
    assert "already has an account" in " ".join(email.text.split())
    assert "http://localhost:8000" + reverse("account_login") in email.text
    assert "Sign in here" in email.text


def test_the_mail_to_a_deactivated_person_names_who_can_help(visitor: Client) -> None:
    user = UserFactory(sign_in_name="known@tailwind.example")
    set_user_active(user=user, active=False, by=ANONYMOUS)
    ask(visitor, user.sign_in_name)
    text = " ".join(OutgoingEmail.objects.get().text.split())
    assert "The account is not active." in text
    assert "Sign in here" not in text


def test_no_digits_are_right_for_a_known_address(visitor: Client) -> None:
    UserFactory(sign_in_name=ADDRESS)
    ask(visitor)
    code = EmailCode.objects.get()
    assert [number for number in range(0, 10**6, 1009) if digits_match(code, f"{number:06d}")] == []
    assert not digits_match(code, code_digits(code))
    assert errors(type_code(visitor, code_digits(code))) == ["Check the code. You can try it 4 more times."]


@pytest.mark.parametrize(
    "address", ["ana@gmail.com", "ANA@Outlook.com", "admin@tailwind.onmicrosoft.com", "", "ana", "ana@tailwind"]
)
def test_addresses_that_cannot_enroll_are_refused_by_their_shape(visitor: Client, address: str) -> None:
    page = ask(visitor, address)
    assert len(errors(page, "email")) == 1
    assert not EmailCode.objects.exists()
    assert not OutgoingEmail.objects.exists()


@pytest.mark.parametrize("address", ["ana@gmail.com", "ana@tailwind.example, eve@evil.example"])
def test_what_was_typed_stays_in_the_field(visitor: Client, address: str) -> None:
    assert f'value="{address}"' in ask(visitor, address).content.decode()


def test_asking_answers_in_the_language_of_the_browser(visitor: Client) -> None:
    ask(visitor, HTTP_ACCEPT_LANGUAGE="pt-BR")
    assert OutgoingEmail.objects.get().language == "pt-br"


# --- limits ---
def test_three_codes_an_hour_for_an_address_known_or_not(visitor: Client) -> None:
    UserFactory(sign_in_name="known@tailwind.example")
    answers = []
    for address in ("known@tailwind.example", ADDRESS):
        statuses = [ask(Client(), address).status_code for _try in range(4)]
        answers.append((statuses, errors(ask(Client(), address), "email")))
    said = "Too many codes were asked for. Try again in 60 minutes."
    assert answers[0] == answers[1] == ([302, 302, 302, 200], [said])
    assert OutgoingEmail.objects.count() == 6


def test_sending_again_counts(visitor: Client) -> None:
    ask(visitor)
    for _send in range(3):
        page = visitor.post(url("another_code"), follow=True)
    assert "Too many codes were asked for. Try again in 60 minutes." in page.content.decode()
    assert OutgoingEmail.objects.count() == 3


def test_twenty_codes_an_hour_for_a_client(visitor: Client) -> None:
    for number in range(20):
        assert ask(Client(), f"person{number}@tailwind.example").status_code == 302
    assert "Try again in" in errors(ask(Client(), "one.more@tailwind.example"), "email")[0]
    assert ask(Client(), "one.more@tailwind.example", REMOTE_ADDR="192.0.2.7").status_code == 302


# --- the code ---
def test_the_right_code_opens_the_third_step(visitor: Client) -> None:
    ask(visitor, next_page="/i/7/")
    response = type_code(visitor, digits(), "/i/7/")
    assert (response.status_code, response["Location"]) == (302, url("company", "/i/7/"))
    assert visitor.get(url("company")).status_code == 200
    # Going back leads forward again, and the second press does what the first did.
    assert visitor.get(url("code"))["Location"] == url("company")
    assert type_code(visitor, digits())["Location"] == url("company")


@pytest.mark.parametrize("typed", ["{0}{1}{2} {3}{4}{5}", " {0}{1}{2}-{3}{4}{5} ", "{0} {1} {2} {3} {4} {5}"])
def test_a_code_is_understood_however_it_is_pasted(visitor: Client, typed: str) -> None:
    ask(visitor)
    assert type_code(visitor, typed.format(*digits())).status_code == 302


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12345६", "💥", "1" * 500])
def test_what_is_no_code_is_not_counted_as_a_try(visitor: Client, typed: str) -> None:
    ask(visitor)
    assert len(errors(type_code(visitor, typed))) == 1
    assert EmailCode.objects.get().tries == 0


def test_five_wrong_codes_and_the_right_one_is_dead(visitor: Client) -> None:
    ask(visitor)
    said = [errors(type_code(visitor, wrong())) for _try in range(5)]
    left = [[f"Check the code. You can try it {count} more times."] for count in (4, 3, 2)]
    assert said == [*left, ["Check the code. You can try it 1 more time."], DEAD]
    assert errors(type_code(visitor, digits())) == DEAD
    assert visitor.get(url("company"))["Location"] == url("code")


def test_a_code_works_for_ten_minutes(visitor: Client) -> None:
    ask(visitor)
    with later(minutes=9, seconds=59):
        assert try_code(code_id=only().code_id, binding=only().binding, typed=wrong()) is CodeAnswer.WRONG
    with later(minutes=10, seconds=1):
        assert errors(type_code(visitor, digits())) == DEAD


def only() -> Any:
    """What the one session knows of its code."""
    return AskedCode(**Session.objects.get().get_decoded()[ENROLLING])


def test_a_code_works_in_the_browser_that_asked(visitor: Client) -> None:
    ask(visitor)
    mailed = digits()
    other = Client()
    ask(other, "eve@evil.example")
    assert errors(type_code(other, mailed)) == ["Check the code. You can try it 4 more times."]
    assert type_code(Client(), mailed)["Location"] == url("start")
    assert type_code(visitor, mailed).status_code == 302


def test_a_code_is_bound_to_its_session_in_the_database_too(db: None) -> None:
    code = make_code("a browser")
    answer = try_code(code_id=str(code.pk), binding="another browser", typed=code_digits(code))
    assert (answer, EmailCode.objects.get().tries) == (CodeAnswer.DEAD, 0)
    assert try_code(code_id=str(code.pk), binding="a browser", typed=code_digits(code)) is CodeAnswer.RIGHT
    assert proved_address(code.pk, "another browser") == ""
    assert proved_address(code.pk, "a browser") == ADDRESS


def test_a_code_works_once(db: None) -> None:
    code = make_code()
    tries = [try_code(code_id=str(code.pk), binding="a browser", typed=code_digits(code)) for _try in range(2)]
    assert tries == [CodeAnswer.RIGHT, CodeAnswer.DEAD]


def test_only_the_newest_code_works(visitor: Client) -> None:
    ask(visitor)
    first, before, asked = digits(), OutgoingEmail.objects.get(), only()
    assert visitor.post(url("another_code"))["Location"] == url("code")
    assert errors(type_code(visitor, first)) == ["Check the code. You can try it 4 more times."]
    assert try_code(code_id=asked.code_id, binding=asked.binding, typed=first) is CodeAnswer.DEAD
    # The mail with the old code has not left yet, and does not any more.
    deliver(before.pk)
    before.refresh_from_db()
    assert before.state == OutgoingEmail.State.DROPPED
    assert type_code(visitor, digits()).status_code == 302


def test_another_address_begins_anew(visitor: Client) -> None:
    ask(visitor)
    first = digits()
    ask(visitor, "ana@other.example")
    assert errors(type_code(visitor, first)) == ["Check the code. You can try it 4 more times."]
    assert type_code(visitor, digits("ana@other.example")).status_code == 302
    assert proved_address(only().code_id, only().binding) == "ana@other.example"


def test_a_proof_lasts_two_hours(visitor: Client) -> None:
    prove(visitor)
    with later(minutes=119):
        assert visitor.get(url("company")).status_code == 200
    with later(minutes=121):
        assert visitor.get(url("company"))["Location"] == url("code")


# --- wrong turns ---
@pytest.mark.parametrize(
    ("page", "method"),
    [("code", "get"), ("code", "post"), ("company", "get"), ("company", "post"), ("another_code", "post")],
)
def test_who_skips_a_step_begins_at_the_beginning(visitor: Client, page: str, method: str) -> None:
    response = getattr(visitor, method)(url(page, "/i/7/"))
    assert (response.status_code, response["Location"]) == (302, url("start", "/i/7/"))
    assert not EmailCode.objects.exists()


def test_the_third_step_waits_for_the_code(visitor: Client) -> None:
    ask(visitor)
    for method in ("get", "post"):
        assert getattr(visitor, method)(url("company"))["Location"] == url("code")
    assert not User.objects.exists()


def test_no_get_writes(visitor: Client) -> None:
    ask(visitor)
    before = (EmailCode.objects.count(), OutgoingEmail.objects.count())
    assert visitor.get(url("another_code")).status_code == 405
    for page in ("start", "code", "company", "done", "status", "prove_email"):
        with CaptureQueriesContext(connection) as queries:
            visitor.get(url(page))
        assert [query for query in queries if not query["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))] == []
    assert (EmailCode.objects.count(), OutgoingEmail.objects.count()) == before


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "x" * 600, "home"],
)
def test_the_way_back_stays_in_the_portal(visitor: Client, elsewhere: str) -> None:
    assert ask(visitor, next_page=elsewhere)["Location"] == url("code")
    assert visitor.get(url("start", elsewhere)).context["sign_in_url"] == reverse("account_login")
    assert visitor.get(reverse("account_login") + "?next=" + elsewhere).context["enroll_url"] == url("start")


# --- the secret ---
def test_the_digits_are_kept_nowhere(visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(visitor)
        code = digits()
        type_code(visitor, wrong())
        email = OutgoingEmail.objects.get()
        assert [place for place in places_that_hold(code) if not place.startswith("mail.")] == []
        assert mailed_digits(email) == code
        assert type_code(visitor, code).status_code == 302
    stored = OutgoingEmail.objects.get()
    assert code not in stored.text + stored.html + stored.subject
    assert [place for place in places_that_hold(code) if place != f"the mail {stored.subject!r}"] == []
    assert code not in caplog.text


def test_the_digits_come_from_a_key_and_the_row(db: None, settings: Any) -> None:
    code, other = make_code(), make_code()
    code.pk, code.nonce = uuid.UUID(int=1), "00112233445566778899aabbccddeeff"
    first = code_digits(code)
    assert len(first) == 6
    assert (first, digits_match(code, first)) == (code_digits(code), True)
    other.pk = code.pk
    assert code_digits(other) != first
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    assert code_digits(code) != first
    assert digits_match(code, first)
    settings.SECRET_KEY_FALLBACKS = []
    assert not digits_match(code, first)


def test_a_mail_about_a_used_code_does_not_leave(db: None) -> None:
    code = make_code()
    try_code(code_id=str(code.pk), binding="a browser", typed=code_digits(code))
    email = OutgoingEmail.objects.get()
    deliver(email.pk)
    email.refresh_from_db()
    assert email.state == OutgoingEmail.State.DROPPED


def test_a_refused_code_is_left_in_the_log(visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    ask(visitor)
    type_code(visitor, wrong())
    [line] = [record for record in caplog.records if record.name == "portal.security"]
    assert (line.getMessage(), line.kind, line.ip) == ("E-mail code refused", "code_refused", "127.0.0.1")
    assert line.account == fingerprint(ADDRESS)


def test_codes_are_forgotten_after_a_day(db: None) -> None:
    make_code()
    with later(hours=23):
        purge_email_codes()
        assert EmailCode.objects.count() == 1
    with later(hours=25):
        make_code(address="new@tailwind.example")
        purge_email_codes()
        assert [code.address_key for code in EmailCode.objects.all()] == ["new@tailwind.example"]


def test_asking_leaves_no_record_of_people_who_are_nobody_yet(visitor: Client) -> None:
    prove(visitor)
    assert not ActivityRecord.objects.exists()
    assert EmailCode.objects.get().session_hash == hash_of(only().binding)
