"""A reseller's pages: facts, readiness, whom it serves, who can act there, what was done."""

from datetime import date, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import Partner
from accounts.roles import MATRIX, Permission, Program, Role
from activity.models import ActivityRecord
from core import clock
from customers.models import ResellerRelationship
from customers.relationships import hand_over_customer
from mail.models import OutgoingEmail
from resellers.models import Partnership
from resellers.services import accept_request
from subscriptions.models import IncentiveTotal, ResellerOfRecord, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.factories import CustomerFactory, MembershipFactory, PartnershipFactory, SubscriptionFactory
from tests.reading import checked, rows, words
from tests.resellers.conftest import actor_of, make_sent, signed_in

TABS = [
    "detail",
    "detail_customers",
    "detail_subscriptions",
    "detail_incentives",
    "detail_access",
    "detail_activity",
]
# From the second request of a session on: who asks (session, person, memberships) and the partnership; then the
# numbers (two queries), or count and rows with what is fetched for the visible ones, or the people besides.
QUERIES = {
    "detail": 6,
    "detail_customers": 7,
    "detail_subscriptions": 10,
    "detail_incentives": 6,
    "detail_access": 7,
    "detail_activity": 6,
}


def page_of(partnership: Partnership, name: str = "detail") -> str:
    """The address of a tab."""
    return reverse(f"resellers:{name}", args=[partnership.public_id])


def earned(provider: Partner, reseller: Partner, month: date, amount: str = "8.75", currency: str = "USD"):
    """The sum of a month."""
    return IncentiveTotal.objects.create(
        provider=provider, reseller=reseller, month=month, currency=currency, entries=2, base="87.50", amount=amount
    )


@pytest.fixture
def partnership(sender, riley) -> Partnership:
    """Fabrikam accepted Northwind's request."""
    request = make_sent(sender)
    return accept_request(request=request, nonce=request.nonce, by=riley)


@pytest.fixture
def customer(northwind, fabrikam, partnership):
    """Fabrikam manages it for Northwind."""
    return CustomerFactory(provider=northwind, managed_by=fabrikam, company_name="Bakery", domain_prefix="bakery")


# --- who sees them ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TABS)
def test_who_sees_a_resellers_pages(partnership, sender, helpdesk, tailwind, riley, northwind, client, name):
    address = page_of(partnership, name)
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    for actor, status in {sender: 200, sales: 200, tailwind: 404, helpdesk: 403, riley: 403}.items():
        assert (signed_in(actor).get(address).status_code, actor) == (status, actor)
    assert client.get(address).url == f"{reverse('account_login')}?next={address}"
    missing = address.replace(str(partnership.public_id), "00000000-0000-4000-8000-000000000000")
    foreign, unknown = signed_in(tailwind).get(address), signed_in(tailwind).get(missing)
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)


def test_nothing_of_another_company_is_shown(partnership, sender, northwind, tailwind, fabrikam, customer):
    other = PartnershipFactory(provider=northwind, reseller__legal_name="Secret Reseller")
    MembershipFactory(partner=other.reseller, user__full_name="Secret Person")
    theirs = CustomerFactory(provider=tailwind.partner, managed_by=fabrikam, company_name="Secret Bakery")
    mine = SubscriptionFactory(customer=customer, nickname="Open Suite")
    secret = SubscriptionFactory(customer=theirs, nickname="Secret Suite")
    for subscription in (mine, secret):
        ResellerOfRecord.objects.create(
            subscription=subscription, reseller=fabrikam, mpn_id=fabrikam.mpn_id, set_by=tailwind.user
        )
    desk = signed_in(sender)
    pages = [words(checked(desk.get(page_of(partnership, name)))) for name in TABS]
    assert ["Secret" in page for page in pages] == [False] * 6
    assert ["Open Suite" in page for page in pages] == [False, False, True, False, False, False]
    assert "1 subscription<" in pages[0]
    # An address of the reseller's own people is nobody else's business; its contact's is given to its providers.
    assert [page.count("riley@fabrikam.example") for page in pages] == [0] * 6


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", TABS)
def test_each_page_costs_the_same_with_more_rows(
    partnership, sender, northwind, fabrikam, django_assert_num_queries, name, count
):
    for made in CustomerFactory.create_batch(count, provider=northwind, managed_by=fabrikam):
        subscription = SubscriptionFactory(customer=made)
        set_reseller_of_record(subscription=subscription, reseller=fabrikam, by=sender)
        set_support_contact(subscription=subscription, reseller=fabrikam, by=sender)
        MembershipFactory(partner=fabrikam)
    for number in range(count):
        earned(northwind, fabrikam, date(2026, 1 + number, 1))
    desk = signed_in(sender)
    desk.get(page_of(partnership, name))
    with django_assert_num_queries(QUERIES[name]):
        assert desk.get(page_of(partnership, name)).status_code == 200
    # One that is over also looks whether there is one again; what it has named is asked at once.
    Partnership.objects.update(ended_at=clock.now())
    # And its numbers are counted one by one.
    less = {"detail": -1, "detail_access": 1, "detail_subscriptions": 2}.get(name, 0)
    with django_assert_num_queries(QUERIES[name] + 1 - less):
        assert desk.get(page_of(partnership, name)).status_code == 200


