"""The pages on which a provider ends a partnership: nothing lost, nothing written before the last button."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Partner
from accounts.roles import Role
from core import clock
from customers.models import Customer
from orders.models import OrderDraft
from orders.partnerships.choices import MANAGER, NOBODY, Choices
from orders.partnerships.consequences import Relation
from orders.services import start_draft
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription
from tests.contracts import header_faults, html_faults
from tests.factories import CustomerFactory, PartnershipFactory
from tests.orders.conftest import actor_of, name_on, signed_in
from tests.orders.test_partnership_end_service import managers, named, open_request, snapshot

STEPS = ("end", "end_choose", "end_check", "end_done")


def words(response) -> str:
    """The page's text in single spaces."""
    text = re.sub(r"<(script|style|option).*?</\1>", " ", response.content.decode().replace("<wbr>", ""), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def checked(response, status: int = 200):
    """The response, found to keep the promises of every page."""
    assert response.status_code == status
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response


@pytest.fixture
def desk(shared) -> Client:
    """The provider's Admin agent at work."""
    return signed_in(shared.admin)


def url(shared, name: str, *arguments: str, **query: str) -> str:
    """A page of the way."""
    return reverse(f"resellers:{name}", args=[shared.partnership.public_id, *arguments])


def answers(shared, managing="none", of_record=MANAGER, support="none", **more: str) -> dict[str, str]:
    """The form of the second page, filled in."""
    ids = [str(one.microsoft_id) if isinstance(one, Partner) else one for one in (managing, of_record, support)]
    names = [f"{relation.value}-united_states" for relation in Relation]
    return {**dict(zip(names, ids, strict=True)), **more}


def plan_of(shared, address: str) -> Choices:
    """The choices in an address."""
    return Choices.read(parse_qs(urlsplit(address).query)["plan"][0], shared.partnership)


def check_page(shared, desk: Client, **chosen) -> str:
    """The address of the last page after these choices."""
    response = desk.post(url(shared, "end_choose"), answers(shared, **chosen))
    assert response.status_code == 302, response.context["form"].errors
    assert urlsplit(response.url).path == url(shared, "end_check")
    return response.url


def confirm(desk: Client, address: str, name: str = "Fabrikam", reason: str = "", reviewed: str | None = None):
    """Press the last button as somebody who sees the page now."""
    if reviewed is None:
        reviewed = re.search(r'name="reviewed" value="([^"]*)"', desk.get(address).content.decode())[1]
    return desk.post(address, {"typed_name": name, "reason": reason, "reviewed": reviewed})


# --- who comes here ---------------------------------------------------------------------------------------------------
def test_who_sees_the_pages(shared, sales, helpdesk, outsider, client):
    now = clock.now()
    ended = PartnershipFactory(provider=shared.provider, reseller=shared.reseller, began_at=now, ended_at=now)
    reseller_people = [shared.reseller_admin, actor_of(shared.reseller, Role.HELPDESK_AGENT)]
    for name in STEPS:
        page = reverse(f"resellers:{name}", args=[(ended if name == "end_done" else shared.partnership).public_id])
        expected = 302 if name == "end_check" else 200
        statuses = {shared.admin: expected, sales: 403, helpdesk: 403, outsider: 404}
        statuses |= dict.fromkeys(reseller_people, 403)
        for actor, status in statuses.items():
            assert (signed_in(actor).get(page).status_code, name, actor.label) == (status, name, actor.label)
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"
    assert signed_in(outsider).post(url(shared, "end_check"), {}).status_code == 404
    assert signed_in(sales).post(url(shared, "end_check"), {}).status_code == 403


def test_looking_writes_nothing(shared, desk, django_assert_max_num_queries):
    desk.get(reverse("home"))
    before = snapshot()
    pages = [url(shared, "end"), url(shared, "end_choose"), url(shared, "end_rows", "managing")]
    pages += [url(shared, "end_rows", "of-record"), url(shared, "end_rows", "support")]
    pages.append(check_page(shared, desk, managing=shared.contoso))
    for page in pages:
        with django_assert_max_num_queries(12):
            checked(desk.get(page))
        assert desk.put(page).status_code == 405
    assert snapshot() == before


@pytest.mark.parametrize("relation", ["x", "of_record", "MANAGING", "managing/x"])
def test_there_are_lists_of_three_kinds_only(shared, desk, relation):
    assert desk.get(f"{url(shared, 'end_choose')}{relation}/").status_code == 404


@pytest.mark.parametrize("plan", ["", "x", "é", "a.b.c", "." * 3000])
def test_an_odd_plan_is_none(shared, desk, plan):
    for name in ("end_choose", "end_check"):
        response = desk.get(f"{url(shared, name)}?plan={plan}")
        assert response.status_code == (302 if name == "end_check" else 200)
    assert desk.get(f"{url(shared, 'end_rows', 'managing')}?plan={plan}").status_code == 200
    assert desk.post(f"{url(shared, 'end_check')}?plan={plan}", {"typed_name": "Fabrikam"}).status_code == 200
    assert Partnership.objects.active().filter(pk=shared.partnership.pk).exists()


# --- 1: what it means -------------------------------------------------------------------------------------------------
def test_the_first_page_counts_with_ways_to_look(shared, desk):
    start_draft(reseller=shared.reseller, by=shared.admin)
    open_request(shared, "finn@fabrikam.example")
    response = checked(desk.get(url(shared, "end")))
    text = words(response)
    for part in (
        "Customers it manages 2 customers",
        "Reseller of record 4 subscriptions",
        "Designated support contact 1 subscription ",
        "Open drafts that name it 1 · Ada Admin",
        "Open requests to its people 1 request ",
    ):
        assert part in text
    for name in ("detail_customers", "detail_subscriptions"):
        assert f'href="{url(shared, name)}"' in response.content.decode()
    assert f'href="{url(shared, "end_choose")}"' in response.content.decode()


def test_with_nothing_to_hand_over_the_second_page_is_left_out(desk, shared):
    shared.partnership = Partnership.objects.get(reseller=shared.litware)
    page = desk.get(url(shared, "end")).content.decode()
    assert f'href="{url(shared, "end_check")}"' in page
    assert urlsplit(desk.get(url(shared, "end_choose")).url).path == url(shared, "end_check")
    response = checked(desk.get(url(shared, "end_check")))
    assert "nothing is handed over" in words(response)
    assert confirm(desk, url(shared, "end_check"), "litware").status_code == 302
    shared.partnership.refresh_from_db()
    assert shared.partnership.ended_at is not None
    assert "There was nothing to hand over." in words(checked(desk.get(url(shared, "end_done"))))


# --- 2: who takes over ------------------------------------------------------------------------------------------------
def test_the_second_page_asks_for_each_kind_that_there_is(shared, desk):
    response = checked(desk.get(url(shared, "end_choose")))
    form = response.context["form"]
    assert list(form.fields) == [f"{relation.value}-united_states" for relation in Relation]
    assert form.fields["managing-united_states"].choices == [
        ("", "Select"),
        (str(shared.contoso.microsoft_id), "Contoso (MPN ID 777)"),
        (str(shared.litware.microsoft_id), "Litware (MPN ID 888)"),
        ("none", "No reseller (direct customers)"),
    ]
    assert ("manager", "Whoever manages the customer from then on") in form.fields["support-united_states"].choices
    assert form.initial["of-record-united_states"] == "manager"
    start_draft(reseller=shared.reseller, by=shared.admin)
    assert list(desk.get(url(shared, "end_choose")).context["form"].fields)[-1] == "drafts"


def test_what_was_not_chosen_is_said_beside_its_field(shared, desk):
    response = checked(desk.post(url(shared, "end_choose"), answers(shared, managing="", of_record="none")))
    assert response.context["form"].errors == {"managing-united_states": ["Select the new managing reseller."]}
    assert response.context["form"]["of-record-united_states"].value() == "none"
    assert "<title>Error: Choose who takes over" in " ".join(response.content.decode().split())


@pytest.mark.parametrize("odd", ["x", "\x00", "0", "manager", "None", "é" * 300])
def test_a_choice_that_is_none_of_the_list_is_refused(shared, desk, odd):
    for name in ("managing-united_states", "drafts"):
        start_draft(reseller=shared.reseller, by=shared.admin)
        response = desk.post(url(shared, "end_choose"), {**answers(shared, drafts="owner"), name: odd})
        assert list(response.context["form"].errors) == [name]


def test_a_stranger_or_the_reseller_itself_is_no_choice(shared, desk, outsider):
    stranger = PartnershipFactory(provider=outsider.partner).reseller
    for reseller in (stranger, shared.reseller):
        response = desk.post(url(shared, "end_choose"), answers(shared, managing=reseller))
        assert list(response.context["form"].errors) == ["managing-united_states"]
        assert reseller == shared.reseller or stranger.legal_name not in words(response)


def test_a_reseller_that_cannot_take_over_is_refused_beside_its_field(shared, desk):
    Partner.objects.filter(pk=shared.contoso.pk).update(enrolment_state="suspended")
    response = checked(desk.post(url(shared, "end_choose"), answers(shared, managing=shared.contoso)))
    text = "The enrolment of Contoso is not active: Suspended. Ask the reseller to settle it with the back office."
    assert response.context["form"].errors == {"managing-united_states": [text], "__all__": [text]} or (
        response.context["form"].errors == {"managing-united_states": [text]}
    )
    # It manages the cinema, and so would be reseller of record there without having been named.
    response = checked(desk.post(url(shared, "end_choose"), answers(shared, managing="none")))
    assert response.context["form"].non_field_errors() == [text]


def test_customers_of_two_regions_are_chosen_for_apart(shared, desk, provider):
    Partner.objects.filter(pk__in=[provider.pk, shared.litware.pk]).update(further_regions=["brazil"])
    padaria = CustomerFactory(provider=provider, country="BR", managed_by=shared.reseller, company_name="Padaria")
    name_on(Subscription.objects.create(**_facts(shared.subscriptions[0], padaria)), of_record=shared.reseller)
    form = desk.get(url(shared, "end_choose")).context["form"]
    assert [name for name in form.fields if name.startswith("managing")] == [
        "managing-brazil",
        "managing-united_states",
    ]
    assert str(form.fields["managing-brazil"].label) == "New managing reseller, customers in Brazil"
    chosen = answers(shared, managing=shared.contoso) | {
        "managing-brazil": str(shared.contoso.microsoft_id),
        "of-record-brazil": "manager",
    }
    response = desk.post(url(shared, "end_choose"), chosen)
    (error,) = response.context["form"].errors["managing-brazil"]
    assert error.startswith("Contoso is enrolled for United States, and the customer is in Brazil.")
    chosen["managing-brazil"] = str(shared.litware.microsoft_id)
    response = desk.post(url(shared, "end_choose"), chosen)
    assert confirm(desk, response.url).status_code == 302
    assert managers() == {"Bakery A": "Contoso", "Bakery B": "Contoso", "Cinema": "Contoso", "Padaria": "Litware"}


def _facts(subscription: Subscription, customer: Customer) -> dict:
    names = ("sku", "offer_name", "nickname", "quantity", "billing_plan", "segment", "unit_price", "currency")
    return {**{name: getattr(subscription, name) for name in names}, "customer": customer}


# --- many resellers are typed -----------------------------------------------------------------------------------------
@pytest.fixture
def many(shared) -> None:
    """More resellers than a list should hold."""
    for number in range(15):
        other = PartnershipFactory(provider=shared.provider).reseller
        other.legal_name = f"Serviços {number}"
        other.save()


def typed(shared, name: str, **more: str) -> dict[str, str]:
    """The second page with a reseller entered for the customers."""
    return answers(shared, managing="entered") | {"managing-united_states-name": name} | more


@pytest.mark.parametrize("name", ["contoso", "CONTOSO (MPN ID 777)", " 0777", "777", "Cóntoso"])
def test_one_of_many_resellers_is_typed(shared, desk, many, name):
    response = desk.post(url(shared, "end_choose"), typed(shared, name))
    assert plan_of(shared, response.url).of(Relation.MANAGING, "united_states") == shared.contoso.pk
    back = checked(desk.get(response.url.replace("/check/", "/choose/")))
    assert back.context["form"]["managing-united_states-name"].value() == "Contoso (MPN ID 777)"
    assert len(back.content) < 60_000


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "Enter the MPN ID or the name of the reseller."),
        ("Nobody", "No reseller of yours is called “Nobody”. Enter its MPN ID, or a part of its name."),
        ("999999999999999", "No reseller of yours is called “999999999999999”."),
        ("Fabrikam", "No reseller of yours is called “Fabrikam”."),
        ("servicos", "More than one reseller matches. Enter the MPN ID of one of them: Serviços 0 (MPN ID"),
    ],
)
def test_what_is_typed_must_mean_one_reseller(shared, desk, many, name, error):
    response = checked(desk.post(url(shared, "end_choose"), typed(shared, name)))
    ((field, (text,)),) = response.context["form"].errors.items()
    assert field == "managing-united_states-name"
    assert text.startswith(error)
    assert response.context["form"][field].value() == name


