"""Queueing: part of the caller's transaction, never held up by the broker; the back office's two interventions."""

import socket
import threading
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction

from accounts.access import system_actor
from accounts.models import User
from activity.models import ActivityRecord
from core import cache as core_cache
from core import clock
from core.exceptions import InvalidTransition
from mail import registry, services
from mail.models import OutgoingEmail
from mail.rendering import UndefinedVariableError
from mail.services import drop_email, kick, queue_email, retry_email
from mail.tasks import deliver_email

State = OutgoingEmail.State
BACK_OFFICE = system_actor("back office")


# --- queue_email ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_mail_is_stored_as_it_will_leave_except_for_late_values(queue):
    about = User.objects.create_user("ana@contoso.com", full_name="Ana")
    email = queue(about=about, reply_to="ana@contoso.com")
    email.refresh_from_db()
    assert (email.kind, email.recipient, email.reply_to, email.language) == (
        "sample", "rui@fabrikam.com", "ana@contoso.com", "en",
    )  # fmt: skip
    assert email.subject == "A request from Contoso Distribution"
    assert f"~late:link:{email.pk.hex}~" in email.text
    assert f"~late:link:{email.pk.hex}~" in email.html
    assert "canary" not in email.text + email.html
    assert (email.state, email.attempts, email.dedupe_key) == (State.QUEUED, 0, None)
    assert email.delivery_text == "Waiting to be sent"
    assert list(OutgoingEmail.objects.about(about)) == [email]


@pytest.mark.django_db
def test_about_is_newest_first_and_only_of_that_object(queue):
    ana, bo = (User.objects.create_user(f"{name}@contoso.com", full_name=name) for name in ("ana", "bo"))
    first, second = queue(about=ana), queue(about=ana)
    queue(about=bo)
    queue()
    assert list(OutgoingEmail.objects.about(ana)) == [second, first]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://portal.example:8443/x", "portal.example"),
        ("http://localhost:8000", "localhost"),
        ("https://pórtal.example", "xn--prtal-0ta.example"),
    ],
)
def test_the_message_id_is_made_of_the_row_and_the_portals_host(queue, settings, base, host):
    settings.PORTAL_BASE_URL = base
    email = queue()
    assert email.message_id == f"<{email.pk.hex}@{host}>"


@pytest.mark.django_db
def test_the_same_key_gives_the_first_mail(queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as kicks:
        first = queue(dedupe_key="request-1-reminder")
        second = queue(dedupe_key="request-1-reminder", to="other@fabrikam.com")
        other = queue(dedupe_key="request-2-reminder")
    assert second == first
    assert second.recipient == "rui@fabrikam.com"
    assert set(OutgoingEmail.objects.all()) == {first, other}
    assert len(kicks) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "a@x.com, b@y.com",
        "a@x.com\nBcc: b@y.com",
        "Ana <a@x.com>",
        "",
        "nobody",
        "a@x.com\x00",
        f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.com",
    ],
)
def test_anything_but_one_address_is_refused(queue, address):
    with pytest.raises(ValueError, match="address"):
        queue(to=address)
    if address:
        with pytest.raises(ValueError, match="address"):
            queue(reply_to=address)
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.django_db
def test_a_context_with_a_secret_is_refused(queue):
    with pytest.raises(ValueError, match="looks like a secret"):
        queue(context={"temporary_password": "canary"})
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.django_db
def test_an_incomplete_mail_is_not_queued():
    with pytest.raises(UndefinedVariableError), transaction.atomic():
        queue_email("sample", to="rui@fabrikam.com", language="en", context={"company": "Contoso"})
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_queueing_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        queue_email("sample", to="rui@fabrikam.com", language="en", context={"company": "C", "message": "M"})
    assert OutgoingEmail.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_cause_leaves_no_mail_and_no_hint(queue, monkeypatch):
    kicks = []
    monkeypatch.setattr(services, "kick", kicks.append)
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert (OutgoingEmail.objects.count(), kicks) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_the_hint_comes_after_the_commit(queue, monkeypatch):
    seen = []
    monkeypatch.setattr(services, "kick", lambda pk: seen.append((pk, connection.in_atomic_block)))
    with transaction.atomic():
        email = queue()
        assert seen == []
    assert seen == [(email.pk, False)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_transactions_with_one_key_make_one_mail(queue):
    barrier, got = threading.Barrier(4), []

    def work():
        try:
            with transaction.atomic():
                barrier.wait(5)
                got.append(queue(dedupe_key="once").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert got == [OutgoingEmail.objects.get().pk] * 4


# --- the hint ---------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_hint_names_the_mail_and_nothing_else(queue, monkeypatch):
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: sent.append((name, options)))
    email = queue()
    assert sent == [(deliver_email.name, {"args": [str(email.pk)], "retry": False, "ignore_result": True})]


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_is_asked_once_and_nobody_notices(queue, monkeypatch, caplog):
    asked = []

    def refuse(name, **options):
        asked.append(name)
        raise ConnectionError("canary-password@redis")

    monkeypatch.setattr(current_app, "send_task", refuse)
    queue()
    queue()
    assert OutgoingEmail.objects.due().count() == 2
    assert len(asked) == 1
    assert "ConnectionError" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_not_even_a_fault_of_the_hint_itself_reaches_the_page(queue, monkeypatch):
    def fail(email_id):
        raise RuntimeError

    monkeypatch.setattr(services, "kick", fail)
    queue()
    assert OutgoingEmail.objects.due().count() == 1


def test_the_broker_is_asked_again_after_its_rest(monkeypatch):
    asked = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: asked.append(name))
    monkeypatch.setattr(core_cache, "_rests_until", time.monotonic() + 60)
    kick(uuid.uuid4())
    monkeypatch.setattr(core_cache, "_rests_until", time.monotonic() - 1)
    kick(uuid.uuid4())
    assert len(asked) == 1


