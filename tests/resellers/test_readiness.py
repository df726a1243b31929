"""One gate for pages, orders and lists: a function that says why, and the same in SQL."""

import itertools

import pytest

from accounts.models import Partner
from core import clock
from core.markets import REGIONS
from resellers.models import Partnership
from resellers.readiness import (
    Condition,
    company_obstacles,
    conditions,
    obstacles,
    partnerships_ready_today,
    partnerships_refused_today,
    reasons,
    region_names,
)
from tests.factories import PartnerFactory, PartnershipFactory

pytestmark = pytest.mark.django_db


def codes(found) -> list[str]:
    """What stands in the way, by name."""
    return [obstacle.code for obstacle in found]


@pytest.fixture
def provider() -> Partner:
    """Of the United States."""
    return PartnerFactory(legal_name="Northwind")


@pytest.fixture
def fabrikam(provider) -> Partner:
    """A reseller that is ready."""
    return PartnershipFactory(provider=provider, reseller__legal_name="Fabrikam").reseller


def test_a_ready_reseller_has_no_obstacle(provider, fabrikam, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert obstacles(provider, fabrikam, customer_country="US") == []
    with django_assert_num_queries(0):
        assert company_obstacles(provider, fabrikam, active=True) == []


def test_who_is_no_partner_is_named_in_whole_sentences(provider):
    stranger = PartnerFactory(reseller=True, legal_name="Litware Inc.")
    assert obstacles(provider, stranger)[0].sentence == "You have no partnership with Litware Inc."


@pytest.mark.parametrize(
    ("changes", "code", "sentence", "repair"),
    [
        (
            {"enrolment_state": "pending"},
            "enrolment",
            "The enrolment of Fabrikam is not active: Pending.",
            "The back office decides it; nothing is left for you to do.",
        ),
        (
            {"enrolment_state": "suspended"},
            "enrolment",
            "The enrolment of Fabrikam is not active: Suspended.",
            "Ask the reseller to settle it with the back office.",
        ),
        (
            {"mpn_id": ""},
            "mpn_id",
            "Fabrikam has no MPN ID, so no incentive could be paid to it.",
            "Ask the reseller to give its MPN ID to the back office.",
        ),
        (
            {"agreement_accepted_on": None},
            "agreement",
            "Fabrikam has not accepted the Microsoft Partner Agreement.",
            "Ask the reseller to accept it and to tell the back office the day.",
        ),
        (
            {"country": "FR"},
            "region",
            "Fabrikam is enrolled for Europe, and your company for United States.",
            "Choose a reseller of the same region, or ask the back office to authorize the company for it.",
        ),
    ],
)
def test_each_obstacle_says_what_is_so_and_what_repairs_it(provider, fabrikam, changes, code, sentence, repair):
    # As the company is now: whoever asks may hold it from before.
    Partner.objects.filter(pk=fabrikam.pk).update(**changes)
    (found,) = obstacles(provider, fabrikam)
    assert (found.code, found.sentence, found.repair) == (code, sentence, repair)
    assert reasons([found]) == f"{sentence} {repair}"


@pytest.mark.parametrize(
    ("changes", "country", "own"),
    [
        (
            {"enrolment_state": "pending"},
            "US",
            "The enrolment of your company is not active: Pending. The back office decides it; wait for that.",
        ),
        (
            {"enrolment_state": "suspended"},
            "US",
            "The enrolment of your company is not active: Suspended. Settle it with the back office.",
        ),
        ({"mpn_id": ""}, "US", "Your company has no MPN ID. Give it to the back office."),
        (
            {"agreement_accepted_on": None},
            "US",
            "Your company has not accepted the Microsoft Partner Agreement. "
            "Accept it and tell the back office the day.",
        ),
        (
            {"country": "FR"},
            "",
            "Your company is enrolled for Europe, and your provider for United States. "
            "Ask the back office to authorize your company for a region of your provider.",
        ),
        (
            {"country": "FR"},
            "US",
            "Fabrikam is enrolled for Europe, and the customer is in United States. "
            "Ask the back office to authorize your company for it.",
        ),
        (
            {},
            "FR",
            "Northwind is enrolled for United States, and the customer is in France. "
            "Ask your provider to settle it with the back office.",
        ),
    ],
)
def test_the_reseller_itself_reads_what_it_can_do(provider, fabrikam, changes, country, own):
    Partner.objects.filter(pk=fabrikam.pk).update(**changes)
    (found,) = obstacles(provider, fabrikam, customer_country=country)
    assert found.own == own


def test_a_partnership_that_is_over_is_none(provider, fabrikam):
    Partnership.objects.update(ended_at=clock.now())
    (found,) = obstacles(provider, fabrikam)
    assert found.sentence == "You have no partnership with Fabrikam."
    assert found.own == "Your company has no partnership with Northwind. Ask it for one."


def test_another_providers_partnership_does_not_count(fabrikam):
    assert codes(obstacles(PartnerFactory(), fabrikam)) == ["partnership"]


@pytest.mark.parametrize(
    ("ours", "theirs", "customer", "refused_because_of"),
    [
        ([], [], "US", None),
        ([], [], "BR", "Northwind"),
        (["brazil"], [], "BR", "Fabrikam"),
        (["brazil"], ["brazil"], "BR", None),
        ([], ["brazil"], "BR", "Northwind"),
        ([], [], "AQ", "Northwind"),
    ],
)
def test_the_customers_country_is_asked_of_both(provider, fabrikam, ours, theirs, customer, refused_because_of):
    provider.further_regions, fabrikam.further_regions = ours, theirs
    fabrikam.save()
    found = obstacles(provider, fabrikam, customer_country=customer)
    named = found[0].sentence.split(" is enrolled")[0] if found else None
    assert named == refused_because_of


def test_a_page_shows_what_holds_beside_what_does_not(provider, fabrikam):
    fabrikam.mpn_id, fabrikam.agreement_accepted_on = "0012345", None
    shown = conditions(provider, fabrikam, company_obstacles(provider, fabrikam, active=True))
    assert shown == [
        Condition(True, "The partnership is active."),
        Condition(True, "The enrolment as an indirect reseller is active."),
        Condition(True, "The MPN ID is known: 0012345."),
        Condition(
            False,
            "Fabrikam has not accepted the Microsoft Partner Agreement.",
            "Ask the reseller to accept it and to tell the back office the day.",
        ),
        Condition(True, "Both companies may serve customers in: United States."),
    ]


def test_region_names_are_in_order_and_never_empty():
    assert region_names(PartnerFactory(country="US", further_regions=["brazil"])) == "Brazil, United States"
    assert region_names(PartnerFactory(country="AQ")) == "–"


# --- the list says the same -------------------------------------------------------------------------------------------
def test_the_list_and_the_function_agree_over_every_combination():
    now = clock.now()
    today = now.date()
    places = [
        ("US", []),
        ("BR", []),
        ("FR", ["united_states"]),
        ("FR", ["latin_america"]),
        ("AQ", []),
        ("AQ", ["brazil"]),
    ]
    facts = itertools.product(Partner.EnrolmentState.values, ["0012345", ""], [today, None], places, [True, False])
    resellers, partnerships = [], []
    for number, (state, mpn_id, accepted, (country, regions), _active) in enumerate(facts):
        reseller = PartnerFactory.build(
            reseller=True,
            enrolment_state=state,
            mpn_id=mpn_id,
            mpn_key=str(number),
            agreement_accepted_on=accepted,
            country=country,
            further_regions=regions,
        )
        resellers.append(reseller)
    Partner.objects.bulk_create(resellers)
    compared = 0
    for country, regions in [*places, ("AU", []), ("AR", ["europe"])]:
        provider = PartnerFactory(country=country, further_regions=regions)
        partnerships = Partnership.objects.bulk_create(
            Partnership(provider=provider, reseller=reseller, began_at=now, ended_at=None if number % 2 else now)
            for number, reseller in enumerate(resellers)
        )
        own = Partnership.objects.active().filter(provider=provider).select_related("reseller")
        refused = set(partnerships_refused_today(own, provider).values_list("pk", flat=True))
        ready = set(partnerships_ready_today(own, provider).values_list("pk", flat=True))
        active = {one.pk for one in partnerships if one.ended_at is None}
        assert (refused | ready, refused & ready) == (active, set())
        for partnership in partnerships:
            found = company_obstacles(provider, partnership.reseller, active=partnership.ended_at is None)
            assert (partnership.pk in ready) == (not found), (country, regions, codes(found), partnership.reseller)
            compared += 1
    assert compared == 8 * 192


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_one_region_is_never_found_inside_anothers_name(region):
    provider = PartnerFactory(country="AQ", further_regions=[region])
    for theirs in sorted(REGIONS):
        PartnershipFactory(provider=provider, reseller__country="AQ", reseller__further_regions=[theirs])
    own = Partnership.objects.active().filter(provider=provider).select_related("reseller")
    refused = partnerships_refused_today(own, provider)
    assert {partnership.reseller.further_regions[0] for partnership in refused} == set(REGIONS) - {region}
