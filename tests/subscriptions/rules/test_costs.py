"""What a change costs or brings, to the cent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from subscriptions.rules import (
    AtEnd,
    Cancel,
    Change,
    ChangeBilling,
    ChangeLicenses,
    ChangeTerm,
    Facts,
    OwnedTarget,
    Quote,
    Suspend,
    Target,
    Upgrade,
    next_step,
)
from tests.subscriptions.rules.cases import BOUGHT, DAY, MINUTE, SUSPENDED, allowed, legacy, new_commerce, trial


def test_new_commerce_prorates_by_the_days_of_the_term() -> None:
    now = datetime(2026, 7, 16, 10, 30, tzinfo=UTC)  # 183 of 365 days are left
    cost = allowed(new_commerce(), ChangeLicenses(12), now).cost
    assert (cost.amount, cost.days, cost.of_days) == (Decimal("120.33"), 183, 365)


def test_a_cancellation_credits_what_is_left() -> None:
    cost = allowed(new_commerce(), Cancel(), BOUGHT + timedelta(days=6, hours=1)).cost
    assert (cost.amount, cost.days) == (Decimal("-1180.27"), 359)
    assert allowed(new_commerce(is_microsoft=False), Cancel(), BOUGHT + DAY).cost.amount == -1200
    assert allowed(legacy(is_microsoft=False), Cancel(), BOUGHT + DAY).cost.amount == -1200
    # The suspension has credited it already.
    assert allowed(legacy(is_microsoft=False, **SUSPENDED), Cancel(), BOUGHT + DAY + MINUTE).cost.amount == 0


def test_other_publishers_refund_what_was_paid_and_no_more() -> None:
    bought = allowed(new_commerce(is_microsoft=False), ChangeLicenses(15), BOUGHT + 10 * DAY)
    assert bought.cost.amount == Decimal("583.56")  # five licenses for 355 of 365 days
    assert allowed(bought.after, Cancel(), BOUGHT + 11 * DAY).cost.amount == -Decimal("1783.56")


def test_legacy_prorates_the_month_and_adds_whole_months() -> None:
    # Ten days are left of the month to 15 March, then ten months: two licenses at USD 10 a month.
    now = datetime(2026, 3, 5, 10, 30, tzinfo=UTC)
    cost = allowed(legacy(), ChangeLicenses(12), now).cost
    a_day = Decimal("0.71")  # 10 × 2 ÷ 28
    assert cost.amount == a_day * 10 / 2 * 2 + 10 * 2 * 10


def test_legacy_charges_a_whole_month_as_it_is() -> None:
    begin = datetime(2026, 2, 15, 10, 30, tzinfo=UTC)  # a month of 28 days: a day rounds up from 0.357 to 0.36
    assert allowed(legacy(), ChangeLicenses(11), begin).cost.amount == 110
    assert allowed(legacy(), ChangeLicenses(11), begin + DAY).cost.amount == Decimal("0.36") * 27 + 100


def test_legacy_never_credits_more_than_a_month_cost() -> None:
    cheap = legacy(unit_price=Decimal("1.80"), quantity=1)  # 15 cents a month: a day rounds up to a cent
    credit = allowed(replace(cheap, quantity=2), ChangeLicenses(1), BOUGHT + 32 * DAY).cost.amount
    assert credit == -Decimal("0.15") * 11


def test_legacy_credits_a_yearly_bill_by_365ths() -> None:
    now = datetime(2026, 7, 16, 10, 30, tzinfo=UTC)
    cost = allowed(legacy(billing_months=12), ChangeLicenses(9), now).cost
    assert cost.amount == -Decimal("60.16")  # 10 × 12 ÷ 365 × 183


def test_trials_and_usage_cost_nothing() -> None:
    assert allowed(trial(legacy()), Suspend()).cost.amount == 0
    assert allowed(trial(new_commerce()), Cancel()).cost.amount == 0


BETTER = Target("E3", "Enterprise E3", Decimal(240))
LONGER = new_commerce(term_months=36, batches=(), ends_at=datetime(2029, 1, 15, 10, 30, tzinfo=UTC))


@pytest.mark.parametrize("at_end", AtEnd)
@pytest.mark.parametrize(
    ("facts", "change", "price"),
    [
        (new_commerce(), Upgrade(BETTER), 2400),
        (new_commerce(), Upgrade(BETTER, 4), 960),
        (new_commerce(), ChangeTerm(36, 12, Decimal(330)), 3300),
        (legacy(is_microsoft=False), Upgrade(BETTER), 2400),
        (legacy(is_microsoft=False), ChangeBilling(12, Decimal(110)), 1100),
    ],
)
def test_the_next_term_has_a_price_where_there_will_be_one(
    facts: Facts, change: Change, price: int, at_end: AtEnd
) -> None:
    cost = allowed(replace(facts, at_end=at_end), change).cost
    assert cost.next_term == (price if at_end == AtEnd.RENEW else None)


def test_the_next_term_of_what_is_joined_has_no_price_of_a_shorter_one() -> None:
    found = allowed(new_commerce(), Upgrade(replace(BETTER, owned=OwnedTarget(LONGER)), 4))
    assert found.cost.next_term is None


@pytest.mark.parametrize(
    ("monthly", "yearly", "price"),
    [
        ("13", "132", "13.3900"),
        # The half of a ten-thousandth, beside an even and an odd one.
        ("13.1350", "132", "13.5291"),
        ("13.1450", "132", "13.5394"),
        (None, "132", "13.5300"),
        (None, "100", "10.2500"),
        (None, "0.0180", "0.0018"),
        (None, "0.0060", "0.0006"),
        (None, "12.0006", "1.2301"),
        (None, "12.0002", "1.2300"),
    ],
)
def test_an_extended_month_costs_its_price_with_halves_up(monthly: str | None, yearly: str, price: str) -> None:
    def quote(facts: Facts, at: datetime) -> Quote:
        return Quote(Decimal(yearly), 12, 1, monthly_price=Decimal(monthly) if monthly else None)

    facts = new_commerce(at_end=AtEnd.EXTEND)
    assert facts.ends_at is not None
    step = next_step(facts, facts.ends_at, quote)
    assert step is not None
    assert step.after.unit_price == Decimal(price)
