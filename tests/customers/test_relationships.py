"""Ending and handing over the delegation of a customer."""

import pytest

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import InvalidTransition, NotPermitted
from customers.models import Customer, ResellerRelationship
from customers.relationships import end_reseller_relationship, hand_over_customer
from customers.services import PartnershipRequired
from mail.models import OutgoingEmail
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory
from tests.faults import fail_at_each_statement


@pytest.fixture
def relationship(provider: Partner, reseller: Partner) -> ResellerRelationship:
    """Fabrikam manages the bakery."""
    customer = CustomerFactory(provider=provider, managed_by=reseller, company_name="Bakery", domain_prefix="bakery")
    return customer.reseller_relationships.get()


@pytest.fixture
def contoso(provider: Partner) -> Partner:
    """Another partnered reseller, ready for business."""
    partner = PartnerFactory(reseller=True, legal_name="Contoso", mpn_id="777", contact_email="desk@contoso.example")
    PartnershipFactory(provider=provider, reseller=partner)
    return partner


def recorded() -> list[tuple]:
    """Every record: action, the reseller it belongs to, changes."""
    names = dict(Partner.objects.values_list("microsoft_id", "legal_name"))
    rows = ActivityRecord.objects.order_by("pk")
    return [(row.action, names.get(row.reseller_id), row.changes) for row in rows]


def mails() -> list[tuple[str, str]]:
    """Every mail: kind and recipient."""
    return list(OutgoingEmail.objects.order_by("created_at", "kind").values_list("kind", "recipient"))


def test_removing_access_ends_it_records_it_and_tells_the_reseller(relationship, admin):
    ended = end_reseller_relationship(relationship=relationship, by=admin, reason="Contract is over")
    relationship.refresh_from_db()
    assert relationship.ends_at == ended.ends_at is not None
    assert not Customer.objects.managed_by(relationship.reseller).exists()
    assert recorded() == [
        (
            "customer.access_removed",
            "Fabrikam",
            {
                "reseller": "Fabrikam (MPN ID 0012345)",
                "old": "manage",
                "new": None,
                "reason": "Contract is over",
            },
        )
    ]
    assert mails() == [("customer_access_ended", "hello@fabrikam.example")]


def test_the_mail_says_which_customer_and_why_in_the_readers_language(relationship, admin):
    end_reseller_relationship(relationship=relationship, by=admin, reason="Contract is over")
    mail = OutgoingEmail.objects.get()
    assert mail.subject == "You no longer manage the customer Bakery"
    text = " ".join(mail.text.split())
    assert (
        "Northwind ended the administrator access of Fabrikam to the customer Bakery (bakery.onmicrosoft.com)." in text
    )
    assert "Reason: Contract is over" in text
    assert mail.reply_to == admin.user.email


def test_removing_twice_changes_nothing_more(relationship, admin):
    first = end_reseller_relationship(relationship=relationship, by=admin)
    again = end_reseller_relationship(relationship=relationship, by=admin)
    assert again.ends_at == first.ends_at
    assert ActivityRecord.objects.count() == OutgoingEmail.objects.count() == 1


@pytest.mark.parametrize("role", [Role.SALES_AGENT, Role.HELPDESK_AGENT])
def test_lesser_colleagues_may_not_take_a_customer_away(relationship, provider, contoso, role):
    colleague = actor_of(provider, role)
    with pytest.raises(NotPermitted):
        end_reseller_relationship(relationship=relationship, by=colleague)
    with pytest.raises(NotPermitted):
        hand_over_customer(relationship=relationship, to=contoso, by=colleague)
    assert ResellerRelationship.objects.current().get() == relationship