def test_a_name_beside_another_choice_is_not_overlooked(shared, desk, many):
    response = desk.post(url(shared, "end_choose"), {**typed(shared, "Contoso"), "managing-united_states": "none"})
    assert list(response.context["form"].errors) == ["managing-united_states"]


def test_one_of_many_is_typed_into_a_row(shared, desk, many):
    keys = [one.reseller_relationships.get().pk for one in shared.customers[:2]]
    page = url(shared, "end_rows", "managing")
    response = checked(desk.post(page, {f"row-{keys[0]}": "litware", f"row-{keys[1]}": "Nobody"}))
    assert list(response.context["form"].errors) == [f"row-{keys[1]}"]
    assert 'value="litware"' in response.content.decode()
    response = desk.post(page, {f"row-{keys[0]}": "litware", f"row-{keys[1]}": " None "})
    assert plan_of(shared, response.url).by_row(Relation.MANAGING) == {keys[0]: shared.litware.pk, keys[1]: NOBODY}
    assert 'value="Litware (MPN ID 888)"' in checked(desk.get(response.url)).content.decode()


# --- one by one -------------------------------------------------------------------------------------------------------
def test_some_are_chosen_one_by_one(shared, desk):
    response = desk.post(f"{url(shared, 'end_choose')}?to=managing", answers(shared, managing=shared.contoso))
    assert urlsplit(response.url).path == url(shared, "end_rows", "managing")
    page = checked(desk.get(response.url))
    assert "As for all: Contoso" in page.content.decode()
    keys = [one.reseller_relationships.get().pk for one in shared.customers[:2]]
    sent = {f"row-{keys[0]}": str(shared.litware.microsoft_id), f"row-{keys[1]}": ""}
    response = desk.post(f"{response.url}&then=check", sent)
    assert urlsplit(response.url).path == url(shared, "end_check")
    text = words(checked(desk.get(response.url)))
    assert "Contoso (MPN ID 777) 1 customer · Bakery B" in text
    assert "Litware (MPN ID 888) 1 customer · Bakery A" in text
    assert confirm(desk, response.url).status_code == 302
    assert managers() == {"Bakery A": "Litware", "Bakery B": "Contoso", "Cinema": "Contoso"}
    # Reseller of record is whoever manages the customer.
    assert named(ResellerOfRecord) == ["Litware", "Litware", "Contoso", "Contoso"]


