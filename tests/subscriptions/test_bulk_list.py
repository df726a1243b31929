"""The list of bulk changes, and that whoever submitted a long one hears of its end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Membership, Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from mail.models import OutgoingEmail
from subscriptions.bulk.services import (
    cancel_bulk_change,
    prepare_bulk_change,
    resume_bulk_changes,
    run_bulk_change,
    step,
)
from subscriptions.models import BulkChange, Subscription
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory, SubscriptionFactory
from tests.reading import checked, rows, text
from tests.subscriptions.together import finished, submitted

Browser = Callable[[User | None], Client]
PAGE = reverse("subscriptions:bulk_changes")
State, Kind = BulkChange.State, BulkChange.Kind


def mails() -> list[OutgoingEmail]:
    return list(OutgoingEmail.objects.filter(kind="bulk_change_done"))


# --- the list ---------------------------------------------------------------------------------------------------------
def test_what_was_submitted_is_listed_latest_first(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    colleague = actor_of(provider, Role.SALES_AGENT)
    User.objects.filter(pk=colleague.user.pk).update(full_name="Cleo Colleague")
    finished(admin, number=3)
    stopped = submitted(colleague, kind=Kind.RESELLER_OF_RECORD, reseller=reseller)
    step(stopped.pk)
    cancel_bulk_change(change=stopped, by=admin)
    running = submitted(colleague)
    step(running.pk)
    SubscriptionFactory(customer__provider=provider)
    page = checked(signed_in(admin.user).get(PAGE))
    found = rows(page)
    assert [(row[0], row[1], *row[3:]) for row in found] == [
        ("Auto-renew Canceled at expiration", "Cleo Colleague", "1", "0", "0", "Running 1 of 2"),
        (f"Reseller (MPN ID) {reseller.name_and_mpn}", "Cleo Colleague", "1", "0", "0", "Canceled"),
        ("Auto-renew Canceled at expiration", admin.user.full_name, "3", "0", "0", "Done"),
    ]
    for change in BulkChange.objects.all():
        assert change.get_absolute_url() in page.content.decode()
    for state, number in (("running", 1), ("done", 1), ("canceled", 1), ("", 3)):
        assert len(rows(signed_in(admin.user).get(f"{PAGE}?state={state}"))) == number
    assert "prepared" not in page.content.decode()


def test_what_was_never_submitted_is_not_listed(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    keys = [SubscriptionFactory(customer__provider=provider).pk]
    for _each in range(2):
        change = prepare_bulk_change(kind=Kind.AT_END, at_end="cancel", keys=keys, by=admin)
    cancel_bulk_change(change=change, by=admin)
    page = checked(signed_in(admin.user).get(PAGE))
    assert rows(page) == []
    assert "No bulk changes yet" in text(page.content.decode())


def test_what_an_older_version_submitted_is_listed_where_it_was_prepared(admin: Actor, signed_in: Browser) -> None:
    """A process of a version without the moment leaves it empty while the portal is upgraded."""
    with clock.at(clock.now() - timedelta(hours=2)):
        older = [finished(admin), submitted(admin), submitted(admin)]
        step(older[2].pk)
        cancel_bulk_change(change=older[2], by=admin)
        keys = [one.pk for one in Subscription.objects.all()]
        canceled = prepare_bulk_change(kind=Kind.AT_END, at_end="cancel", keys=keys, by=admin)
        cancel_bulk_change(change=canceled, by=admin)
    newest = finished(admin)
    BulkChange.objects.exclude(pk=newest.pk).update(submitted_at=None)
    assert len(rows(signed_in(admin.user).get(PAGE))) == 1
    for _twice in range(2):
        resume_bulk_changes()
    page = checked(signed_in(admin.user).get(PAGE))
    assert [row.pk for row in page.context["listing"].page.rows] == [newest.pk, *(one.pk for one in older[::-1])]


def test_only_what_somebody_may_open_is_listed(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    ends = finished(admin)
    named = finished(admin, kind=Kind.SUPPORT_CONTACT)
    foreign = finished(actor_of(PartnerFactory()))
    for actor, seen in ((admin, {ends, named}), (actor_of(provider, Role.HELPDESK_AGENT), {ends})):
        page = signed_in(actor.user).get(PAGE).content.decode()
        assert {one for one in (ends, named, foreign) if one.get_absolute_url() in page} == seen
        for one in seen:
            assert signed_in(actor.user).get(one.get_absolute_url()).status_code == 200


def test_it_is_reached_from_the_subscriptions(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    for actor, offered in ((admin, True), (actor_of(reseller), False)):
        page = signed_in(actor.user).get(reverse("subscriptions:all")).content.decode()
        assert (f'href="{PAGE}"' in page) is offered
    change = submitted(admin)
    page = checked(signed_in(admin.user).get(change.get_absolute_url())).content.decode()
    assert f'href="{PAGE}"' in page
    assert reverse("subscriptions:all") in signed_in(admin.user).get(PAGE).content.decode()


def test_it_is_paged_by_key(admin: Actor, signed_in: Browser) -> None:
    first = finished(admin, number=1)
    for minutes in range(1, 27):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            finished(admin, number=1)
    browser = signed_in(admin.user)
    page = browser.get(PAGE)
    assert "1–25 of 27" in text(page.content.decode())
    assert first.get_absolute_url() not in page.content.decode()
    last = browser.get(page.context["listing"].next_url)
    assert len(rows(last)) == 2
    assert first.get_absolute_url() in last.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_the_same_for_one_and_for_three(
    admin: Actor, reseller: Partner, signed_in: Browser, number: int, django_assert_num_queries: Callable
) -> None:
    for each in range(number):
        finished(admin, number=each + 1, kind=Kind.RESELLER_OF_RECORD, reseller=reseller)
    browser = signed_in(admin.user)
    browser.get(PAGE)
    with django_assert_num_queries(5):
        browser.get(PAGE)


# --- the mail ---------------------------------------------------------------------------------------------------------
def test_whoever_submitted_a_long_one_is_told_once(provider: Partner, admin: Actor) -> None:
    change = finished(admin, timedelta(minutes=1), number=3)
    assert run_bulk_change(change_id=change.pk)
    (mail,) = mails()
    assert (mail.recipient, mail.subject) == (admin.user.email, "Your change of 3 subscriptions is done")
    assert "Auto-renew: Canceled at expiration\nChanged: 3\nAs it was already: 0\nRefused: 0" in mail.text
    assert change.get_absolute_url() in mail.text
    assert "stands with its reason" not in mail.text
    assert mail.html.count("Your change of 3 subscriptions is done.") == 1
    assert (mail.about_type, mail.about_id) == ("subscriptions.bulkchange", str(change.pk))
    assert "at_once" not in ActivityRecord.objects.get(action="bulk_change.finished").changes


def test_of_one_that_was_done_at_once_nobody_is_told(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    change = submitted(admin)
    page = text(signed_in(admin.user).get(change.get_absolute_url()).content.decode())
    assert "If it takes longer than a minute, you are told by e-mail when it is done." in page
    other = text(signed_in(actor_of(provider).user).get(change.get_absolute_url()).content.decode())
    assert "told by e-mail" not in other
    with clock.at(clock.now() + timedelta(seconds=59)):
        run_bulk_change(change_id=change.pk)
    assert mails() == []
    assert ActivityRecord.objects.get(action="bulk_change.finished").changes["at_once"]


def test_it_is_told_in_the_reader_s_language_with_what_was_refused(provider: Partner, admin: Actor) -> None:
    User.objects.filter(pk=admin.user.pk).update(language="pt-br")
    change = submitted(admin, number=1)
    change.subscription_ids = [*change.subscription_ids, 10**9]
    change.save()
    with clock.at(clock.now() + timedelta(minutes=2)):
        run_bulk_change(change_id=change.pk)
    (mail,) = mails()
    assert mail.language == "pt-br"
    assert "Já estava assim: 0" in mail.text
    assert mail.text.count(": 1\n") == 2


@pytest.mark.parametrize("lost", ["left", "role", "mailbox", "deactivated"])
def test_who_may_not_read_of_it_is_not_told(provider: Partner, reseller: Partner, admin: Actor, lost: str) -> None:
    change = submitted(admin, kind=Kind.RESELLER_OF_RECORD, reseller=reseller)
    own = Membership.objects.filter(user=admin.user)
    if lost == "left":
        own.update(ended_at=clock.now())
    elif lost == "role":
        own.update(role=Role.HELPDESK_AGENT)
    elif lost == "mailbox":
        User.objects.filter(pk=admin.user.pk).update(email="")
    else:
        User.objects.filter(pk=admin.user.pk).update(is_active=False)
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert run_bulk_change(change_id=change.pk)
    assert BulkChange.objects.get(pk=change.pk).state == State.DONE
    assert mails() == []


def test_nothing_is_told_when_the_record_fails(admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    change = submitted(admin, number=1)
    step(change.pk)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("subscriptions.bulk.services.record", fail)
    with clock.at(clock.now() + timedelta(minutes=2)), pytest.raises(RuntimeError), transaction.atomic():
        step(change.pk)
    assert (BulkChange.objects.get(pk=change.pk).state, mails()) == (State.RUNNING, [])


def test_one_that_is_stopped_is_told_to_nobody(admin: Actor) -> None:
    change = submitted(admin)
    with clock.at(clock.now() + timedelta(minutes=5)):
        cancel_bulk_change(change=change, by=admin)
        run_bulk_change(change_id=change.pk)
    assert mails() == []
