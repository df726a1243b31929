"""Drafts: who may work on them, what they keep, what they refuse."""

import re
from datetime import timedelta

import pytest
import time_machine

from accounts.models import Partner
from accounts.roles import Role
from catalogue.models import Price
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from customers.services import PartnershipRequired
from orders.models import OrderDraft, OrderDraftLine
from orders.services import (
    DraftCanceled,
    OffersRefused,
    cancel_draft,
    choose_offers,
    choose_reseller,
    open_drafts,
    purge_abandoned_drafts,
    save_details,
    start_draft,
)
from orders.tasks import purge_abandoned_drafts as purge_task
from tests.factories import CustomerFactory, OrderDraftFactory, PartnerFactory, PartnershipFactory
from tests.orders.conftest import actor_of, end, make_details, make_price, make_sku, submitted


def lines(draft: OrderDraft) -> dict[str, int]:
    """The chosen offers by title."""
    return {line.price.sku.title: line.quantity for line in draft.lines.select_related("price__sku")}


# --- start ------------------------------------------------------------------------------------------------------------
def test_start_draft_belongs_to_the_person_and_keeps_the_reseller(sales, reseller):
    draft = start_draft(reseller=reseller, by=sales)
    assert (draft.owner, draft.provider, draft.reseller, draft.state) == (sales.user, sales.partner, reseller, "open")
    assert draft.created_at == draft.changed_at


def test_start_draft_makes_another_one_each_time(sales, reseller):
    assert start_draft(reseller=reseller, by=sales).public_id != start_draft(reseller=reseller, by=sales).public_id


def test_start_draft_refuses_whoever_may_not_add_customers(helpdesk, reseller):
    with pytest.raises(NotPermitted):
        start_draft(reseller=None, by=helpdesk)
    with pytest.raises(NotPermitted):
        start_draft(reseller=None, by=actor_of(reseller))
    assert not OrderDraft.objects.exists()


def test_start_draft_refuses_a_reseller_without_a_partnership_open_for_business(sales, partnership, outsider):
    theirs = PartnershipFactory(provider=outsider.partner).reseller
    with pytest.raises(PartnershipRequired):
        start_draft(reseller=theirs, by=sales)
    Partner.objects.filter(pk=partnership.reseller.pk).update(enrolment_state="suspended")
    with pytest.raises(PartnershipRequired):
        start_draft(reseller=partnership.reseller, by=sales)
    assert not OrderDraft.objects.exists()


def test_start_draft_refuses_another_providers_customer(sales, outsider):
    with pytest.raises(NotPermitted):
        start_draft(reseller=None, customer=CustomerFactory(provider=outsider.partner), by=sales)


# --- details ----------------------------------------------------------------------------------------------------------
def test_save_details_keeps_them_and_the_reseller(draft, sales, provider):
    other = PartnershipFactory(provider=provider).reseller
    saved = save_details(draft=draft, details=make_details(company_name="Ørsted & Søn"), reseller=other, by=sales)
    saved.refresh_from_db()
    assert (saved.details["company_name"], saved.reseller, saved.state) == ("Ørsted & Søn", other, "open")
    assert saved.changed_at > saved.created_at


def test_save_details_refuses_an_ended_partnership_and_keeps_nothing(draft, partnership, sales):
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    with pytest.raises(PartnershipRequired):
        save_details(draft=draft, details=make_details(), reseller=partnership.reseller, by=sales)
    draft.refresh_from_db()
    assert draft.details == {}


@pytest.mark.parametrize("whose", ["colleague", "outsider", "helpdesk"])
def test_a_draft_is_nobody_elses(draft, whose, request, standard):
    actor = request.getfixturevalue(whose)
    with pytest.raises(NotPermitted):
        save_details(draft=draft, details=make_details(), reseller=None, by=actor)
    with pytest.raises(NotPermitted):
        choose_offers(draft=draft, quantities={standard: 1}, by=actor)
    with pytest.raises(NotPermitted):
        cancel_draft(draft=draft, by=actor)
    draft.refresh_from_db()
    assert (draft.state, draft.details, draft.lines.count()) == ("open", {}, 0)


