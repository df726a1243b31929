"""Submit: everything or nothing, once, and only what was reviewed."""

import dataclasses

import pytest
from django.db import OperationalError

from accounts.models import User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import NotPermitted
from customers.models import Customer, CustomerAdministrator, CustomerAgreement, ResellerRelationship, TemporaryPassword
from mail.models import OutgoingEmail
from orders.attesting import AttestationMissing, attestation_of
from orders.checks import draft_problems
from orders.models import Order, OrderDraft, OrderLine
from orders.services import (
    DraftCanceled,
    NotReady,
    SomethingChanged,
    cancel_draft,
    choose_offers,
    choose_reseller,
    fingerprint,
    save_details,
    start_draft,
    submit_draft,
)
from subscriptions.models import ResellerOfRecord, Subscription
from tests.factories import CustomerFactory, PartnershipFactory, SubscriptionFactory
from tests.faults import fail_at_statement
from tests.orders.conftest import SESSION, agreed, end, make_details, make_price, make_sku, submitted

MADE = (
    Customer,
    CustomerAdministrator,
    CustomerAgreement,
    ResellerRelationship,
    TemporaryPassword,
    Order,
    OrderLine,
    Subscription,
    ResellerOfRecord,
    OutgoingEmail,
    ActivityRecord,
)


def counts() -> list[int]:
    """How many rows there are of everything that Submit makes, and of people."""
    return [model.objects.count() for model in MADE] + [User.objects.count()]


# --- what it makes ----------------------------------------------------------------------------------------------------
def test_submit_makes_customer_order_subscriptions_and_credentials(ready, sales, reseller, standard, defender):
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    order = submitted(ready, sales)
    customer = Customer.objects.get()
    assert (order.customer, order.provider, order.reseller, order.placed_by, order.currency) == (
        customer,
        sales.partner,
        reseller,
        sales.user,
        "USD",
    )
    assert order.number == f"{order.placed_at:%Y}-{order.pk:06d}"
    lines = {line.offer_name: line for line in order.lines.all()}
    base, add_on = lines["Business Standard"].subscription, lines["Defender for Business"].subscription
    assert (lines["Business Standard"].unit_price, lines["Business Standard"].quantity) == (standard.unit_price, 5)
    assert (base.customer, base.quantity, base.parent, add_on.parent) == (customer, 5, None, base)
    assert {one.reseller for one in ResellerOfRecord.objects.all()} == {reseller}
    assert customer.managing_relationship().reseller == reseller
    issued = TemporaryPassword.objects.get()
    assert (issued.issued_by, issued.ciphertext is not None) == (sales.user, True)


def test_submit_freezes_the_draft_and_forgets_the_details(ready, sales):
    order = submitted(ready, sales)
    ready.refresh_from_db()
    assert (ready.state, ready.order, ready.details) == ("submitted", order, {})


def test_submit_records_the_order_once_with_its_parties(ready, sales, reseller):
    order = submitted(ready, sales)
    kept = ActivityRecord.objects.get(action="order.placed")
    assert (kept.target_label, kept.actor_user_id) == (order.number, sales.user.pk)
    assert (kept.provider_id, kept.reseller_id, kept.customer_id) == (
        sales.partner.microsoft_id,
        reseller.microsoft_id,
        order.customer.microsoft_id,
    )
    assert kept.changes["lines"][0]["quantity"] == 5
    assert (order.attestation, kept.changes["attestation"]) == ("indirect", "indirect")


def test_submit_tells_the_person_who_placed_it_in_their_language(ready, sales):
    sales.user.language = "pt-br"
    sales.user.save(update_fields=["language"])
    order = submitted(ready, sales)
    mail = OutgoingEmail.objects.get(kind="order_placed")
    assert (mail.recipient, mail.language) == (sales.user.email, "pt-br")
    assert order.number in mail.subject
    assert "5 x Business Standard" in mail.text
    assert "USD\u00a050,00" in mail.text