def test_rows_are_kept_from_page_to_page(shared, desk, monkeypatch):
    monkeypatch.setattr("core.lists.PAGE_SIZES", (1,))
    address = desk.post(f"{url(shared, 'end_choose')}?to=managing", answers(shared)).url
    keys = [one.reseller_relationships.get().pk for one in shared.customers[:2]]
    for place, key in enumerate(keys):
        page = desk.get(address)
        (button,) = re.findall(r'formaction="([^"]*)" class="btn btn-primary"', page.content.decode()) or [address]
        assert f"row-{key}" in page.content.decode()
        address = desk.post(unescape(button), {f"row-{key}": str(shared.contoso.microsoft_id)}).url
        assert len(plan_of(shared, address).by_row(Relation.MANAGING)) == place + 1
    assert plan_of(shared, address).of(Relation.MANAGING, "united_states") == NOBODY


def test_the_filter_keeps_the_choices(shared, desk):
    address = desk.post(f"{url(shared, 'end_choose')}?to=managing", answers(shared)).url
    page = desk.get(f"{address}&q={shared.customers[0].domain}")
    assert [row.customer.company_name for row in page.context["listing"].page.rows] == ["Bakery A"]
    assert page.content.decode().count('type="hidden" name="plan"') == 1


def test_rows_of_other_lists_are_not_chosen_for(shared, desk, outsider):
    theirs = CustomerFactory(provider=outsider.partner, managed_by=shared.reseller)
    keys = [theirs.reseller_relationships.get().pk, shared.customers[2].reseller_relationships.get().pk]
    response = desk.post(url(shared, "end_rows", "managing"), {f"row-{key}": "none" for key in [*keys, "x", "9" * 30]})
    assert plan_of(shared, response.url).by_row(Relation.MANAGING) == {}


