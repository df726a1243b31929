"""The page Activity: who reads what, how it is narrowed, and the file."""

import csv
import io
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.access import Actor, system_actor
from accounts.models import Membership
from accounts.roles import Role
from accounts.saved_views.services import save_view
from activity.models import ActivityRecord, Source
from activity.services import record
from core import clock
from core.html import date_text
from tests.world import World, make_member, make_world

pytestmark = pytest.mark.django_db
LIST, EXPORT = reverse("activity:list"), reverse("activity:export")


@pytest.fixture
def world() -> World:
    """Two of everything."""
    return make_world()


def desk(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.user)
    return client


def did(actor: Actor, action: str, target: Any, *, days: int = 0, **changes: Any) -> ActivityRecord:
    """Something that was recorded some days ago."""
    with transaction.atomic(), clock.at(clock.now() - timedelta(days=days)):
        return record(action, target, by=actor, **changes)


def from_page(actor: Actor, **fields: Any) -> Actor:
    return Actor(**{**vars(actor), "ip": "192.0.2.7", "request_id": "abc123", "source": Source.PAGE, **fields})


def listed(client: Client, **query: str) -> list[ActivityRecord]:
    response = client.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return told(response)


def told(response: Any) -> list[ActivityRecord]:
    """The rows, without what the world itself has recorded."""
    return [one for one in response.context["table"].records if one.action != "partner.reinstated"]


def opened(actor: Actor) -> str:
    """The page with every row open."""
    keys = list(ActivityRecord.objects.values_list("pk", flat=True))
    response = desk(actor).get(LIST, {"open": keys})
    assert response.content.decode().count("details-") == len(response.context["table"].records)
    return response.content.decode()


# --- who reads what ---------------------------------------------------------------------------------------------------
def test_each_company_reads_what_concerned_it(world: World) -> None:
    ours, theirs = world.ours, world.theirs
    both = did(ours.provider_admin, "customer.changed", ours.customer)
    own = did(ours.provider_admin, "order_draft.handed_over", ours.draft)
    other = did(theirs.provider_admin, "customer.changed", theirs.customer)
    did(system_actor("test"), "catalogue.imported", world.back_office)
    readers = (ours.provider_admin, ours.reseller_admin, theirs.provider_admin, theirs.reseller_admin)
    assert [set(listed(desk(reader))) for reader in readers] == [{both, own}, {both}, {other}, {other}]


def test_a_reseller_reads_the_company_and_neither_person_nor_address(world: World) -> None:
    ours = world.ours
    did(from_page(ours.provider_admin), "customer.changed", ours.customer, note="for us", city=["Old", "New"])
    provider, reseller = opened(ours.provider_admin), opened(ours.reseller_admin)
    person = ours.provider_admin.user.full_name
    assert [word in provider for word in (person, "192.0.2.7", "abc123", "for us", "City")] == [True] * 5
    assert [word in reseller for word in (person, "192.0.2.7", "for us")] == [False] * 3
    assert str(ours.provider) in reseller
    assert "City: <bdi>Old</bdi> → <bdi>New</bdi>" in reseller


def test_a_provider_reads_of_a_reseller_the_company_alone(world: World) -> None:
    did(from_page(world.ours.reseller_admin), "customer.changed", world.ours.customer)
    page = opened(world.ours.provider_admin)
    assert world.ours.reseller_admin.user.full_name not in page
    assert "192.0.2.7" not in page
    assert str(world.ours.reseller) in page


def test_prices_are_for_those_who_may_see_them(world: World) -> None:
    did(world.ours.provider_admin, "subscription.renewed", world.ours.subscription, unit_price=["17.50", "18.50"])
    assert "17.50" in opened(world.ours.provider_admin)
    assert "17.50" not in opened(world.ours.reseller_admin)