@pytest.mark.usefixtures("either_fulfilment")
def test_submit_again_gives_the_same_order_and_makes_nothing(ready, sales):
    reviewed = fingerprint(ready)
    first = submit_draft(
        draft=ready, reviewed=reviewed, attestation=attestation_of(ready), session_key=SESSION, by=sales
    )
    before = counts()
    for words in (reviewed, "", "anything"):
        assert (
            submit_draft(
                draft=ready, reviewed=words, attestation=attestation_of(ready), session_key="another", by=sales
            )
            == first
        )
    assert counts() == before


def test_submit_for_a_customer_without_a_reseller(draft, sales, standard):
    save_details(draft=draft, details=make_details(), reseller=None, by=sales)
    choose_offers(draft=draft, quantities={standard: 1}, by=sales)
    order = submitted(draft, sales)
    assert (order.reseller, order.customer.managing_relationship()) == (None, None)
    assert order.attestation == "direct"
    assert not ResellerOfRecord.objects.exists()
    kept = ActivityRecord.objects.get(action="order.placed")
    assert (kept.reseller_id, kept.customer_id) == (None, order.customer.microsoft_id)


# --- everything or nothing --------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("either_fulfilment")
def test_submit_keeps_nothing_whichever_statement_fails(ready, sales, standard, defender):
    choose_offers(draft=ready, quantities={defender: 5}, by=sales)
    draft = OrderDraft.objects.select_related("provider", "reseller").get(pk=ready.pk)
    reviewed, before = fingerprint(draft), counts()
    details = draft.details

    for number in range(1, 100):
        with fail_at_statement(number):
            try:
                submit_draft(
                    draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=SESSION, by=sales
                )
            except OperationalError:
                assert counts() == before
                kept = OrderDraft.objects.get(pk=draft.pk)
                assert (kept.state, kept.order, kept.details) == ("open", None, details)
            else:
                # What failed now, if anything, came after the commit.
                break
    assert number > 30
    assert [model.objects.count() for model in (Customer, Order, OrderLine, TemporaryPassword)] == [1, 1, 2, 1]


@pytest.mark.parametrize(
    "broken",
    [
        "orders.placing.record",
        "orders.placing.queue_email",
        "orders.services.issue_credentials",
        "orders.fulfilment.lines.begin_subscriptions",
    ],
)
def test_submit_keeps_nothing_when_one_of_its_parts_fails(ready, sales, monkeypatch, broken):
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError(broken)

    reviewed, before = fingerprint(ready), counts()
    monkeypatch.setattr(broken, fail)
    with pytest.raises(RuntimeError):
        submit_draft(draft=ready, reviewed=reviewed, attestation=attestation_of(ready), session_key=SESSION, by=sales)
    assert counts() == before
    ready.refresh_from_db()
    assert ready.state == "open"


# --- who may ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("whose", ["colleague", "outsider", "helpdesk"])
def test_submit_is_for_the_owner_alone(ready, whose, request):
    with pytest.raises(NotPermitted):
        submitted(ready, request.getfixturevalue(whose))
    assert not Customer.objects.exists()


def test_submit_is_refused_once_the_role_is_lost(ready, sales):
    with pytest.raises(NotPermitted):
        submitted(ready, dataclasses.replace(sales, role=Role.HELPDESK_AGENT))
    assert not Customer.objects.exists()


def test_submit_of_a_canceled_draft_is_refused(ready, sales):
    reviewed = fingerprint(ready)
    cancel_draft(draft=ready, by=sales)
    with pytest.raises(DraftCanceled):
        submit_draft(draft=ready, reviewed=reviewed, attestation=attestation_of(ready), session_key=SESSION, by=sales)
    assert not Customer.objects.exists()


