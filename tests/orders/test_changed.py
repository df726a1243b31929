"""*Something changed since you reviewed it*: each kind of change, in words, and the way on."""

import re

import pytest
from django.urls import reverse

from accounts.models import Partner
from core import clock
from customers.models import Customer, CustomerAgreement, TemporaryPassword
from orders.models import Order, OrderDraft
from orders.services import choose_offers, choose_reseller, save_details, start_draft
from tests.contracts import header_faults, html_faults
from tests.factories import CustomerFactory, PartnershipFactory
from tests.orders.conftest import agreed, confirmed, end, make_details, make_price, signed_in


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The text of a page that keeps the contracts."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response.content.decode()


def rows(text: str) -> list[tuple[str, str, str]]:
    """What changed: label, before, after, without tags."""
    cell = r"<td[^>]*>(.*?)</td>"
    found = re.findall(rf'<tr role="row"><th scope="row"[^>]*>(.*?)</th>{cell}{cell}</tr>', text, re.S)
    return [tuple(" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in row) for row in found]  # type: ignore[misc]


def repairs(text: str) -> list[tuple[str, str]]:
    """What is to be done, with the page on which it is."""
    section = text.partition('aria-labelledby="repair"')[2].partition("</section>")[0]
    return re.findall(r'<li><a href="([^"]+)">([^<]+)</a></li>', section)


class Reviewed:
    """Somebody who has Review open, and then presses Submit."""

    def __init__(self, draft: OrderDraft, actor) -> None:
        self.draft, self.client = draft, signed_in(actor)
        self.sent = confirmed(self.client.get(url("review", draft)))

    def submit(self):
        """The page about the change; nothing was made or lost."""
        before = OrderDraft.objects.get(pk=self.draft.pk)
        answer = self.client.post(url("submit", self.draft), self.sent)
        assert answer.status_code == 409
        assert not Order.objects.exists()
        assert not TemporaryPassword.objects.exists()
        kept = OrderDraft.objects.get(pk=self.draft.pk)
        assert (kept.state, kept.details, kept.lines.count()) == ("open", before.details, before.lines.count())
        return answer


@pytest.fixture
def reviewed(ready, sales) -> Reviewed:
    return Reviewed(ready, sales)


@pytest.fixture
def addition(sales, provider, reseller, standard) -> Reviewed:
    """The same with an order for a customer that exists."""
    draft = start_draft(reseller=None, customer=agreed(provider=provider, company_name="Old Mill"), by=sales)
    choose_offers(draft=draft, quantities={standard: 2}, by=sales)
    return Reviewed(choose_reseller(draft=draft, reseller=reseller, by=sales), sales)


# --- price ------------------------------------------------------------------------------------------------------------
def test_another_price_is_shown_and_can_be_taken(reviewed, ready, standard):
    end(standard, amount="144.00")
    answer = reviewed.submit()
    text = page(answer)
    assert "Something changed since you reviewed it" in text
    assert rows(text) == [
        (
            "Price per license of Business Standard, 1 year, billed monthly",
            "USD 10.00 per month",
            "USD 12.00 per month",
        )
    ]
    assert "USD\u00a060.00 per month" in text
    assert repairs(text) == []
    assert "checked" not in text
    again = reviewed.client.post(url("submit", ready), confirmed(answer))
    assert again.url == url("confirmation", ready)
    assert Order.objects.get().lines.get().unit_price == 144


def test_the_changes_are_taken_only_with_the_attestation(reviewed, ready, standard):
    end(standard, amount="144.00")
    sent = confirmed(reviewed.submit())
    text = page(reviewed.client.post(url("submit", ready), {"reviewed": sent["reviewed"]}))
    assert "Confirm that your company acts as Indirect Partner." in text
    assert not Order.objects.exists()


def test_what_changes_again_meanwhile_is_shown_again(reviewed, ready, standard):
    second = end(standard, amount="144.00")
    sent = confirmed(reviewed.submit())
    end(second, amount="156.00")
    answer = reviewed.client.post(url("submit", ready), sent)
    assert answer.status_code == 409
    assert [row[1:] for row in rows(page(answer))] == [("USD 12.00 per month", "USD 13.00 per month")]


def test_another_retail_price_is_a_change_too(draft, sales, reseller):
    save_details(draft=draft, details=make_details(), reseller=reseller, by=sales)
    suite = make_price("Suite", "120.00", erp_price="150.00")
    choose_offers(draft=draft, quantities={suite: 1}, by=sales)
    reviewed = Reviewed(draft, sales)
    end(suite)
    make_price(suite.sku, "120.00", erp_price="162.00", sold_from=clock.now())
    assert rows(page(reviewed.submit())) == [
        ("Estimated retail price of Suite, 1 year, billed monthly", "USD 12.50 per month", "USD 13.50 per month")
    ]


# --- offer ------------------------------------------------------------------------------------------------------------
def test_an_offer_that_is_gone_leads_to_the_step_that_repairs_it(reviewed, ready, sales, standard):
    end(standard)
    text = page(reviewed.submit())
    assert rows(text) == [
        (
            "Business Standard, 1 year, billed monthly",
            "5 licenses, USD 10.00 per month",
            "No longer on sale for this customer",
        )
    ]
    [(address, words)] = repairs(text)
    assert address == f"{url('subscriptions', ready)}?check=1"
    assert words.startswith("Business Standard, 1 year, billed monthly is no longer on sale")
    assert "Submit with these changes" not in text
    assert 'name="attestation"' not in text
    # Repaired: another offer instead, and Review again.
    choose_offers(draft=ready, quantities={standard: 0, make_price("Suite"): 3}, by=sales)
    again = Reviewed(ready, sales)
    assert again.client.post(url("submit", ready), again.sent).url == url("confirmation", ready)


# --- reseller ---------------------------------------------------------------------------------------------------------
def test_an_ended_partnership_leads_to_the_choice_of_a_reseller(reviewed, ready, partnership):
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    text = page(reviewed.submit())
    words = "You have no partnership with Fabrikam. Request a partnership, or choose another indirect reseller."
    assert rows(text) == [("Indirect reseller", "Fabrikam, ready for business", words)]
    assert repairs(text) == [(f"{url('details', ready)}?check=1", words)]
    assert "Submit with these changes" not in text


def test_a_reseller_that_is_not_ready_any_more_is_named_with_the_reason(reviewed, reseller):
    Partner.objects.filter(pk=reseller.pk).update(enrolment_state="suspended")
    [(label, before, after)] = rows(page(reviewed.submit()))
    assert (label, before) == ("Indirect reseller", "Fabrikam, ready for business")
    assert after.startswith("The enrolment of Fabrikam is not active: Suspended.")


def test_a_reseller_that_the_order_needs_no_more_can_be_left_out(reviewed, ready, sales, partnership):
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    reviewed.submit()
    save_details(draft=ready, details=make_details(), reseller=None, by=sales)
    again = Reviewed(ready, sales)
    assert again.client.post(url("submit", ready), again.sent).url == url("confirmation", ready)
    assert Order.objects.get().reseller is None


def test_another_reseller_chosen_in_another_tab_can_be_taken(reviewed, ready, sales, provider):
    other = PartnershipFactory(provider=provider, reseller__legal_name="Contoso").reseller
    save_details(draft=ready, details=make_details(), reseller=other, by=sales)
    answer = reviewed.submit()
    text = page(answer)
    assert rows(text) == [("Indirect reseller", "Fabrikam", "Contoso")]
    assert "acts as Indirect Partner and Contoso as the indirect reseller" in text
    reviewed.client.post(url("submit", ready), confirmed(answer))
    assert Order.objects.get().reseller == other


def test_the_reseller_of_an_addition_that_is_not_ready_leads_to_its_step(addition, reseller):
    Partner.objects.filter(pk=reseller.pk).update(mpn_id="")
    text = page(addition.submit())
    [(label, before, after)] = rows(text)
    assert (label, before) == ("Reseller", "Fabrikam, ready for business")
    assert after.startswith("Fabrikam has no MPN ID")
    assert [address for address, _words in repairs(text)] == [f"{url('subscriptions', addition.draft)}?check=1"]


# --- domain -----------------------------------------------------------------------------------------------------------
def test_a_domain_taken_meanwhile_leads_to_the_details(reviewed, ready):
    CustomerFactory(domain_prefix="padaria", company_name="Somebody else's secret bakery")
    text = page(reviewed.submit())
    assert rows(text) == [("Primary domain name", "Free", "Taken by another customer")]
    words = "padaria.onmicrosoft.com is taken. Enter another primary domain name."
    assert repairs(text) == [(f"{url('details', ready)}?check=1", words)]
    assert "secret bakery" not in text
    details = page(reviewed.client.get(repairs(text)[0][0]))
    assert words in details
    assert 'value="Padaria São João"' in details


# --- the customer's account and agreement -----------------------------------------------------------------------------
def test_an_account_under_review_is_shown_and_nothing_is_ordered(addition):
    Customer.objects.filter(pk=addition.draft.customer.pk).update(status="under_review")
    text = page(addition.submit())
    assert rows(text) == [("Account of Old Mill", "Active", "Under review")]
    assert repairs(text)[0][1].startswith("The account of Old Mill is under review.")


def test_an_agreement_that_is_gone_is_shown_and_nothing_is_ordered(addition):
    CustomerAgreement.objects.filter(customer=addition.draft.customer).delete()
    text = page(addition.submit())
    assert rows(text) == [("Microsoft Customer Agreement", "Accepted", "Not accepted")]
    assert repairs(text)[0][1].startswith("Old Mill has not accepted")


# --- several, none, and what is not ours ------------------------------------------------------------------------------
def test_everything_at_once_is_one_page(reviewed, ready, partnership, standard):
    CustomerFactory(domain_prefix="padaria")
    end(standard)
    partnership.ended_at = clock.now()
    partnership.save(update_fields=["ended_at"])
    text = page(reviewed.submit())
    assert [row[0] for row in rows(text)] == [
        "Business Standard, 1 year, billed monthly",
        "Primary domain name",
        "Indirect reseller",
    ]
    assert [address for address, _words in repairs(text)] == [
        f"{url('details', ready)}?check=1",
        f"{url('details', ready)}?check=1",
        f"{url('subscriptions', ready)}?check=1",
    ]


@pytest.mark.parametrize("sent", ["", "nonsense", "e30:forged"])
def test_what_nobody_reviewed_leads_to_review(ready, sales, sent):
    answer = signed_in(sales).post(url("submit", ready), {"reviewed": sent, "attestation": "indirect"}, follow=True)
    assert answer.redirect_chain == [(url("review", ready), 302)]
    assert "Nothing was submitted. Check the order again." in page(answer)
    assert not Order.objects.exists()


def test_the_page_is_the_owners_alone(reviewed, ready, colleague, outsider, standard):
    end(standard, amount="144.00")
    for actor in (colleague, outsider):
        answer = signed_in(actor).post(url("submit", ready), reviewed.sent)
        assert answer.status_code == 404
        assert "Padaria" not in answer.content.decode()
