"""New subscriptions for an existing customer: who earns is chosen, and nothing is ordered twice unsaid."""

import re

import pytest
from django.db.models import F
from django.urls import reverse

from core import clock
from customers.models import ResellerRelationship
from customers.relationships import end_reseller_relationship
from customers.services import PartnershipRequired
from orders.checks import draft_problems
from orders.models import Order, OrderDraft
from orders.services import NotReady, choose_offers, choose_reseller, start_draft
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from tests.factories import CustomerFactory, PartnershipFactory, SubscriptionFactory
from tests.orders.conftest import actor_of, agreed, confirmed, make_price, signed_in, submitted
from tests.orders.test_standing import page, row_of, summary, url
from tests.orders.test_standing import read as words_of

UNCHOSEN = "Choose the reseller for these subscriptions, or No reseller."
REPEATED = (
    "The customer has 25 licenses of Business Standard already. Change its licenses instead, or confirm that it is to "
    "be ordered once more."
)


@pytest.fixture
def customer(provider, reseller, partnership):
    """Managed by Fabrikam."""
    return agreed(provider=provider, company_name="Old Mill", managed_by=reseller)


@pytest.fixture
def addition(sales, customer, standard) -> OrderDraft:
    """Begun from the customer's row: Fabrikam is suggested, and nothing is chosen yet."""
    signed_in(sales).post(reverse("orders:add_subscription", args=[customer.microsoft_id]))
    return OrderDraft.objects.get()


@pytest.fixture
def other(provider):
    """Another reseller, which has nothing to do with the customer."""
    return PartnershipFactory(provider=provider, reseller__legal_name="Litware").reseller


@pytest.fixture
def chosen(addition, sales, standard) -> OrderDraft:
    """Five licenses and no reseller: to be reviewed."""
    choose_offers(draft=addition, quantities={standard: 5}, by=sales)
    return choose_reseller(draft=addition, reseller=None, by=sales)


def owns(customer, sku, quantity=25) -> Subscription:
    return SubscriptionFactory(customer=customer, sku=sku, quantity=quantity)


# --- the reseller -----------------------------------------------------------------------------------------------------
def test_the_managing_reseller_is_suggested_and_not_set(addition, sales, standard, reseller):
    client = signed_in(sales)
    text = page(client.get(url("subscriptions", addition)))
    radios = re.findall(r'<input type="radio"[^>]*name="reseller_choice"[^>]*>', text)
    assert [re.search(r'value="([^"]*)"', one)[1] for one in radios] == [str(reseller.microsoft_id), "other", "none"]
    assert not any("checked" in one for one in radios)
    assert f"{reseller.name_and_mpn} – suggested: it manages the customer" in words_of(text)
    answer = client.post(url("subscriptions", addition), {f"licenses-{standard.pk}": "5"})
    text = page(answer)
    assert summary(text) == [UNCHOSEN]
    assert "<title>Error:" in text
    assert [line.quantity for line in addition.lines.all()] == [5]


def test_a_suggestion_alone_never_becomes_an_order(addition, sales, standard):
    choose_offers(draft=addition, quantities={standard: 5}, by=sales)
    draft = OrderDraft.objects.get()
    assert [problem.message for problem in draft_problems(draft)] == [UNCHOSEN]
    text = page(signed_in(sales).get(url("review", draft)))
    assert UNCHOSEN in words_of(text)
    assert "Fabrikam" not in text
    with pytest.raises(NotReady, match="Choose the reseller"):
        submitted(draft, sales)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("choice", "listed", "expected"),
    [
        ("suggested", "", "Fabrikam"),
        ("other", "Litware", "Litware"),
        ("", "Litware", "Litware"),
        ("none", "", None),
        ("none", "Litware", None),
        ("suggested", "Litware", "Fabrikam"),
    ],
)
def test_each_choice_is_kept_and_shown_again(addition, sales, standard, reseller, other, choice, listed, expected):
    data = {
        f"licenses-{standard.pk}": "5",
        "reseller_choice": str(reseller.microsoft_id) if choice == "suggested" else choice,
        "reseller": str(other.microsoft_id) if listed else "",
    }
    client = signed_in(sales)
    assert client.post(url("subscriptions", addition), data).url == url("review", addition)
    addition.refresh_from_db()
    assert (addition.reseller.legal_name if addition.reseller else None) == expected
    assert not addition.reseller_is_suggested
    text = page(client.get(url("subscriptions", addition)))
    [checked] = [one for one in re.findall(r'<input type="radio"[^>]*>', text) if "checked" in one]
    key = {"Fabrikam": str(reseller.microsoft_id), "Litware": "other", None: "none"}[expected]
    assert f'value="{key}"' in checked
    assert client.post(url("submit", addition), confirmed(client.get(url("review", addition)))).status_code == 302
    of_record = ResellerOfRecord.objects.first()
    assert (of_record.reseller.legal_name if of_record else None) == expected