# --- only what was reviewed -------------------------------------------------------------------------------------------
def refused(draft: OrderDraft, reviewed: str, by: object) -> list[tuple[str, str, str]]:
    """The differences with which Submit is refused; nothing may have been made."""
    with pytest.raises(SomethingChanged) as change:
        submit_draft(draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=SESSION, by=by)  # type: ignore[arg-type]
    assert not Order.objects.exists()
    assert not Customer.objects.exists()
    return [tuple(difference) for difference in change.value.differences]  # type: ignore[misc]


def test_submit_refuses_another_price_and_says_both(ready, sales, standard):
    reviewed = fingerprint(ready)
    end(standard, amount="144.00")
    assert refused(ready, reviewed, sales) == [
        (
            "Price per license of Business Standard, 1 year, billed monthly",
            "USD\u00a010.00 per month",
            "USD\u00a012.00 per month",
        )
    ]


def test_submit_refuses_what_another_tab_changed(ready, sales, standard, defender, provider):
    reviewed = fingerprint(ready)
    choose_offers(draft=ready, quantities={standard: 6, defender: 1}, by=sales)
    other = PartnershipFactory(provider=provider, reseller__legal_name="Contoso").reseller
    save_details(draft=ready, details=make_details(company_name="Another name"), reseller=other, by=sales)
    assert refused(ready, reviewed, sales) == [
        ("Company name", "Padaria São João", "Another name"),
        ("Indirect reseller", "Fabrikam", "Contoso"),
        ("Licenses for Business Standard, 1 year, billed monthly", "5", "6"),
        ("Defender for Business, 1 year, billed every year", "", "1 license"),
    ]


@pytest.mark.parametrize("reviewed", ["", "nonsense", "e30:forged", "\ud800"])
def test_submit_refuses_a_fingerprint_that_is_not_its_own(ready, sales, reviewed):
    assert refused(ready, reviewed, sales) == []


def test_submit_refuses_the_fingerprint_of_another_draft(ready, sales, standard, reseller):
    twin = start_draft(reseller=reseller, by=sales)
    save_details(draft=twin, details=make_details(), reseller=reseller, by=sales)
    choose_offers(draft=twin, quantities={standard: 5}, by=sales)
    assert refused(ready, fingerprint(twin), sales) == []


def test_submit_takes_a_price_that_was_listed_again_unchanged(ready, sales, standard):
    reviewed = fingerprint(ready)
    successor = end(standard, amount="120.00")
    order = submit_draft(
        draft=ready, reviewed=reviewed, attestation=attestation_of(ready), session_key=SESSION, by=sales
    )
    assert order.lines.get().price == successor


# --- the attestation --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", ["", "direct", "on", "INDIRECT"])
def test_submit_needs_the_word_that_fits_the_order(ready, sales, said):
    before = counts()
    with pytest.raises(AttestationMissing, match="acts as Indirect Partner"):
        submit_draft(draft=ready, reviewed=fingerprint(ready), attestation=said, session_key=SESSION, by=sales)
    assert counts() == before


def test_a_word_for_another_reseller_counts_for_nothing(ready, sales):
    save_details(draft=ready, details=make_details(), reseller=None, by=sales)
    draft = OrderDraft.objects.get(pk=ready.pk)
    with pytest.raises(AttestationMissing, match="acts as Direct Partner"):
        submit_draft(draft=draft, reviewed=fingerprint(draft), attestation="indirect", session_key=SESSION, by=sales)
    assert submitted(ready, sales).attestation == "direct"


# --- what stands in the way -------------------------------------------------------------------------------------------
def problems(draft: OrderDraft, by: object) -> list[tuple[str, str]]:
    """What Review says and Submit refuses with; both must agree on the steps."""
    draft = OrderDraft.objects.get(pk=draft.pk)
    found = draft_problems(draft)
    with pytest.raises(NotReady) as refusal:
        submit_draft(
            draft=draft, reviewed=fingerprint(draft), attestation=attestation_of(draft), session_key=SESSION, by=by
        )  # type: ignore[arg-type]
    assert {problem.step for problem in refusal.value.problems} <= {problem.step for problem in found}
    assert not Order.objects.exists()
    return [tuple(problem) for problem in found]  # type: ignore[misc]


