"""The mails about one's account, in words."""

import pytest
from django.core import mail

from accounts.access import Actor, system_actor
from accounts.models import User
from accounts.services import open_account, record_second_factor, request_password_reset, set_own_password
from mail.delivery import deliver
from mail.models import OutgoingEmail

SAID = {
    "added": "an authenticator app was set up",
    "removed": "the authenticator app of your account in the CSP portal was removed",
    "recovery_renewed": "new recovery codes were made",
}


def delivered() -> tuple[str, str]:
    """The text and the HTML of the newest mail, as they leave."""
    mail.outbox.clear()
    deliver(OutgoingEmail.objects.latest("created_at").pk)
    message = mail.outbox[0]
    return message.body, message.alternatives[0].content


@pytest.mark.parametrize("action", SAID)
def test_a_change_of_the_second_factor_is_told_with_time_and_place(user: User, action: str) -> None:
    record_second_factor(user=user, action=action, by=Actor(user=user, ip="203.0.113.9"))
    for body in delivered():
        words = " ".join(body.split())
        assert SAID[action] in words
        assert "From: 203.0.113.9" in words
        assert "http://localhost:8000/account/password/reset/" in words


def test_a_new_password_is_told_and_not_shown(user: User) -> None:
    set_own_password(user=user, password="a new bicycle in the sun", by=Actor(user=user))
    for body in delivered():
        assert "your password in the CSP portal was changed" in " ".join(body.split())
        assert "bicycle" not in body


def test_a_new_account_comes_with_a_link(db: None) -> None:
    open_account(sign_in_name="robin@northwind.example", full_name="Robin <Silva>", by=system_actor("tests"))
    text, html = delivered()
    assert "Hello Robin <Silva>," in text
    assert "Hello Robin &lt;Silva&gt;," in html
    assert "http://localhost:8000/account/password/reset/" in text
    assert html.count("http://localhost:8000/account/password/reset/") == 3


def test_an_unknown_address_is_told_so_and_gets_no_link(db: None) -> None:
    request_password_reset(email="nobody@company.example", language="en", by=Actor())
    text, html = delivered()
    assert "no account has it" in " ".join(text.split())
    assert "/password/reset/" not in text + html