def test_nobody_else_may(relationship, reseller, contoso):
    strangers = [actor_of(PartnerFactory()), actor_of(contoso), actor_of(reseller, Role.SALES_AGENT), Actor()]
    for actor in strangers:
        with pytest.raises(NotPermitted):
            end_reseller_relationship(relationship=relationship, by=actor)
    for actor in [*strangers, actor_of(reseller)]:
        with pytest.raises(NotPermitted):
            hand_over_customer(relationship=relationship, to=contoso, by=actor)


def test_handing_over_begins_the_next_at_the_moment_the_first_ends(relationship, contoso, admin):
    ResellerRelationship.objects.update(scope="view_and_request")
    following = hand_over_customer(relationship=relationship, to=contoso, by=admin)
    relationship.refresh_from_db()
    assert following.begins_at == relationship.ends_at
    assert (following.reseller, following.scope, following.set_by) == (contoso, "view_and_request", admin.user)
    assert following.partnership.reseller == contoso
    assert ResellerRelationship.objects.current().get() == following
    fabrikam, other = "Fabrikam (MPN ID 0012345)", "Contoso (MPN ID 777)"
    assert recorded() == [
        (
            "customer.access_removed",
            "Fabrikam",
            {"reseller": fabrikam, "old": "view_and_request", "new": None, "reason": ""},
        ),
        ("customer.reseller_changed", "Contoso", {"old": fabrikam, "new": other, "scope": "view_and_request"}),
    ]
    assert sorted(mails()) == [
        ("customer_access_ended", "hello@fabrikam.example"),
        ("customer_assigned", "desk@contoso.example"),
    ]
    assert "Contoso" not in OutgoingEmail.objects.get(kind="customer_access_ended").text


def test_handing_over_to_nobody_is_the_end(relationship, admin):
    assert hand_over_customer(relationship=relationship, to=None, by=admin) is None
    assert [action for action, _reseller, _changes in recorded()] == ["customer.access_removed"]


def test_handing_over_to_the_one_that_has_it_changes_nothing(relationship, reseller, admin):
    assert hand_over_customer(relationship=relationship, to=reseller, by=admin) == relationship
    assert (recorded(), mails()) == ([], [])


def test_what_has_ended_is_not_handed_over(relationship, contoso, admin):
    end_reseller_relationship(relationship=relationship, by=admin)
    with pytest.raises(InvalidTransition):
        hand_over_customer(relationship=relationship, to=contoso, by=admin)
    assert not ResellerRelationship.objects.current().exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"enrolment_state": "suspended"}, "The enrolment of Contoso is not active: Suspended."),
        ({"agreement_accepted_on": None}, "Contoso has not accepted the Microsoft Partner Agreement."),
        ({"country": "FR"}, "Contoso is enrolled for Europe, and the customer is in United States."),
    ],
)
def test_only_a_reseller_that_is_ready_takes_over(relationship, contoso, admin, changes, said):
    Partner.objects.filter(pk=contoso.pk).update(**changes)
    with pytest.raises(PartnershipRequired, match=said):
        hand_over_customer(relationship=relationship, to=contoso, by=admin)
    assert ResellerRelationship.objects.current().get() == relationship
    assert (recorded(), mails()) == ([], [])


def test_a_stranger_takes_nothing_over(relationship, admin):
    with pytest.raises(PartnershipRequired, match="You have no partnership with Elsewhere"):
        hand_over_customer(
            relationship=relationship, to=PartnerFactory(reseller=True, legal_name="Elsewhere"), by=admin
        )


def test_no_mail_where_the_caller_tells(relationship, contoso, admin):
    hand_over_customer(relationship=relationship, to=contoso, by=admin, notify=False)
    assert mails() == []
    assert len(recorded()) == 2


def test_all_of_it_or_nothing(relationship, contoso, admin):
    def check() -> None:
        assert ResellerRelationship.objects.get().ends_at is None
        assert (recorded(), mails()) == ([], [])

    fail_at_each_statement(lambda: hand_over_customer(relationship=relationship, to=contoso, by=admin), check)
    assert ResellerRelationship.objects.current().get().reseller == contoso