def test_an_empty_draft_lacks_everything(draft, sales):
    assert problems(draft, sales) == [
        ("details", "Enter the customer details."),
        ("subscriptions", "Enter the number of licenses for at least one offer."),
    ]


def test_a_draft_of_an_older_version_lacks_what_it_does_not_know(ready, sales):
    OrderDraft.objects.filter(pk=ready.pk).update(details={"company_name": "Padaria", "schema": "old", "country": "US"})
    assert {step for step, _message in problems(ready, sales)} == {"details"}


def test_an_ended_partnership_stands_in_the_way(ready, sales, partnership):
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    words = "You have no partnership with Fabrikam. Request a partnership, or choose another indirect reseller."
    assert problems(ready, sales) == [("details", words)]


def test_a_domain_taken_meanwhile_stands_in_the_way(ready, sales):
    CustomerFactory(domain_prefix="padaria")
    draft = OrderDraft.objects.get(pk=ready.pk)
    message = "padaria.onmicrosoft.com is taken. Enter another primary domain name."
    assert draft_problems(draft) == [("details", message)]
    with pytest.raises(NotReady):
        submitted(ready, sales)
    assert Customer.objects.count() == 1


def test_an_offer_that_ended_stands_in_the_way(ready, sales, standard):
    end(standard)
    [(step, message)] = problems(ready, sales)
    assert step == "subscriptions"
    assert message.startswith("Business Standard, 1 year, billed monthly is no longer on sale")


def test_a_new_limit_stands_in_the_way(ready, sales, standard):
    standard.sku.max_licenses = 4
    standard.sku.save()
    words = "Enter the number of licenses for Business Standard, 1 to 4."
    assert problems(ready, sales) == [("subscriptions", words)]


def test_an_add_on_without_its_base_stands_in_the_way(ready, sales, standard, defender):
    choose_offers(draft=ready, quantities={defender: 1, standard: 0}, by=sales)
    words = "Defender for Business is an add-on. Choose one of these with it: Business Standard."
    assert problems(ready, sales) == [("subscriptions", words)]


def test_two_currencies_stand_in_the_way(ready, sales):
    choose_offers(draft=ready, quantities={make_price("Euro Suite", currency="EUR"): 1}, by=sales)
    words = "An order is in one currency; these offers are in EUR, USD."
    assert problems(ready, sales) == [("subscriptions", words)]


@pytest.mark.parametrize("kind", ["concurrent", "lifetime"])
def test_an_offer_for_once_cannot_be_ordered_twice(ready, sales, kind):
    sku = make_sku("Trial", asset_ownership_limit=1, asset_ownership_limit_type=kind)
    short, long = make_price(sku, "0", term_duration="P1M"), make_price(sku, "0")
    choose_offers(draft=ready, quantities={short: 1, long: 1}, by=sales)
    words = "A customer may have Trial only once. Choose one term for it."
    assert problems(ready, sales) == [("subscriptions", words)]
    choose_offers(draft=ready, quantities={long: 0}, by=sales)
    assert submitted(ready, sales).lines.count() == 2


REPEAT = "Change its licenses instead, or confirm that it is to be ordered once more."


# --- a customer that exists -------------------------------------------------------------------------------------------
@pytest.fixture
def addition(sales, provider, standard) -> OrderDraft:
    """Two more licenses of Business Standard for a customer that exists."""
    draft = start_draft(reseller=None, customer=agreed(provider=provider), by=sales)
    return choose_offers(draft=draft, quantities={standard: 2}, by=sales)


def test_submit_for_an_existing_customer_only_orders(addition, sales, reseller):
    choose_reseller(draft=addition, reseller=reseller, by=sales)
    order = submitted(addition, sales)
    assert (Customer.objects.count(), order.customer, order.reseller) == (1, addition.customer, reseller)
    assert not TemporaryPassword.objects.exists()
    assert order.customer.managing_relationship() is None
    assert ResellerOfRecord.objects.get().reseller == reseller
    assert "a new one can be issued" not in OutgoingEmail.objects.get(kind="order_placed").text