def test_a_row_for_which_its_reseller_cannot_be_named_says_why(shared, desk):
    Partner.objects.filter(pk=shared.litware.pk).update(agreement_accepted_on=None)
    key = shared.subscriptions[0].resellers_of_record.get().pk
    page = url(shared, "end_rows", "of-record")
    response = checked(desk.post(page, {f"row-{key}": str(shared.litware.microsoft_id)}))
    assert list(response.context["form"].errors) == [f"row-{key}"]
    assert "Litware has not accepted the Microsoft Partner Agreement." in words(response)


def test_too_many_rows_are_refused_with_a_way_out(shared, desk, monkeypatch):
    monkeypatch.setattr("orders.partnerships.choices.MOST_EXCEPTIONS", 1)
    keys = [one.reseller_relationships.get().pk for one in shared.customers[:2]]
    response = checked(desk.post(url(shared, "end_rows", "managing"), {f"row-{key}": "none" for key in keys}))
    assert "You can choose for 1 at most one by one." in words(response)
    assert response.content.decode().count('value="none" selected') == 2


def test_rows_can_be_forgotten(shared, desk):
    key = shared.customers[0].reseller_relationships.get().pk
    address = desk.post(url(shared, "end_rows", "managing"), {f"row-{key}": "none"}).url
    choose = f"{url(shared, 'end_choose')}?{urlsplit(address).query}"
    assert "forget-managing" in checked(desk.get(choose)).context["form"].fields
    kept = desk.post(choose, answers(shared))
    assert plan_of(shared, kept.url).by_row(Relation.MANAGING) == {key: NOBODY}
    gone = desk.post(choose, {**answers(shared), "forget-managing": "on"})
    assert plan_of(shared, gone.url).by_row(Relation.MANAGING) == {}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("relation", list(Relation))
