"""What the customer has of an offer decides whether it can be chosen; the reason stands on the offer itself."""

import re

import pytest
from django.urls import reverse

from accounts.models import Partner
from catalogue.models import Sku
from core import clock
from orders.checks import draft_problems
from orders.fulfilment import fulfilment_in_use
from orders.models import Order, OrderDraft
from orders.services import NotReady, choose_offers, start_draft
from subscriptions.models import ResellerOfRecord, Subscription
from tests.contracts import html_faults
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.orders.conftest import agreed, confirmed, end, make_price, make_sku, signed_in, submitted
from tests.reading import text as read


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The text of a page that keeps the contracts."""
    assert html_faults(response.content.decode()) == []
    return response.content.decode()


def row_of(text: str, title: str) -> str:
    """The row of an offer."""
    rows = re.findall(r'<tr role="row" class="offer.*?</tr>', text, re.S)
    [found] = [row for row in rows if f'class="offer-title">{title}<' in row]
    return found


def summary(text: str) -> list[str]:
    """The messages of the error summary."""
    block = re.search(r"data-error-summary>.*?<ul>(.*?)</ul>", text, re.S)
    return re.findall(r"<li>(?:<a [^>]*>)?([^<]*)", block[1]) if block else []


@pytest.fixture
def customer(provider):
    return agreed(provider=provider, company_name="Old Mill")


@pytest.fixture
def addition(sales, customer, standard) -> OrderDraft:
    """New subscriptions for a customer that exists; nothing is chosen yet."""
    return start_draft(reseller=None, customer=customer, by=sales)


def owns(customer, sku, status="active", quantity=25) -> Subscription:
    """A subscription that the customer has, and one of somebody else's that says nothing."""
    SubscriptionFactory(sku=sku, status="suspended", customer=CustomerFactory(provider=customer.provider))
    return SubscriptionFactory(customer=customer, sku=sku, status=status, quantity=quantity)


SUSPENDED = "The customer’s subscription of Business Standard is suspended. Reactivate it instead of ordering it again."


# --- suspended --------------------------------------------------------------------------------------------------------
def test_a_suspended_subscription_leads_to_its_reactivation(addition, customer, sales, standard):
    subscription = owns(customer, standard.sku, status="suspended")
    client = signed_in(sales)
    row = row_of(page(client.get(url("subscriptions", addition))), "Business Standard")
    assert SUSPENDED in read(row)
    assert "<input" not in row
    [address] = re.findall(r'<a href="([^"]+)">Reactivate', row)
    ids = [customer.microsoft_id, subscription.subscription_id, "reactivate"]
    assert address == reverse("subscriptions:change", args=ids)
    assert client.get(address).status_code == 200


def test_what_is_suspended_cannot_be_smuggled_in(addition, customer, sales, standard):
    owns(customer, standard.sku, status="suspended")
    answer = signed_in(sales).post(url("subscriptions", addition), {f"licenses-{standard.pk}": "5", "reseller": ""})
    assert summary(page(answer)) == [SUSPENDED]
    assert not addition.lines.exists()


def test_what_is_suspended_after_it_was_chosen_can_only_be_taken_out(addition, customer, sales, standard):
    choose_offers(draft=addition, quantities={standard: 5}, by=sales)
    subscription = owns(customer, standard.sku, status="suspended")
    client = signed_in(sales)
    row = row_of(page(client.get(url("subscriptions", addition))), "Business Standard")
    assert f'name="licenses-{standard.pk}" value="5"' in row
    assert SUSPENDED in summary(page(client.get(url("subscriptions", addition), {"check": "1"})))
    assert [problem.message for problem in draft_problems(addition)] == [SUSPENDED]
    assert SUSPENDED in read(page(client.get(url("review", addition))))
    with pytest.raises(NotReady, match="Reactivate it"):
        submitted(addition, sales)
    Subscription.objects.filter(pk=subscription.pk).update(status="active")
    client.post(url("update_offers", addition), {f"licenses-{standard.pk}": "", "reseller": ""})
    assert not addition.lines.exists()


@pytest.mark.parametrize("status", ["expired", "disabled", "deleted"])
def test_what_has_ended_is_bought_again(addition, customer, sales, standard, status):
    SubscriptionFactory(customer=customer, sku=standard.sku, status=status)
    choose_offers(draft=addition, quantities={standard: 5}, by=sales)
    assert draft_problems(addition) == []


def test_suspended_between_review_and_submit(addition, customer, sales, standard):
    choose_offers(draft=addition, quantities={standard: 5}, by=sales)
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", addition)))
    owns(customer, standard.sku, status="suspended")
    answer = client.post(url("submit", addition), sent)
    assert answer.status_code == 409
    assert SUSPENDED in read(page(answer))
    assert not Order.objects.exists()
    assert addition.lines.count() == 1


# --- below a base whose reseller of record is not ready ---------------------------------------------------------------
@pytest.fixture
def below(customer, standard, defender, sales) -> ResellerOfRecord:
    """An add-on of the legacy rules whose base was sold by Contoso, which has no MPN ID by now."""
    Sku.objects.update(policy="legacy")
    contoso = PartnerFactory(reseller=True, legal_name="Contoso", mpn_id="")
    PartnershipFactory(provider=customer.provider, reseller=contoso)
    base = SubscriptionFactory(customer=customer, sku=standard.sku, policy="legacy", nickname="Office")
    return ResellerOfRecord.objects.create(subscription=base, reseller=contoso, mpn_id="7", set_by=sales.user)


