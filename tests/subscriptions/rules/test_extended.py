"""Extended service terms: when there is one, what it costs, and how it is left."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from subscriptions.rules import (
    AtEnd,
    Cancel,
    ChangeLicenses,
    DecideEnd,
    EffectKind,
    OwnedTarget,
    Quote,
    ScheduleChange,
    Scheduled,
    StepKind,
    Target,
    Upgrade,
    branch,
    steps_due,
)
from subscriptions.rules.money import rounded
from tests.subscriptions.rules.cases import DAY, EARLY, LATE, allowed, answer, new_commerce

BETTER = Target("E3", "Enterprise E3", Decimal(20), term_months=1, billing_months=1)
MONTH = datetime(2026, 7, 15, 10, 30, tzinfo=UTC), datetime(2026, 8, 15, 10, 30, tzinfo=UTC)
EXTENDED = new_commerce(
    started_at=MONTH[0],
    ends_at=MONTH[1],
    term_months=1,
    unit_price=Decimal("10.30"),
    is_extended=True,
    at_end=AtEnd.EXTEND,
    batches=(),
)


def test_an_extended_service_term_can_always_be_left_and_never_renewed() -> None:
    facts = new_commerce(is_extended=True, at_end=AtEnd.EXTEND, batches=(), term_months=1)
    assert answer(facts, ChangeLicenses(1), LATE) == "allowed"
    assert answer(facts, DecideEnd(AtEnd.RENEW), LATE) == "800121"
    assert answer(facts, DecideEnd(AtEnd.CANCEL), LATE) == "allowed"


def test_leaving_an_extended_service_term_credits_what_is_left_of_its_month() -> None:
    later = MONTH[0] + 10 * DAY
    # 21 of 31 days of 10 licenses at 10.30, whoever publishes the offer.
    for facts in (EXTENDED, replace(EXTENDED, is_microsoft=False)):
        assert allowed(facts, Cancel(), later).cost.amount == -Decimal("69.77")


def test_nothing_waits_for_a_renewal_that_an_extended_service_term_does_not_have() -> None:
    assert answer(EXTENDED, ScheduleChange(Scheduled(quantity=4)), MONTH[0] + DAY) == "800121"


def test_there_is_no_extended_service_term_before_its_day() -> None:
    assert (
        answer(new_commerce(ends_at=datetime(2026, 5, 3, tzinfo=UTC)), DecideEnd(AtEnd.EXTEND), EARLY) == "end_extend"
    )
    assert answer(new_commerce(ends_at=datetime(2026, 5, 4, tzinfo=UTC)), DecideEnd(AtEnd.EXTEND), EARLY) == "allowed"


@pytest.mark.parametrize("quantity", [None, 4])
def test_an_upgrade_in_an_extended_service_term_keeps_costing_more(quantity: int | None) -> None:
    now, number = MONTH[0] + 10 * DAY, quantity or 10
    found = allowed(EXTENDED, Upgrade(BETTER, quantity), now)
    # 21 of 31 days at 20 and 3 percent more, for those at 10.30.
    charged = rounded(Decimal("20.60") * number * 21 / 31) - rounded(Decimal("10.30") * number * 21 / 31)
    assert (found.cost.amount, found.cost.days, found.cost.next_term) == (charged, 21, Decimal("20.60") * number)
    kinds = {effect.kind for effect in found.effects}
    assert (EffectKind.IN_EXTENDED_TERM in kinds, EffectKind.NO_WINDOW in kinds) == (True, False)
    moved = found.after if quantity is None else branch(EXTENDED, BETTER, quantity)
    assert (moved.unit_price, moved.is_extended, moved.quantity) == (Decimal("20.60"), True, number)
    assert answer(moved, Cancel(), now) == "allowed"
    [step] = steps_due(moved, MONTH[1], lambda _facts, _at: Quote(Decimal(20), 1, 1, monthly_price=Decimal(20)))
    assert (step.kind, step.after.unit_price) == (StepKind.EXTENDED, Decimal("20.60"))


def test_what_leaves_an_extended_service_term_for_a_committed_one_costs_what_that_does() -> None:
    owned = new_commerce(term_months=1, started_at=MONTH[0] - 10 * DAY, ends_at=MONTH[1] + 10 * DAY, batches=())
    found = allowed(EXTENDED, Upgrade(replace(BETTER, owned=OwnedTarget(owned)), 4), MONTH[0] + DAY)
    assert found.cost.next_term == 80
    assert EffectKind.NO_WINDOW in {effect.kind for effect in found.effects}
