"""The temporary password lies nowhere: no table, no session, no mail, no log, no page but the one that shows it."""

import html
import logging
import re

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from customers.credentials import services as credential_services
from mail.delivery import send_due
from mail.models import OutgoingEmail
from orders.models import Order, OrderDraft
from tests.factories import UserFactory
from tests.orders.conftest import confirmed, signed_in

CANARY = "Kwqz-7tvB-mXcR-pHsn"


def everything_stored() -> str:
    """Every value of every row of every table, password hashes aside, and what sessions hold."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found += [repr(value) for name, value in zip(names, row, strict=True) if (table, name) != HASH]
    found += [repr(session.get_decoded()) for session in Session.objects.all()]
    return "\n".join(found)


HASH = ("accounts_user", "password")


@pytest.mark.django_db(transaction=True)
def test_the_password_is_on_one_page_and_nowhere_else(ready, sales, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("accounts.services.people.new_temporary_password", lambda: CANARY)
    client = signed_in(sales)
    sent = confirmed(client.get(reverse("orders:review", args=[ready.public_id])))
    confirmation = client.post(reverse("orders:submit", args=[ready.public_id]), sent).url
    assert OrderDraft.objects.get().order.customer.administrators.get().user.check_password(CANARY)
    assert CANARY not in everything_stored()

    done = reverse("orders:done", args=[ready.public_id])
    pages = [client.get(confirmation), client.get(confirmation), client.post(done)]
    assert [CANARY in page.content.decode() for page in pages] == [True, False, False]
    client.post(done, {"stored": "on"})

    send_due()
    assert len(mail.outbox) >= 2
    spelled = "KILO whiskey quebec zulu"
    for secret in (CANARY, CANARY.replace("-", ""), spelled):
        assert secret not in everything_stored()
        assert secret not in "\n".join(str(message.message()) for message in mail.outbox)
        assert secret not in caplog.text
        assert secret not in "".join(capfd.readouterr())
        assert secret not in "".join(str(client.cookies[name]) for name in client.cookies)
    assert OutgoingEmail.objects.filter(kind="order_placed", state="sent").exists()


@pytest.mark.django_db(transaction=True)
def test_the_password_is_on_no_page_of_the_back_office(ready, sales, monkeypatch):
    monkeypatch.setattr("accounts.services.people.new_temporary_password", lambda: CANARY)
    client = signed_in(sales)
    sent = confirmed(client.get(reverse("orders:review", args=[ready.public_id])))
    client.post(reverse("orders:submit", args=[ready.public_id]), sent)
    assert Order.objects.exists()
    office = Client()
    office.force_login(UserFactory(back_office=True))
    seen = 0
    for model in apps.get_models():
        names = (model._meta.app_label, model._meta.model_name)
        try:
            listing = reverse("admin:{}_{}_changelist".format(*names))
        except Exception:
            continue
        change = "admin:{}_{}_change".format(*names)
        for address in [listing, *(reverse(change, args=[one.pk]) for one in model._base_manager.all()[:3])]:
            answer = office.get(address)
            assert answer.status_code == 200, address
            text = html.unescape(re.sub(r"\s+", " ", answer.content.decode()))
            assert CANARY not in text, address
            seen += 1
    assert seen > 10
    assert credential_services.REVEAL_MINUTES == 15