def test_the_rows_cost_the_same_however_many(shared, desk, count, relation, django_assert_num_queries):
    Customer.objects.filter(company_name="Bakery B").first().reseller_relationships.update(ends_at=clock.now())
    ResellerOfRecord.objects.exclude(subscription=shared.subscriptions[0]).update(ends_at=clock.now())
    for _one in range(count - 1):
        customer = CustomerFactory(provider=shared.provider, managed_by=shared.reseller)
        subscription = Subscription.objects.create(**_facts(shared.subscriptions[0], customer))
        name_on(subscription, of_record=shared.reseller, support=shared.reseller)
    address = check_page(shared, desk, managing=shared.contoso).replace("/check/", f"/choose/{relation.value}/")
    desk.get(address)
    with django_assert_num_queries(7):
        assert len(desk.get(address).context["listing"].page.rows) == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_pages_cost_the_same_however_much_there_is(shared, desk, count, django_assert_num_queries):
    for number in range(count):
        customer = CustomerFactory(provider=shared.provider, managed_by=shared.reseller)
        subscription = Subscription.objects.create(**_facts(shared.subscriptions[0], customer))
        name_on(subscription, of_record=shared.reseller, support=shared.reseller)
        start_draft(reseller=shared.reseller, by=shared.admin)
        open_request(shared, f"p{number}@fabrikam.example")
    check = check_page(shared, desk, managing=shared.contoso, support=shared.litware, drafts="owner")
    for page, queries in ((url(shared, "end"), 9), (check.replace("/check/", "/choose/"), 9), (check, 12)):
        desk.get(page)
        with django_assert_num_queries(queries):
            desk.get(page)


