"""What a reseller works with: its own, and not a byte of a sibling reseller's or of another provider's."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Program, Role
from core import clock
from csp_portal.home import attention, queues
from customers.models import Customer, CustomerAgreement, ResellerRelationship
from customers.relationships import change_scope
from mail.models import OutgoingEmail
from resellers.models import Partnership
from subscriptions.change_requests.asking import submit_change_request
from subscriptions.change_requests.services import (
    answer_change_request,
    approve_change_request,
    ask_about_change_request,
    reject_change_request,
)
from subscriptions.models import ChangeRequest, IncentiveMonth, ResellerOfRecord, Subscription, SupportContact
from tests.portal.routes import ROUTES, SIMPLE, named_routes
from tests.reading import rows, steady
from tests.world import World, make_change_request, make_incentive, make_member, make_partner, make_world

Scope = ResellerRelationship.Scope
ALL = sorted(set(named_routes(get_resolver().url_patterns)))
# Addresses that show the mail of the whole demo, end the session, or offer a secret that is new each time.
LEFT_OUT = {"demo:mailbox", "demo:mail", "demo:requests", "account_logout", "mfa_activate_totp"}

# They show the number of the very request that took a file.
OWN_NUMBERS = {"activity:list", "activity:export"}


@dataclass
class Sibling:
    """Another reseller of our provider, with one of each thing."""

    reseller: Partner
    admin: Actor
    customer: Customer
    subscription: Subscription
    request: ChangeRequest

    @property
    def secrets(self) -> list[str]:
        """What names it or its customer, in whatever spelling a page or file would use."""
        ids = (self.reseller.microsoft_id, self.customer.microsoft_id, self.subscription.subscription_id)
        words = ["Siblingreseller", "Siblingcustomer", "siblingcustomer", "Siblingsubscription", "2000077"]
        return [*words, *map(str, (*ids, self.request.public_id)), self.admin.user.email]


def make_sibling(world: World) -> Sibling:
    """It shares the provider with ours, and one of the subscriptions of our customer names it."""
    provider, staff = world.ours.provider, world.ours.provider_admin.user
    reseller = make_partner("Siblingreseller Inc.", Program.INDIRECT_RESELLER, "2000077")
    admin = make_member(reseller, "admin", Role.GLOBAL_ADMIN)
    partnership = Partnership.objects.create(provider=provider, reseller=reseller)
    customer = Customer.objects.get(pk=world.ours.customer.pk)
    customer.pk, customer.microsoft_id = None, Customer._meta.get_field("microsoft_id").get_default()
    customer._state.adding = True
    customer.company_name, customer.domain_prefix = "Siblingcustomer Ltd.", "siblingcustomer"
    customer.contact_email, customer.contact_last_name = "siblingcustomer@example.com", "Siblingcustomer"
    customer.save()
    ResellerRelationship.objects.create(customer=customer, reseller=reseller, partnership=partnership, set_by=staff)
    agreement = CustomerAgreement.objects.filter(customer=world.ours.customer).get()
    agreement.pk, agreement.customer = None, customer
    agreement.save()
    subscription = one_more(customer, world, "Siblingsubscription")
    for model, extra in ((ResellerOfRecord, {"mpn_id": reseller.mpn_id}), (SupportContact, {})):
        model._default_manager.create(subscription=subscription, reseller=reseller, set_by=staff, **extra)
    make_incentive_of(subscription, reseller)
    request = make_change_request(subscription, admin, submitted_at=clock.now(), state="submitted")
    return Sibling(reseller, admin, customer, subscription, request)


def make_incentive_of(subscription: Subscription, reseller: Partner) -> None:
    """The month is there already: our own reseller earned in it too."""
    IncentiveMonth.objects.filter(provider=subscription.provider).delete()
    make_incentive(subscription, reseller)


def one_more(customer: Customer, world: World, nickname: str) -> Subscription:
    """A subscription of this customer, which can still be canceled."""
    price, now = world.price, clock.now()
    return Subscription.objects.create(
        customer=customer,
        sku=price.sku,
        offer_name=price.sku.title,
        nickname=nickname,
        quantity=5,
        term_duration=price.term_duration,
        billing_plan=price.billing_plan,
        segment=price.segment,
        unit_price=price.unit_price,
        currency=price.currency,
        ends_at=now + timedelta(days=365),
        cancellable_until=now + timedelta(days=6),
        batches=[{"quantity": 5, "bought_at": now.isoformat()}],
    )


@pytest.fixture
def world(db: None) -> World:
    """Two providers with a reseller each."""
    return make_world()


def bodies(actor: Actor, world: World) -> dict[str, str]:
    """What every address answers to this person, without what differs each time; files and suggestions too."""
    point = transaction.savepoint()
    client = Client()
    client.force_login(actor.user)
    found = {}
    for route in ALL:
        if route in LEFT_OUT:
            continue
        address = reverse(route, kwargs=ROUTES.get(route, SIMPLE).arguments(world))
        exporting = route.endswith("export")
        response = client.post(address, EXPORTED) if exporting else client.get(address, {"q": "custom"})
        body = b"".join(response) if response.streaming else response.content
        found[route] = timeless(body.decode())
    # What signing in and taking files away has recorded is not there the next time.
    transaction.savepoint_rollback(point)
    return found


EXPORTED = {"columns": ["microsoft_id", "company_name"]}


def timeless(text: str) -> str:
    """The text without what is new at each opening, and without spans of time."""
    return re.sub(r"<time[^>]*>[^<]*</time>", "", steady(text.encode()).decode())


def test_a_sibling_s_business_changes_no_byte_for_us(world: World) -> None:
    """Names, counts, sums and charts: all that our reseller reads is as if the sibling were not there."""
    before = bodies(world.ours.reseller_admin, world)
    sibling = make_sibling(world)
    after = bodies(world.ours.reseller_admin, world)
    changed = [route for route in before if before[route] != after[route] and route not in OWN_NUMBERS]
    assert changed == []
    assert [(route, one) for route, text in after.items() for one in sibling.secrets if one in text] == []


def test_nothing_of_ours_is_in_what_a_sibling_reads(world: World) -> None:
    sibling = make_sibling(world)
    ours = world.ours
    ids = (ours.reseller.microsoft_id, ours.customer.microsoft_id, ours.subscription.subscription_id)
    secrets = ["Oursreseller", "Ourscustomer", "ourscustomer", "Ourssubscription", *map(str, ids)]
    secrets += [str(ours.change_request.public_id), "Theirs", "theirs"]
    read = bodies(sibling.admin, world)
    # An address that names ours is echoed by the sign-in page alone.
    assert [(route, one) for route, text in read.items() for one in secrets if one in text] == []
    assert "Siblingcustomer" in read["customers:list"]


def test_another_reseller_named_on_our_customer_is_not_named_to_us(world: World) -> None:
    """There is another; who, its number and how it is reached is not ours to know."""
    sibling = make_sibling(world)
    subscription = one_more(world.ours.customer, world, "Shared")
    staff = world.ours.provider_admin.user
    ResellerOfRecord.objects.create(
        subscription=subscription, reseller=sibling.reseller, mpn_id=sibling.reseller.mpn_id, set_by=staff
    )
    SupportContact.objects.create(subscription=subscription, reseller=sibling.reseller, set_by=staff)
    client = Client()
    client.force_login(world.ours.reseller_admin.user)
    listed = client.get(reverse("subscriptions:list", args=[world.ours.customer.microsoft_id]))
    shown = next(cells for cells in rows(listed) if "Shared" in cells[0])
    assert shown.count("Another reseller") == 2
    pages = [
        listed,
        client.get(subscription.get_absolute_url()),
        client.get(reverse("subscriptions:all")),
        client.post(reverse("subscriptions:export")),
    ]
    for page in pages:
        body = (b"".join(page) if page.streaming else page.content).decode()
        assert "Another reseller" in body
        assert [one for one in sibling.secrets if one in body] == []
    client.force_login(world.ours.provider_admin.user)
    assert "Siblingreseller" in client.get(subscription.get_absolute_url()).content.decode()


def test_mails_of_each_name_nothing_of_the_other(world: World) -> None:
    """Asked, questioned, answered, approved and rejected on both sides."""
    sibling, staff = make_sibling(world), world.ours.provider_admin
    mine = one_more(world.ours.customer, world, "Ourssecond")
    theirs = one_more(sibling.customer, world, "Siblingsubscription two")
    OutgoingEmail.objects.all().delete()
    for subscription, by in ((mine, world.ours.reseller_admin), (theirs, sibling.admin)):
        asked = submit_change_request(
            subscription=subscription, kind="cancel", values={}, message="Please.", version=1, by=by
        )
        asked = ask_about_change_request(request=asked, text="Why?", by=staff)
        asked = answer_change_request(request=asked, text="So.", by=by)
        reject_change_request(request=asked, reason="No.", by=staff)
        asked = submit_change_request(
            subscription=subscription, kind="cancel", values={}, message="Still.", version=1, by=by
        )
        approve_change_request(request=asked, version=1, by=staff)
    ours = [mail for mail in OutgoingEmail.objects.all() if "Ours" in mail.subject]
    others = [mail for mail in OutgoingEmail.objects.all() if "Sibling" in mail.subject]
    assert (len(ours), len(others), OutgoingEmail.objects.count()) == (6, 6, 12)
    for mails, secrets in ((ours, sibling.secrets), (others, ["Oursreseller", "Ourscustomer", "Ourssecond"])):
        assert [one for mail in mails for one in secrets if one in mail.subject + mail.text + mail.html] == []
    to_sibling = OutgoingEmail.objects.filter(recipient=sibling.admin.user.email)
    assert {mail.pk for mail in to_sibling} < {mail.pk for mail in others}


# --- Home ------------------------------------------------------------------------------------------------------------
def numbers(actor: Actor) -> dict[str, int]:
    """The counts of Home by the address of the list behind each."""
    return {queue.url: queue.count for queue in [*queues(actor), *attention(actor)]}


def test_home_counts_the_work_of_both_sides(world: World) -> None:
    listed, lists = reverse("subscriptions:change_requests"), reverse("customers:list")
    provider, reseller = world.ours.provider_admin, world.ours.reseller_admin
    assert numbers(provider)[f"{listed}?state=submitted"] == 1
    assert f"{listed}?state=question" not in numbers(reseller)
    ask_about_change_request(request=world.ours.change_request, text="Why?", by=provider)
    assert numbers(reseller)[f"{listed}?state=question"] == 1
    assert f"{listed}?state=submitted" not in numbers(provider)
    reject_change_request(request=world.ours.change_request, reason="No", by=provider)
    found = numbers(reseller)
    assert (found[f"{listed}?state=decided"], found[f"{lists}?access=changed"]) == (1, 1)
    assert found[f"{reverse('subscriptions:all')}?support=ours"] == 1


def test_each_count_of_a_reseller_s_home_is_that_of_its_list(world: World) -> None:
    ask_about_change_request(request=world.ours.change_request, text="Why?", by=world.ours.provider_admin)
    client = Client()
    client.force_login(world.ours.reseller_admin.user)
    for url, count in numbers(world.ours.reseller_admin).items():
        context = client.get(url).context
        assert context["listing"].page.count == count, url


def test_home_shows_each_provider_at_a_glance(world: World, django_assert_num_queries: Callable) -> None:
    """As many queries for two providers as for one."""
    client = Client()
    client.force_login(world.ours.reseller_admin.user)
    client.get("/")
    with django_assert_num_queries(9):
        client.get("/")
    Partnership.objects.create(provider=world.theirs.provider, reseller=world.ours.reseller)
    with django_assert_num_queries(9):
        response = client.get("/")
    assert rows(response) == [["Oursprovider Inc.", "1", "1", "1"], ["Theirsprovider Inc.", "0", "0", "0"]]


def test_filters_of_access_and_support(world: World) -> None:
    """Where a reseller looks after it has seen the counts."""
    client, reseller = Client(), world.ours.reseller_admin
    client.force_login(reseller.user)

    def count(name: str, **query: str) -> int:
        return client.get(reverse(name), query).context["listing"].page.count

    assert [count("customers:list", access=one) for one in ("manage", "view_and_request", "changed")] == [1, 0, 1]
    relationship = ResellerRelationship.objects.current().get(customer=world.ours.customer)
    change_scope(relationship=relationship, scope=Scope.VIEW_AND_REQUEST, by=world.ours.provider_admin)
    ResellerRelationship.objects.current().update(begins_at=clock.now() - timedelta(days=8))
    assert [count("customers:list", access=one) for one in ("manage", "view_and_request", "changed")] == [0, 1, 0]
    assert [count("subscriptions:all", support=one) for one in ("ours", "others")] == [1, 0]
    SupportContact.objects.filter(subscription=world.ours.subscription).update(ends_at=clock.now())
    assert [count("subscriptions:all", support=one) for one in ("ours", "others")] == [0, 1]
