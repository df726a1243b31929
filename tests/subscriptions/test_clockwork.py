"""What the clock does: in order, once, however often and however late it is asked."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.access import Actor
from accounts.models import Partner
from activity.models import ActivityRecord
from catalogue.models import Price
from core import clock
from customers.models import Customer
from subscriptions import clockwork
from subscriptions.changing import change_subscription
from subscriptions.clockwork import run_due, step_subscription
from subscriptions.models import Subscription
from subscriptions.rules import AtEnd, DecideEnd, ScheduleChange, Scheduled
from subscriptions.services import start_subscription
from tests.faults import fail_at_each_statement
from tests.races import at_once
from tests.subscriptions.living import also_sold, bought, offer, path, ready_customer

YEAR = timedelta(days=366)


def actions(subscription: Subscription) -> list[str]:
    records = ActivityRecord.objects.about(subscription).order_by("pk").values_list("action", flat=True)
    return [action.removeprefix("subscription.") for action in records]


def test_a_term_renews_at_the_price_of_its_day(customer: Customer, sales: Actor) -> None:
    price = offer()
    subscription = bought(customer, price, sales, at=clock.now() - YEAR)
    Price.objects.filter(pk=price.pk).update(is_listed=False, sold_until=clock.now() - timedelta(days=30))
    also_sold(price, unit_price=Decimal(132), effective_from=clock.now() - timedelta(days=30))
    assert run_due() == 1
    subscription.refresh_from_db()
    assert (subscription.unit_price, subscription.status, subscription.quantity) == (132, "active", 10)
    assert subscription.ends_at is not None
    assert subscription.ends_at > clock.now() + timedelta(days=360)
    assert subscription.cancellable_until is not None
    assert subscription.cancellable_until > clock.now() + timedelta(days=6)
    assert run_due() == 0
    assert actions(subscription) == ["started", "renewed"]


def test_missed_months_catch_up_in_order(customer: Customer, sales: Actor) -> None:
    price = offer()
    monthly = also_sold(price, term_duration="P1M", unit_price=Decimal(11))
    subscription = bought(customer, monthly, sales, at=clock.now() - timedelta(days=95))
    run_due()
    assert actions(subscription) == ["started", "renewed", "renewed", "renewed"]
    due = [
        record.changes["due_at"]
        for record in ActivityRecord.objects.about(subscription).order_by("pk")
        if "due_at" in record.changes
    ]
    assert due == sorted(due)


def test_what_was_scheduled_comes_with_the_renewal(customer: Customer, sales: Actor) -> None:
    price, better = offer(), offer(price="240")
    subscription = bought(customer, price, sales, at=clock.now() - YEAR)
    with clock.at(clock.now() - timedelta(days=20)):
        change_subscription(
            subscription=subscription,
            intent=ScheduleChange(Scheduled(quantity=4, offer=better.sku.code)),
            by=sales,
        )
    run_due()
    subscription.refresh_from_db()
    assert (subscription.quantity, subscription.sku, subscription.unit_price) == (4, better.sku, 240)
    assert (subscription.nickname, subscription.scheduled) == (better.sku.title, None)


@pytest.mark.parametrize(
    "wanted", [{"offer": "better"}, {"term_months": 36, "billing_months": 1}], ids=["offer", "term"]
)
def test_it_renews_as_it_is_where_what_was_scheduled_is_no_longer_sold(
    customer: Customer, sales: Actor, wanted: dict
) -> None:
    price, better = offer(), offer(price="240")
    longer = also_sold(price, term_duration="P3Y", unit_price=Decimal(330))
    if "offer" in wanted:
        wanted = {"offer": better.sku.code}
    subscription = bought(customer, price, sales, at=clock.now() - YEAR)
    with clock.at(clock.now() - timedelta(days=20)):
        change_subscription(subscription=subscription, intent=ScheduleChange(Scheduled(quantity=4, **wanted)), by=sales)
    gone = Price.objects.filter(pk__in=[better.pk, longer.pk])
    gone.update(is_listed=False, sold_until=clock.now() - timedelta(days=10))
    run_due()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.quantity, subscription.sku, subscription.unit_price) == (
        "active",
        4,
        price.sku,
        120,
    )
    assert (subscription.term_duration, subscription.scheduled) == ("P1Y", None)
    record = ActivityRecord.objects.about(subscription).first()
    assert record is not None
    assert (record.action, record.changes["not_on_sale"]) == ("subscription.renewed", True)


def test_what_is_no_longer_sold_ends_and_says_why(customer: Customer, sales: Actor) -> None:
    price = offer()
    subscription = bought(customer, price, sales, at=clock.now() - YEAR)
    Price.objects.filter(pk=price.pk).update(is_listed=False, sold_until=clock.now() - timedelta(days=30))
    run_due()
    subscription.refresh_from_db()
    assert subscription.status == "disabled"
    record = ActivityRecord.objects.about(subscription).first()
    assert record is not None
    assert record.changes["not_on_sale"] is True


def extended(customer: Customer, sales: Actor, sold: Price) -> Subscription:
    """What a year of ten licenses becomes that nobody decided about."""
    subscription = bought(customer, sold, sales, at=clock.now() - YEAR)
    Subscription.objects.filter(pk=subscription.pk).update(at_end="undecided")
    run_due()
    subscription.refresh_from_db()
    assert subscription.is_extended
    return subscription


def test_an_extended_month_costs_what_a_month_of_so_many_licenses_does(customer: Customer, sales: Actor) -> None:
    price = offer()
    also_sold(price, term_duration="P1M", unit_price=Decimal(12), pricing_tier_max=99)
    also_sold(price, term_duration="P1M", unit_price=Decimal(8), pricing_tier_min=100)
    assert extended(customer, sales, price).unit_price == Decimal("12.36")


def test_an_extended_month_goes_by_the_monthly_plan_also_where_the_year_is_no_longer_sold(
    customer: Customer, sales: Actor
) -> None:
    price = offer()
    also_sold(price, term_duration="P1M", unit_price=Decimal(12))
    Price.objects.filter(pk=price.pk).update(is_listed=False, sold_until=clock.now() - timedelta(days=30))
    assert extended(customer, sales, price).unit_price == Decimal("12.36")


def test_a_canceled_term_fades_away(customer: Customer, sales: Actor) -> None:
    subscription = bought(customer, offer(), sales, at=clock.now() - YEAR - timedelta(days=100))
    with clock.at(clock.now() - timedelta(days=150)):
        change_subscription(subscription=subscription, intent=DecideEnd(AtEnd.CANCEL), by=sales)
    run_due()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.next_step_at) == ("deleted", None)
    assert actions(subscription)[-2:] == ["disabled", "deleted"]


def test_a_legacy_add_on_renews_with_its_base_and_ends_with_it(customer: Customer, sales: Actor) -> None:
    sold, extra = offer(policy="legacy"), offer(policy="legacy")
    base = bought(customer, sold, sales, at=clock.now() - YEAR - YEAR)
    with clock.at(clock.now() - YEAR - timedelta(days=300)):
        add_on = start_subscription(
            customer=customer, price=extra, quantity=5, reseller_of_record=None, by=sales, parent=base
        )
    Price.objects.filter(pk=sold.pk).update(is_listed=False, sold_until=clock.now() - timedelta(days=30))
    assert run_due() == 2
    assert actions(base) == ["started", "renewed", "deleted"]
    assert actions(add_on) == ["started", "renewed", "deleted"]


def test_a_trial_becomes_what_its_offer_lists(customer: Customer, sales: Actor) -> None:
    trial = offer(price="0", is_trial=True, min_licenses=25, max_licenses=25)
    paid = offer(price="240")
    monthly = also_sold(trial, term_duration="P1M", unit_price=Decimal(0))
    path(trial.sku, paid.sku)
    subscription = bought(customer, monthly, sales, at=clock.now() - timedelta(days=40), quantity=25)
    run_due()
    subscription.refresh_from_db()
    assert (subscription.sku, subscription.is_trial, subscription.term_duration) == (paid.sku, False, "P1Y")


def test_one_that_fails_keeps_no_other_from_its_turn(
    customer: Customer, sales: Actor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = bought(customer, offer(), sales, at=clock.now() - YEAR - timedelta(days=1))
    second = bought(customer, offer(), sales, at=clock.now() - YEAR)
    real = clockwork.take

    def rigged(subscription: Subscription, *args: object) -> None:
        if subscription.pk == first.pk:
            raise RuntimeError("rigged")
        real(subscription, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(clockwork, "take", rigged)
    assert run_due() == 1
    assert (actions(first), actions(second)) == (["started"], ["started", "renewed"])
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_step_is_all_or_nothing(customer: Customer, sales: Actor) -> None:
    subscription = bought(customer, offer(), sales, at=clock.now() - YEAR)
    now = clock.now()

    def check() -> None:
        assert actions(subscription) == ["started"]
        assert Subscription.objects.get(pk=subscription.pk).version == 1

    fail_at_each_statement(lambda: step_subscription(subscription.pk, now), check)
    assert actions(subscription) == ["started", "renewed"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_renew_once(provider: Partner, sales: Actor) -> None:
    customer, price = ready_customer(provider), offer()
    made = [bought(customer, price, sales, at=clock.now() - YEAR) for _number in range(6)]
    results = at_once(run_due, run_due, run_due)
    assert sum(results) == 6
    assert [actions(subscription) for subscription in made] == [["started", "renewed"]] * 6
