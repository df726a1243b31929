"""The back office watches the outbox, retries and withdraws, and can do nothing else."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from activity.models import ActivityRecord
from core import clock
from mail.models import OutgoingEmail

pytestmark = pytest.mark.django_db
LIST = "admin:mail_outgoingemail_changelist"
State = OutgoingEmail.State


@pytest.fixture
def back_office(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("root@portal.example", full_name="Back office"))
    return client


@pytest.fixture
def failed(queue):
    email = queue()
    OutgoingEmail.objects.update(state=State.FAILED, attempts=30, last_error="SMTPDataError 554")
    return OutgoingEmail.objects.get(pk=email.pk)


def act(client, action, *emails, **data):
    return client.post(reverse(LIST), {"action": action, "_selected_action": [e.pk for e in emails], **data})


def test_the_list_shows_state_attempts_and_the_last_error(back_office, failed):
    page = back_office.get(reverse(LIST)).content.decode()
    for words in ("rui@fabrikam.com", "Could not be sent", "SMTPDataError 554", 'name="reason"'):
        assert words in page


def test_the_html_body_is_shown_as_text(back_office, failed):
    OutgoingEmail.objects.update(html="<script>canary</script>")
    page = back_office.get(reverse("admin:mail_outgoingemail_change", args=[failed.pk]))
    assert "&lt;script&gt;canary" in page.content.decode()
    assert "<script>canary" not in page.content.decode()
    assert b'name="_save"' not in page.content


def test_send_again_queues_and_records_who(back_office, failed):
    act(back_office, "retry", failed)
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (State.QUEUED, 0)
    kept = ActivityRecord.objects.get()
    assert (kept.action, kept.actor_label) == ("email.retried", "Back office (root@portal.example)")


def test_withdraw_needs_a_reason_and_keeps_it(back_office, failed):
    act(back_office, "withdraw", failed, reason="  ")
    assert (OutgoingEmail.objects.get().state, ActivityRecord.objects.count()) == (State.FAILED, 0)
    act(back_office, "withdraw", failed, reason="wrong address")
    assert OutgoingEmail.objects.get().state == State.DROPPED
    assert ActivityRecord.objects.get().changes == {"state_before": "failed", "reason": "wrong address"}


def test_one_refusal_does_not_stop_the_others(back_office, failed, queue):
    sent = queue()
    OutgoingEmail.objects.filter(pk=sent.pk).update(state=State.SENT, sent_at=clock.now())
    response = act(back_office, "retry", failed, sent)
    page = back_office.get(response.url).content.decode()
    assert "1 e-mail changed." in page
    assert "Only mail that waits or could not be sent can be sent again." in page
    assert OutgoingEmail.objects.get(pk=failed.pk).state == State.QUEUED
    assert OutgoingEmail.objects.get(pk=sent.pk).state == State.SENT


def test_even_a_superuser_cannot_add_change_or_delete(back_office, failed):
    answers = [
        back_office.get(reverse("admin:mail_outgoingemail_add")),
        back_office.post(reverse("admin:mail_outgoingemail_change", args=[failed.pk]), {"recipient": "x@evil.example"}),
        back_office.post(reverse("admin:mail_outgoingemail_delete", args=[failed.pk]), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    act(back_office, "delete_selected", failed, post="yes")
    assert OutgoingEmail.objects.get().recipient == "rui@fabrikam.com"


@pytest.mark.parametrize(
    ("codenames", "listed", "state"),
    [
        ([], 403, State.FAILED),
        (["view_outgoingemail"], 200, State.FAILED),
        (["view_outgoingemail", "intervene_outgoingemail"], 200, State.QUEUED),
    ],
)
def test_watching_and_intervening_are_two_permissions(client, django_user_model, failed, codenames, listed, state):
    staff = django_user_model.objects.create_user("staff@portal.example", full_name="Staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(staff)
    assert client.get(reverse(LIST)).status_code == listed
    act(client, "retry", failed)
    assert OutgoingEmail.objects.get().state == state
