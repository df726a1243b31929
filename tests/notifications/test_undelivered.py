"""Mail that was given up is told of in the bell: once, to the company whose mail it was, and never by mail."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.db import models, transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor, system_actor
from accounts.models import Membership
from accounts.roles import Role
from activity.models import ActivityRecord
from activity.sealing import seal_waiting
from core import clock
from customers.models import CustomerAgreement
from mail.models import OutgoingEmail
from mail.services import queue_email, retry_email
from notifications.feed import services, undelivered
from notifications.feed.counting import unread_of
from notifications.feed.mailing import send_summaries
from notifications.feed.reading import page_of
from notifications.feed.telling import FOLLOWER
from notifications.feed.undelivered import tell_of_undelivered_mail
from notifications.following import follow
from notifications.models import Notification
from notifications.models.feed import Category
from tests.factories import CustomerAdministratorFactory
from tests.notifications.test_feed import administrator, fresh, happened, told, told_people
from tests.races import at_once
from tests.world import World, make_member, make_world

MORNING = datetime(2031, 3, 4, 8, 0, tzinfo=UTC)
FAILED = OutgoingEmail.State.FAILED


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def world(db: None) -> World:
    """Two of everything, and nobody was told of anything yet."""
    made = make_world()
    Notification.objects.all().delete()
    OutgoingEmail.objects.all().delete()
    seal_waiting()
    follow(FOLLOWER, lambda records: None)
    return made


def given_up(about: models.Model | None, to: str = "somebody@elsewhere.example") -> OutgoingEmail:
    """A mail about something that the mail server refused for good."""
    with transaction.atomic():
        email = queue_email("account_opened", to=to, language="en", context={"name": "Ana"}, about=about)
    OutgoingEmail.objects.filter(pk=email.pk).update(state=FAILED)
    return email


def records() -> list[ActivityRecord]:
    """What was recorded of it."""
    return list(ActivityRecord.objects.filter(action__startswith="email.").order_by("pk"))


def lines(actor: Actor) -> list[tuple[str, str, str]]:
    """What somebody reads: the sentence, what it is about, and where that leads."""
    return [(line.sentence, line.record.target_label, line.address) for line in page_of(fresh(actor)).lines]


def opened(actor: Actor, address: str) -> int:
    """How the page answers."""
    client = Client()
    client.force_login(fresh(actor).user)
    return int(client.get(address).status_code)


# --- whose mail it was ------------------------------------------------------------------------------------------------
ABOUT: dict[str, tuple[Callable[[World], models.Model], set[str]]] = {
    "customer": (lambda world: world.ours.customer, {"provider", "helpdesk"}),
    "agreement": (
        lambda world: CustomerAgreement.objects.get(customer=world.ours.customer),
        {"provider", "helpdesk"},
    ),
    "order": (lambda world: world.ours.order, {"provider", "helpdesk"}),
    "change request": (lambda world: world.ours.change_request, {"provider", "helpdesk"}),
    "partnership request": (lambda world: world.ours.request, {"provider"}),
    "provider's colleague": (lambda world: world.ours.provider_admin.user.memberships.get(), {"provider"}),
    "reseller's colleague": (lambda world: world.ours.reseller_admin.user.memberships.get(), {"reseller"}),
    "reseller": (lambda world: world.ours.reseller, {"reseller"}),
    "a person's account": (lambda world: world.ours.provider_admin.user, set()),
}


@pytest.mark.parametrize("kind", ABOUT)
def test_the_company_whose_mail_it_was_is_told(world: World, kind: str) -> None:
    find, people = ABOUT[kind]
    given_up(find(world))
    assert tell_of_undelivered_mail() == bool(people)
    told()
    assert told_people(world) == people


def test_a_line_leads_to_what_the_mail_was_about(world: World) -> None:
    ours = world.ours
    for about in (ours.order, ours.request, ours.provider_admin.user.memberships.get()):
        given_up(about)
    tell_of_undelivered_mail()
    told()
    expected = [
        ("E-mail could not be delivered", str(one), one.get_absolute_url())
        for one in (ours.provider_admin.user.memberships.get(), ours.request, ours.order)
    ]
    assert sorted(lines(ours.provider_admin)) == sorted(expected)
    for _words, _label, address in expected:
        assert opened(ours.provider_admin, address) == 200


def test_the_record_names_no_mailbox_and_is_the_company_s_alone(world: World) -> None:
    given_up(world.ours.order, to="secret.name@elsewhere.example")
    tell_of_undelivered_mail()
    (kept,) = records()
    assert kept.changes == {"to": "s•••@elsewhere.example"}
    assert (kept.provider_id, kept.reseller_id, kept.customer_id) == (world.ours.provider.microsoft_id, None, None)
    for other in (world.ours.reseller_admin, administrator(world), world.theirs.provider_admin):
        assert not ActivityRecord.objects.visible_to(other).filter(pk=kept.pk).exists()


# --- once -------------------------------------------------------------------------------------------------------------
def test_each_mail_is_told_of_once_also_when_it_fails_again(world: World) -> None:
    email = given_up(world.ours.order)
    assert [tell_of_undelivered_mail(), tell_of_undelivered_mail()] == [1, 0]
    retry_email(email=email, by=system_actor("test"))
    OutgoingEmail.objects.filter(pk=email.pk).update(state=FAILED)
    assert tell_of_undelivered_mail() == 0
    given_up(world.ours.order)
    assert tell_of_undelivered_mail() == 1


def test_what_nobody_can_be_told_of_keeps_nothing_behind_it_from_its_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are: each run begins with the oldest."""
    facts = {"language": "en", "state": FAILED, "created_at": MORNING - timedelta(hours=1)}
    last = given_up(world.ours.order)
    older = [OutgoingEmail(**facts, kind="account_opened", recipient="ana@padaria.example") for _number in range(500)]
    OutgoingEmail.objects.bulk_create(older)
    tell = undelivered._tell

    def told_of(key: UUID) -> bool:
        if key != last.pk:
            raise RuntimeError
        return tell(key)

    monkeypatch.setattr(undelivered, "_tell", told_of)
    assert tell_of_undelivered_mail() == 1
    last.refresh_from_db()
    assert last.failure_told_at is not None


