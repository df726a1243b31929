"""The founding document's two procedures, word by word in a browser, in both languages, with wrong turns."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from customers.models import Customer
from orders.models import Order, OrderDraft
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from tests.browser.conftest import follow
from tests.world import PASSWORD, World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
OFFER = "Microsoft 365 Business Standard"
NAME = "Alpine Ski House"


@dataclass(frozen=True)
class Words:
    """What the document prints in bold, and the few words around it that the procedures need."""

    indirect_resellers: str
    add_new_customer: str
    customer_details: str
    next_subscriptions: str
    new_subscription: str
    next_review: str
    submit: str
    cancel: str
    cancel_whole: str
    go_back: str
    confirmation: str
    setup_info: str
    done: str
    stored: str
    customers: str
    add_subscription: str
    support_contact: str
    subscriptions: str
    problem: str
    new: str
    new_subscription_mark: str
    filter: str
    apply: str


ENGLISH = Words(
    indirect_resellers="Indirect resellers",
    add_new_customer="Add new customer",
    customer_details="Customer details",
    next_subscriptions="Next: Subscriptions",
    new_subscription="New subscription",
    next_review="Next: Review",
    submit="Submit",
    cancel="Cancel",
    cancel_whole="Cancel the entire operation",
    go_back="Go back to the order",
    confirmation="Confirmation",
    setup_info="Setup info",
    done="Done",
    stored="I have stored the user name and password",
    customers="Customers",
    add_subscription="Add subscription",
    support_contact="Designated support contact",
    subscriptions="Subscriptions",
    problem="There is a problem",
    new="New",
    new_subscription_mark="New",
    filter="Filter by indirect reseller",
    apply="Apply",
)
PORTUGUESE = Words(
    indirect_resellers="Revendedores indiretos",
    add_new_customer="Adicionar novo cliente",
    customer_details="Detalhes do cliente",
    next_subscriptions="Avançar: Assinaturas",
    new_subscription="Nova assinatura",
    next_review="Avançar: Revisão",
    submit="Enviar",
    cancel="Cancelar",
    cancel_whole="Cancelar toda a operação",
    go_back="Voltar ao pedido",
    confirmation="Confirmação",
    setup_info="Informações de instalação",
    done="Concluído",
    stored="Guardei o nome de usuário e a senha",
    customers="Clientes",
    add_subscription="Adicionar assinatura",
    support_contact="Contato de suporte designado",
    subscriptions="Assinaturas",
    problem="Há um problema",
    new="Novo",
    new_subscription_mark="Nova",
    filter="Filtrar por revendedor indireto",
    apply="Aplicar",
)
LANGUAGES = pytest.mark.parametrize(
    ("language", "words"), [("en", ENGLISH), ("pt-br", PORTUGUESE)], ids=["en", "pt-br"]
)


@pytest.fixture
def world(transactional_db: None) -> World:
    """A provider with a reseller, a customer and an offer."""
    return make_world()


@pytest.fixture
def page(browser: Browser, world: World, portal: str, language: str) -> Page:
    """A browser in which our provider's administrator is signed in, who reads this language."""
    user = world.ours.provider_admin.user
    assert user is not None
    type(user).objects.filter(pk=user.pk).update(language=language)
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{portal}/account/sign-in/")
    page.locator("#id_login").fill(user.sign_in_name)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button[type=submit]").last.click()
    return page


def menu(page: Page, name: str) -> None:
    """Select this from the menu."""
    page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def button(page: Page, name: str) -> Locator:
    """The button of the page with exactly this name."""
    return page.locator("main").get_by_role("button", name=name, exact=True)


def refused(page: Page, words: Words) -> Locator:
    """The summary of what is wrong, which has the focus."""
    summary = page.get_by_role("alert").filter(has=page.get_by_role("heading", name=words.problem))
    expect(summary).to_be_visible()
    expect(summary).to_be_focused()
    return summary


def fill_details(page: Page) -> None:
    """The customer's details, by the fields' own names, which are the same in every language."""
    for name, value in {
        "company_name": NAME,
        "domain_prefix": "alpineskihouse",
        "address_line_1": "120 Market Street",
        "city": "San Francisco",
        "postal_code": "94105",
        "contact_first_name": "Jordan",
        "contact_last_name": "Miller",
        "contact_email": "jordan@alpineskihouse.example",
        "agreement_first_name": "Jordan",
        "agreement_last_name": "Miller",
        "agreement_email": "jordan@alpineskihouse.example",
        "agreement_accepted_on": "2026-01-15",
    }.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=state]").select_option("CA")


