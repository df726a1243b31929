"""The pages on which sections of an account are changed, and the page on which two edits meet."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from customers.editing import BillToInfo, CompanyInfo, ContactInfo, change_bill_to, change_company, change_contact
from customers.models import BillTo, Customer
from tests.contracts import header_faults, html_faults
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, MembershipFactory
from tests.reading import rows, text

Browser = Callable[[User | None], Client]


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    return CustomerFactory(
        provider=provider,
        managed_by=reseller,
        company_name="Padaria",
        domain_prefix="padaria",
        contact_phone="+14085550123",
    )


@pytest.fixture
def helpdesk(provider: Partner) -> Actor:
    membership = MembershipFactory(partner=provider, role=Role.HELPDESK_AGENT, user__full_name="Hal Helpdesk")
    return Actor(user=membership.user, partner=provider, role=Role.HELPDESK_AGENT)


def page(customer: Customer, section: str) -> str:
    return reverse(f"customers:change_{section}", args=[customer.microsoft_id])


def account(customer: Customer) -> str:
    return reverse("customers:detail", args=[customer.microsoft_id])


def company(**changes: Any) -> dict[str, Any]:
    return {
        "version": "1",
        "company_name": "Padaria",
        "registration_id": "",
        "address_line_1": "1 Infinite Loop",
        "address_line_2": "",
        "city": "Cupertino",
        "state": "CA",
        "postal_code": "95014",
        **changes,
    }


def contact(**changes: Any) -> dict[str, Any]:
    return {
        "version": "1",
        "contact_first_name": "Ana",
        "contact_last_name": "Lima",
        "contact_email": "ana@padaria.example",
        "contact_phone": "+1 408-555-0123",
        "language": "en",
        **changes,
    }


def bill_to(**changes: Any) -> dict[str, Any]:
    return {
        "version": "1",
        "bills_to": "own",
        "company_name": "Holding",
        "first_name": "Bia",
        "last_name": "Souza",
        "email": "bia@holding.example",
        "phone": "",
        "country": "US",
        "address_line_1": "2 Loop",
        "address_line_2": "",
        "city": "Cupertino",
        "state": "CA",
        "postal_code": "95014",
        **changes,
    }


def said(response: HttpResponse) -> str:
    """What is read on the page."""
    return text(response.content.decode())


def hidden(response: HttpResponse) -> dict[str, str]:
    """What the page sends once more: the names and values of its form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


SECTIONS = {
    "company": (company, {"company_name": "Padaria Nova"}),
    "contact": (contact, {"contact_email": "bia@padaria.example"}),
    "bill_to": (bill_to, {}),
}


# --- the pages --------------------------------------------------------------------------------------------------------
def test_account_leads_to_the_change_of_each_section(customer: Customer, helpdesk: Actor, signed_in: Browser) -> None:
    response = signed_in(helpdesk.user).get(account(customer))
    for section, title in (("company", "Company info"), ("contact", "Primary contact"), ("bill_to", "Bill-to info")):
        link = rf'<a href="{page(customer, section)}">Change<span class="visually-hidden"> {title}</span></a>'
        assert link in response.content.decode()
    assert "Same as the company" in said(response)


def test_account_offers_changes_to_the_reseller_that_manages(
    customer: Customer, reseller: Partner, signed_in: Browser
) -> None:
    response = signed_in(actor_of(reseller).user).get(account(customer))
    assert "/account/company/" in response.content.decode()
    assert signed_in(actor_of(reseller).user).get(page(customer, "company")).status_code == 200


def test_a_reseller_that_views_changes_nothing(customer: Customer, reseller: Partner, signed_in: Browser) -> None:
    """The same pages make a request of it."""
    customer.reseller_relationships.update(scope="view_and_request")
    browser = signed_in(actor_of(reseller).user)
    assert "Change (request)" in said(browser.get(account(customer)))
    assert "Ask for this change" in said(browser.get(page(customer, "company")))
    assert browser.post(page(customer, "company"), company(city="San Jose")).status_code == 403
    assert Customer.objects.get(pk=customer.pk).version == 1


@pytest.mark.parametrize("section", SECTIONS)
def test_page_shows_what_is_saved_and_saves_what_is_typed(
    customer: Customer, helpdesk: Actor, signed_in: Browser, section: str
) -> None:
    browser, (typed, change) = signed_in(helpdesk.user), SECTIONS[section]
    shown = browser.get(page(customer, section))
    assert html_faults(shown.content.decode()) == []
    assert header_faults(shown) == []
    assert shown.context["form"].initial["version"] == 1
    answer = browser.post(page(customer, section), typed(**change))
    assert (answer.status_code, answer.url) == (302, account(customer))
    after = said(browser.get(account(customer)))
    assert "saved." in after
    assert Customer.objects.get(pk=customer.pk).version == 2
    for value in (*change.values(), *(["Holding", "Bia Souza"] if section == "bill_to" else [])):
        assert value in after


