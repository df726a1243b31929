"""Somebody on the way through enrolling."""

import re
from typing import Any
from urllib.parse import urlencode

from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.codes import code_digits, hash_of
from accounts.models import EmailCode
from accounts.services import CompanyFacts
from core import clock
from mail.delivery import deliver
from mail.models import OutgoingEmail

ADDRESS = "ana@tailwind.example"
NEW_PASSWORD = "quiet green river 9"
COMPANY = {
    "country": "BR",
    "legal_name": "Tailwind Serviços Ltda.",
    "mpn_id": "0077001",
    "address_line_1": "Av. Paulista 1000",
    "address_line_2": "",
    "city": "São Paulo",
    "state": "SP",
    "postal_code": "01310100",
    "contact_phone": "11 96123-4567",
    "agreement": "on",
}
PERSON = {"full_name": "Ana Lima", "language": "pt-br", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


def url(name: str, next_page: str = "") -> str:
    """A page of enrolling."""
    return reverse(f"enrolment:{name}") + (f"?{urlencode({'next': next_page})}" if next_page else "")


def ask(client: Client, address: str = ADDRESS, next_page: str = "", **extra: Any) -> HttpResponse:
    """Ask for a code."""
    return client.post(url("start", next_page), {"email": address}, **extra)


def digits(address: str = ADDRESS) -> str:
    """The newest code of the address, as the mail has it."""
    return code_digits(EmailCode.objects.filter(address_key=address).order_by("-created_at")[0])


def wrong(address: str = ADDRESS) -> str:
    """Six digits that are not the code."""
    return f"{(int(digits(address)) + 1) % 10**6:06d}"


def type_code(client: Client, code: str, next_page: str = "") -> HttpResponse:
    """Type a code."""
    return client.post(url("code", next_page), {"code": code})


def prove(client: Client, address: str = ADDRESS, next_page: str = "") -> Client:
    """Come as far as the third step."""
    ask(client, address, next_page)
    assert type_code(client, digits(address), next_page).status_code == 302
    return client


def enroll(client: Client, next_page: str = "", **changes: str) -> HttpResponse:
    """Send the third step."""
    return client.post(url("company", next_page), {**COMPANY, **PERSON, **changes})


def mailed_digits(email: OutgoingEmail) -> str:
    """Send the mail and read the code out of it."""
    mail.outbox.clear()
    deliver(email.pk)
    found = re.findall(r"(?m)^(\d{6})$", str(mail.outbox[0].body))
    assert len(found) == 1
    return str(found[0])


def facts(**changes: str) -> CompanyFacts:
    """What the company says, in normal form."""
    shaped = {**COMPANY, "postal_code": "01310-100", "contact_phone": "+5511961234567", **changes}
    return CompanyFacts(**{name: shaped[name] for name in CompanyFacts.__dataclass_fields__})


def proof(address: str = ADDRESS, binding: str = "a browser") -> dict[str, str]:
    """A code that was typed."""
    code = EmailCode.objects.create(address_key=address, session_hash=hash_of(binding), used_at=clock.now())
    return {"code_id": str(code.pk), "binding": binding}