def test_a_search_keeps_the_choice_and_demands_none(addition, sales, standard, other):
    client = signed_in(sales)
    assert client.post(url("update_offers", addition), {f"licenses-{standard.pk}": "5"}).status_code == 302
    assert OrderDraft.objects.get().reseller_is_suggested
    client.post(url("update_offers", addition), {"reseller_choice": "other", "reseller": str(other.microsoft_id)})
    draft = OrderDraft.objects.get()
    assert (draft.reseller, draft.reseller_is_suggested) == (other, False)


def test_a_search_keeps_a_support_contact_while_the_reseller_waits(addition, sales, reseller):
    key = str(reseller.microsoft_id)
    client = signed_in(sales)
    client.post(url("update_offers", addition), {"support_contact": key})
    draft = OrderDraft.objects.get()
    assert (draft.reseller, draft.reseller_is_suggested, draft.support_contact) == (reseller, True, reseller)
    assert f'value="{key}" selected' in page(client.get(url("subscriptions", draft)))
    client.post(url("update_offers", addition), {"support_contact": ""})
    assert OrderDraft.objects.get().support_contact is None


def test_whom_a_draft_began_with_is_suggested_too(customer, sales, reseller, other, standard):
    draft = start_draft(reseller=other, customer=customer, is_suggestion=True, by=sales)
    client = signed_in(sales)
    text = page(client.get(url("subscriptions", draft)))
    radios = re.findall(r'<input type="radio"[^>]*name="reseller_choice"[^>]*value="([^"]*)"', text)
    assert radios == [str(other.microsoft_id), str(reseller.microsoft_id), "other", "none"]
    assert f"{other.name_and_mpn} – suggested {reseller.name_and_mpn} – suggested: it manages" in words_of(text)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": str(other.microsoft_id)}
    assert client.post(url("subscriptions", draft), data).url == url("review", draft)
    draft.refresh_from_db()
    assert (draft.reseller, draft.reseller_is_suggested) == (other, False)


def test_whom_a_draft_began_with_is_not_said_to_manage_a_direct_customer(provider, sales, other):
    draft = start_draft(reseller=other, customer=agreed(provider=provider), is_suggestion=True, by=sales)
    text = words_of(page(signed_in(sales).get(url("subscriptions", draft))))
    assert f"{other.name_and_mpn} – suggested Another reseller" in text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"reseller_choice": "other"}, "Choose the other reseller from the list."),
        ({"reseller_choice": "somebody"}, "Select a choice of the list for the reseller."),
        ({"reseller_choice": "other", "reseller": "nobody at all"}, "You have no partnership with a reseller called"),
        ({"reseller_choice": "none", "support_contact": "somebody"}, "Select a choice of the list for the designated"),
    ],
)
def test_wrong_choices_are_said_and_lose_nothing(addition, sales, standard, data, message):
    text = page(signed_in(sales).post(url("subscriptions", addition), {f"licenses-{standard.pk}": "5", **data}))
    [said] = summary(text)
    assert said.startswith(message)
    assert f'name="licenses-{standard.pk}" value="5"' in text
    addition.refresh_from_db()
    assert addition.reseller_is_suggested


def test_a_reseller_of_another_provider_is_unknown(addition, sales, standard, outsider):
    theirs = PartnershipFactory(provider=outsider.partner, reseller__legal_name="Secret & Co").reseller
    for data in ({"reseller_choice": str(theirs.microsoft_id)}, {"reseller": str(theirs.microsoft_id)}):
        text = page(signed_in(sales).post(url("subscriptions", addition), {f"licenses-{standard.pk}": "5", **data}))
        assert summary(text)
        assert "Secret" not in text
    addition.refresh_from_db()
    assert addition.reseller_is_suggested


def test_a_manager_that_is_not_ready_is_not_suggested(sales, customer, partnership, standard):
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    client = signed_in(sales)
    answer = client.post(reverse("orders:add_subscription", args=[customer.microsoft_id]), follow=True)
    text = page(answer)
    assert OrderDraft.objects.get().reseller is None
    assert "suggested" not in text
    assert "Designated support contact" not in text