@pytest.mark.parametrize("section", ["company", "contact"])
def test_page_sent_as_it_came_changes_nothing(
    customer: Customer, helpdesk: Actor, signed_in: Browser, section: str
) -> None:
    browser = signed_in(helpdesk.user)
    initial = browser.get(page(customer, section)).context["form"].initial
    answer = browser.post(page(customer, section), initial)
    assert "Nothing was changed." in said(browser.get(answer.url))
    assert Customer.objects.get(pk=customer.pk).version == 1
    assert not ActivityRecord.objects.exists()


def test_company_page_says_what_stays_and_why(customer: Customer, helpdesk: Actor, signed_in: Browser) -> None:
    shown = said(signed_in(helpdesk.user).get(page(customer, "company")))
    for fixed in ("padaria.onmicrosoft.com", str(customer.microsoft_id), "United States", "None"):
        assert fixed in shown.partition("What cannot be changed")[2]
    assert "in another country the company is a new customer" in shown


def test_company_page_follows_the_customers_country(provider: Partner, helpdesk: Actor, signed_in: Browser) -> None:
    customer = CustomerFactory(
        provider=provider, country="BR", city="São Paulo", state="SP", postal_code="01310-100",
        registration_id="12345678000195",
    )  # fmt: skip
    browser = signed_in(helpdesk.user)
    form = browser.get(page(customer, "company")).context["form"]
    assert form.initial["registration_id"] == "12.345.678/0001-95"
    assert form.fields["registration_id"].label == "Company registration ID (CNPJ)"
    assert form.fields["postal_code"].label == "CEP"
    # A country in what is sent is no field here.
    sent = company(city="São Paulo", state="SP", postal_code="01310-100", country="US", registration_id="")
    response = browser.post(page(customer, "company"), sent)
    assert response.context["form"].errors == {"registration_id": ["Enter the CNPJ, like 12.345.678/0001-95."]}
    assert Customer.objects.get(pk=customer.pk).country_code == "BR"


def test_doubtful_company_name_wants_the_persons_word(customer: Customer, helpdesk: Actor, signed_in: Browser) -> None:
    browser = signed_in(helpdesk.user)
    response = browser.post(page(customer, "company"), company(company_name="padaria.com"))
    assert "Make sure that the company name is right" in said(response)
    assert "The company name is right" in said(response)
    assert Customer.objects.get(pk=customer.pk).company_name == "Padaria"
    word = company(company_name="padaria.com", company_name_is_right="on")
    assert browser.post(page(customer, "company"), word).status_code == 302
    assert browser.get(page(customer, "company")).context["form"].initial["company_name_is_right"] is True


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    customer: Customer, helpdesk: Actor, signed_in: Browser
) -> None:
    wrong = contact(contact_email="ana", contact_phone="12", contact_first_name="Zuleika")
    response = signed_in(helpdesk.user).post(page(customer, "contact"), wrong)
    assert response.context["form"].errors == {
        "contact_email": ["Enter an e-mail address like name@company.com."],
        "contact_phone": ["Enter the telephone number, like +1 201-555-0123."],
    }
    for value in ("ana", "12", "Zuleika"):
        assert f'value="{value}"' in response.content.decode()


NASTY = ["\x1b[31mX", "a\u202eb", "a\nb", "a\x00b", "x" * 10_000]


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_that_deceives_or_is_too_long_is_saved(
    customer: Customer, helpdesk: Actor, signed_in: Browser, nasty: str
) -> None:
    browser = signed_in(helpdesk.user)
    for section, typed in (("company", company), ("contact", contact), ("bill_to", bill_to)):
        for name in typed():
            response = browser.post(page(customer, section), typed(**{name: nasty}))
            assert response.status_code in (200, 400), (section, name)
    assert Customer.objects.get(pk=customer.pk).version == 1


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "9" * 40, "1.5"])
def test_a_version_that_no_page_showed_is_refused(
    customer: Customer, helpdesk: Actor, signed_in: Browser, version: str
) -> None:
    response = signed_in(helpdesk.user).post(page(customer, "company"), company(version=version, company_name="New"))
    assert response.status_code == 200
    assert "Open this page again and repeat your change" in said(response)
    assert Customer.objects.get(pk=customer.pk).company_name == "Padaria"


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>", "=cmd()", "O'Neil & Söhne", "株式会社", "متجر"])
def test_odd_names_arrive_as_they_are(customer: Customer, helpdesk: Actor, signed_in: Browser, odd: str) -> None:
    browser = signed_in(helpdesk.user)
    browser.post(page(customer, "company"), company(company_name=odd))
    assert Customer.objects.get(pk=customer.pk).company_name == odd
    for url in (account(customer), page(customer, "company"), reverse("customers:list")):
        assert "<script>alert" not in browser.get(url).content.decode()


