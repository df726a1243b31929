"""A new password by mail."""

import re
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.access import system_actor
from accounts.models import User
from accounts.services import request_password_reset, set_user_active
from activity.models import ActivityRecord
from mail.delivery import deliver
from mail.models import OutgoingEmail
from tests.accounts.conftest import SignIn
from tests.factories import PASSWORD, UserFactory

NEW = "a new bicycle in the sun"


def ask(client: Client, email: str) -> HttpResponse:
    """Send the form."""
    return client.post(reverse("account_reset_password"), {"email": email})


def mailed_path(user: User) -> str:
    """Deliver the mail and return the path of its link."""
    email = OutgoingEmail.objects.about(user).filter(kind="password_reset")[0]
    mail.outbox.clear()
    deliver(email.pk)
    links = set(re.findall(r"http\S+/account/password/reset/\S+/", mail.outbox[0].body))
    assert len(links) == 1
    assert mail.outbox[0].alternatives[0].content.count(f'href="{next(iter(links))}"') == 2
    return links.pop().removeprefix("http://localhost:8000")


def follow(client: Client, path: str) -> str:
    """Open the link and return the address of the form, which carries no key."""
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].endswith("-set-password/")
    return str(response["Location"])


def test_reset_answers_the_same_for_known_and_unknown_addresses(client: Client, user: User) -> None:
    answers = []
    for email in (user.email, "nobody@company.example"):
        with CaptureQueriesContext(connection) as queries:
            response = ask(client, email)
        page = client.get(response["Location"])
        answers.append(
            (response.status_code, response["Location"], len(queries), sorted(response.cookies), page.content)
        )
    assert answers[0] == answers[1]
    assert [email.kind for email in OutgoingEmail.objects.order_by("created_at")] == [
        "password_reset",
        "password_reset_unknown",
    ]


def test_reset_keeps_no_link_in_the_database(client: Client, user: User) -> None:
    ask(client, user.email)
    stored = OutgoingEmail.objects.get()
    path = mailed_path(user)
    key = path.rstrip("/").rpartition("/")[2]
    stored.refresh_from_db()
    assert key not in stored.text + stored.html
    assert "/password/reset/" not in stored.text + stored.html


def test_reset_link_lets_the_owner_choose(client: Client, sign_in: SignIn, user: User) -> None:
    ask(client, user.email)
    path = mailed_path(user)
    form_at = follow(client, path)
    page = client.get(form_at)
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "same-origin"  # under no-referrer a browser's POST would be refused
    assert client.get(path)["Referrer-Policy"] == "no-referrer"
    response = client.post(form_at, {"password1": NEW, "password2": NEW})
    assert (response.status_code, response["Location"]) == (302, reverse("account_login"))
    assert "_auth_user_id" not in client.session
    assert sign_in(user.sign_in_name, NEW).status_code == 302
    row = ActivityRecord.objects.get(action="user.password_changed")
    assert row.actor_user_id == user.pk