# --- once more --------------------------------------------------------------------------------------------------------
def test_what_the_customer_has_is_said_on_the_offer(addition, customer, sales, standard):
    subscription = owns(customer, standard.sku)
    client = signed_in(sales)
    row = row_of(page(client.get(url("subscriptions", addition))), "Business Standard")
    assert "The customer has 25 licenses of it already." in words_of(row)
    [address] = re.findall(r'<a href="([^"]+)">Change its licenses instead', row)
    assert client.get(address).status_code == 200
    assert str(subscription.subscription_id) in address
    assert re.search(rf'name="again-{standard.pk}" value="1">', row)


def test_to_order_it_once_more_is_confirmed_and_kept(addition, customer, sales, standard):
    owns(customer, standard.sku)
    client = signed_in(sales)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "none"}
    answer = client.post(url("subscriptions", addition), data)
    assert summary(page(answer)) == [REPEATED]
    assert [line.quantity for line in addition.lines.all()] == [5]
    assert REPEATED in words_of(page(client.get(url("review", addition))))
    answer = client.post(url("subscriptions", addition), {**data, f"again-{standard.pk}": "1"})
    assert answer.url == url("review", addition)
    row = row_of(page(client.get(url("subscriptions", addition))), "Business Standard")
    assert f'name="again-{standard.pk}" value="1" checked' in row
    review = client.get(url("review", addition))
    assert "Ordered once more: the customer has 25 licenses already" in words_of(page(review))
    assert client.post(url("submit", addition), confirmed(review)).status_code == 302
    assert customer.subscriptions.count() == 2


@pytest.mark.parametrize("again", ["0", "", "x", "-1", "٣", "9" * 9])
def test_a_confirmation_that_makes_no_sense_confirms_nothing(addition, customer, sales, standard, again):
    owns(customer, standard.sku), owns(customer, standard.sku, 5)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "none", f"again-{standard.pk}": again}
    text = page(signed_in(sales).post(url("subscriptions", addition), data))
    assert summary(text)
    assert "checked" not in row_of(text, "Business Standard")


def test_a_confirmation_counts_for_what_the_customer_had_then(chosen, customer, sales, standard):
    owns(customer, standard.sku)
    choose_offers(draft=chosen, quantities={standard: 5}, confirmed={standard: 1}, by=sales)
    assert draft_problems(OrderDraft.objects.get()) == []
    owns(customer, standard.sku, 3)
    [problem] = draft_problems(OrderDraft.objects.get())
    assert problem.message.startswith("The customer has 28 licenses of Business Standard already.")
    customer.subscriptions.update(status="deleted")
    assert draft_problems(OrderDraft.objects.get()) == []


def test_a_confirmation_cannot_be_given_beforehand(addition, customer, sales, standard):
    owns(customer, standard.sku)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "none", f"again-{standard.pk}": "99"}
    signed_in(sales).post(url("subscriptions", addition), data)
    assert [line.confirmed_beside for line in addition.lines.all()] == [1]


def test_what_is_ordered_and_not_set_up_counts_too(chosen, customer, sales, standard, settings):
    settings.FULFILMENT = "back_office"
    submitted(chosen, sales)
    draft = start_draft(reseller=None, customer=customer, by=sales)
    choose_offers(draft=draft, quantities={standard: 2}, by=sales)
    text = page(signed_in(sales).get(url("subscriptions", draft)))
    row = row_of(text, "Business Standard")
    assert "Ordered already and not set up yet: 5 licenses." in words_of(row)
    assert "href" not in row
    with pytest.raises(NotReady, match="The customer has 5 licenses of Business Standard already"):
        submitted(draft, sales)


def test_ordered_by_a_colleague_between_review_and_submit(chosen, customer, sales, colleague, standard):
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", chosen)))
    theirs = start_draft(reseller=None, customer=customer, by=colleague)
    choose_offers(draft=theirs, quantities={standard: 25}, by=colleague)
    submitted(theirs, colleague)
    answer = client.post(url("submit", chosen), sent)
    assert answer.status_code == 409
    text = words_of(page(answer))
    assert "What the customer has of Business Standard, 1 year, billed monthly" in text
    assert REPEATED in text
    assert Order.objects.count() == 1


