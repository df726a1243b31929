"""Naming the reseller of record and the designated support contact of a subscription."""

import pytest
from django.utils.translation import override

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import NotPermitted
from customers.services import PartnershipRequired
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.faults import fail_at_each_statement

BOTH = pytest.mark.parametrize(
    ("service", "model", "name"),
    [
        (set_reseller_of_record, ResellerOfRecord, "reseller_of_record"),
        (set_support_contact, SupportContact, "support_contact"),
    ],
)


@pytest.fixture
def subscription(provider: Partner, reseller: Partner) -> Subscription:
    """Of a customer that Fabrikam manages."""
    return SubscriptionFactory(customer__provider=provider, customer__managed_by=reseller, nickname="Suite")


@pytest.fixture
def contoso(provider: Partner) -> Partner:
    """Another partnered reseller."""
    partner = PartnerFactory(reseller=True, legal_name="Contoso", mpn_id="777")
    PartnershipFactory(provider=provider, reseller=partner)
    return partner


def recorded() -> list[tuple]:
    """Every record: action, whose it is, changes."""
    names = dict(Partner.objects.values_list("microsoft_id", "legal_name"))
    rows = ActivityRecord.objects.order_by("pk")
    return [(row.action, names.get(row.reseller_id), row.changes) for row in rows]


@BOTH
def test_the_first_and_the_next_are_dated_and_recorded(subscription, reseller, contoso, sales, service, model, name):
    first = service(subscription=subscription, reseller=reseller, by=sales)
    with override("pt-br"):
        second = service(subscription=subscription, reseller=contoso, by=sales)
    first.refresh_from_db()
    assert (first.ends_at, second.ends_at, second.set_by) == (second.begins_at, None, sales.user)
    assert list(model.objects.filter(ends_at=None)) == [second]
    fabrikam, other = "Fabrikam (MPN ID 0012345)", "Contoso (MPN ID 777)"
    assert recorded() == [
        (f"subscription.{name}_changed", "Fabrikam", {"old": None, "new": fabrikam}),
        (f"subscription.{name}_ended", "Fabrikam", {"reseller": fabrikam}),
        (f"subscription.{name}_changed", "Contoso", {"old": fabrikam, "new": other}),
    ]
    assert {row.customer_id for row in ActivityRecord.objects.all()} == {subscription.customer.microsoft_id}


@BOTH
def test_none_only_ends(subscription, reseller, sales, service, model, name):
    service(subscription=subscription, reseller=reseller, by=sales)
    assert service(subscription=subscription, reseller=None, by=sales) is None
    assert not model.objects.filter(ends_at=None).exists()
    assert recorded()[1:] == [
        (f"subscription.{name}_changed", "Fabrikam", {"old": "Fabrikam (MPN ID 0012345)", "new": None})
    ]


@BOTH
def test_the_same_again_changes_nothing(subscription, reseller, sales, service, model, name):
    assert service(subscription=subscription, reseller=None, by=sales) is None
    first = service(subscription=subscription, reseller=reseller, by=sales)
    assert service(subscription=subscription, reseller=reseller, by=sales) == first
    assert len(recorded()) == model.objects.count() == 1


def test_the_mpn_id_is_that_of_the_day(subscription, reseller, sales):
    first = set_reseller_of_record(subscription=subscription, reseller=reseller, by=sales)
    Partner.objects.filter(pk=reseller.pk).update(mpn_id="999")
    first.refresh_from_db()
    assert first.mpn_id == "0012345"


@BOTH
@pytest.mark.parametrize(
    "changes", [{"enrolment_state": "suspended"}, {"agreement_accepted_on": None}, {"country": "FR"}]
)
def test_only_a_ready_reseller_is_named(subscription, reseller, contoso, sales, service, model, name, changes):
    service(subscription=subscription, reseller=reseller, by=sales)
    Partner.objects.filter(pk=contoso.pk).update(**changes)
    with pytest.raises(PartnershipRequired):
        service(subscription=subscription, reseller=contoso, by=sales)
    assert model.objects.get(ends_at=None).reseller == reseller
    assert len(recorded()) == 1


@BOTH
def test_who_may_not(subscription, provider, reseller, contoso, service, model, name):
    for actor in (actor_of(provider, Role.HELPDESK_AGENT), actor_of(PartnerFactory()), actor_of(reseller), Actor()):
        with pytest.raises(NotPermitted):
            service(subscription=subscription, reseller=contoso, by=actor)
    assert not model.objects.exists()


@BOTH
def test_all_of_it_or_nothing(subscription, reseller, contoso, sales, service, model, name):
    service(subscription=subscription, reseller=reseller, by=sales)

    def check() -> None:
        assert model.objects.get(ends_at=None).reseller == reseller
        assert len(recorded()) == 1

    fail_at_each_statement(lambda: service(subscription=subscription, reseller=contoso, by=sales), check)
    assert model.objects.get(ends_at=None).reseller == contoso
