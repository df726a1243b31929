"""Every change of a subscription: judged by the rules under its lock, written, recorded and told."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.roles import Permission
from activity.services import record
from catalogue.models.prices import BILLING_MONTHS
from core import clock
from core.exceptions import NotPermitted, Refused
from core.text import fold
from customers.agreements import AgreementRequired
from customers.changes import lock_customers, mark_changed
from customers.requirements import account_refusals
from subscriptions import rules
from subscriptions.change_requests.counting import count_after_commit_for
from subscriptions.delegation import permission_for
from subscriptions.facts import batches_json, facts_of, keep_derived, write_back
from subscriptions.intents import (
    Intent,
    Kind,
    Priced,
    billed_together,
    current_facts,
    ordered_together,
    path_of,
    resolve,
)
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.of_record import reseller_refused
from subscriptions.options import Path
from subscriptions.rules import Allowed, Facts, Policy, judge

# What the record calls each change.
ACTIONS: dict[type, str] = {
    rules.ChangeLicenses: "subscription.licenses_changed",
    rules.Suspend: "subscription.suspended",
    rules.Reactivate: "subscription.reactivated",
    rules.Cancel: "subscription.canceled",
    rules.DecideEnd: "subscription.end_decided",
    rules.ScheduleChange: "subscription.change_scheduled",
    rules.DropSchedule: "subscription.schedule_dropped",
    rules.ChangeTerm: "subscription.term_changed",
    rules.ChangeBilling: "subscription.billing_changed",
    rules.Upgrade: "subscription.upgraded",
    rules.ConvertTrial: "subscription.converted",
}
# What is bought in the name of the reseller of record.
BUYING = rules.ChangeLicenses | rules.ChangeTerm | rules.ChangeBilling | rules.Upgrade | rules.ConvertTrial
# Fields that people know, in the order in which a timeline tells them.
TOLD = (
    "status quantity offer_name term_duration billing_plan unit_price at_end scheduled is_trial is_extended ends_at"
).split()


class ChangeRefused(Refused):
    """The rules refuse the change; `answer` has the code, the words and what is possible instead."""

    def __init__(self, answer: rules.Refused) -> None:
        super().__init__(answer.text)
        self.answer = answer


class ChangedMeanwhile(Refused):
    """Somebody else has changed the subscription since the page was opened; `current` is how it is now."""

    def __init__(self, current: Subscription) -> None:
        super().__init__(_("Somebody else has changed this subscription meanwhile."))
        self.current = current


@transaction.atomic
def change_subscription(
    *, subscription: Subscription, intent: Intent, by: Actor, version: int | None = None, reason: str = ""
) -> Subscription:
    """Make one change, if the rules allow it at this moment.

    With `version`, the change was decided about that version: ChangedMeanwhile if it is no longer the present one.
    ChangeRefused says why not. Under the legacy rules add-ons are suspended with their base, and all of an order are
    billed alike.
    """
    if by.user is None:
        raise NotPermitted("A subscription is changed by a person.")
    subscription = lock_subscription(subscription)
    # Under the lock, which whoever narrows or ends a delegation takes too.
    require(by, permission_for(intent), subscription.customer)
    if version is not None and version != subscription.version:
        raise ChangedMeanwhile(subscription)
    now = clock.now()
    change = resolve(subscription, intent, now)
    if isinstance(change, rules.Refused):
        raise ChangeRefused(change)
    if refused := not_ready(subscription, change, by):
        raise ChangeRefused(refused)
    answer = judge(current_facts(subscription), change, now)
    if isinstance(answer, rules.Refused):
        raise ChangeRefused(answer)
    before = told(subscription)
    moved = move(subscription, intent, answer, now, by) if isinstance(intent, Priced) else None
    save_facts(subscription, answer.after)
    record(
        ACTIONS[type(change)],
        subscription,
        by=by,
        **differences(before, told(subscription)),
        **cost_of(answer),
        **({"reason": reason} if reason else {}),
        **({"moved_to": str(moved.subscription_id)} if moved is not None else {}),
    )
    if isinstance(change, rules.Suspend | rules.Cancel) and subscription.policy == Policy.LEGACY:
        suspend_add_ons(subscription, now, by=by)
    if isinstance(intent, Priced) and intent.kind == Kind.BILLING and subscription.policy == Policy.LEGACY:
        change_bills_of_mates(subscription, intent.price.billing_plan, now, by=by)
    mark_changed(subscription.customer_id, at=now)
    return subscription


@transaction.atomic
def rename_subscription(*, subscription: Subscription, nickname: str, version: int | None, by: Actor) -> Subscription:
    """Give the subscription another nickname."""
    subscription = lock_subscription(subscription)
    require(by, Permission.MANAGE_SUBSCRIPTION, subscription.customer)
    if version is not None and version != subscription.version:
        raise ChangedMeanwhile(subscription)
    if subscription.nickname == nickname:
        return subscription
    old, subscription.nickname = subscription.nickname, nickname
    subscription.version += 1
    subscription.changed_at = clock.now()
    subscription.save(update_fields=["nickname", "version", "changed_at"])
    record("subscription.renamed", subscription, by=by, nickname=[old, nickname])
    mark_changed(subscription.customer_id, at=subscription.changed_at)
    return subscription


def lock_subscription(subscription: Subscription) -> Subscription:
    """The subscription as it is now, held until the transaction ends, with what the rules ask of it.

    Its customer is held before it, as by whoever names a reseller or orders: two changes never wait for each other.
    """
    lock_customers([subscription.customer_id])
    # Two queries: a join in the one that waits for the lock would show the related rows of before the wait.
    Subscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
    related = ("customer__provider", "sku__product", "parent", "provider")
    return Subscription.objects.select_related(*related).get(pk=subscription.pk)


def not_ready(subscription: Subscription, change: rules.Change, reader: Actor) -> rules.Refused | None:
    """What stands against a change beside its rules: the customer, or the reseller of record; in words for the reader.

    Without an accepted agreement nothing is bought; giving up, suspending and ending stay possible. Under a reseller
    that could not be named today nothing is bought either, nor under that of what is billed together with it or joined
    by it; what is there goes on and renews.
    """
    if not isinstance(change, rules.Suspend | rules.Cancel | rules.DecideEnd | rules.DropSchedule):
        for refusal in account_refusals(subscription.customer):
            return rules.Refused("13605" if isinstance(refusal, AgreementRequired) else "800075", str(refusal))
    if not isinstance(change, BUYING):
        return None
    return (
        reseller_refused(subscription.reseller_of_record, subscription.customer, reader)
        or _mates_not_ready(subscription, change, reader)
        or _joined_not_ready(subscription, change, reader)
    )


def _mates_not_ready(subscription: Subscription, change: rules.Change, reader: Actor) -> rules.Refused | None:
    if not isinstance(change, rules.ChangeBilling) or not change.mates:
        return None
    mates = ordered_together(subscription).exclude(reseller_of_record=subscription.reseller_of_record_id)
    for mate in mates.filter(reseller_of_record__isnull=False).select_related("reseller_of_record").order_by("pk"):
        if refused := reseller_refused(mate.reseller_of_record, subscription.customer, reader):
            text = _("%(name)s of the same order: %(text)s")
            return replace(refused, text=text % {"name": mate.nickname, "text": refused.text})
    return None


def _joined_not_ready(subscription: Subscription, change: rules.Change, reader: Actor) -> rules.Refused | None:
    if not isinstance(change, rules.Upgrade) or change.target.owned is None:
        return None
    joined = Subscription.objects.select_related("reseller_of_record").get(pk=change.target.owned.key)
    if refused := reseller_refused(joined.reseller_of_record, subscription.customer, reader):
        text = _("%(name)s, which the upgraded licenses would join: %(text)s")
        return replace(refused, text=text % {"name": joined.nickname, "text": refused.text})
    return None


def save_facts(subscription: Subscription, facts: Facts) -> None:
    """Write what the rules made of a locked subscription, as its next version."""
    names = write_back(subscription, facts)
    subscription.version += 1
    subscription.changed_at = clock.now()
    moved = ["sku", "offer_name", "nickname"]
    subscription.save(update_fields=[*names, *moved, "version", "changed_at"])
    if subscription.status == Subscription.Status.DELETED:
        count_after_commit_for([subscription.customer_id])


def told(subscription: Subscription) -> dict[str, Any]:
    """What a timeline tells of a subscription, and its SKU, by which incentives know what it was."""
    return {**{name: getattr(subscription, name) for name in TOLD}, "sku": subscription.sku.code}


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """What changed, each as [old, new]."""
    return {name: [before[name], after[name]] for name in before if before[name] != after[name]}


def cost_of(answer: Allowed) -> dict[str, Any]:
    """What it cost, for the record."""
    found: dict[str, Any] = {}
    if answer.cost.amount:
        found["amount"] = f"{answer.cost.currency} {answer.cost.amount}"
    if answer.undo.until:
        found["undo_until"] = answer.undo.until
    return found


def suspend_add_ons(base: Subscription, now: datetime, *, by: Actor) -> None:
    """Suspend what rests on a base that is suspended or canceled."""
    active = Subscription.objects.filter(parent=base, status=Subscription.Status.ACTIVE).order_by("pk")
    for add_on in active:
        add_on = lock_subscription(add_on)
        answer = judge(facts_of(add_on), rules.Suspend(), now)
        if isinstance(answer, Allowed):
            before = told(add_on)
            save_facts(add_on, answer.after)
            record("subscription.suspended", add_on, by=by, **differences(before, told(add_on)), with_base=str(base))


def change_bills_of_mates(subscription: Subscription, billing_plan: str, now: datetime, *, by: Actor) -> None:
    """Bill all of an order alike: a new term of each at its own price of today; ChangeRefused if one cannot be."""
    for mate, price in billed_together(subscription, billing_plan, now):
        # The rules were asked with all of them at hand: whoever has no price was refused.
        assert price is not None
        mate = lock_subscription(mate)
        answer = judge(facts_of(mate), rules.ChangeBilling(BILLING_MONTHS[billing_plan], price.unit_price), now)
        if isinstance(answer, rules.Refused):
            raise ChangeRefused(answer)
        before = told(mate)
        save_facts(mate, answer.after)
        changes = differences(before, told(mate))
        record("subscription.billing_changed", mate, by=by, **changes, billed_with=str(subscription))


# --- to another offer -------------------------------------------------------------------------------------------------
def move(subscription: Subscription, intent: Priced, answer: Allowed, now: datetime, by: Actor) -> Subscription | None:
    """Give the subscription the offer that it moves to, or the moved licenses a subscription; that one, if any."""
    if intent.kind not in (Kind.UPGRADE, Kind.CONVERT):
        return None
    path = path_of(subscription, intent.price, now, intent.quantity)
    # The rules were asked about it, at this moment too.
    assert path is not None
    if intent.kind == Kind.CONVERT or (
        path.owned is None and answer.after.status == rules.Status.ACTIVE and _whole(subscription, intent)
    ):
        become(subscription, intent)
        return None
    quantity = subscription.quantity if intent.quantity is None else intent.quantity
    if path.owned is not None:
        return join(path.owned, quantity, subscription, by)
    return branch_off(subscription, path, quantity, by)


def _whole(subscription: Subscription, intent: Priced) -> bool:
    return intent.quantity in (None, subscription.quantity)


def become(subscription: Subscription, intent: Priced) -> None:
    """The same subscription, of another offer."""
    if subscription.nickname == subscription.offer_name:
        subscription.nickname = intent.price.sku.title
    subscription.sku = intent.price.sku
    subscription.offer_name = intent.price.sku.title


def join(owned: Subscription, quantity: int, source: Subscription, by: Actor) -> Subscription:
    """Put upgraded licenses into what the customer has of the target, without a window of their own."""
    owned = lock_subscription(owned)
    before = told(owned)
    save_facts(owned, rules.join(facts_of(owned), quantity))
    record("subscription.joined", owned, by=by, **differences(before, told(owned)), moved_from=str(source))
    return owned


def branch_off(source: Subscription, path: Path, quantity: int, by: Actor) -> Subscription:
    """A subscription of its own for the upgraded licenses, with the same end and the same resellers."""
    assert by.user is not None
    now, price = clock.now(), path.price
    facts = rules.branch(facts_of(source), path.target(), quantity)
    made = Subscription(
        customer=source.customer,
        provider=source.provider,
        sku=price.sku,
        offer_name=price.sku.title,
        nickname=price.sku.title,
        quantity=quantity,
        term_duration=price.term_duration,
        billing_plan=price.billing_plan,
        segment=source.segment,
        unit_price=facts.unit_price,
        is_extended=facts.is_extended,
        currency=source.currency,
        policy=source.policy,
        at_end=source.at_end,
        starts_at=now,
        term_starts_at=source.term_starts_at,
        anchor_day=source.anchor_day,
        ends_at=source.ends_at,
        batches=batches_json([]),
        created_at=now,
        changed_at=now,
        search_text=fold(f"{price.sku.title} {price.sku.title}"),
    )
    keep_derived(made)
    made.save()
    copy_relations(source, [made], now, by)
    record("subscription.started", made, by=by, offer=made.offer_name, quantity=quantity, moved_from=str(source))
    return made


def copy_relations(source: Subscription, made: Iterable[Subscription], now: datetime, by: Actor) -> None:
    """Let the same resellers earn and answer for what came out of a subscription."""
    assert by.user is not None
    for model in (ResellerOfRecord, SupportContact):
        present = model._default_manager.filter(subscription=source, ends_at=None).first()
        if present is None:
            continue
        extra = {"mpn_id": present.mpn_id} if isinstance(present, ResellerOfRecord) else {}
        for one in made:
            model._default_manager.create(
                subscription=one, reseller=present.reseller, begins_at=now, set_by=by.user, **extra
            )
