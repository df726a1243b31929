"""The two rule sets, topic by topic, as the programme's documentation puts them side by side."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from subscriptions.rules import (
    Allowed,
    AtEnd,
    Batch,
    Cancel,
    Change,
    ChangeBilling,
    ChangeLicenses,
    ChangeTerm,
    ConvertTrial,
    DecideEnd,
    DropSchedule,
    EffectKind,
    Facts,
    Mate,
    OwnedTarget,
    Reactivate,
    ScheduleChange,
    Scheduled,
    Status,
    Suspend,
    Target,
    Upgrade,
    join,
    judge,
)
from subscriptions.rules.money import share
from subscriptions.rules.words import cost_words
from tests.subscriptions.rules.cases import (
    BOUGHT,
    DAY,
    EARLY,
    LATE,
    SUSPENDED,
    allowed,
    answer,
    legacy,
    legacy_base,
    new_commerce,
    trial,
)

BETTER = Target("E3", "Enterprise E3", Decimal(240), least=1, most=1000)
YEAR = ChangeTerm(12, 1, Decimal(120))
# What a customer has of an offer already, bought so long ago that it can no longer be canceled.
OWNED = replace(new_commerce(), batches=(Batch(10, BOUGHT - 8 * DAY),))
THREE_YEARS = ChangeTerm(36, 12, Decimal(330))
MORE_LATER = ScheduleChange(Scheduled(quantity=20))

# topic, subscription, change, day 3, day 40
TABLE: list[tuple[str, Facts, Change, str, str]] = [
    ("increase, legacy", legacy(), ChangeLicenses(11), "allowed", "allowed"),
    ("increase, new", new_commerce(), ChangeLicenses(11), "allowed", "allowed"),
    ("decrease, legacy", legacy(), ChangeLicenses(9), "allowed", "allowed"),
    ("decrease, new", new_commerce(), ChangeLicenses(9), "allowed", "900214"),
    ("above the most, legacy", legacy(), ChangeLicenses(301), "2002", "2002"),
    ("above the most, new", new_commerce(), ChangeLicenses(301), "2002", "2002"),
    ("none, legacy", legacy(), ChangeLicenses(0), "2002", "2002"),
    ("none, new", new_commerce(), ChangeLicenses(0), "2002", "2002"),
    ("the same number, legacy", legacy(), ChangeLicenses(10), "unchanged", "unchanged"),
    ("the same number, new", new_commerce(), ChangeLicenses(10), "unchanged", "unchanged"),
    ("while suspended, legacy", legacy(**SUSPENDED), ChangeLicenses(11), "2001", "2001"),
    ("while suspended, new", new_commerce(**SUSPENDED), ChangeLicenses(11), "2001", "2001"),
    ("by usage, legacy", legacy(is_usage_based=True), ChangeLicenses(2), "2006", "2006"),
    ("by usage, new", new_commerce(is_usage_based=True), ChangeLicenses(2), "2006", "2006"),
    ("cancel, legacy", legacy(), Cancel(), "legacy_cancel", "legacy_cancel"),
    ("cancel, legacy of another", legacy(is_microsoft=False), Cancel(), "allowed", "900117"),
    (
        "cancel, legacy trial of another",
        trial(legacy(is_microsoft=False)),
        Cancel(),
        "legacy_cancel",
        "900278",
    ),
    ("cancel, monthly legacy of another", legacy(is_microsoft=False, term_months=1), Cancel(), "900117", "900117"),
    ("cancel, new", new_commerce(), Cancel(), "allowed", "900117"),
    ("cancel while suspended, new", new_commerce(**SUSPENDED), Cancel(), "allowed", "900117"),
    ("cancel, other publisher", new_commerce(is_microsoft=False), Cancel(), "allowed", "900117"),
    ("cancel, monthly of another", new_commerce(is_microsoft=False, term_months=1), Cancel(), "900117", "900117"),
    ("cancel when extended", new_commerce(is_extended=True, batches=()), Cancel(), "allowed", "allowed"),
    ("suspend, legacy", legacy(), Suspend(), "allowed", "allowed"),
    ("suspend, new", new_commerce(), Suspend(), "allowed", "allowed"),
    ("suspend twice, legacy", legacy(**SUSPENDED), Suspend(), "unchanged", "unchanged"),
    ("suspend twice, new", new_commerce(**SUSPENDED), Suspend(), "unchanged", "unchanged"),
    ("reactivate, legacy", legacy(**SUSPENDED), Reactivate(), "allowed", "allowed"),
    ("reactivate, new", new_commerce(**SUSPENDED), Reactivate(), "allowed", "allowed"),
    ("reactivate what is active", new_commerce(), Reactivate(), "unchanged", "unchanged"),
    (
        "reactivate below a suspended base, legacy",
        legacy(is_add_on=True, base=legacy_base(status=Status.SUSPENDED), **SUSPENDED),
        Reactivate(),
        "27009",
        "27009",
    ),
    ("opt out of renewal, legacy of Microsoft", legacy(), DecideEnd(AtEnd.CANCEL), "legacy_renews", "legacy_renews"),
    ("opt out, legacy of another", legacy(is_microsoft=False), DecideEnd(AtEnd.CANCEL), "allowed", "allowed"),
    ("opt out, new", new_commerce(), DecideEnd(AtEnd.CANCEL), "allowed", "allowed"),
    ("extend, legacy", legacy(), DecideEnd(AtEnd.EXTEND), "legacy_extend", "legacy_extend"),
    ("extend, new", new_commerce(), DecideEnd(AtEnd.EXTEND), "allowed", "allowed"),
    ("decide nothing, new", new_commerce(), DecideEnd(AtEnd.UNDECIDED), "end_undecided", "end_undecided"),
    ("decide while suspended", new_commerce(**SUSPENDED), DecideEnd(AtEnd.CANCEL), "2001", "2001"),
    ("schedule, legacy", legacy(), MORE_LATER, "legacy_schedule", "legacy_schedule"),
    ("schedule, new", new_commerce(), MORE_LATER, "allowed", "allowed"),
    (
        "schedule without renewal",
        new_commerce(at_end=AtEnd.CANCEL),
        MORE_LATER,
        "schedule_no_renewal",
        "schedule_no_renewal",
    ),
    ("schedule while suspended", new_commerce(**SUSPENDED), MORE_LATER, "2001", "2001"),
    (
        "schedule bills it cannot have",
        new_commerce(),
        ScheduleChange(Scheduled(term_months=1, billing_months=12)),
        "900270",
        "900270",
    ),
    (
        "schedule a term that cannot have the present bills",
        new_commerce(billing_months=12),
        ScheduleChange(Scheduled(term_months=1)),
        "900270",
        "900270",
    ),
    ("schedule nothing", new_commerce(), ScheduleChange(Scheduled()), "unchanged", "unchanged"),
    ("drop a schedule", new_commerce(scheduled=Scheduled(quantity=3)), DropSchedule(), "allowed", "allowed"),
    ("drop none", new_commerce(), DropSchedule(), "unchanged", "unchanged"),
    ("longer term, legacy", legacy(), THREE_YEARS, "legacy_schedule", "legacy_schedule"),
    ("longer term, new", new_commerce(), THREE_YEARS, "allowed", "allowed"),
    ("shorter term, new", new_commerce(term_months=36, billing_months=1), YEAR, "800122", "800122"),
    ("bills, legacy", legacy(), ChangeBilling(12, Decimal(115)), "allowed", "allowed"),
    ("bills of a year, new", new_commerce(), ChangeBilling(12, Decimal(120)), "900270", "900270"),
    ("upgrade, legacy", legacy(), Upgrade(BETTER), "allowed", "allowed"),
    ("upgrade, new", new_commerce(), Upgrade(BETTER), "allowed", "allowed"),
    ("part of it, legacy", legacy(), Upgrade(BETTER, 4), "legacy_partial", "legacy_partial"),
    ("part of it, new", new_commerce(), Upgrade(BETTER, 4), "allowed", "allowed"),
    ("no path, legacy", legacy(), Upgrade(replace(BETTER, is_path=False)), "900258", "900258"),
    ("no path, new", new_commerce(), Upgrade(replace(BETTER, is_path=False)), "900258", "900258"),
    (
        "with add-ons, legacy",
        legacy(has_add_ons=True),
        Upgrade(BETTER),
        "subscription_add_ons_present",
        "subscription_add_ons_present",
    ),
    ("trial licenses, legacy", trial(legacy()), ChangeLicenses(30), "800107", "900278"),
    ("trial licenses, new", trial(new_commerce()), ChangeLicenses(30), "800107", "900278"),
    ("convert, legacy", trial(legacy()), ConvertTrial(BETTER, 3), "allowed", "900278"),
    ("convert, new", trial(new_commerce()), ConvertTrial(BETTER, 25), "allowed", "900278"),
    ("convert to fewer, new", trial(new_commerce()), ConvertTrial(BETTER, 24), "2002", "900278"),
    ("convert what is paid", new_commerce(), ConvertTrial(BETTER, 25), "800021", "800021"),
    ("deleted, legacy", legacy(status=Status.DELETED), ChangeLicenses(11), "2011", "2011"),
    ("deleted, new", new_commerce(status=Status.DELETED), Reactivate(), "2011", "2011"),
    ("expired", new_commerce(status=Status.EXPIRED), Reactivate(), "900277", "900277"),
    ("disabled", new_commerce(status=Status.DISABLED), Reactivate(), "900277", "900277"),
    ("changed too often", new_commerce(updates=1_200), ChangeLicenses(11), "900311", "900311"),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_the_table(row: tuple[str, Facts, Change, str, str]) -> None:
    _topic, facts, change, early, late = row
    assert (answer(facts, change, EARLY), answer(facts, change, LATE)) == (early, late)


def kinds(facts: Facts, change: Change, now: datetime = EARLY) -> list[str]:
    found = judge(facts, change, now)
    assert isinstance(found, Allowed)
    return [effect.kind.value for effect in found.effects]


# --- what a suspension does -------------------------------------------------------------------------------------------
def test_a_legacy_suspension_stops_the_bills_and_deletes_after_90_days() -> None:
    found = allowed(legacy(has_add_ons=True), Suspend(), LATE)
    assert kinds(legacy(has_add_ons=True), Suspend(), LATE) == [
        "users_blocked",
        "billing_stops",
        "add_ons_suspended",
        "deleted_at",
    ]
    assert found.undo.until == LATE + 90 * DAY
    assert found.cost.amount < 0


@pytest.mark.parametrize(("free", "days"), [(0, 90), (12, 102), (30, 120), (45, 120)])
def test_days_before_the_first_bill_put_the_deletion_off(free: int, days: int) -> None:
    assert allowed(legacy(free_days=free), Suspend(), LATE).undo.until == LATE + days * DAY


def test_a_legacy_suspension_in_the_first_30_days_credits_everything() -> None:
    assert allowed(legacy(), Suspend(), BOUGHT + 29 * DAY).cost.amount == -1200
    assert -1200 < allowed(legacy(), Suspend(), BOUGHT + 30 * DAY).cost.amount < 0


def test_a_second_suspension_credits_what_was_paid_since_the_first() -> None:
    first = allowed(legacy(), Suspend(), BOUGHT + 20 * DAY)
    back = allowed(first.after, Reactivate(), BOUGHT + 20 * DAY)
    second = allowed(back.after, Suspend(), BOUGHT + 25 * DAY)
    assert (first.cost.amount, second.cost.amount) == (-1200, -back.cost.amount)


def test_an_add_on_that_ends_with_its_base_is_credited_its_own_months() -> None:
    add_on = legacy(started_at=BOUGHT + 90 * DAY, is_add_on=True, base=legacy_base())
    charged = share(add_on, add_on.unit_price, add_on.quantity, add_on.started_at)[0]
    assert charged < 1000
    assert allowed(add_on, Suspend(), add_on.started_at + 5 * DAY).cost.amount == -charged


def test_what_was_added_is_credited_as_it_was_charged() -> None:
    more = allowed(legacy(), ChangeLicenses(30), BOUGHT + 20 * DAY)
    assert allowed(more.after, Suspend(), BOUGHT + 25 * DAY).cost.amount == -1200 - more.cost.amount
    fewer = allowed(more.after, ChangeLicenses(10), BOUGHT + 22 * DAY)
    assert allowed(fewer.after, Suspend(), BOUGHT + 25 * DAY).cost.amount == -1200


def test_a_new_commerce_suspension_keeps_the_bills_and_turns_the_renewal_off() -> None:
    facts = new_commerce(scheduled=Scheduled(quantity=4))
    found = allowed(facts, Suspend())
    assert [effect.kind for effect in found.effects] == [
        EffectKind.USERS_BLOCKED,
        EffectKind.BILLING_CONTINUES,
        EffectKind.AUTO_RENEW_OFF,
        EffectKind.SCHEDULE_DROPPED,
        EffectKind.DISABLED_AT,
    ]
    assert (found.after.at_end, found.after.scheduled, found.cost.amount) == (AtEnd.UNDECIDED, None, 0)


def test_canceling_leaves_nothing_to_work_with() -> None:
    assert kinds(new_commerce(), Cancel()) == ["deleted_at_once", "irreversible"]


def test_reactivating_does_not_bring_the_renewal_back() -> None:
    suspended = allowed(new_commerce(), Suspend()).after
    assert kinds(suspended, Reactivate()) == ["users_return", "auto_renew_stays_off", "extended_at"]
    assert allowed(suspended, Reactivate()).after.auto_renew is False
    assert kinds(allowed(legacy(), Suspend()).after, Reactivate()) == ["users_return", "billing_resumes", "renews_at"]


def test_what_a_trial_becomes_is_said_before() -> None:
    ends = trial(new_commerce(), at_end=AtEnd.CANCEL)
    assert kinds(ends, DecideEnd(AtEnd.RENEW)) == ["becomes_paid_at"]
    late = {"started_at": datetime(2026, 6, 1, tzinfo=UTC), "ends_at": datetime(2026, 7, 1, tzinfo=UTC)}
    assert kinds(trial(new_commerce(), **late), DecideEnd(AtEnd.CANCEL), datetime(2026, 6, 2, tzinfo=UTC)) == [
        "disabled_at"
    ]
    assert kinds(trial(legacy(), **SUSPENDED), Reactivate()) == ["users_return", "expires_at"]


def test_a_suspended_trial_is_over_when_it_expires() -> None:
    found = allowed(trial(legacy()), Suspend())
    assert [effect.kind.value for effect in found.effects] == ["users_blocked", "expires_at"]
    assert found.undo.until == trial(legacy()).ends_at


def test_from_the_moment_of_deletion_on_nothing_is_reactivated() -> None:
    suspended = allowed(legacy(), Suspend()).after
    end = EARLY + 90 * DAY
    assert [answer(suspended, Reactivate(), at) for at in (end - DAY, end)] == ["allowed", "900278"]


# --- licenses by batches ----------------------------------------------------------------------------------------------
def test_each_batch_has_its_own_deadline() -> None:
    facts = new_commerce(quantity=18, batches=(Batch(10, BOUGHT), Batch(8, BOUGHT + 20 * DAY)))
    now = BOUGHT + 22 * DAY
    assert answer(facts, ChangeLicenses(10), now) == "allowed"
    assert answer(facts, ChangeLicenses(9), now) == "900214"
    assert allowed(facts, ChangeLicenses(12), now).after.batches == (
        Batch(10, BOUGHT),
        Batch(2, BOUGHT + 20 * DAY),
    )


def test_the_newest_licenses_go_back_first() -> None:
    facts = new_commerce(quantity=15, batches=(Batch(10, BOUGHT), Batch(5, BOUGHT + DAY)))
    assert allowed(facts, ChangeLicenses(8)).after.batches == (Batch(8, BOUGHT),)


def test_giving_back_leaves_the_window_of_the_subscription() -> None:
    facts = allowed(new_commerce(), ChangeLicenses(1)).after
    assert facts.cancel_until == BOUGHT + 7 * DAY


@pytest.mark.parametrize("change", [THREE_YEARS, Upgrade(BETTER)], ids=["term", "upgrade"])
def test_licenses_bought_later_open_no_window_for_the_subscription(change: Change) -> None:
    moved = allowed(new_commerce(), change, LATE).after
    more = allowed(moved, ChangeLicenses(15), LATE + DAY).after
    assert more.cancel_until is None
    assert answer(more, Cancel(), LATE + 2 * DAY) == "900117"
    fewer = allowed(more, ChangeLicenses(10), LATE + 2 * DAY).after
    assert (fewer.cancel_until, answer(fewer, ChangeLicenses(9), LATE + 2 * DAY)) == (None, "900214")


def test_a_change_of_licenses_drops_what_was_scheduled() -> None:
    facts = new_commerce(scheduled=Scheduled(quantity=4))
    for number in (9, 11):
        found = allowed(facts, ChangeLicenses(number))
        assert found.after.scheduled is None
        assert EffectKind.SCHEDULE_DROPPED in {effect.kind for effect in found.effects}


# --- moving -----------------------------------------------------------------------------------------------------------
def test_a_longer_term_begins_now_and_has_no_window() -> None:
    found = allowed(new_commerce(), THREE_YEARS, LATE)
    assert found.after.ends_at == datetime(2029, 2, 24, 10, 30, tzinfo=UTC)
    assert answer(found.after, Cancel(), LATE) == "900117"
    assert answer(found.after, ChangeLicenses(9), LATE) == "900214"
    assert found.undo.never


def test_a_three_year_term_moves_between_bills_with_the_next_one() -> None:
    facts = new_commerce(term_months=36, billing_months=1, ends_at=datetime(2029, 1, 15, 10, 30, tzinfo=UTC))
    found = allowed(facts, ChangeBilling(12, Decimal(330)), EARLY)
    assert found.effective_at == datetime(2026, 2, 15, 10, 30, tzinfo=UTC)
    assert [(effect.kind.value, effect.at) for effect in found.effects] == [("bills_change_at", found.effective_at)]
    assert answer(facts, ChangeBilling(36, Decimal(330)), EARLY) == "900270"


@pytest.mark.parametrize(("year", "ends"), [(2027, "allowed"), (2028, "900270")])
def test_the_bills_of_a_three_year_term_change_back_as_it_was_said(year: int, ends: str) -> None:
    facts = new_commerce(term_months=36, billing_months=1, ends_at=datetime(2029, 1, 15, 10, 30, tzinfo=UTC))
    now = datetime(year, 5, 1, tzinfo=UTC)
    found = allowed(facts, ChangeBilling(12, Decimal(330)), now)
    assert answer(found.after, ChangeBilling(1, Decimal(360)), now) == ends
    assert found.undo.never == (ends != "allowed")


@pytest.mark.parametrize(
    ("mate", "code"),
    [
        (Mate("Visio", legacy(), Decimal(100)), "allowed"),
        (Mate("Visio", legacy(**SUSPENDED), Decimal(100)), "6000"),
        (Mate("Visio", legacy(is_trial=True), Decimal(100)), "6000"),
        (Mate("Visio", legacy(), None), "6000"),
        (Mate("Visio", legacy(billing_months=12), Decimal(100)), "6001"),
    ],
)
def test_legacy_bills_change_for_the_whole_order(mate: Mate, code: str) -> None:
    assert answer(legacy(), ChangeBilling(12, Decimal(115), (mate,)), EARLY) == code


def test_the_bills_of_an_order_cost_what_all_of_it_costs() -> None:
    mate = Mate("Visio", legacy(quantity=2), Decimal(100))
    found = allowed(legacy(), ChangeBilling(12, Decimal(115), (mate,)), BOUGHT)
    assert found.cost.amount == 10 * 115 + 2 * 100 - 10 * 120 - 2 * 120
    [effect] = [effect for effect in found.effects if effect.kind == EffectKind.MATES_CHANGE]
    assert effect.who == ("Visio",)


def test_legacy_bills_begin_a_new_year_at_todays_price() -> None:
    found = allowed(legacy(), ChangeBilling(12, Decimal(115)), LATE)
    assert (found.after.ends_at, found.after.unit_price) == (datetime(2027, 2, 24, 10, 30, tzinfo=UTC), 115)


def test_a_full_upgrade_keeps_the_end_and_closes_the_window() -> None:
    found = allowed(new_commerce(), Upgrade(BETTER))
    assert (found.after.ends_at, found.after.unit_price) == (new_commerce().ends_at, 240)
    assert found.after.cancel_until is None
    assert found.cost.amount == Decimal("1190.13")  # 362 of 365 days of the difference, each side rounded


def test_a_partial_upgrade_leaves_the_rest() -> None:
    facts = new_commerce(quantity=12, batches=(Batch(10, BOUGHT), Batch(2, EARLY)))
    found = allowed(facts, Upgrade(BETTER, 5))
    assert (found.after.quantity, found.after.batches) == (7, (Batch(7, BOUGHT),))
    assert EffectKind.NEW_SUBSCRIPTION in {effect.kind for effect in found.effects}


@pytest.mark.parametrize(
    ("owned", "code"),
    [
        (OWNED, "allowed"),
        (replace(OWNED, status=Status.SUSPENDED), "900259"),
        (replace(OWNED, batches=(Batch(10, EARLY - DAY),)), "900260"),
        (replace(OWNED, term_months=1), "900261"),
        (replace(OWNED, ends_at=EARLY + 30 * DAY), "900261"),
        (replace(OWNED, most=13), "2002"),
        (replace(OWNED, most=14), "allowed"),
    ],
)
def test_an_upgrade_into_what_the_customer_has(owned: Facts, code: str) -> None:
    assert answer(new_commerce(), Upgrade(replace(BETTER, owned=OwnedTarget(owned)), 4), EARLY) == code


def test_what_joins_another_subscription_costs_what_that_one_does() -> None:
    end = datetime(2027, 7, 15, 10, 30, tzinfo=UTC)
    owned = replace(OWNED, ends_at=end, started_at=datetime(2026, 7, 15, 10, 30, tzinfo=UTC), unit_price=Decimal(200))
    now = datetime(2026, 7, 16, 10, 30, tzinfo=UTC)
    found = allowed(new_commerce(), Upgrade(replace(BETTER, owned=OwnedTarget(owned)), 4), now)
    # 364 of 365 days at USD 200 a year, for 183 of 365 days at USD 120.
    assert found.cost.amount == Decimal("797.81") - Decimal("240.66")
    assert cost_words(found.cost) == "USD\xa0557.15 are charged."
    assert [effect.at for effect in found.effects if effect.kind == EffectKind.JOINS_OWNED] == [end]
    assert found.cost.next_term == 4 * 240


def test_what_is_joined_loses_its_schedule() -> None:
    owned = replace(OWNED, scheduled=Scheduled(quantity=4))
    change = Upgrade(replace(BETTER, owned=OwnedTarget(owned)), 4)
    assert EffectKind.OWNED_SCHEDULE_DROPPED in {effect.kind for effect in allowed(new_commerce(), change).effects}
    after = join(owned, 4)
    assert (after.quantity, after.scheduled, after.batches) == (14, None, owned.batches)


def test_legacy_does_not_upgrade_into_what_the_customer_has() -> None:
    owned = OwnedTarget(legacy())
    assert answer(legacy(), Upgrade(replace(BETTER, owned=owned)), EARLY) == "conflicting_service_types"


def test_a_converted_trial_is_paid_for_and_has_a_window() -> None:
    found = allowed(trial(new_commerce()), ConvertTrial(BETTER, 30))
    assert (found.after.is_trial, found.after.quantity, found.cost.amount) == (False, 30, 7200)
    assert answer(found.after, Cancel(), EARLY + 6 * DAY) == "allowed"