def test_an_order_changes_its_customer_even_before_a_subscription_starts(addition, sales, monkeypatch):
    monkeypatch.setattr("subscriptions.services.mark_changed", lambda *keys, at: None)
    order = submitted(addition, sales)
    assert Customer.objects.get().changed_at > order.placed_at


def test_an_add_on_goes_under_a_base_that_the_customer_has(addition, sales, standard, defender):
    base = SubscriptionFactory(customer=addition.customer, sku=standard.sku)
    choose_offers(draft=addition, quantities={defender: 2, standard: 0}, by=sales)
    assert submitted(addition, sales).lines.get().subscription.parent == base


def test_a_suspended_base_does_not_carry_an_add_on(addition, sales, standard, defender):
    SubscriptionFactory(customer=addition.customer, sku=standard.sku, status="suspended")
    SubscriptionFactory(sku=standard.sku)
    choose_offers(draft=addition, quantities={defender: 2, standard: 0}, by=sales)
    [(step, message)] = problems_of_existing(addition)
    assert step == "subscriptions"
    assert "is an add-on" in message


@pytest.mark.parametrize(
    ("kind", "status", "counts"),
    [
        ("concurrent", "active", True),
        ("concurrent", "suspended", True),
        ("concurrent", "deleted", False),
        ("lifetime", "deleted", True),
    ],
)
def test_limits_count_what_the_customer_has(addition, sales, kind, status, counts):
    sku = make_sku("Trial", asset_ownership_limit=1, asset_ownership_limit_type=kind)
    SubscriptionFactory(customer=addition.customer, sku=sku, status=status)
    SubscriptionFactory(sku=sku)
    choose_offers(draft=addition, quantities={make_price(sku, "0"): 1}, by=sales)
    expected = "A customer may have Trial only once, and this one already has it."
    if status == "active":
        expected = f"The customer has 10 licenses of Trial already. {REPEAT}|{expected}"
    elif status == "suspended":
        expected = "The customer’s subscription of Trial is suspended. Reactivate it instead of ordering it again."
    found = [message for _step, message in problems_of_existing(addition)]
    assert "|".join(found) == (expected if counts else "")


def test_an_existing_customer_without_an_agreement_orders_nothing(sales, provider, standard):
    draft = start_draft(reseller=None, customer=CustomerFactory(provider=provider), by=sales)
    choose_offers(draft=draft, quantities={standard: 2}, by=sales)
    [(step, message)] = problems_of_existing(draft)
    assert (step, "Agreement" in message) == ("subscriptions", True)
    with pytest.raises(NotReady):
        submitted(draft, sales)


def test_an_ended_partnership_stops_an_addition(addition, sales, partnership):
    choose_reseller(draft=addition, reseller=partnership.reseller, by=sales)
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    with pytest.raises(NotReady):
        submitted(addition, sales)
    assert not Order.objects.exists()


def problems_of_existing(draft: OrderDraft) -> list[tuple[str, str]]:
    """What Review says of it."""
    return [tuple(problem) for problem in draft_problems(OrderDraft.objects.get(pk=draft.pk))]  # type: ignore[misc]


# --- cost -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("offers", [1, 3])
def test_submit_costs_no_more_queries_for_more_offers_than_one_record_per_subscription(
    ready, sales, offers, django_assert_max_num_queries
):
    for number in range(offers - 1):
        choose_offers(draft=ready, quantities={make_price(f"Suite {number}"): 1}, by=sales)
    draft = OrderDraft.objects.get(pk=ready.pk)
    reviewed = fingerprint(draft)
    with django_assert_max_num_queries(50 + offers):
        submit_draft(draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=SESSION, by=sales)