def test_links_lead_only_where_the_reader_may_go(world: World) -> None:
    ours = world.ours
    for target in (ours.customer, ours.subscription, ours.order, ours.partnership):
        did(ours.provider_admin, "customer.changed", target)
    addresses = [ours.subscription.get_absolute_url(), reverse("orders:detail", args=[ours.order.public_id])]
    addresses += [reverse("resellers:detail", args=[ours.partnership.public_id])]
    pages = [desk(one).get(LIST).content.decode() for one in (ours.provider_admin, ours.reseller_admin)]
    assert [f'href="{address}"' in pages[0] for address in addresses] == [True, True, True]
    assert f'href="{addresses[2]}"' not in pages[1]


def test_an_ended_membership_shows_nothing(world: World) -> None:
    did(world.ours.provider_admin, "customer.changed", world.ours.customer)
    client = desk(world.ours.provider_admin)
    Membership.objects.filter(user=world.ours.provider_admin.user).update(ended_at=clock.now())
    assert client.get(LIST).status_code in (302, 403)


# --- filters ----------------------------------------------------------------------------------------------------------
def test_without_a_period_it_is_the_last_month_and_says_so(world: World) -> None:
    ours = world.ours
    recent = did(ours.provider_admin, "customer.changed", ours.customer, days=29)
    old = did(ours.provider_admin, "customer.changed", ours.customer, days=32)
    client = desk(ours.provider_admin)
    response = client.get(LIST)
    since = (clock.now() - timedelta(days=30)).date().isoformat()
    (chip,) = response.context["chips"]
    assert told(response) == [recent]
    assert f'value="{since}"' in response.content.decode()
    assert (chip["label"], chip["value"]) == ("From", date_text(date.fromisoformat(since)))
    assert told(client.get(chip["url"])) == [recent, old]
    assert listed(client, until=(clock.now() - timedelta(days=31)).date().isoformat()) == [old]


def test_it_is_narrowed_by_person_company_action_and_source(world: World) -> None:
    ours = world.ours
    colleague = make_member(ours.provider, "colleague", Role.ADMIN_AGENT)
    changed = did(from_page(colleague), "customer.changed", ours.customer)
    placed = did(from_page(ours.provider_admin), "order.placed", ours.order)
    renewed = did(system_actor("clock"), "subscription.renewed", ours.subscription)
    exported = did(ours.provider_admin, "customers.exported", ours.provider)
    client = desk(ours.provider_admin)
    found = {
        "person": listed(client, person=str(colleague.user.pk)),
        "named": listed(client, person=colleague.user.full_name),
        "reseller": listed(client, reseller=str(ours.reseller.microsoft_id)),
        "customer": listed(client, customer=str(ours.customer.microsoft_id)),
        "action": listed(client, action="order.placed"),
        "group": listed(client, action="subscriptions"),
        "exports": listed(client, action="exports"),
        "source": listed(client, source="task"),
    }
    concerned = [renewed, placed, changed]
    assert found == {
        "person": [changed],
        "named": [changed],
        "reseller": concerned,
        "customer": concerned,
        "action": [placed],
        "group": [renewed],
        "exports": [exported],
        "source": [renewed],
    }


def test_a_filter_in_force_is_named_in_words(world: World) -> None:
    did(world.ours.provider_admin, "order.placed", world.ours.order)
    chips = desk(world.ours.provider_admin).get(f"{LIST}?action=order.placed&since=").context["chips"]
    assert [(chip["label"], chip["value"]) for chip in chips] == [("Action", "Order placed")]


@pytest.mark.parametrize("name", ["person", "customer", "reseller"])
def test_what_is_out_of_sight_cannot_be_filtered_by(world: World, name: str) -> None:
    theirs = world.theirs
    did(world.ours.provider_admin, "customer.changed", world.ours.customer)
    keys = {
        "person": str(theirs.provider_admin.user.pk),
        "customer": str(theirs.customer.microsoft_id),
        "reseller": str(theirs.reseller.microsoft_id),
    }
    response = desk(world.ours.provider_admin).get(f"{LIST}?{urlencode({name: keys[name]})}")
    assert response.context["filter_form"].errors
    assert "Theirs" not in response.content.decode()