# --- Incentives -------------------------------------------------------------------------------------------------------
def test_incentives_stand_by_month_the_latest_first_and_lead_to_their_entries(
    partnership, sender, northwind, fabrikam, tailwind
):
    earned(northwind, fabrikam, date(2026, 9, 1), "1.50")
    earned(northwind, fabrikam, date(2026, 10, 1), "2.50")
    earned(northwind, fabrikam, date(2026, 10, 1), "3.50", "BRL")
    earned(tailwind.partner, fabrikam, date(2026, 10, 1), "66.60")
    earned(northwind, PartnershipFactory(provider=northwind).reseller, date(2026, 10, 1), "77.70")
    desk = signed_in(sender)
    page = checked(desk.get(page_of(partnership, "detail_incentives")))
    shown = [(row[0], row[3]) for row in rows(page)]
    assert shown == [("October 2026", "BRL 3.50"), ("October 2026", "USD 2.50"), ("September 2026", "USD 1.50")]
    address = f"{reverse('incentives:entries')}?month=2026-09&amp;reseller={fabrikam.microsoft_id}"
    assert address in page.content.decode()
    assert desk.get(address.replace("&amp;", "&")).status_code == 200
    Partnership.objects.update(ended_at=clock.now())
    assert len(rows(checked(desk.get(page_of(partnership, "detail_incentives"))))) == 3


def test_amounts_take_the_permission_of_incentives(partnership, sender, northwind, fabrikam, monkeypatch):
    earned(northwind, fabrikam, date(2026, 9, 1))
    desk = signed_in(sender)
    assert page_of(partnership, "detail_incentives") in desk.get(page_of(partnership)).content.decode()
    monkeypatch.setitem(MATRIX, (Program.INDIRECT_PROVIDER, Permission.VIEW_INCENTIVES), frozenset())
    assert page_of(partnership, "detail_incentives") not in desk.get(page_of(partnership)).content.decode()
    assert desk.get(page_of(partnership, "detail_incentives")).status_code == 403


# --- Overview ---------------------------------------------------------------------------------------------------------
def test_the_overview_gives_the_facts_and_the_readiness(partnership, sender, fabrikam, customer):
    Partner.objects.filter(pk=fabrikam.pk).update(
        contact_name="Riley Stone", contact_phone="+12065550100", mpn_id="0012345", further_regions=["brazil"]
    )
    text = words(checked(signed_in(sender).get(page_of(partnership))))
    for shown in (
        "New business can be done today",
        "The MPN ID is known: 0012345.",
        "Both companies may serve customers in: United States.",
        "Brazil, United States",
        "Riley Stone",
        'href="mailto:info@fabrikam.example"',
        "+1 206-555-0100",
        "Sasha Berg",
        str(fabrikam.microsoft_id),
        "1 customer<",
        "0 subscriptions<",
        "Add new customer",
    ):
        assert shown in text
    assert f'name="reseller" value="{fabrikam.microsoft_id}"' in text


def test_what_stands_in_the_way_stands_on_the_page(partnership, sender, fabrikam):
    Partner.objects.filter(pk=fabrikam.pk).update(agreement_accepted_on=None, country="FR")
    text = words(checked(signed_in(sender).get(page_of(partnership))))
    assert "New business would be refused today" in text
    assert text.count("Not met:") == 2
    assert "Ask the reseller to accept it and to tell the back office the day." in text
    assert "The partnership is active." in text
    assert "Add new customer" not in text


def test_a_new_customer_that_is_refused_leads_to_the_reasons(partnership, sender, fabrikam):
    Partner.objects.filter(pk=fabrikam.pk).update(agreement_accepted_on=None)
    desk = signed_in(sender)
    response = desk.post(reverse("orders:start"), {"reseller": str(fabrikam.microsoft_id)}, follow=True)
    assert response.redirect_chain == [(page_of(partnership), 302)]
    assert "Fabrikam Services has not accepted the Microsoft Partner Agreement." in words(checked(response))


