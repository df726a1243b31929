"""The reseller's side: its indirect providers, the page of one, and ending the partnership from here."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Partner, ProviderProfile
from accounts.roles import Role
from core import clock
from resellers.models import PendingAcceptance
from subscriptions.models import ResellerOfRecord
from tests.factories import CustomerFactory, PartnershipFactory, PartnershipRequestFactory
from tests.orders.conftest import actor_of, signed_in
from tests.orders.test_partnership_end_pages import checked, confirm, words
from tests.orders.test_partnership_end_service import choose, end, managers, named, snapshot

PROVIDERS, ENDED = reverse("resellers:providers"), reverse("resellers:ended_providers")


def rows(response) -> list[list[str]]:
    """The cells of the table's body as text."""
    body = re.search(r"<tbody.*?</tbody>", response.content.decode(), re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in re.findall(r"<tr.*?</tr>", body[0], re.S)]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


@pytest.fixture
def desk(shared):
    """The reseller's Global admin at work."""
    return signed_in(shared.reseller_admin)


def page(shared, name: str = "provider") -> str:
    """A page of the partnership, as the reseller sees it."""
    return reverse(f"resellers:{name}", args=[shared.partnership.public_id])


# --- the list ---------------------------------------------------------------------------------------------------------
def test_the_list_says_who_since_when_what_and_how_many(shared, desk, outsider):
    CustomerFactory(provider=outsider.partner, managed_by=shared.reseller)
    Partner.objects.filter(pk=outsider.partner.pk).update(enrolment_state="suspended", country="BR")
    PartnershipFactory(provider=outsider.partner, reseller=shared.contoso)
    response = checked(desk.get(f"{PROVIDERS}?sort=provider"))
    northwind, tailwind = rows(response)
    granted = "Customers, orders, subscriptions and support on your behalf"
    assert northwind[0] == "Northwind"
    assert northwind[1] == "United States"
    assert northwind[3:6] == [granted, "2 customers shared with Northwind", "Active"]
    assert tailwind[:2] + tailwind[4:6] == ["Tailwind", "Brazil", "1 customers shared with Tailwind", "Suspended"]
    assert f'href="{page(shared)}"' in response.content.decode()
    assert f'href="{reverse("customers:list")}?provider={shared.provider.microsoft_id}"' in response.content.decode()


def test_an_empty_list_says_how_to_begin(shared):
    lonely = actor_of(PartnershipFactory(ended_at=clock.now() + timedelta(1)).reseller)
    assert "No providers yet" in words(checked(signed_in(lonely).get(PROVIDERS)))
    assert "No partnership has ended" in words(checked(signed_in(shared.reseller_admin).get(ENDED)))


def test_the_ended_ones_are_a_tab(shared, desk):
    end(shared, choose(shared.litware), reason="Contract is over")
    assert "No providers yet" in words(desk.get(PROVIDERS))
    response = checked(desk.get(ENDED))
    ((name, _country, _since, _ended, by, reason),) = rows(response)
    assert (name, by, reason) == ("Northwind", "Indirect provider", "Contract is over")
    # Who it was at the other company is not told here.
    assert "Ada Admin" not in response.content.decode()


def test_what_waits_for_the_provider_is_shown(shared, desk, outsider):
    request = PartnershipRequestFactory(provider=outsider.partner, sent=True)
    by = {"request": request, "accepted_by": shared.reseller_admin.user, "from_other_domain": True}
    PendingAcceptance.objects.create(reseller=shared.contoso, **by)
    assert "waiting for confirmation" not in words(desk.get(PROVIDERS))
    PendingAcceptance.objects.all().update(reseller=shared.reseller)
    text = words(checked(desk.get(PROVIDERS)))
    assert "Tailwind : waiting for confirmation by Tailwind, because the request went to another e-mail domain" in text
    PendingAcceptance.objects.update(confirmed_at=clock.now())
    assert "waiting for the decision about your enrolment" in words(desk.get(PROVIDERS))
    PendingAcceptance.objects.update(ended_at=clock.now(), outcome="refused")
    assert "Accepted, not yet connected" not in words(desk.get(PROVIDERS))


def test_who_sees_which_page(shared, sales, outsider, client):
    other = actor_of(shared.contoso)
    people = {role: actor_of(shared.reseller, role) for role in Role}
    for address in (PROVIDERS, ENDED, page(shared), page(shared, "end_provider")):
        is_end = address == page(shared, "end_provider")
        of_one = address not in (PROVIDERS, ENDED)
        for role, actor in people.items():
            may = not is_end or role in (Role.GLOBAL_ADMIN, Role.ADMIN_AGENT)
            assert (signed_in(actor).get(address).status_code, address, role) == (200 if may else 403, address, role)
        assert signed_in(other).get(address).status_code == (404 if of_one else 200)
        for provider_person in (shared.admin, sales, outsider):
            assert signed_in(provider_person).get(address).status_code == 403
        assert client.get(address).url == f"{reverse('account_login')}?next={address}"
    assert signed_in(other).post(page(shared, "end_provider")).status_code == 404
    assert signed_in(people[Role.SALES_AGENT]).post(page(shared, "end_provider")).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_with_more_rows(shared, desk, count, django_assert_num_queries):
    PartnershipFactory.create_batch(count - 1, reseller=shared.reseller)
    now = clock.now()
    PartnershipFactory.create_batch(count, reseller=shared.reseller, began_at=now, ended_at=now)
    for address, queries in ((PROVIDERS, 7), (ENDED, 6)):
        desk.get(address)
        with django_assert_num_queries(queries):
            assert len(rows(desk.get(address))) == count


