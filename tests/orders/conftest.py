"""The cast: Northwind's sales agent who works on drafts, a helpdesk colleague, outsiders, and a small catalogue."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.access import Actor
from accounts.models import Partner, User
from accounts.roles import Role
from catalogue.models import Price, Product, Sku
from core import clock
from customers.details import CustomerDetails
from customers.models import Customer, CustomerAgreement
from orders.attesting import attestation_of
from orders.editions import edition_of
from orders.models import Order, OrderDraft
from orders.services import choose_offers, fingerprint, save_details, start_draft, submit_draft
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from tests.factories import (
    CustomerFactory,
    MembershipFactory,
    PartnerFactory,
    PartnershipFactory,
    SubscriptionFactory,
    UserFactory,
)

SESSION = "a-session-key"
numbers = itertools.count(1)


def actor_of(partner: Partner, role: Role = Role.GLOBAL_ADMIN, **person: object) -> Actor:
    """Somebody with the role, acting for the company."""
    membership = MembershipFactory(
        partner=partner, role=role, **{f"user__{name}": value for name, value in person.items()}
    )
    return Actor(user=membership.user, partner=partner, role=role)


class StepClient(Client):
    """A browser that opens the page of a step just before it sends the form, so that it sends the page's edition."""

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        found = re.search(r"/customers/new/([0-9a-f-]{36})/(details|subscriptions)/", path)
        if found and isinstance(data or {}, dict) and "version" not in (data or {}):
            draft = OrderDraft.objects.filter(public_id=found[1]).first()
            data = {**(data or {}), **({"version": edition_of(draft, found[2])} if draft else {})}
        return super().post(path, data, **extra)


def signed_in(actor: Actor) -> Client:
    """A browser in which this person is signed in."""
    client = StepClient()
    assert actor.user is not None
    client.force_login(actor.user)
    return client


def make_details(**changes: object) -> CustomerDetails:
    """A bakery in California."""
    values: dict[str, object] = {
        "company_name": "Padaria São João",
        "domain_prefix": "padaria",
        "country": "US",
        "address_line_1": "1 Infinite Loop",
        "city": "Cupertino",
        "state": "CA",
        "postal_code": "95014",
        "contact_first_name": "Ana",
        "contact_last_name": "Lima",
        "contact_email": "ana@padaria.example",
        "contact_phone": "+14085550123",
        "agreement_accepted_on": (clock.now() - timedelta(days=2)).date(),
        "agreement_first_name": "Ana",
        "agreement_last_name": "Lima",
        "agreement_email": "ana@padaria.example",
    }
    return CustomerDetails(**{**values, **changes})  # type: ignore[arg-type]


def posted(details: CustomerDetails, reseller: Partner | None = None) -> dict[str, str]:
    """The same as the form of Customer details sends it."""
    data = {name: str(value or "") for name, value in details.to_json().items()}
    return {**data, "reseller": str(reseller.microsoft_id) if reseller else ""}


def make_sku(title: str, *, needs: Sku | None = None, **facts: object) -> Sku:
    """A SKU of a product of its own; with `needs` an add-on of that one."""
    number = next(numbers)
    product = Product.objects.create(product_id=f"CFQ7TTC{number:05d}", title=title, publisher="Microsoft")
    sku = Sku.objects.create(product=product, sku_id="0001", title=title, is_add_on=needs is not None, **facts)
    if needs is not None:
        sku.prerequisites.create(required_code=needs.code)
    return sku


def make_price(sku: Sku | str, amount: str = "120.00", **facts: Any) -> Price:
    """What the SKU costs for a year, billed monthly, in the United States."""
    sku = make_sku(sku) if isinstance(sku, str) else sku
    values: dict[str, Any] = {
        "market": "US",
        "currency": "USD",
        "term_duration": "P1Y",
        "billing_plan": "Monthly",
        "segment": "Commercial",
        "sold_from": clock.now() - timedelta(days=400),
    }
    return Price.objects.create(sku=sku, unit_price=Decimal(amount), **{**values, **facts})


def end(price: Price, **successor: Any) -> Price | None:
    """Take a price off the list; with an amount, another one follows it."""
    Price.objects.filter(pk=price.pk).update(is_listed=False, sold_until=clock.now() - timedelta(seconds=1))
    if not successor:
        return None
    names = ("market", "currency", "term_duration", "billing_plan", "segment")
    facts = {name: getattr(price, name) for name in names}
    return make_price(price.sku, successor["amount"], **{**facts, "sold_from": clock.now() - timedelta(seconds=1)})


def agreed(**facts: object) -> Customer:
    """A customer that exists and accepted the agreement."""
    customer = CustomerFactory(**facts)
    CustomerAgreement.objects.create(
        customer=customer,
        accepted_on=clock.now().date(),
        first_name="Ana",
        last_name="Lima",
        email="ana@bakery.example",
        confirmed_by=customer.created_by,
    )
    return customer


@pytest.fixture
def provider(db: None) -> Partner:
    return PartnerFactory(legal_name="Northwind", contact_email="contact@northwind.example")


@pytest.fixture
def reseller(db: None) -> Partner:
    """Partnered with the provider."""
    return PartnerFactory(
        reseller=True, legal_name="Fabrikam", mpn_id="0012345", contact_email="hello@fabrikam.example"
    )


@pytest.fixture
def partnership(provider: Partner, reseller: Partner) -> Partnership:
    return PartnershipFactory(provider=provider, reseller=reseller)