def test_lesser_colleagues_do_not_end_a_partnership(partnership, northwind):
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    assert "End partnership" not in words(signed_in(sales).get(page_of(partnership)))


# --- Customers, Subscriptions -----------------------------------------------------------------------------------------
def test_customers_with_what_they_have(partnership, sender, northwind, fabrikam, customer):
    SubscriptionFactory.create_batch(2, customer=customer, quantity=5)
    SubscriptionFactory(customer=customer, quantity=50, status="deleted")
    other = CustomerFactory(provider=northwind, managed_by=fabrikam, company_name="Ápice")
    gone = CustomerFactory(provider=northwind, managed_by=fabrikam, company_name="Gone")
    gone.reseller_relationships.update(ends_at=clock.now())
    response = checked(signed_in(sender).get(f"{page_of(partnership, 'detail_customers')}?sort=customer"))
    listed = rows(response)
    assert [row[:5] for row in listed] == [
        ["Ápice", f"{other.domain_prefix}.onmicrosoft.com", "United States", "0", "0"],
        ["Bakery", "bakery.onmicrosoft.com", "United States", "2", "10"],
    ]


def test_subscriptions_say_which_relation_names_the_reseller(partnership, sender, northwind, fabrikam, customer):
    elsewhere = CustomerFactory(provider=northwind, company_name="Café")
    for nickname, owner, of_record, support in (
        ("Both", customer, True, True),
        ("Record", elsewhere, True, False),
        ("Support", elsewhere, False, True),
        ("Neither", customer, False, False),
    ):
        subscription = SubscriptionFactory(customer=owner, nickname=nickname)
        if of_record:
            set_reseller_of_record(subscription=subscription, reseller=fabrikam, by=sender)
        if support:
            set_support_contact(subscription=subscription, reseller=fabrikam, by=sender)
    past = SubscriptionFactory(customer=customer, nickname="Past")
    set_support_contact(subscription=past, reseller=fabrikam, by=sender)
    set_support_contact(subscription=past, reseller=None, by=sender)
    response = checked(signed_in(sender).get(f"{page_of(partnership, 'detail_subscriptions')}?sort=name"))
    day = words(response).split("<time")[1].split(">")[1].split("<")[0]
    record, support = f"Reseller of record since {day}", f"Designated support contact since {day}"
    assert [(row[0], row[1], row[4]) for row in rows(response)] == [
        ("Both", "Bakery", f"{record} {support}"),
        ("Record", "Café", record),
        ("Support", "Café", support),
    ]
    overview = words(signed_in(sender).get(page_of(partnership)))
    assert overview.count("2 subscriptions<") == 2


def test_paging_over_subscriptions_keeps_each_once(partnership, sender, fabrikam, customer):
    for number in range(27):
        subscription = SubscriptionFactory(customer=customer, nickname=f"Suite {number % 4}", quantity=number % 3 + 1)
        set_reseller_of_record(subscription=subscription, reseller=fabrikam, by=sender)
    desk = signed_in(sender)
    for sort in ("name", "-customer", "-quantity", "started"):
        first = desk.get(f"{page_of(partnership, 'detail_subscriptions')}?sort={sort}")
        second = desk.get(first.context["listing"].next_url)
        shown = [row.pk for page in (first, second) for row in page.context["listing"].page.rows]
        assert len(shown) == len(set(shown)) == 27, sort


# --- Users & access ---------------------------------------------------------------------------------------------------
def test_people_with_role_last_sign_in_and_second_factor(partnership, sender, riley, fabrikam):
    Authenticator.objects.create(user=riley.user, type=Authenticator.Type.TOTP, data={})
    signed_in(riley)  # was here just now
    actor_of(fabrikam, "sue@fabrikam.example", Role.HELPDESK_AGENT, "Sue Fox")
    left = actor_of(fabrikam, "lee@fabrikam.example", Role.ADMIN_AGENT, "Lee Gone")
    left.user.memberships.update(ended_at=clock.now())
    locked = actor_of(fabrikam, "lou@fabrikam.example", Role.ADMIN_AGENT, "Lou Locked")
    type(locked.user).objects.filter(pk=locked.user.pk).update(is_active=False)
    response = checked(signed_in(sender).get(page_of(partnership, "detail_access")))
    today = words(response).split("<time")[1].split(">")[1].split("<")[0]
    assert rows(response) == [
        ["Riley Stone", "Global admin", today, "On"],
        ["Sue Fox", "Helpdesk agent", "Never", "Off"],
    ]
    assert "@fabrikam.example" not in words(response)