NOT_READY = (
    "Defender for Business is an add-on of Office: Contoso has no MPN ID, so no incentive could be paid to it. Name "
    "another reseller of record, or none, first."
)


def test_an_add_on_joins_no_base_under_a_reseller_that_is_not_ready(addition, sales, defender, below):
    choose_offers(draft=addition, quantities={defender: 5}, by=sales)
    client = signed_in(sales)
    assert [problem.message for problem in draft_problems(addition)] == [NOT_READY]
    assert NOT_READY in summary(page(client.get(url("subscriptions", addition), {"check": "1"})))
    assert NOT_READY in read(page(client.get(url("review", addition))))
    with pytest.raises(NotReady, match="Contoso has no MPN ID"):
        submitted(addition, sales)
    ResellerOfRecord.objects.update(ends_at=clock.now())
    assert draft_problems(addition) == []
    submitted(addition, sales)


def test_what_has_a_term_of_its_own_asks_nothing_of_the_reseller_of_its_base(addition, sales, defender, below):
    choose_offers(draft=addition, quantities={defender: 5}, by=sales)
    Sku.objects.filter(pk=defender.sku_id).update(policy="new_commerce")
    assert draft_problems(addition) == []


def test_a_base_that_became_not_ready_between_review_and_submit(addition, sales, defender, below):
    choose_offers(draft=addition, quantities={defender: 5}, by=sales)
    Partner.objects.filter(legal_name="Contoso").update(mpn_id="0054321")
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", addition)))
    Partner.objects.filter(legal_name="Contoso").update(mpn_id="")
    answer = client.post(url("submit", addition), sent)
    assert answer.status_code == 409
    assert NOT_READY in read(page(answer))
    assert not Order.objects.exists()


# --- as many as it may have -------------------------------------------------------------------------------------------
def test_an_offer_for_once_says_that_the_customer_has_it(addition, customer, sales):
    trial = make_price(make_sku("Trial", asset_ownership_limit=1, asset_ownership_limit_type="lifetime"), "0")
    words = "A customer may have Trial only once, and this one already has it."
    client = signed_in(sales)
    assert "<input" in row_of(page(client.get(url("subscriptions", addition))), "Trial")
    SubscriptionFactory(customer=customer, sku=trial.sku, status="deleted")
    row = row_of(page(client.get(url("subscriptions", addition))), "Trial")
    assert words in read(row)
    assert "<input" not in row
    answer = client.post(url("subscriptions", addition), {f"licenses-{trial.pk}": "1", "reseller": ""})
    assert summary(page(answer)) == [words]


def test_what_is_ordered_counts_before_it_is_set_up(addition, customer, sales, settings, provider):
    settings.FULFILMENT = "back_office"
    assert fulfilment_in_use().new_customer_status == "pending"
    trial = make_price(make_sku("Trial", asset_ownership_limit=1, asset_ownership_limit_type="concurrent"), "0")
    for _twice in range(2):
        draft = start_draft(reseller=None, customer=customer, by=sales)
        choose_offers(draft=draft, quantities={trial: 1}, by=sales)
        if not Order.objects.exists():
            submitted(draft, sales)
    with pytest.raises(NotReady, match="only once, and this one already has it"):
        submitted(draft, sales)
    assert not Subscription.objects.exists()


# --- add-ons ----------------------------------------------------------------------------------------------------------
def test_an_add_on_names_what_it_needs_and_what_the_customer_has_of_it(addition, customer, sales, standard, defender):
    client = signed_in(sales)
    row = row_of(page(client.get(url("subscriptions", addition))), "Defender for Business")
    assert "Add-on: needs Business Standard" in read(row)
    owns(customer, standard.sku)
    row = row_of(page(client.get(url("subscriptions", addition))), "Defender for Business")
    assert "Add-on: goes with Business Standard, which the customer has" in read(row)
    assert "<input" in row


def test_an_add_on_without_any_base_within_reach_cannot_be_chosen(addition, customer, sales, standard, defender):
    end(standard)
    words = (
        "Defender for Business is an add-on of Business Standard, which the customer does not have and cannot buy here."
    )
    client = signed_in(sales)
    row = row_of(page(client.get(url("subscriptions", addition))), "Defender for Business")
    assert words in read(row)
    assert "<input" not in row
    answer = client.post(url("subscriptions", addition), {f"licenses-{defender.pk}": "1", "reseller": ""})
    assert summary(page(answer)) == [words]
    owns(customer, standard.sku)
    row = row_of(page(client.get(url("subscriptions", addition))), "Defender for Business")
    assert "<input" in row
    assert "Add-on: goes with Business Standard, which the customer has" in read(row)


def test_many_bases_are_not_all_named(ready, sales):
    bases = [make_price(make_sku(f"Base {number}")).sku for number in range(7)]
    add_on = make_sku("Backup", needs=bases[0])
    for base in bases[1:]:
        add_on.prerequisites.create(required_code=base.code)
    make_price(add_on)
    row = row_of(page(signed_in(sales).get(url("subscriptions", ready))), "Backup")
    assert "Add-on: needs one of Base 0, Base 1, Base 2, Base 3 and 3 more" in read(row)


# --- cost -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3])
def test_what_the_customer_has_costs_the_same_for_any_number(
    addition, customer, sales, number, django_assert_num_queries
):
    for each in range(number):
        owns(customer, make_price(f"Suite {each}").sku, status="suspended")
    client = signed_in(sales)
    client.get(url("confirm_cancel", addition))  # the first page of a session also keeps when it was seen
    with django_assert_num_queries(16):
        client.get(url("subscriptions", addition))
