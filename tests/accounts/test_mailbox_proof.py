"""Proving the mailbox of the account one is signed in with."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.access import Actor, system_actor
from accounts.codes import code_digits, hash_of
from accounts.links import password_path
from accounts.models import EmailCode, User
from accounts.services import (
    CodeAnswer,
    mark_mailbox_proved,
    open_account,
    prove_own_mailbox,
    set_own_password,
)
from activity.models import ActivityRecord
from mail.models import OutgoingEmail
from tests.accounts.enrolling import digits, mailed_digits, url, wrong
from tests.contracts import header_faults, html_faults
from tests.factories import UserFactory

NEW = "a new bicycle in the sun"


@pytest.fixture
def person(db: None) -> User:
    """Somebody whose mailbox nobody has proved."""
    return UserFactory(email_proved_at=None, sign_in_name="ana@tailwind.example")


@pytest.fixture
def visitor(client: Client, person: User) -> Client:
    """That person, signed in."""
    client.force_login(person)
    return client


def proved(person: User) -> bool:
    """Whether it is proved by now."""
    return User.objects.get(pk=person.pk).email_proved_at is not None


def test_a_code_to_ones_own_address_proves_it(visitor: Client, person: User) -> None:
    first = visitor.get(url("prove_email", "/i/7/"))
    assert "Send code" in first.content.decode()
    assert not EmailCode.objects.exists()
    sent = visitor.post(url("send_own_code", "/i/7/"))
    assert sent["Location"] == url("prove_email", "/i/7/")
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient, email.language) == ("email_code", person.email, person.language)
    forms = [visitor.get(url("prove_email", "/i/7/")), visitor.post(url("prove_email"), {"code": "1"})]
    for page in (first, *forms):
        assert html_faults(page.content.decode()) == []
        assert header_faults(page) == []
    response = visitor.post(url("prove_email", "/i/7/"), {"code": mailed_digits(email)})
    assert (response.status_code, response["Location"]) == (302, "/i/7/")
    assert proved(person)
    row = ActivityRecord.objects.get()
    assert (row.action, row.actor_user_id, row.target_label) == ("user.mailbox_proved", person.pk, str(person))
    # Pressed twice, or opened again: the same.
    assert visitor.post(url("prove_email", "/i/7/"), {"code": "123456"})["Location"] == "/i/7/"
    assert visitor.get(url("prove_email"))["Location"] == "/"
    assert ActivityRecord.objects.count() == 1


def test_a_wrong_code_proves_nothing(visitor: Client, person: User) -> None:
    visitor.post(url("send_own_code"))
    page = visitor.post(url("prove_email"), {"code": wrong()})
    assert page.context["form"].errors == {"code": ["Check the code. You can try it 4 more times."]}
    for _try in range(4):
        page = visitor.post(url("prove_email"), {"code": wrong()})
    assert page.context["form"].errors == {"code": ["This code does not work any more. Send another code."]}
    visitor.post(url("prove_email"), {"code": digits()})
    assert not proved(person)


def test_typing_without_asking_leads_to_the_button(visitor: Client, person: User) -> None:
    response = visitor.post(url("prove_email", "/i/7/"), {"code": "123456"})
    assert response["Location"] == url("prove_email", "/i/7/")
    assert not proved(person)


def test_three_codes_an_hour(visitor: Client) -> None:
    for _send in range(4):
        page = visitor.post(url("send_own_code"), follow=True)
    assert "Too many codes were asked for. Try again in 60 minutes." in page.content.decode()
    assert EmailCode.objects.count() == 3


def test_strangers_cannot_use_up_the_codes_of_somebody(visitor: Client, person: User) -> None:
    for _send in range(3):
        Client().post(url("start"), {"email": person.email})
    visitor.post(url("send_own_code"))
    assert OutgoingEmail.objects.filter(kind="email_code").count() == 1


def test_the_code_of_another_session_proves_nothing(visitor: Client, person: User) -> None:
    visitor.post(url("send_own_code"))
    other = Client()
    other.force_login(person)
    assert other.post(url("prove_email"), {"code": digits()})["Location"] == url("prove_email")
    assert not proved(person)


def test_a_code_to_another_address_proves_nothing(person: User) -> None:
    code = EmailCode.objects.create(address_key="eve@evil.example", session_hash=hash_of("a browser"))
    answer = prove_own_mailbox(
        user=person, code_id=str(code.pk), binding="a browser", typed=code_digits(code), by=Actor(user=person)
    )
    assert answer is CodeAnswer.DEAD
    assert not proved(person)


def test_a_code_that_was_sent_to_ones_former_address_is_forgotten(visitor: Client, person: User) -> None:
    visitor.post(url("send_own_code"))
    mailed = digits()
    User.objects.update(email="ana@other.example")
    assert "Send code" in visitor.get(url("prove_email")).content.decode()
    visitor.post(url("prove_email"), {"code": mailed})
    assert not proved(person)


def test_an_account_without_mailbox_has_nothing_to_prove(client: Client, db: None) -> None:
    person = UserFactory(customer_administrator=True, email_proved_at=None)
    client.force_login(person)
    for response in (client.get(url("prove_email")), client.post(url("send_own_code"))):
        assert response.status_code == 409
    assert not OutgoingEmail.objects.exists()
    assert not mark_mailbox_proved(user=person, by=Actor(user=person))


def test_an_address_that_receives_nothing_is_no_mailbox(visitor: Client, person: User) -> None:
    User.objects.update(email="ana@localhost")
    for response in (visitor.get(url("prove_email")), visitor.post(url("send_own_code"))):
        assert response.status_code == 409


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_way_back_stays_in_the_portal(visitor: Client, person: User, elsewhere: str) -> None:
    visitor.post(url("send_own_code"))
    assert visitor.post(url("prove_email", elsewhere), {"code": digits()})["Location"] == "/"


# --- a password chosen by a mailed link proves it as well ---
def test_a_password_by_a_mailed_link_proves_the_mailbox(client: Client, db: None) -> None:
    person = open_account(sign_in_name="bo@tailwind.example", full_name="Bo", by=system_actor("tests"))
    assert not proved(person)
    form_at = client.get(password_path(person))["Location"]
    assert not proved(person)
    assert client.post(form_at, {"password1": NEW, "password2": NEW}).status_code == 302
    assert proved(person)
    actions = ActivityRecord.objects.order_by("pk").values_list("action", "actor_user_id")
    assert list(actions)[1:] == [("user.password_changed", person.pk), ("user.mailbox_proved", person.pk)]


def test_a_password_changed_otherwise_proves_nothing(person: User) -> None:
    set_own_password(user=person, password=NEW, by=Actor(user=person))
    assert not proved(person)


def test_the_first_proof_stays(db: None) -> None:
    first = timezone.now() - timezone.timedelta(days=9)
    person = UserFactory(email_proved_at=first)
    set_own_password(user=person, password=NEW, by=Actor(user=person), by_mailed_link=True)
    assert User.objects.get().email_proved_at == first
    assert not ActivityRecord.objects.filter(action="user.mailbox_proved").exists()
