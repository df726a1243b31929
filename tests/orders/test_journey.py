"""The whole wizard over HTTP, as a person goes through it."""

from django.urls import reverse

from activity.models import ActivityRecord
from customers.models import Customer
from mail.models import OutgoingEmail
from orders.models import Order, OrderDraft
from tests.orders.conftest import confirmed, make_details, posted, signed_in


def test_wizard_leads_from_the_resellers_row_to_the_list_of_customers(sales, reseller, standard, defender):
    client = signed_in(sales)
    started = client.post(reverse("orders:start"), {"reseller": str(reseller.microsoft_id)})
    draft = OrderDraft.objects.get()
    assert started.url == reverse("orders:details", args=[draft.public_id])

    page = client.get(started.url).content.decode()
    assert f'value="{reseller.microsoft_id}" selected' in page
    assert "Step 1 of 3" in page
    answer = client.post(started.url, posted(make_details(), reseller))
    assert answer.url == reverse("orders:subscriptions", args=[draft.public_id]), answer.content.decode()

    page = client.get(answer.url).content.decode()
    assert "New subscription" in page
    assert "Licenses for Business Standard, 1 year, billed monthly" in page
    answer = client.post(answer.url, {f"licenses-{standard.pk}": "5", f"licenses-{defender.pk}": "5"})
    assert answer.url == reverse("orders:review", args=[draft.public_id]), answer.content.decode()

    review = client.get(answer.url)
    page = review.content.decode().replace("<wbr>", "")
    for words in (
        "Padaria São João",
        "padaria.onmicrosoft.com",
        "Fabrikam (MPN ID 0012345)",
        "USD\u00a050.00 per month",
    ):
        assert words in page
    answer = client.post(reverse("orders:submit", args=[draft.public_id]), confirmed(review))
    assert answer.url == reverse("orders:confirmation", args=[draft.public_id]), answer.content.decode()

    order, customer = Order.objects.get(), Customer.objects.get()
    page = client.get(answer.url).content.decode().replace("<wbr>", "")
    assert order.number in page
    assert "admin@padaria.onmicrosoft.com" in page
    assert 'id="setup-password"' in page
    assert 'id="setup-password"' not in client.get(answer.url).content.decode()

    answer = client.post(reverse("orders:done", args=[draft.public_id]), {"stored": "on"})
    assert answer.url == f"{reverse('customers:list')}?new={customer.microsoft_id}"
    assert customer.managing_relationship().reseller == reseller
    add_on = customer.subscriptions.get(sku=defender.sku)
    assert add_on.parent.sku == standard.sku
    assert {line.subscription for line in order.lines.all()} == set(customer.subscriptions.all())
    assert OutgoingEmail.objects.filter(kind="order_placed").get().recipient == "sam@northwind.example"
    assert ActivityRecord.objects.filter(action="order.placed").count() == 1