def real_broker(url: str, monkeypatch) -> None:
    """Let the hint go to a Redis of this address, with the portal's own options for Redis."""
    from celery import Celery

    app = Celery("probe", set_as_current=False, broker=url)
    app.conf.update(
        task_publish_retry=False,
        broker_transport_options={
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.1,
        },
    )
    monkeypatch.setattr(services, "current_app", app)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["refused", "hangs"])
def test_a_broker_that_is_down_or_hangs_costs_a_page_little(queue, monkeypatch, fault):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if fault == "hangs":
            listener.listen(1)
        real_broker(f"redis://127.0.0.1:{listener.getsockname()[1]}/0", monkeypatch)
        began = time.monotonic()
        queue()
        first = time.monotonic() - began
        queue()
        second = time.monotonic() - began - first
    assert OutgoingEmail.objects.due().count() == 2
    assert first < 3
    assert second < 0.5


# --- the registry -----------------------------------------------------------------------------------------------------
def test_a_kind_has_one_owner(owners):
    registry.register("sample", owners["sample"])
    with pytest.raises(ValueError, match="sample"):
        registry.register("sample", lambda email: None)


# --- states and words -------------------------------------------------------------------------------------------------
def test_no_word_claims_delivery():
    assert {str(label) for label in State.labels} == {
        "Waiting to be sent",
        "Being sent",
        "Handed to the mail server",
        "Could not be sent",
        "Withdrawn",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"state": "delivered"},
        {"state": "sending"},
        {"state": "sent"},
        {"lease_until": clock.now()},
        {"sent_at": clock.now()},
    ],
)
def test_the_database_refuses_states_that_cannot_be(queue, fields):
    email = queue()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingEmail.objects.filter(pk=email.pk).update(**fields)


# --- interventions ----------------------------------------------------------------------------------------------------
def put(email, state, **fields):
    fields |= {"sent_at": clock.now()} if state == State.SENT else {}
    fields |= {"lease_until": clock.now() + timedelta(minutes=5)} if state == State.SENDING else {}
    OutgoingEmail.objects.filter(pk=email.pk).update(state=state, **fields)
    return OutgoingEmail.objects.get(pk=email.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.FAILED, State.QUEUED])
def test_retry_makes_a_mail_due_with_a_full_set_of_attempts(queue, state):
    email = put(queue(), state, attempts=30, due_at=clock.now() + timedelta(hours=1), last_error="SMTPDataError 554")
    retry_email(email=email, by=BACK_OFFICE)
    assert OutgoingEmail.objects.due().get().attempts == 0
    kept = ActivityRecord.objects.get()
    assert (kept.action, kept.target_id, kept.changes) == ("email.retried", str(email.pk), {"state_before": state})
    assert "rui@" not in kept.target_label


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.FAILED, State.QUEUED])
def test_drop_withdraws_a_mail_and_keeps_why(queue, state):
    email = put(queue(), state)
    drop_email(email=email, by=BACK_OFFICE, reason="wrong address")
    assert OutgoingEmail.objects.get().state == State.DROPPED
    assert ActivityRecord.objects.get().changes == {"state_before": state, "reason": "wrong address"}
    with pytest.raises(InvalidTransition):
        drop_email(email=email, by=BACK_OFFICE, reason="again")
    assert ActivityRecord.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.SENDING, State.SENT, State.DROPPED])
def test_what_left_or_is_leaving_or_was_withdrawn_is_not_touched(queue, state):
    stale = queue()
    email = put(stale, state)
    with pytest.raises(InvalidTransition):
        retry_email(email=stale, by=BACK_OFFICE)
    with pytest.raises(InvalidTransition):
        drop_email(email=stale, by=BACK_OFFICE, reason="x")
    assert OutgoingEmail.objects.get().state == email.state
    assert ActivityRecord.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "act",
    [lambda email, by: retry_email(email=email, by=by), lambda email, by: drop_email(email=email, by=by, reason="x")],
)
def test_an_intervention_whose_record_fails_is_not_done(queue, act):
    email = put(queue(), State.FAILED, attempts=30)
    nameless = SimpleNamespace(user=None, acting_for=None, ip=None, request_id="", source="")
    with pytest.raises(AttributeError):
        act(email, nameless)
    email.refresh_from_db()
    assert (email.state, email.attempts) == (State.FAILED, 30)
