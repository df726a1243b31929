"""How many customers and subscriptions name a reseller: what lists show is what there is, whoever changes it."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from customers.models import Customer
from subscriptions.models import ResellerTally, Subscription
from subscriptions.services import set_reseller_of_record
from subscriptions.tallies import count_resellers_anew
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnershipFactory, ResellerRelationshipFactory, SubscriptionFactory
from tests.races import at_once
from tests.subscriptions.test_named_resellers import OwnWalk
from tests.walks import execute, three_resellers

Numbers = dict[tuple[int, int], tuple[int, int]]
TALLY = ResellerTally._meta.db_table


def kept() -> Numbers:
    """What the tallies add up to, by provider and reseller."""
    found = {
        (provider, reseller): numbers
        for provider in ResellerTally.objects.values_list("provider", flat=True).distinct()
        for reseller, numbers in ResellerTally.objects.filter(provider=provider).by_reseller().items()
    }
    return {pair: numbers for pair, numbers in found.items() if numbers != (0, 0)}


def counted() -> Numbers:
    """What there is."""
    customers = Counter(Customer.objects.exclude(managing_reseller=None).values_list("provider", "managing_reseller"))
    named = Subscription.objects.listed().exclude(reseller_of_record=None)
    subscriptions = Counter(named.values_list("provider", "reseller_of_record"))
    return {pair: (customers[pair], subscriptions[pair]) for pair in customers.keys() | subscriptions.keys()}


class TallyWalk(OwnWalk):
    """Beside all that names a reseller, subscriptions and customers come and go."""

    def steps(self) -> list[Callable[[], object]]:
        return [*super().steps(), self.delete_subscription, self.revive_subscription, self.vanish, self.count_anew]

    def delete_subscription(self) -> None:
        Subscription.objects.filter(pk=self.subscription().pk).update(status="deleted")

    def revive_subscription(self) -> None:
        execute("UPDATE subscriptions_subscription SET status = 'active' WHERE status = 'deleted'")

    def vanish(self) -> None:
        """A row of the table itself, as a tool of the database takes it away."""
        made = SubscriptionFactory(customer=self.customer(), sku=self.price.sku)
        set_reseller_of_record(subscription=made, reseller=self.reseller(), by=self.by)
        execute("DELETE FROM subscriptions_resellerofrecord WHERE subscription_id = %s", made.pk)
        execute("DELETE FROM subscriptions_subscription WHERE id = %s", made.pk)

    def count_anew(self) -> None:
        count_resellers_anew()
        assert ResellerTally.objects.count() == len(counted())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_the_tallies_add_up_to_what_there_is(
    seed: int, provider: Partner, reseller: Partner, price: Price, admin: Actor
) -> None:
    walk = TallyWalk(seed, three_resellers(provider, reseller), price, admin)
    for _ in range(150):
        walk.take()
        assert kept() == counted(), walk.done
    assert all(walk.done.values()), walk.done


def test_a_customer_counts_while_it_exists(provider: Partner, reseller: Partner) -> None:
    customer = CustomerFactory(provider=provider, managed_by=reseller)
    assert kept() == counted() == {(provider.pk, reseller.pk): (1, 0)}
    execute("DELETE FROM customers_resellerrelationship WHERE customer_id = %s", customer.pk)
    assert kept() == {}


def test_what_was_counted_wrong_is_right_the_next_day(provider: Partner, reseller: Partner) -> None:
    CustomerFactory.create_batch(3, provider=provider, managed_by=reseller)
    execute(f"UPDATE {TALLY} SET customers = 7")
    execute(f"INSERT INTO {TALLY} (provider_id, reseller_id, customers, subscriptions) VALUES (1, 2, 3, 4)")
    count_resellers_anew()
    assert kept() == counted() == {(provider.pk, reseller.pk): (3, 0)}
    assert ResellerTally.objects.count() == 1
    count_resellers_anew()
    assert ResellerTally.objects.count() == 1


def test_the_list_shows_what_the_tallies_say_and_of_no_other_provider(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Callable[..., Client]
) -> None:
    other = PartnershipFactory(reseller=reseller).provider
    CustomerFactory.create_batch(2, provider=provider, managed_by=reseller)
    made = SubscriptionFactory(customer=CustomerFactory(provider=other, managed_by=reseller))
    [row] = signed_in(admin.user).get(reverse("resellers:list")).context["table"].records
    assert (row.customer_count, row.subscription_count) == (2, 0)
    assert made.provider == other
    assert set(ResellerTally.objects.visible_to(admin)) == set(ResellerTally.objects.filter(provider=provider))
    assert not ResellerTally.objects.visible_to(actor_of(reseller)).exists()


# --- at once ----------------------------------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_customers_of_one_reseller_wait_for_no_tally(provider: Partner, reseller: Partner) -> None:
    first, second = CustomerFactory.create_batch(2, provider=provider)
    with transaction.atomic():
        ResellerRelationshipFactory(customer=first, reseller=reseller)
        # Somebody else comes and is done while this transaction is still open.
        [made] = at_once(lambda: ResellerRelationshipFactory(customer=second, reseller=reseller))
        assert made.customer == second
    assert kept() == counted() == {(provider.pk, reseller.pk): (2, 0)}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_counting_anew_at_once_counts_once(provider: Partner, reseller: Partner) -> None:
    CustomerFactory.create_batch(3, provider=provider, managed_by=reseller)
    for _ in range(5):
        assert at_once(*[count_resellers_anew] * 4) == [None] * 4
        assert kept() == counted()
        assert ResellerTally.objects.count() == 1