def test_what_still_waits_was_sent_or_withdrawn_is_not_told_of(world: World) -> None:
    email = given_up(world.ours.order)
    for state, more in (("queued", {}), ("dropped", {}), ("sent", {"sent_at": clock.now()})):
        OutgoingEmail.objects.filter(pk=email.pk).update(state=state, **more)
        assert tell_of_undelivered_mail() == 0


def test_what_concerns_nobody_is_looked_at_once(world: World) -> None:
    gone = given_up(world.ours.order)
    OutgoingEmail.objects.filter(pk=gone.pk).update(about_id="0")
    odd = given_up(world.ours.order)
    OutgoingEmail.objects.filter(pk=odd.pk).update(about_type="gone.model")
    given_up(None)
    assert tell_of_undelivered_mail() == 0
    assert not OutgoingEmail.objects.failed_and_untold().exists()
    assert records() == []


def test_one_that_cannot_be_recorded_holds_no_other_up(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = given_up(world.ours.order), given_up(world.ours.customer)
    compose = undelivered.composed

    def fails(action: str, about: models.Model, **more: object) -> ActivityRecord:
        if about == world.ours.order:
            raise ValueError
        return compose(action, about, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(undelivered, "composed", fails)
    assert tell_of_undelivered_mail() == 1
    told_of = dict(OutgoingEmail.objects.values_list("pk", "failure_told_at"))
    assert (told_of[first.pk] is None, told_of[second.pk] is None) == (True, False)
    monkeypatch.undo()
    assert tell_of_undelivered_mail() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_once() -> None:
    email = given_up(make_world().ours.order)
    for _round in range(10):
        OutgoingEmail.objects.filter(pk=email.pk).update(failure_told_at=None)
        before = len(records())
        assert sorted(at_once(tell_of_undelivered_mail, tell_of_undelivered_mail)) == [0, 1]
        assert len(records()) == before + 1


def test_beat_looks_for_it() -> None:
    started = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert "notifications.tasks.tell_of_undelivered_mail" in started


# --- daily summaries --------------------------------------------------------------------------------------------------
def wants_summaries(actor: Actor) -> None:
    """Of everything."""
    services.choose_notifications(in_bell=Category.values, by_mail=Category.values, by=actor)


def give_up_summaries() -> list[OutgoingEmail]:
    """Whatever is written to them is refused; return the summaries there are."""
    OutgoingEmail.objects.filter(state="queued").update(state=FAILED)
    return list(OutgoingEmail.objects.filter(kind="notifications_daily"))


def test_a_summary_that_got_nowhere_is_told_to_its_reader_and_who_manages_people(world: World) -> None:
    wants_summaries(world.helpdesk)
    happened(world)
    told()
    assert send_summaries() == 1
    assert len(give_up_summaries()) == 1
    assert tell_of_undelivered_mail() == 1
    told()
    member = Membership.objects.get(user=world.helpdesk.user)
    words = "Daily summary could not be delivered"
    assert lines(world.helpdesk)[0] == (words, str(member), "")
    assert lines(world.ours.provider_admin)[0] == (words, str(member), member.get_absolute_url())
    assert opened(world.ours.provider_admin, member.get_absolute_url()) == 200
    agent = make_member(world.ours.provider, "late", Role.SALES_AGENT)
    for other in (agent, world.ours.reseller_admin, world.theirs.provider_admin):
        assert words not in [sentence for sentence, _label, _address in lines(other)]


def test_a_summary_never_speaks_of_a_summary(world: World) -> None:
    """Day after day the mailbox refuses: one summary, one notification, and silence."""
    wants_summaries(world.ours.provider_admin)
    happened(world)
    told()
    for day in range(5):
        with time_machine.travel(MORNING + timedelta(days=day), tick=False):
            send_summaries()
            give_up_summaries()
            tell_of_undelivered_mail()
            told()
    assert len(give_up_summaries()) == 1
    assert [one.action for one in records()] == ["email.summary_undelivered"]
    rows = Notification.objects.filter(record__in=[one.pk for one in records()])
    assert list(rows.values_list("user_id", "in_bell", "by_mail")) == [(world.ours.provider_admin.user.pk, True, False)]
    assert unread_of(fresh(world.ours.provider_admin)) == 2


def test_of_a_customer_s_summary_its_provider_and_its_reader_are_told(world: World) -> None:
    reader = administrator(world)
    colleague = CustomerAdministratorFactory(
        customer=world.ours.customer, user__sign_in_name="second@ourscustomer.onmicrosoft.com"
    )
    type(reader.user).objects.filter(pk=reader.user.pk).update(email="ana@customer.example")
    wants_summaries(reader)
    happened(world)
    told()
    assert send_summaries() == 1
    give_up_summaries()
    assert tell_of_undelivered_mail() == 1
    told()
    expected = ("E-mail could not be delivered", str(world.ours.customer), world.ours.customer.get_absolute_url())
    assert expected in lines(world.ours.provider_admin)
    own = ("Daily summary could not be delivered", "a•••@customer.example", "")
    assert lines(reader)[0] == own
    assert unread_of(fresh(reader)) == len(lines(reader))
    ours, theirs = world.ours, world.theirs
    of_customers = [(colleague, ours.customer), (theirs.administrator, theirs.customer)]
    others = [Actor(user=one.user, customer=customer) for one, customer in of_customers]
    for other in (*others, ours.provider_admin, ours.reseller_admin):
        assert own not in lines(other)
    for_provider, kept = records()
    assert (kept.action, kept.customer_id) == ("email.summary_undelivered", world.ours.customer.microsoft_id)
    assert (kept.provider_id, kept.reseller_id, for_provider.customer_id) == (None, None, None)
    assert opened(reader, reverse("notifications:list")) == 200


def test_of_other_mail_about_a_customer_no_administrator_is_told(world: World) -> None:
    """Mail of this person that it did not ask for, as a password's."""
    given_up(world.ours.administrator)
    assert tell_of_undelivered_mail() == 1
    told()
    assert lines(administrator(world)) == []
