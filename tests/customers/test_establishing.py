"""Establishing a reseller relationship with a customer that exists, narrowing and widening it, giving it up."""

import pytest

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import STATES, ObjectState, Permission, Program, Role
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, NotPermitted
from customers.models import Customer, ResellerRelationship
from customers.relationships import (
    AlreadyManaged,
    change_scope,
    end_reseller_relationship,
    establish_relationship,
    hand_over_customer,
)
from customers.services import PartnershipRequired
from mail.models import OutgoingEmail
from tests.customers.conftest import actor_of
from tests.customers.test_relationships import contoso, mails, recorded, relationship  # noqa: F401 - fixtures
from tests.factories import CustomerAdministratorFactory, CustomerFactory, PartnerFactory, ResellerRelationshipFactory
from tests.faults import fail_at_each_statement

FABRIKAM = "Fabrikam (MPN ID 0012345)"
MANAGE, VIEW = "manage", "view_and_request"


@pytest.fixture
def direct(provider: Partner) -> Customer:
    """A customer that no reseller manages."""
    return CustomerFactory(provider=provider, company_name="Cheese shop", domain_prefix="cheese")


@pytest.fixture
def owner(relationship: ResellerRelationship) -> Actor:  # noqa: F811
    """The administrator of the bakery, which Fabrikam manages."""
    administrator = CustomerAdministratorFactory(customer=relationship.customer)
    return Actor(user=administrator.user, customer=relationship.customer)


# --- establish --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scope", [MANAGE, VIEW])
def test_establishing_begins_it_records_it_and_tells_the_reseller(direct, reseller, admin, scope):
    before = direct.changed_at
    begun = establish_relationship(customer=direct, reseller=reseller, scope=scope, by=admin)
    assert ResellerRelationship.objects.get() == begun
    assert (begun.reseller, begun.scope, begun.set_by, begun.ends_at) == (reseller, scope, admin.user, None)
    assert begun.partnership.reseller == reseller
    direct.refresh_from_db()
    assert (direct.managing_reseller, direct.changed_at > before) == (reseller, True)
    assert recorded() == [("customer.relationship_established", "Fabrikam", {"reseller": FABRIKAM, "scope": scope})]
    assert mails() == [("customer_assigned", "hello@fabrikam.example")]
    text = " ".join(OutgoingEmail.objects.get().text.split())
    assert "The customer Cheese shop of Northwind is associated with Fabrikam from now on." in text
    assert ("You now have administrator access" in text, "You now see this customer" in text) == (
        scope == MANAGE,
        scope == VIEW,
    )


def test_establishing_twice_changes_nothing_more(direct, reseller, admin):
    first = establish_relationship(customer=direct, reseller=reseller, by=admin)
    again = establish_relationship(customer=direct, reseller=reseller, by=admin)
    assert again == first
    assert (len(recorded()), len(mails())) == (1, 1)


def test_a_customer_has_one_managing_reseller(direct, reseller, contoso, admin):  # noqa: F811
    establish_relationship(customer=direct, reseller=reseller, by=admin)
    with pytest.raises(AlreadyManaged, match="Fabrikam manages this customer already"):
        establish_relationship(customer=direct, reseller=contoso, by=admin)
    with pytest.raises(AlreadyManaged):
        establish_relationship(customer=direct, reseller=reseller, scope=VIEW, by=admin)
    assert (len(recorded()), len(mails())) == (1, 1)


def test_only_a_ready_reseller_of_the_provider_is_associated(direct, reseller, admin):
    with pytest.raises(PartnershipRequired, match="You have no partnership with Elsewhere"):
        establish_relationship(
            customer=direct, reseller=PartnerFactory(reseller=True, legal_name="Elsewhere"), by=admin
        )
    Partner.objects.filter(pk=reseller.pk).update(mpn_id="")
    with pytest.raises(PartnershipRequired, match="Fabrikam has no MPN ID"):
        establish_relationship(customer=direct, reseller=reseller, by=admin)
    assert (recorded(), mails(), ResellerRelationship.objects.count()) == ([], [], 0)


