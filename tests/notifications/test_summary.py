"""The daily summary: once a morning, of what is unread and may be seen, for who asked for it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from core import clock
from customers.models import ResellerRelationship
from mail.models import OutgoingEmail
from notifications.feed import services
from notifications.feed.mailing import MOST_LINES, send_summaries
from notifications.models import Notification
from notifications.models.feed import Category
from tests.notifications.test_feed import happened, told, world  # noqa: F401 – a fixture
from tests.world import World

MORNING = datetime(2031, 3, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(MORNING, tick=False):
        yield


def asked(world: World) -> None:  # noqa: F811
    """Our owner wants to hear of subscriptions by mail."""
    services.choose_notifications(
        in_bell=Category.values, by_mail=[Category.SUBSCRIPTIONS], by=world.ours.provider_admin
    )


def letters() -> list[OutgoingEmail]:
    """The summaries."""
    return list(OutgoingEmail.objects.filter(kind="notifications_daily").order_by("created_at"))


def test_summary_is_sent_once_to_who_asked(world: World) -> None:  # noqa: F811
    asked(world)
    happened(world)
    happened(world, "subscription.suspended")
    told()
    assert (send_summaries(), send_summaries()) == (1, 0)
    letter = letters()[0]
    assert letter.recipient == world.ours.provider_admin.user.email
    assert "2 notifications for Oursprovider" in letter.subject
    assert letter.text.count("Oursubscription") == 2
    assert Notification.objects.filter(mailed_at__isnull=False).count() == 2


def test_nobody_is_mailed_without_asking(world: World) -> None:  # noqa: F811
    happened(world)
    told()
    assert send_summaries() == 0
    assert letters() == []


def test_morning_is_that_of_the_person(world: World) -> None:  # noqa: F811
    asked(world)
    user = world.ours.provider_admin.user
    user.time_zone = "America/Los_Angeles"
    user.save()
    happened(world)
    told()
    assert send_summaries() == 0
    with time_machine.travel(MORNING.replace(hour=16), tick=False):
        assert send_summaries() == 1


def test_what_is_read_by_then_is_left_out(world: World) -> None:  # noqa: F811
    asked(world)
    happened(world)
    told()
    services.mark_read(by=world.ours.provider_admin)
    assert send_summaries() == 0


def test_what_may_no_longer_be_seen_is_left_out(world: World) -> None:  # noqa: F811
    by = world.ours.reseller_admin
    services.choose_notifications(in_bell=[], by_mail=[Category.SUBSCRIPTIONS], by=by)
    happened(world, "subscription.renewed", actor_user_id=None, acting_for_id=None)
    told()
    assert Notification.objects.get(user=by.user).in_bell is False
    ResellerRelationship.objects.update(ends_at=clock.now())
    assert send_summaries() == 0
    assert letters() == []


def test_long_summary_says_how_much_is_left_out(world: World) -> None:  # noqa: F811
    asked(world)
    for _number in range(MOST_LINES + 2):
        happened(world)
    told()
    send_summaries()
    assert letters()[0].text.count("Oursubscription") == MOST_LINES
    assert "In the portal you find this many more: 2" in letters()[0].text


def test_second_day_has_a_summary_of_its_own(world: World) -> None:  # noqa: F811
    asked(world)
    happened(world)
    told()
    send_summaries()
    happened(world)
    told()
    with time_machine.travel(MORNING.replace(day=5), tick=False):
        assert send_summaries() == 1
    assert [one.text.count("Oursubscription") for one in letters()] == [1, 1]