def test_of_very_many_people_the_mightiest_are_shown(partnership, sender, fabrikam):
    MembershipFactory.create_batch(60, partner=fabrikam, role=Role.SALES_AGENT)
    response = checked(signed_in(sender).get(page_of(partnership, "detail_access")))
    shown = rows(response)
    assert (len(shown), shown[0][0]) == (50, "Riley Stone")
    assert "and 11 more" in words(response)


def test_delegated_access_with_scope_since_and_who(partnership, sender, northwind, fabrikam, customer):
    customer.reseller_relationships.update(set_by=sender.user)
    other = CustomerFactory(provider=northwind, managed_by=fabrikam, company_name="Café")
    other.reseller_relationships.update(scope="view_and_request", set_by=sender.user)
    response = checked(signed_in(sender).get(f"{page_of(partnership, 'detail_access')}?sort=customer"))
    assert [(row[0], row[1], row[3], row[4]) for row in rows(response, 1)] == [
        ("Bakery", "Manage", "Sasha Berg", "Remove access Bakery"),
        ("Café", "View and request", "Sasha Berg", "Remove access Café"),
    ]
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    assert "Remove access" not in words(checked(signed_in(sales).get(page_of(partnership, "detail_access"))))


def remove_page(partnership, customer) -> str:
    """Where access is removed."""
    return reverse("resellers:remove_access", args=[partnership.public_id, customer.microsoft_id])


def test_removing_access_takes_effect_at_the_next_request(partnership, sender, riley, customer):
    desk, theirs = signed_in(sender), signed_in(riley)
    account = reverse("customers:detail", args=[customer.microsoft_id])
    address = remove_page(partnership, customer)
    question = checked(desk.get(address))
    assert "Fabrikam Services can no longer open the account and subscriptions of Bakery." in words(question)
    assert theirs.get(account).status_code == 200
    assert ResellerRelationship.objects.current().count() == 1
    answer = desk.post(address, {"reason": "Contract is over"}, follow=True)
    assert answer.redirect_chain == [(page_of(partnership, "detail_access"), 302)]
    assert "Fabrikam Services no longer manages Bakery." in words(checked(answer))
    assert theirs.get(account).status_code == 404
    assert theirs.get(reverse("subscriptions:list", args=[customer.microsoft_id])).status_code == 404
    record = ActivityRecord.objects.get(action="customer.access_removed")
    assert (record.actor_user_id, record.changes["reason"]) == (sender.user.pk, "Contract is over")
    assert "Contract is over" in OutgoingEmail.objects.get(kind="customer_access_ended").text


def test_a_second_press_finds_it_done(partnership, sender, customer):
    desk, address = signed_in(sender), remove_page(partnership, customer)
    desk.post(address)
    for answer in (desk.post(address, follow=True), desk.get(address, follow=True)):
        assert "Fabrikam Services does not manage Bakery any more." in words(checked(answer))
    assert ActivityRecord.objects.filter(action="customer.access_removed").count() == 1


def test_a_reason_that_is_too_long_is_said_and_kept(partnership, sender, customer):
    answer = checked(signed_in(sender).post(remove_page(partnership, customer), {"reason": "x" * 501}))
    assert "There is a problem" in words(answer)
    assert "x" * 501 in words(answer)
    assert ResellerRelationship.objects.current().exists()


def test_who_removes_access(partnership, sender, helpdesk, northwind, tailwind, riley, customer):
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    address = remove_page(partnership, customer)
    for actor, status in {sales: 403, helpdesk: 403, riley: 403, tailwind: 404}.items():
        desk = signed_in(actor)
        assert {desk.get(address).status_code, desk.post(address).status_code} == {status}
    strangers = CustomerFactory(provider=northwind)
    foreign = CustomerFactory(provider=tailwind.partner)
    for other in (strangers, foreign):
        assert signed_in(sender).post(remove_page(partnership, other)).status_code == 404
    assert ResellerRelationship.objects.current().count() == 1
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403