def test_a_person_who_lost_the_role_works_on_no_draft(draft, sales, standard):
    import dataclasses

    demoted = dataclasses.replace(sales, role=Role.HELPDESK_AGENT)
    with pytest.raises(NotPermitted):
        choose_offers(draft=draft, quantities={standard: 1}, by=demoted)


def test_a_canceled_draft_takes_nothing_more(draft, sales, standard):
    cancel_draft(draft=draft, by=sales)
    with pytest.raises(DraftCanceled):
        save_details(draft=draft, details=make_details(), reseller=None, by=sales)
    with pytest.raises(DraftCanceled):
        choose_offers(draft=draft, quantities={standard: 1}, by=sales)


def test_a_submitted_draft_takes_nothing_more(ready, sales, standard):
    order = submitted(ready, sales)
    with pytest.raises(InvalidTransition):
        choose_offers(draft=ready, quantities={standard: 9}, by=sales)
    with pytest.raises(InvalidTransition):
        save_details(draft=ready, details=make_details(), reseller=None, by=sales)
    with pytest.raises(InvalidTransition):
        cancel_draft(draft=ready, by=sales)
    assert order.lines.get().quantity == 5


# --- offers -----------------------------------------------------------------------------------------------------------
def test_choose_offers_sets_replaces_and_removes_only_what_is_named(ready, sales, standard, defender):
    choose_offers(draft=ready, quantities={defender: 3}, by=sales)
    assert lines(ready) == {"Business Standard": 5, "Defender for Business": 3}
    choose_offers(draft=ready, quantities={standard: 7}, by=sales)
    assert lines(ready) == {"Business Standard": 7, "Defender for Business": 3}
    choose_offers(draft=ready, quantities={defender: 0}, by=sales)
    assert lines(ready) == {"Business Standard": 7}


@pytest.mark.parametrize("quantity", [-1, 301, 10**9])
def test_choose_offers_refuses_a_number_outside_the_limits_and_keeps_nothing(
    ready, sales, standard, defender, quantity
):
    with pytest.raises(OffersRefused) as refusal:
        choose_offers(draft=ready, quantities={defender: 2, standard: quantity}, by=sales)
    assert set(refusal.value.errors) == {standard.pk}
    assert "1 to 300" in str(refusal.value)
    assert lines(ready) == {"Business Standard": 5}


def test_choose_offers_refuses_what_is_not_on_sale_for_the_customer(ready, sales, standard):
    ended = make_price("Old Suite")
    end(ended)
    refused = [
        ended,
        make_price("Suite for Brazil", market="BR", currency="BRL"),
        make_price("Suite for schools", segment="Education"),
        make_price("Tomorrow's Suite", sold_from=clock.now() + timedelta(days=1)),
        make_price(make_sku("Suite for Canada", allowed_countries=";CA;")),
    ]
    for price in refused:
        with pytest.raises(OffersRefused):
            choose_offers(draft=ready, quantities={price: 1}, by=sales)
    assert lines(ready) == {"Business Standard": 5}


def test_choose_offers_refuses_a_price_of_another_country_though_the_offer_is_sold_here(ready, sales, standard):
    in_brazil = make_price(standard.sku, "500", market="BR", currency="USD")
    with pytest.raises(OffersRefused):
        choose_offers(draft=ready, quantities={in_brazil: 1}, by=sales)
    assert lines(ready) == {"Business Standard": 5}


def test_choose_offers_takes_todays_price_for_an_outdated_row(ready, sales, standard):
    successor = end(standard, amount="132.00")
    choose_offers(draft=ready, quantities={standard: 6}, by=sales)
    assert [(line.price, line.quantity) for line in ready.lines.all()] == [(successor, 6)]


def test_choose_offers_keeps_the_tier_of_the_number(draft, sales):
    sku = make_sku("Server CAL")
    few = make_price(sku, "45.00", billing_plan="OneTime", term_duration="", pricing_tier_max=99)
    many = make_price(sku, "40.00", billing_plan="OneTime", term_duration="", pricing_tier_min=100)
    save_details(draft=draft, details=make_details(), reseller=None, by=sales)
    choose_offers(draft=draft, quantities={few: 150}, by=sales)
    assert [line.price for line in draft.lines.all()] == [many]
    choose_offers(draft=draft, quantities={few: 20}, by=sales)
    assert [line.price for line in draft.lines.all()] == [few]