def test_canceled_between_review_and_submit_is_shown_and_can_be_taken(chosen, customer, sales, standard):
    subscription = owns(customer, standard.sku)
    choose_offers(draft=chosen, quantities={standard: 5}, confirmed={standard: 1}, by=sales)
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", chosen)))
    Subscription.objects.filter(pk=subscription.pk).update(status="deleted", version=F("version") + 1)
    answer = client.post(url("submit", chosen), sent)
    assert answer.status_code == 409
    assert "25 licenses" in words_of(page(answer))
    assert client.post(url("submit", chosen), confirmed(answer)).status_code == 302
    assert Order.objects.count() == 1


# --- the support contact ----------------------------------------------------------------------------------------------
def test_the_support_contact_is_designated_at_once(addition, customer, sales, standard, reseller):
    client = signed_in(sales)
    text = page(client.get(url("subscriptions", addition)))
    options = re.findall(
        r'<option value="([^"]*)"', text.partition('name="support_contact"')[2].partition("</select>")[0]
    )
    assert options == ["", str(reseller.microsoft_id)]
    key = str(reseller.microsoft_id)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "none", "support_contact": key}
    assert client.post(url("subscriptions", addition), data).url == url("review", addition)
    review = client.get(url("review", addition))
    assert "Fabrikam answers the customer’s support requests for the new subscriptions." in words_of(page(review))
    client.post(url("submit", addition), confirmed(review))
    assert SupportContact.objects.get().reseller == reseller
    assert not ResellerOfRecord.objects.exists()


def test_only_who_manages_the_customer_may_be_designated(addition, sales, other):
    with pytest.raises(PartnershipRequired, match="Litware does not manage the customer"):
        choose_reseller(draft=addition, reseller=None, support_contact=other, by=sales)


def test_a_support_contact_that_lost_the_customer_since_review(addition, customer, sales, standard, reseller, provider):
    choose_offers(draft=addition, quantities={standard: 5}, by=sales)
    draft = choose_reseller(draft=addition, reseller=None, support_contact=reseller, by=sales)
    client = signed_in(sales)
    sent = confirmed(client.get(url("review", draft)))
    relationship = ResellerRelationship.objects.get(customer=customer)
    end_reseller_relationship(relationship=relationship, by=actor_of(provider))
    answer = client.post(url("submit", draft), sent)
    assert answer.status_code == 409
    text = words_of(page(answer))
    assert "Does not manage the customer any more" in text
    assert "Fabrikam does not manage the customer and cannot be its designated support contact." in text
    assert not Order.objects.exists()
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "none"}
    assert client.post(url("subscriptions", draft), data).url == url("review", draft)
    assert OrderDraft.objects.get().support_contact is None


# --- afterwards -------------------------------------------------------------------------------------------------------
def test_the_new_subscriptions_stand_in_the_list_marked_new(chosen, customer, sales, standard):
    SubscriptionFactory(customer=customer, nickname="Older")
    choose_offers(draft=chosen, quantities={make_price("Alpha Suite"): 2}, by=sales)
    client = signed_in(sales)
    answer = client.post(url("submit", chosen), confirmed(client.get(url("review", chosen))))
    assert answer.url.startswith(customer.get_absolute_url())
    text = page(client.get(answer.url))
    rows = re.findall(r'<tr[^>]*class="[^"]*is-new[^"]*".*?</tr>', text, re.S)
    assert sorted(re.search(r"(Alpha Suite|Business Standard|Older)", row)[1] for row in rows) == [
        "Alpha Suite",
        "Business Standard",
    ]
    # Pressed again, it leads to the same.
    assert client.post(url("submit", chosen), {}).url == answer.url
    assert client.get(url("review", chosen)).url == answer.url


def test_an_order_that_waits_leads_to_the_list_without_marks(chosen, customer, sales, settings):
    settings.FULFILMENT = "back_office"
    client = signed_in(sales)
    answer = client.post(url("submit", chosen), confirmed(client.get(url("review", chosen))))
    assert answer.url == customer.get_absolute_url()


# --- tenants ----------------------------------------------------------------------------------------------------------
def test_what_other_customers_have_says_nothing(addition, sales, standard, outsider, provider):
    for owner in (CustomerFactory(provider=provider), CustomerFactory(provider=outsider.partner)):
        for status in ("active", "suspended"):
            SubscriptionFactory(customer=owner, sku=standard.sku, status=status)
    row = row_of(page(signed_in(sales).get(url("subscriptions", addition))), "Business Standard")
    assert "again-" not in row
    assert "already" not in row