def test_reset_link_works_once(client: Client, user: User) -> None:
    ask(client, user.email)
    path = mailed_path(user)
    form_at = follow(client, path)
    client.post(form_at, {"password1": NEW, "password2": NEW})
    page = Client().get(path)
    assert page.status_code == 200
    assert "This link does not work any more" in page.content.decode()
    again = client.post(form_at, {"password1": PASSWORD, "password2": PASSWORD})
    assert "This link does not work any more" in again.content.decode()
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_reset_link_dies_after_an_hour_between_page_and_post(client: Client, user: User) -> None:
    ask(client, user.email)
    form_at = follow(client, mailed_path(user))
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=61), tick=False):
        client.post(form_at, {"password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_reset_link_is_not_consumed_by_a_scanner(client: Client, user: User) -> None:
    ask(client, user.email)
    path = mailed_path(user)
    for _visit in range(5):
        scanner = Client()
        scanner.get(path, follow=True)
        scanner.head(path)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    form_at = follow(client, path)
    assert client.post(form_at, {"password1": NEW, "password2": NEW}).status_code == 302


def test_reset_link_of_another_person_opens_nothing(client: Client, user: User) -> None:
    other = UserFactory()
    ask(client, user.email)
    path = mailed_path(user)
    prefix, _slash, rest = path.rstrip("/").rpartition("/")
    page = client.get(f"{prefix}/{other.pk}-{rest.partition('-')[2]}/")
    assert "This link does not work any more" in page.content.decode()


def test_reset_of_a_deactivated_person_is_neither_sent_nor_honoured(client: Client, user: User) -> None:
    ask(client, user.email)
    path = mailed_path(user)
    ask(client, user.email)
    set_user_active(user=user, active=False, by=system_actor("tests"))
    page = client.get(path)
    assert "This link does not work any more" in page.content.decode()
    waiting = OutgoingEmail.objects.about(user).filter(kind="password_reset")[0]
    mail.outbox.clear()
    deliver(waiting.pk)
    waiting.refresh_from_db()
    assert (mail.outbox, waiting.state) == ([], OutgoingEmail.State.DROPPED)
    ask(client, user.email)
    assert OutgoingEmail.objects.filter(kind="password_reset_unknown").count() == 1


def test_reset_tells_customer_administrators_whom_to_ask(client: Client, db: None) -> None:
    administrator = UserFactory(customer_administrator=True)
    answers = []
    for name in (administrator.sign_in_name, "admin@nobody-has-this.onmicrosoft.com"):
        page = ask(client, name)
        answers.append(page.context["form"].errors)
    assert answers[0] == answers[1]
    assert "Ask your reseller for a new temporary password." in str(answers[0])
    assert not OutgoingEmail.objects.exists()


def test_reset_never_writes_to_a_name_without_mailbox(db: None) -> None:
    administrator = UserFactory(customer_administrator=True, sign_in_name="boss@woodgrove.onmicrosoft.com")
    request_password_reset(email=administrator.sign_in_name, language="en", by=system_actor("tests"))
    assert not OutgoingEmail.objects.about(administrator).exists()


def test_reset_mails_are_limited_per_address_known_or_not(client: Client, user: User) -> None:
    answers = []
    for email in (user.email, "nobody@company.example"):
        statuses = [ask(client, email).status_code for _try in range(5)]
        answers.append((statuses, ask(client, email).context["form"].non_field_errors()))
    assert answers[0] == answers[1] == ([302, 302, 302, 200, 200], ["Too many requests. Try again in 60 minutes."])
    assert OutgoingEmail.objects.count() == 6


def test_reset_takes_one_address_only(client: Client, user: User) -> None:
    for wrong in (f"{user.email}, thief@evil.example", f"{user.email}\nthief@evil.example", ""):
        assert ask(client, wrong).status_code == 200
    client.post(reverse("account_reset_password"), {"email": [user.email, "thief@evil.example"]})
    assert set(OutgoingEmail.objects.values_list("recipient", flat=True)) <= {"thief@evil.example"}
    assert not OutgoingEmail.objects.about(user).exists()


def test_reset_mail_speaks_the_persons_language_and_the_portals_address(
    client: Client, user: User, settings: Any
) -> None:
    User.objects.update(language="pt-br")
    settings.PORTAL_BASE_URL = "https://portal.example"
    ask(client, user.email)
    email = OutgoingEmail.objects.get()
    assert email.language == "pt-br"
    deliver(email.pk)
    assert "https://portal.example/account/password/reset/" in mail.outbox[-1].body


def test_reset_writes_nothing_when_the_outbox_fails(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.services.people.queue_email", fail)
    with pytest.raises(RuntimeError):
        ask(client, user.email)
    assert not OutgoingEmail.objects.exists()


def test_reset_weak_password_is_refused(client: Client, user: User) -> None:
    ask(client, user.email)
    form_at = follow(client, mailed_path(user))
    page = client.post(form_at, {"password1": "short", "password2": "short"})
    assert list(page.context["form"].errors) == ["password1", "password2"] or list(page.context["form"].errors) == [
        "password1"
    ]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