@pytest.fixture
def sales(provider: Partner, partnership: Partnership) -> Actor:
    """A Sales agent, whose own drafts these are."""
    return actor_of(
        provider, Role.SALES_AGENT, sign_in_name="sam@northwind.example", full_name="Sam Sales", language="en"
    )


@pytest.fixture
def colleague(provider: Partner) -> Actor:
    """Another Sales agent of the same provider."""
    return actor_of(provider, Role.SALES_AGENT, sign_in_name="cleo@northwind.example")


@pytest.fixture
def helpdesk(provider: Partner) -> Actor:
    """A colleague who may not order."""
    return actor_of(provider, Role.HELPDESK_AGENT, sign_in_name="hal@northwind.example")


@pytest.fixture
def outsider(db: None) -> Actor:
    """The Global admin of another provider."""
    return actor_of(PartnerFactory(legal_name="Tailwind", contact_email="office@tailwind.example"))


@pytest.fixture
def standard(db: None) -> Price:
    """Business Standard: 10 dollars per month and license, at most 300."""
    return make_price(make_sku("Business Standard", max_licenses=300))


@pytest.fixture
def defender(standard: Price) -> Price:
    """An add-on of Business Standard, paid by the year."""
    return make_price(make_sku("Defender for Business", needs=standard.sku), "36.00", billing_plan="Annual")


@pytest.fixture
def draft(sales: Actor, reseller: Partner) -> OrderDraft:
    """Started from the reseller's row; nothing entered yet."""
    return start_draft(reseller=reseller, by=sales)


@pytest.fixture
def ready(draft: OrderDraft, standard: Price, reseller: Partner, sales: Actor) -> OrderDraft:
    """Complete: only to be submitted."""
    save_details(draft=draft, details=make_details(), reseller=reseller, by=sales)
    return choose_offers(draft=draft, quantities={standard: 5}, by=sales)


def submitted(draft: OrderDraft, by: Actor, session_key: str = SESSION) -> Order:
    """Review and submit."""
    draft = OrderDraft.objects.get(pk=draft.pk)
    return submit_draft(
        draft=draft, reviewed=fingerprint(draft), attestation=attestation_of(draft), session_key=session_key, by=by
    )


@pytest.fixture(params=["local", "back_office"])
def either_fulfilment(request: pytest.FixtureRequest, settings: Any) -> str:
    """The test runs with each way to carry orders out."""
    settings.FULFILMENT = request.param
    return str(request.param)


def confirmed(page: Any) -> dict[str, str]:
    """What Review, or the page about changes, sends once the box is ticked."""
    form = page.context["form"]
    return {"reviewed": form["reviewed"].value(), "attestation": form.fields["attestation"].widget.attrs["value"]}


@pytest.fixture
def browser_of() -> Callable[[Actor], Client]:
    return signed_in


def person(actor: Actor) -> User:
    """The signed-in person, typed."""
    assert actor.user is not None
    return actor.user


# --- the end of a partnership -----------------------------------------------------------------------------------------
@dataclass
class Shared:
    """What Northwind and Fabrikam have together, and who could take it over."""

    partnership: Partnership
    customers: list[Customer]
    subscriptions: list[Subscription]
    contoso: Partner
    litware: Partner
    admin: Actor
    reseller_admin: Actor

    @property
    def provider(self) -> Partner:
        return self.partnership.provider

    @property
    def reseller(self) -> Partner:
        return self.partnership.reseller


def name_on(subscription: Subscription, *, of_record: Partner | None = None, support: Partner | None = None) -> None:
    """Name resellers on a subscription."""
    by = UserFactory()
    if of_record:
        ResellerOfRecord.objects.create(
            subscription=subscription, reseller=of_record, mpn_id=of_record.mpn_id, set_by=by
        )
    if support:
        SupportContact.objects.create(subscription=subscription, reseller=support, set_by=by)


@pytest.fixture
def shared(provider: Partner, reseller: Partner, partnership: Partnership) -> Shared:
    """Two customers of Fabrikam's with three subscriptions, of which it supports one; one of Contoso's names it too."""
    contoso = PartnerFactory(reseller=True, legal_name="Contoso", mpn_id="777", contact_email="desk@contoso.example")
    litware = PartnerFactory(reseller=True, legal_name="Litware", mpn_id="888", contact_email="desk@litware.example")
    for one in (contoso, litware):
        PartnershipFactory(provider=provider, reseller=one)
    customers = [
        CustomerFactory(provider=provider, company_name=f"Bakery {letter}", managed_by=reseller) for letter in "AB"
    ]
    customers.append(CustomerFactory(provider=provider, company_name="Cinema", managed_by=contoso))
    sku = make_sku("Business Standard", max_licenses=300)
    owners = [customers[0], customers[0], customers[1], customers[2]]
    subscriptions = [SubscriptionFactory(customer=owner, sku=sku) for owner in owners]
    for subscription in subscriptions:
        name_on(subscription, of_record=reseller)
    name_on(subscriptions[0], support=reseller)
    return Shared(
        partnership=partnership,
        customers=customers,
        subscriptions=subscriptions,
        contoso=contoso,
        litware=litware,
        admin=actor_of(provider, Role.ADMIN_AGENT, sign_in_name="ada@northwind.example", full_name="Ada Admin"),
        reseller_admin=actor_of(reseller, sign_in_name="finn@fabrikam.example", full_name="Finn Fabrikam"),
    )