# --- 3: the last word -------------------------------------------------------------------------------------------------
def test_everything_that_happens_is_said_and_then_happens(shared, desk):
    start_draft(reseller=shared.reseller, by=shared.admin)
    open_request(shared, "finn@fabrikam.example")
    address = check_page(shared, desk, managing=shared.litware, support=shared.contoso, drafts="none")
    text = words(checked(desk.get(address)))
    for part in (
        "Litware (MPN ID 888) 2 customers · Bakery A, Bakery B",
        "Litware (MPN ID 888) 3 subscriptions · Bakery A, Bakery B",
        "Contoso (MPN ID 777) 1 subscription · Cinema",
        "Contoso (MPN ID 777) 1 subscription · Bakery A",
        "Open drafts Change Open drafts No reseller 1 open draft",
        "These open requests to its people are revoked: finn@fabrikam.example",
    ):
        assert part in text
    response = confirm(desk, address, " FÁBRIKAM ", "Contract is over")
    assert response.url == url(shared, "end_done")
    text = words(checked(desk.get(response.url)))
    for part in (
        "The partnership with Fabrikam has ended",
        "by Ada Admin (Indirect provider)",
        "2 customers: managed by Litware (MPN ID 888)",
        "3 subscriptions: reseller of record is Litware (MPN ID 888)",
        "1 subscription: reseller of record is Contoso (MPN ID 777)",
        "1 subscription: support contact is Contoso (MPN ID 777)",
        "Reason: Contract is over",
    ):
        assert part in text
    assert OrderDraft.objects.get().reseller is None


def test_the_result_says_what_nobody_took_over(shared, desk):
    confirm(desk, check_page(shared, desk, of_record="none"))
    text = words(desk.get(url(shared, "end_done")))
    assert "2 customers: without a reseller, so direct customers of yours" in text
    assert "4 subscriptions: without a reseller of record" in text
    assert "1 subscription: you answer the support requests" in text
    home = words(desk.get(reverse("home")))
    assert "2 Customers without a reseller" in home


@pytest.mark.parametrize("name", ["", "Fabrikan", "Northwind", "Fabrikam Inc", "\u202emakirbaF", "x" * 500])
def test_a_wrong_name_ends_nothing_and_loses_nothing(shared, desk, name):
    address = check_page(shared, desk)
    before = snapshot()
    response = checked(confirm(desk, address, name, "Contract is over"))
    assert list(response.context["form"].errors) == ["typed_name"]
    assert "Contract is over</textarea>" in response.content.decode()
    assert snapshot() == before


