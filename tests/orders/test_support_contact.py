"""The reseller of a new customer is made the designated support contact with one box, and only that reseller."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Partner
from customers.services import PartnershipRequired
from orders.attesting import attestation_of
from orders.editions import edition_of
from orders.models import OrderDraft
from orders.partnerships.choices import NOBODY
from orders.refusals import NotReady, SomethingChanged
from orders.services import fingerprint, save_details, submit_draft
from subscriptions.models import SupportContact
from tests.contracts import header_faults, html_faults
from tests.factories import PartnerFactory, PartnershipFactory
from tests.orders.conftest import SESSION, make_details, posted, signed_in, submitted
from tests.orders.test_partnership_end_service import choose, end

BOX = {"reseller_supports": "on"}


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The text of a page that keeps the contracts, without tags."""
    body = response.content.decode()
    assert html_faults(body) == []
    assert header_faults(response) == []
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def fresh(draft: OrderDraft) -> OrderDraft:
    return OrderDraft.objects.get(pk=draft.pk)


def supports(draft: OrderDraft, reseller: Partner, sales) -> OrderDraft:
    """The box is ticked and saved."""
    return save_details(draft=draft, details=make_details(), reseller=reseller, support_contact=reseller, by=sales)


def test_with_the_box_the_reseller_answers_for_what_is_ordered(ready, sales, reseller):
    client = signed_in(sales)
    answer = client.post(url("details", ready), {**posted(make_details(), reseller), **BOX})
    assert answer.url == url("subscriptions", ready)
    assert "Designated support contact Fabrikam" in page(client.get(url("review", ready)))
    order = submitted(ready, sales)
    assert order.support_contact == reseller
    contacts = SupportContact.objects.filter(subscription__customer=order.customer, ends_at=None)
    assert [(one.reseller, one.set_by) for one in contacts] == [(reseller, sales.user)]


def test_without_it_the_provider_answers(ready, sales, reseller):
    client = signed_in(sales)
    client.post(url("details", ready), posted(make_details(), reseller))
    assert "Designated support contact Northwind" in page(client.get(url("review", ready)))
    assert submitted(ready, sales).support_contact is None
    assert not SupportContact.objects.exists()


def test_what_was_chosen_stands_on_the_page(ready, sales, reseller):
    client = signed_in(sales)
    box = r'<input type="checkbox" name="reseller_supports"[^>]*>'
    seen = []
    for contact in (None, reseller):
        save_details(draft=ready, details=make_details(), reseller=reseller, support_contact=contact, by=sales)
        [found] = re.findall(box, client.get(url("details", ready)).content.decode())
        seen.append("checked" in found)
    assert seen == [False, True]


def test_the_box_follows_the_reseller_and_goes_with_it(ready, sales, provider, reseller):
    other = PartnerFactory(reseller=True, legal_name="Contoso")
    PartnershipFactory(provider=provider, reseller=other)
    client = signed_in(sales)
    seen = []
    for form in ({**posted(make_details(), other), **BOX}, posted(make_details(), other), posted(make_details())):
        client.post(url("details", ready), form)
        seen.append((fresh(ready).reseller, fresh(ready).support_contact))
    assert seen == [(other, other), (other, None), (None, None)]


def test_the_box_without_a_reseller_is_refused_and_kept(ready, sales):
    client = signed_in(sales)
    text = page(client.post(url("details", ready), {**posted(make_details()), **BOX}))
    assert "Choose the reseller, or clear this box: your company answers then." in text
    kept = fresh(ready)
    assert (kept.support_contact, kept.typed["details"]["reseller_supports"]) == (None, "on")
    assert "Choose the reseller, or clear this box" in page(client.get(url("details", ready)))
    with pytest.raises(NotReady):
        submitted(ready, sales)


def test_nobody_but_the_reseller_answers_for_a_new_customer(ready, sales, provider, reseller):
    other = PartnerFactory(reseller=True)
    PartnershipFactory(provider=provider, reseller=other)
    for manager in (reseller, None):
        with pytest.raises(PartnershipRequired):
            save_details(draft=ready, details=make_details(), reseller=manager, support_contact=other, by=sales)
    assert fresh(ready).support_contact is None


def test_a_box_ticked_in_another_tab_is_compared(ready, sales, reseller):
    opened = edition_of(fresh(ready), "details")
    supports(ready, reseller, sales)
    answer = signed_in(sales).post(url("details", ready), {**posted(make_details(), reseller), "version": opened})
    assert answer.status_code == 409
    assert "The reseller is also the designated support contact" in page(answer)
    assert fresh(ready).support_contact == reseller


def test_one_tick_more_after_review_is_shown_before_it_is_ordered(ready, sales, reseller):
    reviewed = fingerprint(fresh(ready))
    supports(ready, reseller, sales)
    draft = fresh(ready)
    with pytest.raises(SomethingChanged) as refused:
        submit_draft(draft=draft, reviewed=reviewed, attestation=attestation_of(draft), session_key=SESSION, by=sales)
    assert [one.label for one in refused.value.differences] == ["Designated support contact"]


@pytest.mark.parametrize("taker", ["contoso", "nobody"])
def test_with_the_partnership_the_draft_s_contact_goes_too(shared, sales, taker):
    draft = supports(shared_draft(shared, sales), shared.reseller, sales)
    to = shared.contoso if taker == "contoso" else NOBODY
    end(shared, choose(NOBODY, NOBODY, NOBODY, drafts=to))
    expected = shared.contoso if taker == "contoso" else None
    assert (fresh(draft).reseller, fresh(draft).support_contact) == (expected, expected)


def shared_draft(shared, sales) -> OrderDraft:
    """A new customer for the reseller whose partnership ends."""
    client: Client = signed_in(sales)
    client.post(reverse("orders:start"), {"reseller": str(shared.reseller.microsoft_id)})
    return OrderDraft.objects.get()