def test_nobody_else_establishes(direct, reseller, provider):
    owner = Actor(user=CustomerAdministratorFactory(customer=direct).user, customer=direct)
    others = [
        actor_of(provider, Role.SALES_AGENT),
        actor_of(provider, Role.HELPDESK_AGENT),
        actor_of(PartnerFactory()),
        actor_of(reseller),
        owner,
        Actor(),
    ]
    for actor in others:
        with pytest.raises(NotPermitted):
            establish_relationship(customer=direct, reseller=reseller, by=actor)
    assert not ResellerRelationship.objects.exists()


def test_establishing_is_all_or_nothing(direct, reseller, admin):
    def check() -> None:
        direct.refresh_from_db()
        assert (recorded(), mails(), ResellerRelationship.objects.count(), direct.managing_reseller) == (
            [],
            [],
            0,
            None,
        )

    fail_at_each_statement(lambda: establish_relationship(customer=direct, reseller=reseller, by=admin), check)
    assert ResellerRelationship.objects.current().get().reseller == reseller


# --- narrow and widen -------------------------------------------------------------------------------------------------
def test_narrowing_goes_on_as_view_and_request_and_keeps_what_was(relationship, reseller, admin):  # noqa: F811
    following = change_scope(relationship=relationship, scope=VIEW, by=admin, reason="New contract")
    relationship.refresh_from_db()
    assert (relationship.scope, relationship.ends_at) == (MANAGE, following.begins_at)
    assert (following.reseller, following.scope, following.set_by) == (reseller, VIEW, admin.user)
    assert ResellerRelationship.objects.current().get() == following
    changes = {"reseller": FABRIKAM, "old": MANAGE, "new": VIEW, "reason": "New contract"}
    assert recorded() == [("customer.scope_changed", "Fabrikam", changes)]
    assert mails() == [("customer_scope_changed", "hello@fabrikam.example")]
    text = " ".join(OutgoingEmail.objects.get().text.split())
    assert (
        "Northwind narrowed the access of Fabrikam to the customer Bakery (bakery.onmicrosoft.com) "
        "to “View and request”." in text
    )
    assert "Reason: New contract" in text


def test_narrowing_takes_the_permissions_at_once(relationship, reseller, admin, monkeypatch):  # noqa: F811
    key = (Program.INDIRECT_RESELLER, Permission.PLACE_ORDER)
    monkeypatch.setitem(STATES, key, {ObjectState.MANAGE: frozenset(Role)})
    customer, person = relationship.customer, actor_of(reseller)
    assert customer.permits(person, "place_order") is True
    change_scope(relationship=relationship, scope=VIEW, by=admin)
    assert [customer.permits(person, name) for name in ("place_order", "view_customers", "end_relationship")] == [
        False,
        True,
        True,
    ]


def test_a_second_narrowing_changes_nothing(relationship, admin):  # noqa: F811
    following = change_scope(relationship=relationship, scope=VIEW, by=admin)
    assert change_scope(relationship=following, scope=VIEW, by=admin) == following
    with pytest.raises(InvalidTransition, match="Fabrikam does not manage Bakery any more"):
        change_scope(relationship=relationship, scope=VIEW, by=admin)
    assert (len(recorded()), len(mails()), ResellerRelationship.objects.count()) == (1, 1, 2)


def test_widening_needs_a_ready_reseller_and_narrowing_does_not(relationship, reseller, admin):  # noqa: F811
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="suspended")
    narrowed = change_scope(relationship=relationship, scope=VIEW, by=admin)
    with pytest.raises(PartnershipRequired, match="The enrolment of Fabrikam is not active: Suspended"):
        change_scope(relationship=narrowed, scope=MANAGE, by=admin)
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="active")
    assert change_scope(relationship=narrowed, scope=MANAGE, by=admin).scope == MANAGE


def test_reseller_and_customer_narrow_but_never_widen(relationship, reseller, owner):  # noqa: F811
    for actor in (actor_of(reseller), owner):
        narrowed = change_scope(
            relationship=ResellerRelationship.objects.current().get(), scope=VIEW, by=actor, reason="Less is more"
        )
        assert narrowed.set_by == actor.user
        with pytest.raises(NotPermitted):
            change_scope(relationship=narrowed, scope=MANAGE, by=actor)
        ResellerRelationship.objects.filter(pk=narrowed.pk).update(scope=MANAGE)
    assert sorted(mails()) == [
        ("customer_reseller_stepped_back", "contact@northwind.example"),
        ("customer_reseller_stepped_back", "contact@northwind.example"),
        ("customer_scope_changed", "hello@fabrikam.example"),
        ("customer_scope_changed", "hello@fabrikam.example"),
    ]
    texts = [" ".join(mail.text.split()) for mail in OutgoingEmail.objects.order_by("created_at", "kind")]
    assert "Fabrikam narrowed its own access to the customer Bakery" in texts[0]
    assert "The administrator of Bakery (bakery.onmicrosoft.com) narrowed the access of Fabrikam" in texts[2]
    assert not any(mail.reply_to for mail in OutgoingEmail.objects.all())


