"""The first page of each audience."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Partner
from accounts.roles import Program, Role
from activity.services import record
from core import clock
from csp_portal import home
from csp_portal.home import Queue, attention, queues, recent_activity
from customers.models import CustomerAgreement, RelationshipRequest
from mail.models import OutgoingEmail
from orders.models import OrderDraft
from resellers.models import PartnershipRequest, PendingAcceptance
from resellers.services.mailing import mail_request
from resellers.services.waiting import begin_waiting
from subscriptions.models import ChangeRequest
from tests.factories import CustomerFactory
from tests.world import World, make_member, make_partner, make_world


@pytest.fixture
def world(db: None) -> World:
    """Two of everything."""
    return make_world()


def test_queues_count_only_what_the_list_behind_shows(world: World) -> None:
    counts = {queue.url: queue.count for queue in queues(world.ours.provider_admin)}
    customers = reverse("customers:list")
    assert counts == {
        reverse("resellers:requested"): 2,
        f"{reverse('customers:relationship_requests')}?state=open": 1,
        reverse("resellers:list"): 1,
        customers: 1,
        f"{customers}?reseller=none": 0,
        f"{customers}?agreement=none": 0,
    }
    assert [queue.count for queue in queues(world.ours.reseller_admin)] == [1, 1, 1, 1, 1]


def test_customers_without_an_agreement_are_a_queue_of_the_providers(world: World) -> None:
    CustomerAgreement.objects.filter(customer__in=[world.ours.customer, world.theirs.customer]).delete()
    CustomerFactory(provider=world.theirs.provider)
    url = f"{reverse('customers:list')}?agreement=none"
    found = {queue.url: (queue.count, queue.label) for queue in queues(world.ours.provider_admin)}
    assert found[url] == (1, "Customer without an accepted agreement")
    client = Client()
    client.force_login(world.ours.provider_admin.user)
    assert [row.pk for row in client.get(url).context["listing"].page.rows] == [world.ours.customer.pk]
    assert url not in {queue.url for queue in queues(world.ours.reseller_admin)}


def test_queues_are_counted_no_further_than_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    CustomerFactory.create_batch(2, provider=world.ours.provider)
    monkeypatch.setattr(home, "COUNT_CAP", 2)
    counts = {queue.label: (queue.count, queue.count_text) for queue in queues(world.ours.provider_admin)}
    assert counts["Customers"] == (2, "1+")
    monkeypatch.undo()
    counts = {queue.label: (queue.count, queue.count_text) for queue in queues(world.ours.provider_admin)}
    assert counts["Customers"] == (3, "3")
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
        assert client.get("/").content.decode().count("<bdi>Draft ") == 2


def test_news_lead_to_what_they_speak_of_if_the_reader_may_open_it(
    world: World, django_assert_num_queries: Callable
) -> None:
    ours = world.ours
    asked = RelationshipRequest.objects.filter(customer=ours.customer).latest("pk")
    for action, target in (
        ("order.placed", ours.order),
        ("customer.created", ours.customer),
        ("partnership_request.sent", ours.request),
        ("relationship_request.sent", asked),
    ):
        record(action, target, by=ours.provider_admin)
    urls = [f'href="{one.get_absolute_url()}"' for one in (ours.order, ours.customer, ours.request, asked)]
    pages = {}
    for actor in (ours.provider_admin, ours.reseller_admin, world.theirs.provider_admin):
        client = Client()
        client.force_login(actor.user)
        client.get("/")
        pages[actor] = client.get("/").content.decode()
    assert [url in pages[ours.provider_admin] for url in urls] == [True] * 4
    assert urls[1] in pages[ours.reseller_admin]
    assert not any(url in pages[ours.reseller_admin] for url in urls[2:])
    assert not any(url in pages[world.theirs.provider_admin] for url in urls)
    with django_assert_num_queries(2):
        assert len(recent_activity(ours.provider_admin)) >= 3


def test_what_needs_attention_is_counted_as_its_list_counts(world: World, django_assert_num_queries: Callable) -> None:
    actor, request = world.ours.provider_admin, world.ours.request
    ChangeRequest.objects.update(state=ChangeRequest.State.WITHDRAWN, submitted_at=clock.now())
    confirm = f"{reverse('resellers:requested')}?attention=confirm"
    assert [(item.url, item.count) for item in attention(actor)] == [(confirm, 1)]
    PendingAcceptance.objects.update(ended_at=clock.now(), outcome=PendingAcceptance.Outcome.LAPSED)
    assert attention(actor) == []
    now = clock.now()
    PartnershipRequest.objects.filter(pk=request.pk).update(new_link_wanted_at=now, expires_at=now + timedelta(days=3))
    Partner.objects.filter(pk=world.ours.reseller.pk).update(agreement_accepted_on=None)
    mail_request(request, by=actor)
    OutgoingEmail.objects.update(state=OutgoingEmail.State.FAILED)
    begin_waiting(request, world.theirs.reseller, from_other_domain=True, by=world.theirs.reseller_admin)
    with django_assert_num_queries(1):
        found = attention(actor)
    requested = reverse("resellers:requested")
    assert {item.url: (item.count, item.label) for item in found} == {
        f"{requested}?attention=confirm": (1, "1 acceptance to confirm"),
        f"{requested}?attention=failed": (1, "1 request could not be sent: correct the address"),
        f"{requested}?attention=new_link": (1, "1 person wants a new link"),
        f"{reverse('resellers:list')}?today=refused": (1, "New business with 1 reseller would be refused today"),
    }
    client = Client()
    client.force_login(actor.user)
    for item in found:
        assert client.get(item.url).context["listing"].page.count == item.count, item.url
    assert "Needs attention" in client.get("/").content.decode()
    assert attention(world.theirs.provider_admin) == []
    assert attention(world.ours.reseller_admin) == []


@pytest.mark.parametrize("state", ["pending", "rejected", "suspended"])
def test_home_leads_people_without_an_active_company_to_its_enrolment(world: World, state: str) -> None:
    Partner.objects.filter(pk=world.ours.reseller.pk).update(enrolment_state=state)
    client = Client()
    for person in (world.ours.reseller_admin.user, world.stranger):
        client.force_login(person)
        response = client.get("/")
        assert (response.status_code, response.headers["Location"]) == (302, reverse("enrolment:status"))


def test_a_reseller_without_a_provider_reads_how_it_gets_one(world: World) -> None:
    client = Client()
    newcomer = make_partner("Newcomer", Program.INDIRECT_RESELLER, "2000088")
    client.force_login(make_member(newcomer, "first", Role.GLOBAL_ADMIN).user)
    assert "Your first indirect provider" in client.get(reverse("home")).content.decode()
    client.force_login(world.ours.reseller_admin.user)
    assert "Your first indirect provider" not in client.get(reverse("home")).content.decode()


@pytest.mark.postgres
@pytest.mark.django_db
def test_no_page_reads_a_whole_index_on_its_way_to_the_newest_rows() -> None:
    """They lie beyond the statistics, where a merge join expects nothing, and no page waits for a plan."""
    names = ("enable_mergejoin", "max_parallel_workers_per_gather", "jit")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(unnest(%s::text[]))", [list(names)])
        assert dict(zip(names, (value for [value] in cursor.fetchall()), strict=True)) == {
            "enable_mergejoin": "off",
            "max_parallel_workers_per_gather": "0",
            "jit": "off",
        }
