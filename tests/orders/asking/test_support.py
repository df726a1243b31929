"""A reseller that asks for new subscriptions offers to answer for them: kept, shown, and judged again at approval."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from catalogue.models import Price
from core import clock
from customers.models import Customer, ResellerRelationship
from customers.services import PartnershipRequired
from mail.models import OutgoingEmail
from orders.asking.services import save_order_request
from orders.models import Order
from orders.refusals import NotReady
from resellers.models import Partnership
from subscriptions.change_requests.matters import asked_rows, matter_of
from subscriptions.models import ChangeRequest, SupportContact
from tests.factories import PartnerFactory, PartnershipFactory
from tests.orders.asking.conftest import approve, asked, current
from tests.orders.conftest import signed_in
from tests.reading import checked, text


@pytest.fixture
def client(asker: Actor) -> Client:
    return signed_in(asker)


def address(customer: Customer) -> str:
    return reverse("orders:ask_subscription", args=[customer.microsoft_id])


def send(client: Client, customer: Customer, contact: Partner | None, **fields: Any) -> Any:
    """Open the page, then send it with this choice."""
    version = client.get(address(customer)).context["edition"]
    chosen = str(contact.microsoft_id) if contact else ""
    return client.post(address(customer), {"version": version, "support_contact": chosen, **fields})


def five(price: Price) -> dict[str, str]:
    return {f"licenses-{price.pk}": "5"}


def support_of(order: Order) -> list[Partner]:
    return [one.reseller for one in SupportContact.objects.filter(subscription__customer=order.customer, ends_at=None)]


def test_the_reseller_that_offers_to_answer_does(
    customer: Customer, asker: Actor, client: Client, sales: Actor, standard: Price, either_fulfilment: str
) -> None:
    page = checked(client.get(address(customer))).content.decode()
    assert "Northwind" in page
    assert "Fabrikam (MPN ID 0012345), your company" in text(page)
    assert send(client, customer, asker.partner, **five(standard)).status_code == 302
    request = ChangeRequest.objects.get()
    page = checked(client.get(request.get_absolute_url()))
    draft = text(page.content.decode())
    assert "Designated support contact Fabrikam (MPN ID 0012345)" in draft
    assert "Fabrikam answers the customer’s support requests for the new subscriptions." in draft
    sent = {"message": "", "version": page.context["version"]}
    client.post(reverse("subscriptions:submit_change", args=[request.public_id]), sent)
    assert "Designated support contact: Fabrikam (MPN ID 0012345)" in OutgoingEmail.objects.get().text
    decider = text(checked(signed_in(sales).get(request.get_absolute_url())).content.decode())
    assert "Designated support contact Fabrikam (MPN ID 0012345)" in decider
    assert "Fabrikam answers the customer’s support requests for the new subscriptions." in decider
    approve(current(request), sales)
    order = Order.objects.get()
    assert order.support_contact == asker.partner
    assert support_of(order) == ([asker.partner] if either_fulfilment == "local" else [])


def test_without_a_word_the_provider_answers(
    customer: Customer, asker: Actor, client: Client, sales: Actor, standard: Price
) -> None:
    send(client, customer, None, **five(standard))
    request = ChangeRequest.objects.get()
    assert asked_rows(request)[-1] == ("Designated support contact", "", "Northwind")
    approve(asked(customer, asker, {standard: 5}), sales)
    order = Order.objects.get()
    assert (order.support_contact, support_of(order)) == (None, [])


def test_what_was_chosen_stands_on_the_page(customer: Customer, asker: Actor, client: Client, standard: Price) -> None:
    own = str(asker.partner.microsoft_id)
    assert client.get(address(customer)).context["partners"]["support_contact"].value() == ""
    # Nothing is chosen yet, and the choice is not lost with that.
    send(client, customer, asker.partner)
    assert client.get(address(customer)).context["partners"]["support_contact"].value() == own
    send(client, customer, asker.partner, **{f"licenses-{standard.pk}": "many"})
    kept = ChangeRequest.objects.get()
    assert kept.values["supports"]
    assert client.get(address(customer)).context["partners"]["support_contact"].value() == own
    send(client, customer, None, **five(standard))
    assert client.get(address(customer)).context["partners"]["support_contact"].value() == ""
    assert not current(kept).values["supports"]


def test_nobody_else_is_offered_or_taken(
    customer: Customer, client: Client, provider: Partner, standard: Price
) -> None:
    sibling = PartnerFactory(reseller=True, legal_name="Litware")
    PartnershipFactory(provider=provider, reseller=sibling)
    answer = send(client, customer, sibling, **five(standard))
    assert "Select a choice of the list for the designated support contact." in text(answer.content.decode())
    assert "Litware" not in answer.content.decode()
    assert ChangeRequest.objects.get().values["lines"] == []


def test_another_tab_s_choice_is_compared(customer: Customer, asker: Actor, client: Client, standard: Price) -> None:
    send(client, customer, None, **five(standard))
    opened = client.get(address(customer)).context["edition"]
    send(client, customer, asker.partner, **five(standard))
    answer = client.post(address(customer), {"version": opened, "support_contact": "", **five(standard)})
    assert answer.status_code == 409
    assert "Designated support contact Fabrikam (MPN ID 0012345), your company Northwind" in text(
        answer.content.decode()
    )
    assert ChangeRequest.objects.get().values["supports"]


def test_who_may_not_answer_is_not_kept(customer: Customer, asker: Actor, client: Client, standard: Price) -> None:
    Partnership.objects.update(ended_at=clock.now())
    assert 'name="support_contact"' not in client.get(address(customer)).content.decode()
    with pytest.raises(PartnershipRequired, match="cannot be its designated support contact"):
        save_order_request(customer=customer, quantities={standard: 5}, supports=True, by=asker)
    assert not ChangeRequest.objects.exists()


def test_it_is_judged_again_at_approval(
    customer: Customer, asker: Actor, sales: Actor, standard: Price, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(customer, asker, {standard: 5}, supports=True)
    ResellerRelationship.objects.update(ends_at=clock.now())
    # Else the request would be closed with the relationship, and nothing asked of it any more.
    monkeypatch.setattr(type(ChangeRequest.objects.all()), "possible", lambda rows: rows)
    with pytest.raises(NotReady, match="cannot be its designated support contact"):
        approve(request, sales)
    for reader in (sales, asker):
        assert "cannot be its designated support contact" in matter_of(request).outlook(request, reader).refusal
    assert (current(request).state, Order.objects.count()) == (ChangeRequest.State.SUBMITTED, 0)
