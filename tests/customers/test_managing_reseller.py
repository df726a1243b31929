"""Which reseller manages a customer, as its column says: never anything but what the dated relations say."""

from collections.abc import Callable

import pytest

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from customers.handing_over import hand_over_customers, lock_relationships
from customers.models import Customer, ResellerRelationship
from customers.relationships import change_scope, end_reseller_relationship, establish_relationship, hand_over_customer
from resellers.models import Partnership
from tests.factories import CustomerFactory, ResellerRelationshipFactory
from tests.walks import Walk, execute, three_resellers

TABLE, COLUMN = "customers_resellerrelationship", "managing_reseller_id"


@pytest.fixture
def resellers(provider: Partner, reseller: Partner) -> list[Partner]:
    """Three that are ready for business."""
    return three_resellers(provider, reseller)


def said() -> dict[int, int | None]:
    """What the column says of each customer."""
    return dict(Customer.objects.values_list("pk", COLUMN))


def true() -> dict[int, int | None]:
    """What the relations say."""
    nobody = dict.fromkeys(Customer.objects.values_list("pk", flat=True))
    return nobody | dict(ResellerRelationship.objects.current().values_list("customer", "reseller"))


class OwnWalk(Walk):
    """Does one thing after another to a few customers, by services and behind their back."""

    def __init__(self, seed: int, resellers: list[Partner], by: Actor) -> None:
        super().__init__(seed, resellers, by)
        self.customers = [CustomerFactory(provider=by.partner) for _ in range(3)]
        # As they were read at the beginning: a save writes what has long been wrong.
        self.stale = list(Customer.objects.order_by("pk"))

    def steps(self) -> list[Callable[[], object]]:
        return [
            self.establish, self.end, self.hand_over, self.narrow, self.hand_over_all,
            self.insert, self.end_behind, self.revive, self.rewrite, self.move, self.delete, self.save, self.scribble,
        ]  # fmt: skip

    def customer(self) -> Customer:
        return self.random.choice(self.customers)

    def relation(self, **values: object) -> ResellerRelationship:
        """One of those there are; IndexError where there is none."""
        return self.random.choice(ResellerRelationship.objects.filter(**values).order_by("pk"))

    # --- by services --------------------------------------------------------------------------------------------------
    def establish(self) -> None:
        establish_relationship(customer=self.customer(), reseller=self.reseller(), by=self.by)

    def end(self) -> None:
        end_reseller_relationship(relationship=self.relation(), by=self.by)

    def hand_over(self) -> None:
        hand_over_customer(relationship=self.relation(ends_at=None), to=self.reseller(), by=self.by)

    def narrow(self) -> None:
        change_scope(relationship=self.relation(ends_at=None), scope="view_and_request", by=self.by)

    def hand_over_all(self) -> None:
        old, new = Partnership.objects.get(reseller=self.reseller()), Partnership.objects.get(reseller=self.reseller())
        relationships = lock_relationships(old)
        to = {one.pk: new for one in relationships}
        hand_over_customers(relationships=relationships, to=to, by=self.by, at=clock.now())

    # --- behind their back --------------------------------------------------------------------------------------------
    def insert(self) -> None:
        ResellerRelationshipFactory(customer=self.customer(), reseller=self.reseller())

    def end_behind(self) -> None:
        execute(f"UPDATE {TABLE} SET ends_at = begins_at WHERE reseller_id = %s", self.reseller().pk)

    def revive(self) -> None:
        execute(f"UPDATE {TABLE} SET ends_at = NULL WHERE id = %s", self.relation().pk)

    def rewrite(self) -> None:
        partnership = Partnership.objects.get(reseller=self.reseller())
        change = f"UPDATE {TABLE} SET reseller_id = %s, partnership_id = %s WHERE id = %s"
        execute(change, partnership.reseller_id, partnership.pk, self.relation().pk)

    def move(self) -> None:
        change = f"UPDATE {TABLE} SET customer_id = %s WHERE id = %s"
        execute(change, self.customer().pk, self.relation().pk)

    def delete(self) -> None:
        execute(f"DELETE FROM {TABLE} WHERE id = %s", self.relation().pk)

    def save(self) -> None:
        self.random.choice(self.stale).save()

    def scribble(self) -> None:
        Customer.objects.filter(pk=self.customer().pk).update(**{COLUMN: self.reseller().pk})


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_the_column_says_what_the_relations_say(seed, resellers, admin):
    walk = OwnWalk(seed, resellers, admin)
    for _ in range(80):
        walk.take()
        assert said() == true(), walk.done
    assert all(walk.done.values()), walk.done


def test_a_customer_is_not_made_with_a_reseller_that_does_not_manage_it(provider, reseller):
    customer = CustomerFactory(provider=provider, managing_reseller=reseller)
    assert said() == {customer.pk: None}


def test_only_its_own_customers_follow_a_relation(provider, resellers):
    first, second = (CustomerFactory(provider=provider, managed_by=one) for one in resellers[:2])
    first.reseller_relationships.update(ends_at=clock.now())
    assert said() == {first.pk: None, second.pk: resellers[1].pk}


def test_access_asks_the_relations_too(provider, reseller):
    managed, _other = CustomerFactory(provider=provider, managed_by=reseller), CustomerFactory(provider=provider)
    rows = Customer.objects.managed_by(reseller)
    assert list(rows) == [managed]
    assert f'FROM "{TABLE}"' in str(rows.query)
