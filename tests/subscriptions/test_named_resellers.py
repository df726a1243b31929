"""Which resellers a subscription's columns name: never anyone but whom the dated relations name."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from core import clock
from customers.models import ResellerRelationship
from customers.relationships import end_reseller_relationship, establish_relationship, hand_over_customer
from resellers.models import Partnership
from subscriptions.changing import change_subscription
from subscriptions.handing_over import loaded, name_resellers
from subscriptions.intents import Kind, Priced
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact, start_subscription
from tests.customers.conftest import actor_of
from tests.factories import ResellerRelationshipFactory, SubscriptionFactory
from tests.subscriptions.living import bought, offer, path, ready_customer
from tests.walks import Walk, execute, three_resellers

COLUMNS = ("managing_reseller", "reseller_of_record", "support_contact")
SUBSCRIPTION, RELATIONSHIP = "subscriptions_subscription", "customers_resellerrelationship"
NAMING = (set_reseller_of_record, set_support_contact)
Said = dict[int, tuple[int | None, ...]]


@pytest.fixture
def resellers(provider: Partner, reseller: Partner) -> list[Partner]:
    """Three that are ready for business."""
    return three_resellers(provider, reseller)


def said() -> Said:
    """What the columns say of each subscription."""
    return {pk: tuple(named) for pk, *named in Subscription.objects.values_list("pk", *COLUMNS)}


def true() -> Said:
    """What the relations say."""
    managers = dict(ResellerRelationship.objects.current().values_list("customer", "reseller"))
    named = [
        dict(model._default_manager.filter(ends_at=None).values_list("subscription", "reseller"))
        for model in (ResellerOfRecord, SupportContact)
    ]
    rows = Subscription.objects.values_list("pk", "customer")
    return {pk: (managers.get(customer), *(one.get(pk) for one in named)) for pk, customer in rows}


class OwnWalk(Walk):
    """Does one thing after another to a few subscriptions, by services and behind their back."""

    def __init__(self, seed: int, resellers: list[Partner], price: Price, by: Actor) -> None:
        super().__init__(seed, resellers, by)
        self.price = price
        self.customers = [ready_customer(by.partner) for _ in range(2)]
        for customer in self.customers * 2:
            SubscriptionFactory(customer=customer, sku=price.sku)
        # As they were read at the beginning: a save writes what has long been wrong.
        self.stale = list(Subscription.objects.order_by("pk"))

    def steps(self) -> list[Callable[[], object]]:
        return [
            self.start, self.name, self.name_nobody, self.hand_over_all,
            self.establish, self.end_management, self.hand_over_customer,
            self.insert, self.end_behind, self.revive, self.rewrite, self.move_relation, self.delete,
            self.insert_management, self.end_management_behind, self.move, self.save, self.scribble,
        ]  # fmt: skip

    def customer(self) -> Any:
        return self.random.choice(self.customers)

    def subscription(self) -> Any:
        return self.random.choice(Subscription.objects.order_by("pk"))

    def model(self) -> Any:
        return self.random.choice([ResellerOfRecord, SupportContact])

    def relation(self) -> Any:
        """One of those there are; IndexError where there is none."""
        return self.random.choice(self.model().objects.order_by("pk"))

    def management(self) -> ResellerRelationship:
        return self.random.choice(ResellerRelationship.objects.current().order_by("pk"))

    # --- by services --------------------------------------------------------------------------------------------------
    def start(self) -> None:
        named = self.random.choice([None, *self.resellers])
        facts = {"price": self.price, "quantity": 1, "reseller_of_record": named}
        start_subscription(customer=self.customer(), by=self.by, **facts)

    def name(self) -> None:
        self.random.choice(NAMING)(subscription=self.subscription(), reseller=self.reseller(), by=self.by)

    def name_nobody(self) -> None:
        self.random.choice(NAMING)(subscription=self.subscription(), reseller=None, by=self.by)

    def hand_over_all(self) -> None:
        """Some of what names a reseller goes to another, the rest to nobody."""
        model, old, new = self.model(), Partnership.objects.get(reseller=self.reseller()), self.reseller()
        relations = loaded(model, old)
        to = {one.pk: new for one in relations if self.random.random() < 0.6}
        name_resellers(model=model, relations=relations, to=to, by=self.by, at=clock.now())

    def establish(self) -> None:
        establish_relationship(customer=self.customer(), reseller=self.reseller(), by=self.by)

    def end_management(self) -> None:
        end_reseller_relationship(relationship=self.management(), by=self.by)

    def hand_over_customer(self) -> None:
        hand_over_customer(relationship=self.management(), to=self.reseller(), by=self.by)

    # --- behind their back --------------------------------------------------------------------------------------------
    def insert(self) -> None:
        facts = {"subscription": self.subscription(), "reseller": self.reseller(), "set_by": self.by.user}
        self.model().objects.create(**facts)

    def end_behind(self) -> None:
        table = self.model()._meta.db_table
        execute(f"UPDATE {table} SET ends_at = begins_at WHERE reseller_id = %s", self.reseller().pk)

    def revive(self) -> None:
        relation = self.relation()
        execute(f"UPDATE {relation._meta.db_table} SET ends_at = NULL WHERE id = %s", relation.pk)

    def rewrite(self) -> None:
        relation = self.relation()
        execute(f"UPDATE {relation._meta.db_table} SET reseller_id = %s WHERE id = %s", self.reseller().pk, relation.pk)

    def move_relation(self) -> None:
        relation, table = self.relation(), self.model()._meta.db_table
        execute(f"UPDATE {table} SET subscription_id = %s WHERE id = %s", self.subscription().pk, relation.pk)

    def delete(self) -> None:
        relation = self.relation()
        execute(f"DELETE FROM {relation._meta.db_table} WHERE id = %s", relation.pk)

    def insert_management(self) -> None:
        ResellerRelationshipFactory(customer=self.customer(), reseller=self.reseller())

    def end_management_behind(self) -> None:
        execute(f"UPDATE {RELATIONSHIP} SET ends_at = begins_at WHERE customer_id = %s", self.customer().pk)

    def move(self) -> None:
        change = f"UPDATE {SUBSCRIPTION} SET customer_id = %s WHERE id = %s"
        execute(change, self.customer().pk, self.subscription().pk)

    def save(self) -> None:
        self.random.choice(self.stale).save()

    def scribble(self) -> None:
        column = self.random.choice(COLUMNS)
        Subscription.objects.filter(pk=self.subscription().pk).update(**{column: self.reseller()})


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_the_columns_say_what_the_relations_say(seed, resellers, price, admin):
    walk = OwnWalk(seed, resellers, price, admin)
    for _ in range(150):
        walk.take()
        assert said() == true(), walk.done
    assert all(walk.done.values()), walk.done


def test_a_subscription_begins_with_the_reseller_of_its_customer_alone(provider, resellers):
    customer = ready_customer(provider)
    ResellerRelationshipFactory(customer=customer, reseller=resellers[0])
    made = SubscriptionFactory(customer=customer, **dict.fromkeys(COLUMNS, resellers[1]))
    assert said() == {made.pk: (resellers[0].pk, None, None)}


def test_what_an_upgrade_branches_off_names_the_same(provider, resellers, admin):
    customer = ready_customer(provider)
    ResellerRelationshipFactory(customer=customer, reseller=resellers[0])
    source = bought(customer, offer(), admin, at=clock.now())
    set_reseller_of_record(subscription=source, reseller=resellers[1], by=admin)
    set_support_contact(subscription=source, reseller=resellers[2], by=admin)
    better = offer(price="240")
    path(source.sku, better.sku)
    change_subscription(subscription=source, intent=Priced(Kind.UPGRADE, better, 4), by=admin)
    assert list(said().values()) == [tuple(one.pk for one in resellers)] * 2


def test_a_reseller_sees_what_its_customers_have_and_no_more_when_that_ends(provider, resellers):
    mine, theirs = (SubscriptionFactory(customer__provider=provider, customer__managed_by=one) for one in resellers[:2])
    contact = {"subscription": theirs, "reseller": resellers[0], "set_by": theirs.customer.created_by}
    SupportContact.objects.create(**contact)
    ResellerOfRecord.objects.create(mpn_id="1", **contact)
    actor = actor_of(resellers[0])
    assert list(Subscription.objects.visible_to(actor)) == [mine]
    mine.customer.reseller_relationships.update(ends_at=clock.now())
    assert list(Subscription.objects.visible_to(actor)) == []