def test_another_providers_customer_is_not_found(customer: Customer, signed_in: Browser) -> None:
    theirs = actor_of(CustomerFactory(company_name="Theirs").provider)
    for section, (typed, change) in SECTIONS.items():
        browser = signed_in(theirs.user)
        for answer in (browser.get(page(customer, section)), browser.post(page(customer, section), typed(**change))):
            assert answer.status_code == 404
            assert "Padaria" not in answer.content.decode()
    assert Customer.objects.get(pk=customer.pk).version == 1


def test_the_customers_activity_says_what_was_and_what_became(
    customer: Customer, helpdesk: Actor, signed_in: Browser
) -> None:
    browser = signed_in(helpdesk.user)
    browser.post(page(customer, "company"), company(company_name="Padaria Nova"))
    browser.post(page(customer, "contact"), contact(version="2", language="pt-br"))
    shown = said(browser.get(reverse("customers:activity", args=[customer.microsoft_id])))
    assert "Company name: Padaria → Padaria Nova" in shown
    assert "Language of e-mails and pages: English → Portuguese (Brazil)" in shown


# --- bill-to ----------------------------------------------------------------------------------------------------------
def test_bills_go_to_the_company_again_whatever_else_stands_there(
    customer: Customer, helpdesk: Actor, signed_in: Browser
) -> None:
    browser = signed_in(helpdesk.user)
    browser.post(page(customer, "bill_to"), bill_to())
    answer = browser.post(page(customer, "bill_to"), bill_to(version="2", bills_to="company", email="?", city=""))
    assert answer.status_code == 302
    assert not BillTo.objects.exists()


def test_bill_to_asks_for_all_of_another_company(customer: Customer, helpdesk: Actor, signed_in: Browser) -> None:
    empty = dict.fromkeys(bill_to(), "") | {"version": "1", "bills_to": "own", "country": "US"}
    response = signed_in(helpdesk.user).post(page(customer, "bill_to"), empty)
    assert set(response.context["form"].errors) == {
        "company_name", "first_name", "last_name", "email", "address_line_1", "city", "state", "postal_code",
    }  # fmt: skip


def test_bill_to_brings_the_fields_of_another_country(helpdesk: Actor, signed_in: Browser) -> None:
    helpdesk.partner.further_regions = ["brazil"]
    helpdesk.partner.save()
    customer = CustomerFactory(provider=helpdesk.partner)
    browser = signed_in(helpdesk.user)
    sent = bill_to(country="BR", update_address="1", company_name="Holding Brasil")
    response = browser.post(page(customer, "bill_to"), sent)
    form = response.context["form"]
    assert (response.status_code, form.fields["postal_code"].label) == (200, "CEP")
    assert (form.initial["company_name"], form.initial["bills_to"], form.is_bound) == ("Holding Brasil", "own", False)
    assert not BillTo.objects.exists()
    sent = bill_to(country="BR", city="São Paulo", state="SP", postal_code="01310-100")
    assert browser.post(page(customer, "bill_to"), sent).status_code == 302
    assert str(customer.bill_to.country) == "BR"


# --- two people -------------------------------------------------------------------------------------------------------
def edited_by(customer: Customer, admin: Actor, section: str = "company", **changes: str) -> Customer:
    """The colleague is faster."""
    if section == "company":
        info = CompanyInfo.of(customer)
        wanted = CompanyInfo(**{**vars(info), **changes})
        return change_company(customer=customer, version=customer.version, company=wanted, by=admin)
    contact_info = ContactInfo(**{**vars(ContactInfo.of(customer)), **changes})
    return change_contact(customer=customer, version=customer.version, contact=contact_info, by=admin)


def test_conflict_shows_both_and_by_whom(customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser) -> None:
    edited_by(customer, admin, company_name="Padaria Nova", address_line_2="Floor 2")
    mine = company(company_name="Padaria Velha", city="San Jose")
    response = signed_in(helpdesk.user).post(page(customer, "company"), mine)
    assert response.status_code == 409
    assert header_faults(response) == []
    assert html_faults(response.content.decode()) == []
    at = ActivityRecord.objects.get().at
    by = f"Saved by {admin.user} , {at.day} {at:%b %Y %H:%M} UTC"
    assert rows(response) == [
        ["Company name", f"Padaria Nova {by}", "Padaria Velha"],
        ["Address line 2", f"Floor 2 {by}", "— Empty You did not change it: what is saved now stays"],
        ["City", "Cupertino", "San Jose"],
    ]
    assert f"{admin.user} changed Padaria Nova after you opened the page." in said(response)
    assert f'href="{account(customer)}">Discard mine' in response.content.decode()
    assert Customer.objects.get(pk=customer.pk).city == "Cupertino"