def test_suggestions_are_ones_own_people_and_customers(world: World) -> None:
    client = desk(world.ours.provider_admin)
    people = client.get(reverse("activity:suggest_people"), {"q": "of"}).json()["results"]
    customers = client.get(reverse("activity:suggest_customers"), {"q": "s"}).json()["results"]
    assert {one["value"] for one in people} == {str(world.ours.provider_admin.user.pk), str(world.helpdesk.user.pk)}
    assert [one["value"] for one in customers] == [str(world.ours.customer.microsoft_id)]


def test_a_view_of_it_can_be_saved(world: World) -> None:
    actor = world.ours.provider_admin
    save_view(name="Orders", page="activity:list", query=QueryDict("action=orders"), is_shared=False, by=actor)
    assert "Orders" in desk(actor).get(LIST).content.decode()


# --- cost -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_whatever_it_shows(world: World, number: int, django_assert_num_queries: Any) -> None:
    ours = world.ours
    for _turn in range(number):
        for target in (ours.customer, ours.subscription, ours.order, ours.partnership, ours.request):
            did(ours.provider_admin, "customer.changed", target)
    client = desk(ours.provider_admin)
    client.get(LIST)
    with django_assert_num_queries(10):
        client.get(LIST)


# --- the file ---------------------------------------------------------------------------------------------------------
def export(client: Client, **query: str) -> list[list[str]]:
    response = client.post(f"{EXPORT}?{urlencode(query)}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))


def test_the_file_holds_what_is_filtered_and_is_recorded(world: World) -> None:
    ours = world.ours
    did(from_page(ours.provider_admin), "customer.changed", ours.customer, city=["Old", "=1+1"])
    did(ours.provider_admin, "order.placed", ours.order)
    header, row = export(desk(ours.provider_admin), action="customer.changed")
    found = dict(zip(header, row, strict=True))
    assert found | {"When": ""} == {
        "When": "",
        "Who": ours.provider_admin.user.full_name,
        "Acting for": str(ours.provider),
        "Action": "Account changed",
        "Object": str(ours.customer),
        "Object’s ID": str(ours.customer.microsoft_id),
        "Customer": ours.customer.company_name,
        "Customer’s Microsoft ID": str(ours.customer.microsoft_id),
        "From → to": "City: Old → =1+1",
        "Source": "Page",
        "Request ID": "abc123",
        "Network address": "192.0.2.7",
    }
    kept = ActivityRecord.objects.get(action="activity.exported")
    assert (kept.target_id, kept.changes, kept.source) == (str(ours.provider.microsoft_id), {"filters": 2}, "page")


def test_no_cell_of_the_file_is_a_formula(world: World) -> None:
    ours = world.ours
    ours.provider_admin.user.full_name = "=cmd()"
    ours.provider_admin.user.save()
    did(ours.provider_admin, "customer.changed", ours.customer)
    assert export(desk(ours.provider_admin), action="customer.changed")[1][1] == "'=cmd()"


def test_a_resellers_file_holds_no_people_and_addresses_of_others(world: World) -> None:
    ours = world.ours
    did(from_page(ours.provider_admin), "customer.changed", ours.customer, note="for us")
    text = str(export(desk(ours.reseller_admin)))
    assert [word in text for word in (ours.provider_admin.user.full_name, "192.0.2.7", "for us")] == [False] * 3
    assert str(ours.provider) in text


def test_the_file_is_in_the_language_of_the_reader(world: World) -> None:
    actor = world.ours.provider_admin
    did(actor, "customer.changed", world.ours.customer)
    actor.user.language = "pt-br"
    actor.user.save()
    with translation.override("pt-br"):
        assert export(desk(actor), action="customer.changed")[1][3] == "Conta alterada"


def test_wrong_filters_export_nothing(world: World) -> None:
    response = desk(world.ours.provider_admin).post(f"{EXPORT}?since=nonsense")
    assert response.status_code == 302
    assert not ActivityRecord.objects.filter(action="activity.exported").exists()