def test_an_education_customer_may_choose_education_offers(draft, sales):
    school = make_price("Suite for schools", segment="Education")
    save_details(draft=draft, details=make_details(qualification="education"), reseller=None, by=sales)
    choose_offers(draft=draft, quantities={school: 1}, by=sales)
    assert lines(draft) == {"Suite for schools": 1}


# --- cancel, purge, resume --------------------------------------------------------------------------------------------
def test_cancel_draft_removes_what_was_entered_and_is_the_same_twice(ready, sales):
    for _time in range(2):
        canceled = cancel_draft(draft=ready, by=sales)
        assert (canceled.state, canceled.details, canceled.lines.count()) == ("canceled", {}, 0)


def test_purge_removes_what_nobody_touched_for_a_month(ready, sales, reseller):
    canceled = cancel_draft(draft=start_draft(reseller=None, by=sales), by=sales)
    order = submitted(ready, sales)
    with time_machine.travel(clock.now() + timedelta(days=29)):
        fresh = start_draft(reseller=reseller, by=sales)
        assert purge_abandoned_drafts() == 0
    with time_machine.travel(clock.now() + timedelta(days=31)):
        purge_task()
    assert set(OrderDraft.objects.all()) == {order.draft, fresh}
    assert canceled.pk


def test_purge_removes_the_lines_with_the_draft(ready):
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert purge_abandoned_drafts() == 1
    assert not OrderDraftLine.objects.exists()


def test_open_drafts_are_the_persons_own_with_something_in_them(ready, sales, colleague, outsider):
    start_draft(reseller=None, by=sales)
    cancel_draft(draft=start_draft(reseller=None, by=sales), by=sales)
    OrderDraftFactory(owner=colleague.user, provider=sales.partner, details={"company_name": "A colleague's"})
    OrderDraftFactory(owner=sales.user, provider=outsider.partner, details={"company_name": "For another provider"})
    assert list(open_drafts(sales)) == [ready]


def test_open_drafts_name_a_customer_that_exists(sales, standard, provider):
    customer = CustomerFactory(provider=provider)
    draft = start_draft(reseller=None, customer=customer, by=sales)
    choose_offers(draft=draft, quantities={standard: 1}, by=sales)
    assert [str(one) for one in open_drafts(sales)] == [customer.company_name]


# --- a customer that exists -------------------------------------------------------------------------------------------
def test_choose_reseller_is_for_customers_that_exist(draft, sales, provider, reseller):
    with pytest.raises(InvalidTransition):
        choose_reseller(draft=draft, reseller=reseller, by=sales)
    existing = start_draft(reseller=None, customer=CustomerFactory(provider=provider), by=sales)
    assert choose_reseller(draft=existing, reseller=reseller, by=sales).reseller == reseller
    with pytest.raises(PartnershipRequired):
        choose_reseller(draft=existing, reseller=PartnerFactory(reseller=True), by=sales)
    with pytest.raises(InvalidTransition):
        save_details(draft=existing, details=make_details(), reseller=None, by=sales)
    assert Price.objects.count() == 0


# --- readiness --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"enrolment_state": "suspended"}, "The enrolment of Fabrikam is not active: Suspended."),
        ({"agreement_accepted_on": None}, "Fabrikam has not accepted the Microsoft Partner Agreement."),
        ({"mpn_id": ""}, "Fabrikam has no MPN ID, so no incentive could be paid to it."),
        ({"country": "BR"}, "Fabrikam is enrolled for Brazil, and your company for United States."),
    ],
)
def test_a_reseller_that_is_not_ready_is_refused_with_the_reason(sales, partnership, facts, sentence):
    Partner.objects.filter(pk=partnership.reseller.pk).update(**facts)
    with pytest.raises(PartnershipRequired, match=re.escape(sentence)):
        start_draft(reseller=Partner.objects.get(pk=partnership.reseller.pk), by=sales)


def test_the_customers_country_decides_about_the_region(draft, partnership, sales, provider):
    provider.further_regions = ["brazil"]
    provider.save()
    with pytest.raises(PartnershipRequired, match="enrolled for United States, and the customer is in Brazil"):
        save_details(draft=draft, details=make_details(country="BR"), reseller=partnership.reseller, by=sales)
    draft.refresh_from_db()
    assert (draft.details, draft.reseller) == ({}, partnership.reseller)
