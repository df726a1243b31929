"""The first page of each audience."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from csp_portal import home
from csp_portal.home import Queue, queues
from customers.models import Customer
from orders.models import OrderDraft
from tests.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


def test_queues_count_only_what_the_list_behind_shows(world: World) -> None:
    counts = {queue.url: queue.count for queue in queues(world.ours.provider_admin)}
    customers = reverse("customers:list")
    assert counts == {
        reverse("resellers:requested"): 1,
        reverse("resellers:list"): 1,
        customers: 1,
        f"{customers}?reseller=none": 0,
    }
    assert [queue.count for queue in queues(world.ours.reseller_admin)] == [1, 1, 1]


def test_queues_are_counted_no_further_than_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "COUNT_CAP", 1)
    assert home.count_of(Customer.objects.all()) == 1
    assert Queue(1, "", "").count_text == "0+"
    monkeypatch.undo()
    assert home.count_of(Customer.objects.all()) == 2
    assert (Queue(10_000, "", "").count_text, Queue(10_001, "", "").count_text) == ("10,000", "10,000+")


def test_home_takes_as_many_queries_for_three_drafts_as_for_one(
    world: World, django_assert_num_queries: Callable
) -> None:
    client = Client()
    assert world.ours.provider_admin.user is not None
    client.force_login(world.ours.provider_admin.user)
    client.get("/")
    with django_assert_num_queries(10):
        client.get("/")
    for number in range(2):
        OrderDraft.objects.create(
            owner=world.ours.provider_admin.user,
            provider=world.ours.provider,
            reseller=world.ours.reseller,
            details={"company_name": f"Draft {number}"},
        )
    with django_assert_num_queries(10):
        assert client.get("/").content.decode().count("Draft ") == 2