# --- the page of one --------------------------------------------------------------------------------------------------
def test_the_page_tells_the_facts_the_grants_and_what_is_shared(shared, desk, django_assert_max_num_queries):
    shared.provider.contact_phone = "+12065550100"
    shared.provider.save()
    desk.get(PROVIDERS)
    with django_assert_max_num_queries(12):
        response = checked(desk.get(page(shared)))
    text = words(response)
    for part in (
        "Manage the account and subscriptions of 2 customers",
        "Reseller of record on 4 subscriptions",
        "Designated support contact of 1 subscription",
        "Submit orders on behalf of your customers",
        "contact@northwind.example",
        "+1 206-555-0100",
        "Contact Robin Silva",
    ):
        assert part in text
    assert f'href="{page(shared, "end_provider")}"' in response.content.decode()
    assert "Public profile" not in text


def test_the_public_profile_is_linked_once_it_is_published(shared, desk):
    profile = ProviderProfile.objects.create(partner=shared.provider)
    assert "Public profile" not in words(desk.get(page(shared)))
    ProviderProfile.objects.filter(pk=profile.pk).update(published_at=clock.now())
    assert "Public profile" in words(checked(desk.get(page(shared))))


def test_who_may_not_end_it_is_not_offered_to(shared):
    text = words(signed_in(actor_of(shared.reseller, Role.SALES_AGENT)).get(page(shared)))
    assert "End partnership" not in text
    assert "What the provider may do" in text


def test_an_ended_one_stays_readable(shared, desk):
    end(shared, choose(shared.litware), reason="Contract is over")
    text = words(checked(desk.get(page(shared))))
    for part in (
        "by Northwind – history stays",
        "Contract is over",
        "A new request of the provider can start it again.",
    ):
        assert part in text
    for part in ("End partnership", "2 customers", "Ada Admin", "Litware"):
        assert part not in text
    again = PartnershipFactory(provider=shared.provider, reseller=shared.reseller)
    assert f'href="{reverse("resellers:provider", args=[again.public_id])}"' in desk.get(page(shared)).content.decode()


# --- ending it --------------------------------------------------------------------------------------------------------
def test_the_reseller_reads_what_it_loses_and_ends_it(shared, desk, django_assert_max_num_queries):
    address = page(shared, "end_provider")
    before = snapshot()
    desk.get(PROVIDERS)
    with django_assert_max_num_queries(12):
        text = words(checked(desk.get(address)))
    for part in (
        "Your access to the accounts and subscriptions of 2 customers ends at once.",
        "You are no longer reseller of record on 4 subscriptions",
        "You are no longer the designated support contact of 1 subscription; the provider answers instead.",
        "The customers stay with the provider, without a reseller until it chooses one.",
    ):
        assert part in text
    assert snapshot() == before
    response = confirm(desk, address, "northwind", "We retire")
    assert response.url == page(shared)
    text = words(checked(desk.get(response.url)))
    assert "The partnership with Northwind has ended." in text
    assert "by Finn Fabrikam of your company – history stays" in text
    assert managers() == {"Bakery A": None, "Bakery B": None, "Cinema": "Contoso"}
    assert named(ResellerOfRecord) == [None] * 4
    provider = signed_in(shared.admin)
    assert "2 Customers without a reseller" in words(provider.get(reverse("home")))
    ended = words(provider.get(reverse("resellers:ended")))
    assert "We retire" in ended


def test_a_wrong_name_loses_nothing(shared, desk):
    before = snapshot()
    response = checked(confirm(desk, page(shared, "end_provider"), "Fabrikam", "We retire"))
    assert list(response.context["form"].errors) == ["typed_name"]
    assert "We retire</textarea>" in response.content.decode()
    assert snapshot() == before


def test_a_customer_assigned_meanwhile_is_shown_first(shared, desk):
    address = page(shared, "end_provider")
    reviewed = re.search(r'name="reviewed" value="([^"]*)"', desk.get(address).content.decode())[1]
    CustomerFactory(provider=shared.provider, company_name="Newcomer", managed_by=shared.reseller)
    response = checked(confirm(desk, address, "Northwind", "", reviewed))
    assert "1 customer more than before: Newcomer" in words(response)
    assert confirm(desk, address, "Northwind").status_code == 302


def test_pressed_twice_it_leads_to_the_same_page(shared, desk):
    address = page(shared, "end_provider")
    reviewed = re.search(r'name="reviewed" value="([^"]*)"', desk.get(address).content.decode())[1]
    for _press in range(2):
        assert confirm(desk, address, "Northwind", "", reviewed).url == page(shared)
    assert desk.get(address).url == page(shared)