def licenses(page: Page) -> Locator:
    """Where the number of licenses of the offer is entered."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(OFFER))).first
    return row.get_by_role("textbox")


@LANGUAGES
def test_add_new_customers_and_associate_them_with_indirect_resellers(
    language: str, words: Words, world: World, page: Page, portal: str, check_accessible: Check
) -> None:
    reseller = world.ours.reseller.legal_name
    before = (Customer.objects.count(), Order.objects.count(), OrderDraft.objects.count())
    # 1, 2: the reseller is already selected; nothing entered, then a postal code of elsewhere, then everything right.
    menu(page, words.indirect_resellers)
    page.get_by_role("row").filter(has_text=reseller).get_by_role(
        "button", name=re.compile(f"^{words.add_new_customer}")
    ).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words.customer_details)
    expect(page.locator("main")).to_contain_text(reseller)
    button(page, words.next_subscriptions).click()
    refused(page, words).get_by_role("link").first.click()
    expect(page.locator("[name=company_name]")).to_be_focused()
    check_accessible(page)
    fill_details(page)
    page.locator("[name=postal_code]").fill("SW1A 1AA")
    button(page, words.next_subscriptions).click()
    expect(refused(page, words).get_by_role("link")).to_have_count(1)
    expect(page.locator("[name=postal_code]")).to_have_value("SW1A 1AA")
    expect(page.locator("[name=company_name]")).to_have_value(NAME)
    page.locator("[name=postal_code]").fill("94105")
    button(page, words.next_subscriptions).click()
    # 3: nothing chosen, too many, a word; what is typed stays after a look back at the details.
    expect(page.get_by_role("heading", level=1)).to_have_text(words.new_subscription)
    for wrong in ("", "301", "ten"):
        licenses(page).fill(wrong)
        button(page, words.next_review).click()
        refused(page, words)
        expect(licenses(page)).to_have_value(wrong)
    check_accessible(page)
    licenses(page).fill("25")
    # 4
    button(page, words.next_review).click()
    expect(page.locator("main")).to_contain_text(NAME)
    check_accessible(page)
    page.go_back()
    expect(licenses(page)).to_have_value("25")
    page.go_forward()
    # 5: Cancel asks first; the way back loses nothing; Submit wants the attestation.
    follow(page.get_by_role("link", name=words.cancel, exact=True))
    check_accessible(page)
    page.get_by_role("link", name=words.go_back).click()
    button(page, words.submit).click()
    refused(page, words)
    page.locator("[name=attestation]").check()
    review = page.url
    button(page, words.submit).dblclick()
    # 6
    expect(page.get_by_role("heading", level=1)).to_have_text(words.confirmation)
    expect(page.get_by_role("heading", name=words.setup_info)).to_be_visible()
    expect(page.locator("main")).to_contain_text("admin@alpineskihouse.onmicrosoft.com")
    password = page.locator("#setup-password").input_value()
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", password)
    tab = page.context.new_page()
    for address in (page.url, review):
        tab.goto(address)
        expect(tab.get_by_role("heading", level=1)).to_have_text(words.confirmation)
        assert password not in tab.content()
    tab.close()
    # 7: Done wants to know that the password is stored.
    button(page, words.done).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words.confirmation)
    page.get_by_label(words.stored).check()
    button(page, words.done).click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(NAME)))
    expect(row).to_contain_text(reseller)
    expect(row).to_contain_text(words.new)
    check_accessible(page)
    after = (Customer.objects.count(), Order.objects.count(), OrderDraft.objects.count())
    assert after == tuple(count + 1 for count in before)
    managing = Customer.objects.get(company_name=NAME).managing_relationship()
    assert managing is not None
    assert managing.reseller == world.ours.reseller


@LANGUAGES
def test_an_incorrect_order_is_canceled_and_started_over(
    language: str, words: Words, world: World, page: Page, portal: str
) -> None:
    before = Customer.objects.count()
    menu(page, words.indirect_resellers)
    page.get_by_role("button", name=re.compile(f"^{words.add_new_customer}")).first.click()
    fill_details(page)
    button(page, words.next_subscriptions).click()
    licenses(page).fill("2")
    button(page, words.next_review).click()
    page.get_by_role("link", name=words.cancel, exact=True).click()
    button(page, words.cancel_whole).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(words.new_subscription)
    canceled = page.get_by_role("heading", level=1).inner_text()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(canceled)
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words.customer_details)
    expect(page.locator("[name=company_name]")).to_have_value("")
    assert Customer.objects.count() == before


@LANGUAGES
def test_add_new_subscriptions_to_customer_accounts(
    language: str, words: Words, world: World, page: Page, portal: str, check_accessible: Check
) -> None:
    customer, reseller = world.ours.customer, world.ours.reseller
    before = set(Subscription.objects.filter(customer=customer))
    # 1, 2
    menu(page, words.customers)
    page.get_by_label(words.filter).select_option(str(reseller.microsoft_id))
    page.get_by_role("button", name=words.apply).first.click()
    record = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(customer.company_name)))
    record.get_by_role("button", expanded=False).first.click()
    page.get_by_role("button", name=re.compile(f"^{words.add_subscription}")).first.click()
    # 3: nothing chosen, then a number, while the customer has the offer already.
    expect(page.get_by_role("heading", level=1)).to_have_text(words.new_subscription)
    button(page, words.next_review).click()
    refused(page, words)
    licenses(page).fill("7")
    button(page, words.next_review).click()
    refused(page, words)
    expect(licenses(page)).to_have_value("7")
    check_accessible(page)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(OFFER))).first
    row.get_by_role("checkbox").check()
    # 4: the reseller is suggested and never chosen silently.
    page.get_by_label(re.compile(reseller.legal_name)).first.check()
    button(page, words.next_review).click()
    page.locator("[name=attestation]").check()
    button(page, words.submit).dblclick()
    # 5
    new = page.locator("tr.is-new")
    expect(new).to_have_count(1)
    expect(new).to_contain_text(OFFER)
    expect(new).to_contain_text(words.new_subscription_mark)
    check_accessible(page)
    made = set(Subscription.objects.filter(customer=customer)) - before
    assert len(made) == 1
    subscription = made.pop()
    assert subscription.quantity == 7
    assert ResellerOfRecord.objects.get(subscription=subscription, ends_at=None).reseller == reseller
    # 6, 7
    new.get_by_role("link").first.click()
    choice = page.get_by_label(words.support_contact)
    choice.select_option(str(reseller.microsoft_id))
    choice.locator("xpath=ancestor::form").get_by_role("button", name=re.compile(f"^{words.submit}")).click()
    expect(page.get_by_label(words.support_contact)).to_have_value(str(reseller.microsoft_id))
    assert SupportContact.objects.get(subscription=subscription, ends_at=None).reseller == reseller