def test_a_reason_may_be_as_long_as_the_field(shared, desk):
    address = check_page(shared, desk)
    response = confirm(desk, address, reason="x" * 501)
    assert list(response.context["form"].errors) == ["reason"]
    assert confirm(desk, address, reason="=1+1\r\nsecond line").status_code == 302
    shared.partnership.refresh_from_db()
    assert shared.partnership.end_reason == "=1+1\nsecond line"


def test_what_came_meanwhile_is_shown_and_then_goes_on(shared, desk):
    address = check_page(shared, desk, managing=shared.litware)
    reviewed = re.search(r'name="reviewed" value="([^"]*)"', desk.get(address).content.decode())[1]
    CustomerFactory(provider=shared.provider, company_name="Newcomer", managed_by=shared.reseller)
    response = checked(confirm(desk, address, "Fabrikam", "Over", reviewed))
    assert "1 customer more than before: Newcomer" in words(response)
    assert "3 customers · Bakery A, Bakery B, Newcomer" in words(response)
    page = response.content.decode()
    assert 'value="Fabrikam"' in page
    assert "Over</textarea>" in page
    again = re.search(r'name="reviewed" value="([^"]*)"', page)[1]
    assert confirm(desk, address, "Fabrikam", "Over", again).status_code == 302
    assert managers()["Newcomer"] == "Litware"


def test_a_customer_of_another_region_that_came_meanwhile_is_asked_for(shared, desk):
    address = check_page(shared, desk, managing=shared.litware)
    CustomerFactory(provider=shared.provider, country="BR", managed_by=shared.reseller)
    sent = desk.get(address)
    assert urlsplit(sent.url).path == url(shared, "end_choose")
    page = checked(desk.get(sent.url))
    assert list(page.context["form"].errors) == ["managing-brazil"]
    response = checked(confirm(desk, address, "Fabrikam", "Over", ""))
    assert "For something that is here now nobody was chosen" in words(response)


def test_a_reseller_suspended_meanwhile_is_said_before_and_after_the_button(shared, desk):
    address = check_page(shared, desk, managing=shared.litware)
    Partner.objects.filter(pk=shared.litware.pk).update(enrolment_state="suspended")
    assert "The enrolment of Litware is not active: Suspended." in words(checked(desk.get(address)))
    before = snapshot()
    response = checked(confirm(desk, address))
    assert "The enrolment of Litware is not active: Suspended." in words(response)
    assert snapshot() == before


def test_pressed_twice_the_second_shows_the_result(shared, desk):
    address = check_page(shared, desk, managing=shared.litware)
    reviewed = re.search(r'name="reviewed" value="([^"]*)"', desk.get(address).content.decode())[1]
    for _press in range(2):
        assert confirm(desk, address, "Fabrikam", "", reviewed).url == url(shared, "end_done")
    assert Partnership.objects.ended().count() == 1
    for name in ("end", "end_choose"):
        assert desk.get(url(shared, name)).url == url(shared, "end_done")
    assert desk.get(url(shared, "end_rows", "managing")).url == url(shared, "end_done")


def test_the_result_of_what_lasts_is_its_beginning(shared, desk):
    assert desk.get(url(shared, "end_done")).url == url(shared, "end")


def test_history_stays_readable_and_the_way_back_is_offered(shared, desk):
    confirm(desk, check_page(shared, desk, managing=shared.litware), reason="Contract is over")
    page = words(desk.get(url(shared, "detail")))
    assert "Contract is over" in page
    assert "Request a partnership again" in page
    assert "Fabrikam" in words(desk.get(reverse("resellers:ended")))
    assert "Fabrikam" not in words(desk.get(reverse("resellers:list")))
    assert "Partnership ended" in words(desk.get(url(shared, "detail_activity")))
