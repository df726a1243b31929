"""The wizard warns of customers that look like the new one, twice, and keeps nobody from adding it."""

import pytest
from django.urls import reverse

from orders.models import OrderDraft
from orders.services import save_details, start_draft
from tests.contracts import header_faults, html_faults
from tests.factories import CustomerFactory
from tests.orders.conftest import agreed, confirmed, make_details, posted, signed_in, submitted
from tests.reading import text as text_of


@pytest.fixture
def twin(provider):
    """A customer that the new one may be."""
    return CustomerFactory(
        provider=provider, company_name="PADARIA SAO JOAO LTDA", domain_prefix="saojoao", contact_email="x@else.example"
    )


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def names(page) -> list[str]:
    """The customers that a page warns of."""
    content = page.content.decode()
    assert html_faults(content) == []
    assert header_faults(page) == []
    warned = [one.customer for one in page.context["alike"]]
    assert all(f'href="{one.get_absolute_url()}"' in content for one in warned)
    assert ("Is this customer new?" in text_of(content)) == bool(warned)
    return [one.company_name for one in warned]


def test_details_warn_once_and_then_go_on(draft, sales, reseller, twin):
    client = signed_in(sales)
    assert names(client.get(url("details", draft))) == []
    data = posted(make_details(), reseller)
    answer = client.post(url("details", draft), data)
    assert answer.url == f"{url('details', draft)}#alike"
    page = client.get(url("details", draft))
    assert names(page) == [twin.company_name]
    assert OrderDraft.objects.get(pk=draft.pk).details["company_name"] == "Padaria São João"
    shown = page.content.decode().split('name="alike" value="')[1].partition('"')[0]
    assert shown == str(twin.microsoft_id)
    assert client.post(url("details", draft), {**data, "alike": shown}).url == url("subscriptions", draft)


def test_one_more_that_looks_alike_is_shown_again(draft, sales, reseller, twin, provider):
    other = CustomerFactory(provider=provider, company_name="Padaria São João S.A.", contact_email="y@else.example")
    client = signed_in(sales)
    data = {**posted(make_details(), reseller), "alike": str(twin.microsoft_id)}
    assert client.post(url("details", draft), data).url == f"{url('details', draft)}#alike"
    assert set(names(client.get(url("details", draft)))) == {twin.company_name, other.company_name}


def test_a_domain_that_is_taken_leads_to_whom_it_belongs(draft, sales, reseller, twin):
    page = signed_in(sales).post(url("details", draft), posted(make_details(domain_prefix="saojoao"), reseller))
    assert page.context["form"].errors["domain_prefix"]
    assert names(page) == [twin.company_name]
    assert "same primary domain, similar name" in text_of(page.content.decode())


def test_review_warns_again_and_submit_is_possible(ready, sales, twin):
    client = signed_in(sales)
    page = client.get(url("review", ready))
    assert names(page) == [twin.company_name]
    assert client.post(url("submit", ready), confirmed(page)).url == url("confirmation", ready)


def test_another_providers_customer_is_shown_nowhere(ready, sales, reseller, outsider):
    CustomerFactory(provider=outsider.partner, company_name="Padaria São João")
    client = signed_in(sales)
    assert names(client.get(url("review", ready))) == []
    assert client.post(url("details", ready), posted(make_details(), reseller)).url == url("subscriptions", ready)


def test_names_of_look_alikes_are_escaped(draft, sales, reseller, provider):
    CustomerFactory(provider=provider, company_name="Padaria <b>São João", contact_email="x@else.example")
    page = signed_in(sales).post(url("details", draft), posted(make_details(domain_prefix="1"), reseller))
    assert "<b>São" not in page.content.decode()


def test_an_order_for_a_customer_that_exists_compares_nothing(sales, provider, standard, twin):
    draft = start_draft(reseller=None, customer=agreed(provider=provider, company_name=twin.company_name), by=sales)
    assert signed_in(sales).get(url("review", draft)).status_code == 302
    save_details(draft=start_draft(reseller=None, by=sales), details=make_details(), reseller=None, by=sales)


def test_the_second_customer_of_one_name_can_be_made(ready, sales, twin):
    assert submitted(ready, sales).customer.company_name == "Padaria São João"