# --- Activity ---------------------------------------------------------------------------------------------------------
def test_activity_tells_old_and_new_of_this_relation_only(partnership, sender, northwind, fabrikam, customer):
    contoso = PartnershipFactory(provider=northwind, reseller__legal_name="Contoso", reseller__mpn_id="777").reseller
    subscription = SubscriptionFactory(customer=customer, nickname="Suite")
    set_reseller_of_record(subscription=subscription, reseller=fabrikam, by=sender)
    set_reseller_of_record(subscription=subscription, reseller=contoso, by=sender)
    set_support_contact(subscription=subscription, reseller=contoso, by=sender)
    set_support_contact(subscription=subscription, reseller=None, by=sender)
    relationship = customer.reseller_relationships.get()
    hand_over_customer(relationship=relationship, to=contoso, by=sender)
    ours, name = f"Fabrikam Services (MPN ID {fabrikam.mpn_id})", "Sasha Berg"
    response = checked(signed_in(sender).get(page_of(partnership, "detail_activity")))
    assert [row[1:] for row in rows(response)] == [
        ["Access of the managing reseller removed: Bakery", f"Manage → — None Reseller: {ours}", name],
        ["No longer reseller of record: Suite", f"Reseller: {ours}", name],
        ["Reseller of record changed: Suite", f"No reseller → {ours}", name],
        ["Partnership began", "— No details", "Fabrikam Services"],
        ["Partnership request accepted", "— No details", "Fabrikam Services"],
    ]
    assert f'href="{subscription.get_absolute_url()}"' in response.content.decode()
    theirs = Partnership.objects.get(reseller=contoso)
    page = rows(checked(signed_in(sender).get(page_of(theirs, "detail_activity"))))
    other = "Contoso (MPN ID 777)"
    assert [row[1:3] for row in page] == [
        ["Managing reseller changed: Bakery", f"{ours} → {other} Access: Manage"],
        ["Designated support contact changed: Suite", f"{other} → The indirect provider"],
        ["Designated support contact changed: Suite", f"The indirect provider → {other}"],
        ["Reseller of record changed: Suite", f"{ours} → {other}"],
    ]


# --- what is over -----------------------------------------------------------------------------------------------------
def end(partnership: Partnership, by) -> None:
    """It ended today, and with it what rested on it; ten days it lasted."""
    now = clock.now()
    began = now - timedelta(days=10)
    Partnership.objects.filter(pk=partnership.pk).update(
        began_at=began, ended_at=now, ended_side="provider", ended_by=by.user, end_reason="Moved on"
    )
    for model in (ResellerRelationship, ResellerOfRecord, SupportContact):
        model.objects.update(begins_at=began, ends_at=now)


def test_an_ended_partnership_stays_readable(partnership, sender, fabrikam, customer):
    subscription = SubscriptionFactory(customer=customer, nickname="Suite")
    set_reseller_of_record(subscription=subscription, reseller=fabrikam, by=sender)
    end(partnership, sender)
    desk = signed_in(sender)
    pages = {name: checked(desk.get(page_of(partnership, name))) for name in TABS}
    for response in pages.values():
        text = words(response)
        assert "by Sasha Berg (Indirect provider) – history stays" in text
        assert "Moved on" in text
        assert "Request a partnership again" in text
        for gone in ("Add new customer", "Remove access", "End partnership", "New business"):
            assert gone not in text
    assert rows(pages["detail_customers"])[0][0] == "Bakery"
    assert "Reseller of record until" in rows(pages["detail_subscriptions"])[0][4]
    assert rows(pages["detail_access"])[0][:2] == ["Bakery", "Manage"]
    assert "Riley Stone" not in words(pages["detail_access"])
    assert "1 customer<" in words(pages["detail"])
    assert signed_in(sender).post(remove_page(partnership, customer)).url == page_of(partnership, "detail_access")


def test_an_ended_one_leads_to_the_one_that_lasts(partnership, sender, northwind, fabrikam):
    end(partnership, sender)
    present = PartnershipFactory(provider=northwind, reseller=fabrikam)
    text = words(checked(signed_in(sender).get(page_of(partnership))))
    assert f'href="{page_of(present)}"' in text
    assert "Request a partnership again" not in text
    assert "history stays" not in words(checked(signed_in(sender).get(page_of(present))))


def test_names_that_attack_are_words(partnership, sender, riley, fabrikam, customer):
    attack = "<script>alert(1)</script>{{ 7 }}%(target)s{}"
    Partner.objects.filter(pk=fabrikam.pk).update(legal_name=attack, contact_name=attack)
    type(riley.user).objects.filter(pk=riley.user.pk).update(full_name=attack)
    type(customer).objects.update(company_name=attack)
    SubscriptionFactory(customer=customer, nickname=attack)
    set_support_contact(subscription=customer.subscriptions.get(), reseller=fabrikam, by=sender)
    desk = signed_in(sender)
    for address in [*(page_of(partnership, name) for name in TABS), remove_page(partnership, customer)]:
        response = checked(desk.get(address))
        assert "<script>alert" not in response.content.decode()