@pytest.mark.parametrize("role", [Role.SALES_AGENT, Role.HELPDESK_AGENT])
def test_lesser_colleagues_on_both_sides_change_no_scope(relationship, provider, reseller, role):  # noqa: F811
    for company in (provider, reseller):
        with pytest.raises(NotPermitted):
            change_scope(relationship=relationship, scope=VIEW, by=actor_of(company, role))
    assert ResellerRelationship.objects.get().scope == MANAGE


def test_narrowing_is_all_or_nothing(relationship, admin):  # noqa: F811
    def check() -> None:
        assert ResellerRelationship.objects.get().ends_at is None
        assert (recorded(), mails()) == ([], [])

    fail_at_each_statement(lambda: change_scope(relationship=relationship, scope=VIEW, by=admin), check)
    assert ResellerRelationship.objects.current().get().scope == VIEW


# --- hand over with another scope, give up ----------------------------------------------------------------------------
def test_handing_over_with_another_scope(relationship, contoso, admin):  # noqa: F811
    following = hand_over_customer(relationship=relationship, to=contoso, scope=VIEW, by=admin)
    assert (following.reseller, following.scope) == (contoso, VIEW)


def test_a_reseller_gives_a_customer_up(relationship, reseller):  # noqa: F811
    person = actor_of(reseller, Role.ADMIN_AGENT)
    ended = end_reseller_relationship(relationship=relationship, by=person, reason="Too far away")
    assert ended.ends_at is not None
    assert not Customer.objects.visible_to(person).exists()
    assert ActivityRecord.objects.get().acting_for_label == "Fabrikam"
    assert mails() == [
        ("customer_access_ended", "hello@fabrikam.example"),
        ("customer_reseller_stepped_back", "contact@northwind.example"),
    ]
    told = OutgoingEmail.objects.get(kind="customer_reseller_stepped_back")
    text = " ".join(told.text.split())
    assert told.subject == "The access of Fabrikam to Bakery has changed"
    assert "Fabrikam gave up its access to the customer Bakery (bakery.onmicrosoft.com)." in text
    assert "Bakery stays your customer and keeps its subscriptions. No reseller manages it now." in text
    assert "Reason: Too far away" in text


def test_a_customer_removes_its_reseller(relationship, owner):  # noqa: F811
    end_reseller_relationship(relationship=relationship, by=owner)
    assert not ResellerRelationship.objects.current().exists()
    text = " ".join(OutgoingEmail.objects.get(kind="customer_access_ended").text.split())
    assert "The administrator of Bakery (bakery.onmicrosoft.com) removed the access of Fabrikam." in text


def test_what_a_customer_removed_is_told_in_whole_sentences(relationship, owner):  # noqa: F811
    Partner.objects.filter(pk=relationship.reseller_id).update(legal_name="Fabrikam Inc.")
    end_reseller_relationship(relationship=relationship, by=owner)
    told = [" ".join(mail.text.split()) for mail in OutgoingEmail.objects.filter(kind__startswith="customer_")]
    assert ["removed the access of Fabrikam Inc. " in text for text in told] == [True, True]
    assert not [text for text in told if ".." in text]


def test_neither_gives_up_what_is_anothers(relationship, reseller, contoso):  # noqa: F811
    elsewhere = ResellerRelationshipFactory()
    owner = Actor(user=CustomerAdministratorFactory().user, customer=CustomerFactory())
    for actor in (actor_of(contoso), owner, actor_of(elsewhere.reseller), actor_of(reseller, Role.SALES_AGENT)):
        with pytest.raises(NotPermitted):
            end_reseller_relationship(relationship=relationship, by=actor)
        with pytest.raises(NotPermitted):
            change_scope(relationship=relationship, scope=VIEW, by=actor)
    assert ResellerRelationship.objects.current().count() == 2
