"""Reseller (MPN ID) and Designated support contact: verified before, never overwritten unseen, said as it is."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from core.exceptions import NotPermitted
from customers.models import Customer
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import NamedMeanwhile, SubscriptionOver, set_reseller_of_record, set_support_contact
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory, PartnershipFactory
from tests.subscriptions.living import bought, offer, ready_customer


@pytest.fixture
def owned(customer: Customer, sales: Actor) -> Subscription:
    return bought(customer, offer(), sales)


@pytest.fixture
def other(provider: Partner) -> Partner:
    return PartnershipFactory(provider=provider, reseller=PartnerFactory(reseller=True, mpn_id="0055555")).reseller


def address(subscription: Subscription, name: str) -> str:
    return reverse(f"subscriptions:{name}", args=[subscription.customer.microsoft_id, subscription.subscription_id])


def of_record(subscription: Subscription) -> Partner | None:
    found = ResellerOfRecord.objects.filter(subscription=subscription, ends_at=None).first()
    return found.reseller if found else None


def test_a_number_is_verified_before_it_is_named(browser: Client, owned: Subscription, other: Partner) -> None:
    details = browser.get(owned.get_absolute_url()).content.decode()
    assert f'formaction="{address(owned, "verify_reseller")}"' in details
    page = browser.post(address(owned, "verify_reseller"), {"reseller": "", "mpn_id": "55555", "was": ""})
    text = page.content.decode()
    assert f"The MPN ID is that of {other}. Select Submit to name it." in text
    assert 'value="55555"' in text
    assert f'action="{address(owned, "reseller")}"' in text
    assert of_record(owned) is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "Enter the MPN ID that is to be verified."), ("99999", "No indirect reseller has this MPN ID")],
)
def test_what_cannot_be_verified_is_said_beside_its_field(
    browser: Client, owned: Subscription, typed: str, words: str
) -> None:
    text = browser.post(address(owned, "verify_reseller"), {"reseller": "", "mpn_id": typed}).content.decode()
    assert text.count(words) == 2
    assert "Select Submit to name it." not in text


@pytest.mark.parametrize("name", [set_reseller_of_record, set_support_contact])
def test_resellers_are_named_by_those_who_may_order(
    provider: Partner, reseller: Partner, owned: Subscription, other: Partner, name: Callable[..., object]
) -> None:
    outsider = PartnerFactory()
    actors = [actor_of(provider, Role.HELPDESK_AGENT), actor_of(reseller), actor_of(other), actor_of(outsider)]
    for actor in actors:
        for wanted in (actor.partner, other, None):
            with pytest.raises(NotPermitted):
                name(subscription=owned, reseller=wanted, by=actor)
    assert not ResellerOfRecord.objects.exists()
    assert not SupportContact.objects.exists()


def test_the_support_contact_has_nothing_to_verify(browser: Client, owned: Subscription) -> None:
    text = browser.get(address(owned, "support_contact")).content.decode()
    assert "formaction" not in text


@pytest.mark.parametrize("name", ["reseller", "support_contact"])
def test_a_page_of_before_overwrites_nothing(
    browser: Client, owned: Subscription, reseller: Partner, other: Partner, sales: Actor, name: str
) -> None:
    set_it = set_reseller_of_record if name == "reseller" else set_support_contact
    page = browser.get(address(owned, name)).content.decode()
    was = re.search(r'name="was"( value="(.*?)")?', page)
    assert was is not None
    set_it(subscription=owned, reseller=other, by=sales)
    mine = {"reseller": str(reseller.microsoft_id), "mpn_id": "", "was": was[2] or ""}
    late = browser.post(address(owned, name), mine)
    text = late.content.decode()
    assert late.status_code == 409
    assert (other.name_and_mpn in text, reseller.name_and_mpn in text) == (True, True)
    again = {**mine, "was": str(other.microsoft_id)}
    assert all(f'name="{key}" value="{value}"' in text for key, value in again.items() if value)
    assert browser.post(address(owned, name), again).status_code == 302


def test_nobody_is_a_choice_of_before_too(
    browser: Client, owned: Subscription, reseller: Partner, other: Partner, sales: Actor
) -> None:
    set_reseller_of_record(subscription=owned, reseller=other, by=sales)
    late = browser.post(address(owned, "reseller"), {"reseller": "", "mpn_id": "", "was": str(reseller.microsoft_id)})
    assert late.status_code == 409
    assert "No indirect reseller" in late.content.decode()
    with pytest.raises(NamedMeanwhile):
        set_reseller_of_record(subscription=owned, reseller=reseller, by=sales, instead_of="")
    assert of_record(owned) == other


def test_naming_the_same_says_that_nothing_changed(
    browser: Client, owned: Subscription, reseller: Partner, sales: Actor
) -> None:
    set_reseller_of_record(subscription=owned, reseller=reseller, by=sales)
    data = {"reseller": str(reseller.microsoft_id), "mpn_id": "", "was": str(reseller.microsoft_id)}
    text = browser.post(address(owned, "reseller"), data, follow=True).content.decode()
    assert "This is how it is already. Nothing was changed." in text
    assert "earns the incentives from now on" not in text
    assert ResellerOfRecord.objects.filter(subscription=owned).count() == 1


def test_nobody_to_choose_as_support_contact_is_explained(
    browser: Client, owned: Subscription, provider: Partner, sales: Actor
) -> None:
    words = "No reseller manages this customer. Establish a reseller relationship under Account first."
    direct = bought(ready_customer(provider), offer(), sales)
    for subscription, said in ((direct, True), (owned, False)):
        for page in (subscription.get_absolute_url(), address(subscription, "support_contact")):
            assert (words in browser.get(page).content.decode()) == said


def test_who_types_the_reseller_reads_how_to_name_nobody(
    browser: Client, owned: Subscription, reseller: Partner, sales: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "Empty it for no indirect reseller: no incentive will be paid then."
    assert words not in browser.get(owned.get_absolute_url()).content.decode()
    monkeypatch.setattr("core.typeahead.LONGEST_SELECT", 0)
    set_reseller_of_record(subscription=owned, reseller=reseller, by=sales)
    assert words in browser.get(owned.get_absolute_url()).content.decode()
    data = {"reseller": "", "mpn_id": "", "was": str(reseller.microsoft_id)}
    browser.post(address(owned, "reseller"), data)
    assert of_record(owned) is None


@pytest.mark.parametrize("status", ["expired", "disabled", "deleted"])
def test_nobody_is_named_for_what_is_over(
    browser: Client, owned: Subscription, other: Partner, sales: Actor, status: str
) -> None:
    Subscription.objects.filter(pk=owned.pk).update(status=status)
    posted = browser.post(address(owned, "reseller"), {"reseller": str(other.microsoft_id)})
    assert "neither active nor suspended" in posted.content.decode()
    for name in (set_reseller_of_record, set_support_contact):
        with pytest.raises(SubscriptionOver):
            name(subscription=owned, reseller=other, by=sales)
    set_reseller_of_record(subscription=owned, reseller=None, by=sales)
