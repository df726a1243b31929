"""The demo's mailbox: what goes in comes out, newest first, and nothing of it runs."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from django.urls import reverse

from csp_portal.demo import mailbox
from csp_portal.demo.mailbox import Piece, newest_mails, read_mail, split_links

BASE = "http://localhost:8000"


@pytest.fixture
def directory(settings: Any, tmp_path: Path) -> Path:
    settings.DEMO_MAILBOX_DIR = tmp_path / "mailbox"
    settings.PORTAL_BASE_URL = BASE
    return settings.DEMO_MAILBOX_DIR


def send(subject: str = "Convite à parceria", text: str = "Hello", html: str = "") -> None:
    mail = EmailMultiAlternatives(
        subject,
        text,
        "Northwind <portal@northwind.example>",
        ["José <jose@fabrikam.example>"],
        connection=get_connection("csp_portal.demo.mailbox.MailboxBackend"),
    )
    if html:
        mail.attach_alternative(html, "text/html")
    assert mail.send() == 1


def test_mail_comes_out_as_it_went_in(directory: Path) -> None:
    send(text="Olá,\n\nté já", html="<p>Olá</p>")

    [mail] = newest_mails(10)

    assert (mail.subject, mail.text, mail.html) == ("Convite à parceria", "Olá,\n\nté já", "<p>Olá</p>")
    assert (mail.sender, mail.recipient) == ("Northwind <portal@northwind.example>", "José <jose@fabrikam.example>")
    assert read_mail(mail.key) == mail


def test_mails_are_listed_newest_first_and_only_so_many(directory: Path) -> None:
    for number in range(4):
        send(subject=f"Mail {number}")

    assert [mail.subject for mail in newest_mails(3)] == ["Mail 3", "Mail 2", "Mail 1"]


def test_half_written_mail_is_not_listed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: Path, target: Path) -> None:
        raise OSError("killed here")

    monkeypatch.setattr(mailbox.Path, "rename", killed)
    with pytest.raises(OSError, match="killed here"):
        send()

    assert len(list(directory.iterdir())) == 1
    assert newest_mails(10) == []


def test_key_is_never_a_path(directory: Path) -> None:
    send()
    secret = directory.parent / "00000000000000000001-00000000000000000000000000000000.eml"
    secret.write_text("Subject: secret\n\nsecret")

    assert read_mail(f"../{secret.stem}") is None
    assert read_mail("") is None


def test_only_addresses_of_the_portal_become_links() -> None:
    text = f"Open {BASE}/invite/abc?x=1. Or {BASE}0/x, {BASE}.evil.example/y or https://evil.example/ and {BASE}"

    assert [piece for piece in split_links(text, BASE) if piece.url] == [
        Piece(f"{BASE}/invite/abc?x=1", f"{BASE}/invite/abc?x=1"),
        Piece(BASE, BASE),
    ]
    assert "".join(piece.text for piece in split_links(text, BASE)) == text


@pytest.mark.django_db
def test_pages_show_a_mail_with_its_link_and_inert_html(directory: Path, client: Client) -> None:
    send(text=f"<b>Accept</b>:\n{BASE}/invite/abc", html="<script>alert(1)</script>")
    [mail] = newest_mails(1)

    listed = client.get(reverse("demo:mailbox")).content.decode()
    page = client.get(reverse("demo:mail", args=[mail.key])).content.decode()

    assert reverse("demo:mail", args=[mail.key]) in listed
    assert f'<a href="{BASE}/invite/abc">{BASE}/invite/abc</a>' in page
    assert "&lt;b&gt;Accept&lt;/b&gt;:<br>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


@pytest.mark.django_db
def test_unknown_mail_is_not_found(directory: Path, client: Client) -> None:
    assert client.get(reverse("demo:mail", args=["0" * 20 + "-" + "0" * 32])).status_code == 404


@pytest.mark.django_db
def test_empty_mailbox_says_so(directory: Path, client: Client) -> None:
    assert "No mail yet" in client.get(reverse("demo:mailbox")).content.decode()