def test_mine_on_top_keeps_mine_and_what_i_left_alone_of_theirs(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    edited_by(customer, admin, company_name="Padaria Nova", address_line_2="Floor 2")
    browser = signed_in(helpdesk.user)
    response = browser.post(page(customer, "company"), company(company_name="padaria.com", company_name_is_right="on"))
    again = hidden(response)
    assert again == company(
        version="2", company_name="padaria.com", address_line_2="Floor 2", company_name_is_right="on"
    )
    assert browser.post(page(customer, "company"), again).status_code == 302
    customer.refresh_from_db()
    assert (customer.company_name, customer.address_line_2, customer.version) == ("padaria.com", "Floor 2", 3)
    assert ActivityRecord.objects.latest("pk").changes == {
        "version": 3,
        "company_name": ["Padaria Nova", "padaria.com"],
    }


def test_a_third_edit_meanwhile_is_a_conflict_again(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    customer = edited_by(customer, admin, company_name="Second")
    browser = signed_in(helpdesk.user)
    again = hidden(browser.post(page(customer, "company"), company(company_name="Mine")))
    edited_by(customer, admin, company_name="Third")
    response = browser.post(page(customer, "company"), again)
    assert response.status_code == 409
    assert hidden(response) == company(company_name="Mine", version="3")
    assert rows(response)[0][2] == "Mine"


def test_edits_of_different_sections_do_not_meet(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    edited_by(customer, admin, "contact", contact_phone="+14085550199")
    answer = signed_in(helpdesk.user).post(page(customer, "company"), company(company_name="Padaria Nova"))
    assert answer.status_code == 302
    customer.refresh_from_db()
    assert (customer.company_name, customer.contact_phone, customer.version) == ("Padaria Nova", "+14085550199", 3)


def test_the_same_edit_twice_is_no_conflict(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    edited_by(customer, admin, company_name="Padaria Nova")
    sent = company(company_name="Padaria Nova", city="San Jose")
    assert signed_in(helpdesk.user).post(page(customer, "company"), sent).status_code == 302
    assert Customer.objects.get(pk=customer.pk).city == "San Jose"


def test_conflict_speaks_the_words_of_the_form(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    edited_by(customer, admin, "contact", contact_phone="+14085550199", language="pt-br")
    mine = contact(contact_phone="(408) 555-0111")
    response = signed_in(helpdesk.user).post(page(customer, "contact"), mine)
    phone, language = rows(response)
    assert phone[1].startswith("+1 408-555-0199 Saved by")
    assert phone[2] == "+1 408-555-0111"
    assert language[1].startswith("Portuguese (Brazil) Saved by")
    assert language[2].startswith("English")


def test_conflict_over_bill_to_applies_mine_whole(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    typed = {name: value for name, value in bill_to().items() if name not in ("version", "bills_to")}
    change_bill_to(customer=customer, version=1, bill_to=BillToInfo(**typed), by=admin)
    change_bill_to(customer=customer, version=2, bill_to=None, by=admin)
    browser = signed_in(helpdesk.user)
    response = browser.post(page(customer, "bill_to"), bill_to(version="2", first_name="Zoe"))
    assert response.status_code == 409
    [where, first, *others] = rows(response)
    assert where[0] == "Where the bills go"
    assert where[1].startswith("Same as the company Saved by")
    assert (first[0], others[0][0]) == ("Company name", "First name")
    again = hidden(response)
    assert again == bill_to(version="3", first_name="Zoe")
    assert browser.post(page(customer, "bill_to"), again).status_code == 302
    assert customer.bill_to.first_name == "Zoe"


def test_conflict_escapes_what_people_typed(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser
) -> None:
    edited_by(customer, admin, company_name="<img src=x onerror=1>")
    response = signed_in(helpdesk.user).post(page(customer, "company"), company(company_name='"><script>x</script>'))
    assert response.status_code == 409
    for raw in ("<img src=x", "<script>x"):
        assert raw not in response.content.decode()
    assert hidden(response)["company_name"] == '"><script>x</script>'


def test_conflict_takes_few_queries(
    customer: Customer, helpdesk: Actor, admin: Actor, signed_in: Browser, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        customer = edited_by(customer, admin, company_name=f"Bakery {number}")
    browser = signed_in(helpdesk.user)
    browser.get(account(customer))
    with django_assert_max_num_queries(20):
        assert browser.post(page(customer, "company"), company(company_name="Mine")).status_code == 409
