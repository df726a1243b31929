"""What holds for every state and every event: the rules always answer, and what they allow is a state that can be."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions.models import Subscription
from subscriptions.rules import (
    Allowed,
    AtEnd,
    Base,
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
    Policy,
    Quote,
    Reactivate,
    Refused,
    ScheduleChange,
    Scheduled,
    Status,
    StepKind,
    Suspend,
    Target,
    Upgrade,
    due_at,
    judge,
    next_step,
    steps_due,
)
from subscriptions.rules.money import after_months, rounded, share
from subscriptions.rules.words import consequences
from tests.subscriptions.rules.cases import legacy, new_commerce

FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2029, 12, 31, tzinfo=UTC)
MOMENTS = st.integers(0, int((LAST - FIRST).total_seconds())).map(lambda seconds: FIRST + timedelta(seconds=seconds))
QUANTITIES = st.integers(0, 400)
MONTHS = st.sampled_from([0, 1, 12, 36, 7])
SOON = st.integers(0, 400 * 24).map(lambda hours: timedelta(hours=hours))
PRICES = st.decimals(0, 5000, places=4)


bases = st.builds(
    Base,
    policy=st.sampled_from(Policy),
    status=st.sampled_from(Status),
    ends_at=st.none() | MOMENTS,
    at_end=st.sampled_from(AtEnd),
    is_trial=st.booleans(),
    ended_at=st.none() | MOMENTS,
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """A subscription in any state that a database could hold."""
    started_at = draw(MOMENTS)
    term = draw(st.sampled_from([0, 1, 12, 36]))
    quantity = draw(st.integers(1, 300))
    policy = draw(st.sampled_from(Policy))
    first = draw(st.integers(0, quantity))
    batches = (Batch(first, started_at), Batch(quantity - first, started_at + timedelta(days=draw(st.integers(0, 60)))))
    status = draw(st.sampled_from(Status))
    return Facts(
        policy=policy,
        status=status,
        quantity=quantity,
        started_at=started_at,
        ends_at=started_at + timedelta(days=31 * term) if term else None,
        unit_price=draw(PRICES),
        term_months=term,
        billing_months=draw(st.sampled_from([0, 1, 12, 36])),
        least=draw(st.integers(1, 5)),
        most=300,
        at_end=draw(st.sampled_from(AtEnd)),
        is_trial=draw(st.booleans()),
        is_microsoft=draw(st.booleans()),
        is_usage_based=draw(st.booleans()),
        is_extended=policy == Policy.NEW_COMMERCE and draw(st.booleans()),
        has_add_ons=draw(st.booleans()),
        is_add_on=draw(st.booleans()),
        base=draw(st.none() | bases),
        batches=batches if policy == Policy.NEW_COMMERCE and draw(st.booleans()) else (),
        scheduled=draw(st.sampled_from([None, Scheduled(quantity=3)])),
        suspended_at=started_at if status in (Status.SUSPENDED, Status.DISABLED) and draw(st.booleans()) else None,
        ended_at=started_at if draw(st.booleans()) else None,
        anchor_day=draw(st.integers(0, 31)),
    )


targets = st.builds(
    Target,
    code=st.just("E3"),
    title=st.just("Enterprise E3"),
    unit_price=PRICES,
    term_months=st.sampled_from([1, 12, 36]),
    billing_months=st.sampled_from([1, 12, 36]),
    is_path=st.booleans(),
)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(ChangeLicenses, QUANTITIES),
    st.just(Suspend()),
    st.just(Reactivate()),
    st.just(Cancel()),
    st.builds(DecideEnd, st.sampled_from(AtEnd)),
    st.builds(ScheduleChange, st.builds(Scheduled, quantity=st.none() | QUANTITIES, term_months=st.none() | MONTHS)),
    st.just(DropSchedule()),
    st.builds(ChangeTerm, MONTHS, MONTHS, PRICES),
    st.builds(ChangeBilling, MONTHS, PRICES),
    st.builds(Upgrade, targets, st.none() | QUANTITIES),
    st.builds(ConvertTrial, targets, QUANTITIES),
)

changes_of_the_end = st.one_of(
    st.builds(DecideEnd, st.sampled_from(AtEnd)), st.just(Suspend()), st.just(Reactivate()), st.just(DropSchedule())
)


@given(facts(), changes, MOMENTS)
def test_the_rules_always_answer(before: Facts, change: Change, now: datetime) -> None:
    found = judge(before, change, now)
    if isinstance(found, Refused):
        assert found.code
        assert found.text.strip().endswith(".")
        return
    assert consequences(found, str, prices=True)
    assert found.effective_at >= now or before.ends_at is None


@given(facts(), changes, MOMENTS)
def test_what_is_allowed_can_be(before: Facts, change: Change, now: datetime) -> None:
    found = judge(before, change, now)
    if not isinstance(found, Allowed):
        return
    after = found.after
    assert before.status in (Status.ACTIVE, Status.SUSPENDED)
    assert after.quantity >= 1
    assert after.updates == before.updates + 1
    assert after.policy == before.policy
    assert sum(batch.quantity for batch in after.batches) <= after.quantity or not before.is_new_commerce
    assert not (after.scheduled and not after.auto_renew) or before.scheduled == after.scheduled
    if before.status == Status.SUSPENDED:
        assert isinstance(change, Reactivate | Cancel)
    if isinstance(change, ChangeLicenses):
        assert before.least <= after.quantity <= before.most
        assert (found.cost.amount >= 0) == (after.quantity > before.quantity) or not found.cost.amount
    if found.undo.until:
        assert found.undo.until > now


@given(facts(), changes, MOMENTS)
def test_what_is_final_says_so(before: Facts, change: Change, now: datetime) -> None:
    found = judge(before, change, now)
    if isinstance(found, Allowed) and found.after.status == Status.DELETED:
        assert EffectKind.IRREVERSIBLE in {effect.kind for effect in found.effects}
        assert found.undo.never


@given(facts(), MOMENTS, PRICES, st.booleans())
def test_the_clock_comes_to_rest(before: Facts, now: datetime, price: Decimal, on_sale: bool) -> None:
    def quotes(_facts: Facts, _at: datetime) -> Quote | None:
        return Quote(price, 12, 12) if on_sale else None

    steps = list(steps_due(before, now, quotes))
    moments = [step.at for step in steps]
    assert moments == sorted(moments)
    assert all(moment <= now for moment in moments)
    if steps and len(steps) < 60:
        assert not list(steps_due(steps[-1].after, now, quotes))


@given(facts(), PRICES, st.booleans())
def test_the_clock_is_asked_when_it_is_due(before: Facts, price: Decimal, on_sale: bool) -> None:
    def quotes(_facts: Facts, _at: datetime) -> Quote | None:
        return Quote(price, 12, 12) if on_sale else None

    due = due_at(before)
    if due is None:
        assert next_step(before, datetime(2100, 1, 1, tzinfo=UTC), quotes) is None
        return
    assert next_step(before, due - timedelta(seconds=1), quotes) is None
    step = next_step(before, due, quotes)
    assert step is not None
    assert step.at == due


# What is said of the end of a term, or of a suspension, and what the clock then does.
FORETOLD = {
    EffectKind.RENEWS_AT: {StepKind.RENEWED},
    EffectKind.BECOMES_PAID_AT: {StepKind.CONVERTED},
    EffectKind.EXTENDED_AT: {StepKind.EXTENDED},
    EffectKind.EXPIRES_AT: {StepKind.EXPIRED},
    EffectKind.DISABLED_AT: {StepKind.DISABLED},
    EffectKind.DELETED_AT: {StepKind.DELETED},
}


@settings(max_examples=600)
@given(facts(), changes_of_the_end, SOON)
def test_what_is_foretold_is_what_the_clock_does(before: Facts, change: Change, later: timedelta) -> None:
    before = replace(before, status=Status.SUSPENDED if before.suspended_at else Status.ACTIVE)
    found = judge(before, change, before.started_at + later)
    if not isinstance(found, Allowed):
        return
    for effect in found.effects:
        if effect.kind in FORETOLD:
            assert effect.at is not None
            *_earlier, last = steps_due(found.after, effect.at, lambda _facts, _at: Quote(Decimal(5), 12, 12))
            assert (last.at, last.kind in FORETOLD[effect.kind]) == (effect.at, True)


@given(facts(), changes)
def test_nothing_is_decided_from_the_moment_on_at_which_the_clock_decides(before: Facts, change: Change) -> None:
    if (due := due_at(before)) is not None:
        assert isinstance(judge(before, change, due), Refused)


@given(facts(), SOON, st.sampled_from(Policy))
def test_no_part_of_a_term_costs_more_than_the_term(before: Facts, later: timedelta, policy: Policy) -> None:
    start, term = before.started_at, before.term_months
    end = after_months(start, term) if term else None
    whole = replace(
        before, policy=policy, is_trial=False, is_usage_based=False, ends_at=end, anchor_day=start.day, billing_months=1
    )
    full = rounded(whole.unit_price * whole.quantity) if term else 0
    assert share(whole, whole.unit_price, whole.quantity, start)[0] == full
    assert 0 <= share(whole, whole.unit_price, whole.quantity, start + later)[0] <= full


steps = st.one_of(
    st.builds(ChangeLicenses, st.integers(1, 30)),
    st.sampled_from([Suspend(), Reactivate(), Cancel(), ChangeTerm(36, 1, Decimal(300))]),
    st.builds(ChangeBilling, st.sampled_from([1, 12]), st.just(Decimal(110))),
    st.builds(Upgrade, st.just(Target("E5", "Enterprise E5", Decimal(200))), st.none() | st.integers(1, 30)),
)


@settings(max_examples=400)
@given(
    st.sampled_from([legacy(), legacy(is_microsoft=False), new_commerce(), new_commerce(is_microsoft=False)]),
    st.lists(st.tuples(st.integers(0, 24 * 40), steps), max_size=10),
    st.sampled_from([Decimal("120"), Decimal("9.99"), Decimal("1.01")]),
)
def test_nobody_is_credited_more_than_was_charged(
    facts: Facts, story: list[tuple[int, Change]], unit_price: Decimal
) -> None:
    facts = replace(facts, unit_price=unit_price)
    now, charged = facts.started_at, rounded(unit_price * facts.quantity)
    for hours, change in story:
        now += timedelta(hours=hours)
        found = judge(facts, change, now)
        if isinstance(found, Allowed):
            facts, charged = found.after, charged + found.cost.amount
            # Legacy rounds the part of a month for one license, and there are up to thirty.
            assert charged >= -Decimal("0.15") * len(story)


def test_the_states_are_those_of_the_model() -> None:
    assert [status.value for status in Status] == Subscription.Status.values


def test_the_rules_know_no_database() -> None:
    import subscriptions.rules

    folder = Path(subscriptions.rules.__file__).parent
    names = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names.add(str(node.module))
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    standard = {"calendar", "math", "datetime", "decimal", "enum", "dataclasses", "collections.abc", "typing"}
    ours = {name for name in names if name.startswith("subscriptions.rules")}
    words = {"django.utils.translation", "django.utils.html", "django.utils.safestring", "core.html"}
    assert names - ours <= standard | words
