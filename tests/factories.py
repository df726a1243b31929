"""Test objects, dull ones: one factory per model, and what is left unsaid is valid."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory, Password

from accounts.models import Membership, Partner, User
from accounts.roles import Program, Role
from catalogue.models import Price, Product, Sku
from core import clock
from customers.models import Customer, CustomerAdministrator, CustomerAgreement, ResellerRelationship
from orders.models import OrderDraft
from resellers.models import Partnership, PartnershipRequest
from subscriptions.models import Subscription

PASSWORD = "an old bicycle in the rain"


# --- accounts ---------------------------------------------------------------------------------------------------------
class UserFactory(DjangoModelFactory):
    """A person who may sign in with PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    sign_in_name = factory.Sequence(lambda n: f"person{n}@company.example")
    email = factory.SelfAttribute("sign_in_name")
    full_name = factory.Sequence(lambda n: f"Robin Silva {n}")
    email_proved_at = factory.LazyFunction(clock.now)
    password = Password(PASSWORD)

    class Params:
        back_office = factory.Trait(is_staff=True, is_superuser=True)
        customer_administrator = factory.Trait(
            sign_in_name=factory.Sequence(lambda n: f"admin@customer{n}.onmicrosoft.com"), email=""
        )


class PartnerFactory(DjangoModelFactory):
    """An enrolled indirect provider; `reseller=True` makes it an indirect reseller."""

    class Meta:
        model = Partner

    program = Program.INDIRECT_PROVIDER
    legal_name = factory.Sequence(lambda n: f"Distribution {n}")
    mpn_id = factory.Sequence(lambda n: f"00{51000 + n}")
    country = "US"
    address_line_1 = "1 Main Street"
    contact_name = "Robin Silva"
    contact_email = factory.Sequence(lambda n: f"contact{n}@company.example")
    enrolment_state = Partner.EnrolmentState.ACTIVE
    agreement_accepted_on = factory.LazyFunction(lambda: clock.now().date())

    class Params:
        reseller = factory.Trait(
            program=Program.INDIRECT_RESELLER, legal_name=factory.Sequence(lambda n: f"Services {n}")
        )
        pending = factory.Trait(enrolment_state=Partner.EnrolmentState.PENDING)
        suspended = factory.Trait(enrolment_state=Partner.EnrolmentState.SUSPENDED)


class MembershipFactory(DjangoModelFactory):
    """A Global admin of a provider."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    partner = factory.SubFactory(PartnerFactory)
    role = Role.GLOBAL_ADMIN


# --- resellers --------------------------------------------------------------------------------------------------------
class PartnershipFactory(DjangoModelFactory):
    """An active partnership of a provider with a reseller."""

    class Meta:
        model = Partnership

    provider = factory.SubFactory(PartnerFactory)
    reseller = factory.SubFactory(PartnerFactory, reseller=True)


class PartnershipRequestFactory(DjangoModelFactory):
    """A draft to riley@fabrikam.example that somebody has written in; `sent=True` has left the portal by mail."""

    class Meta:
        model = PartnershipRequest

    provider = factory.SubFactory(PartnerFactory)
    created_by = factory.SubFactory(UserFactory)
    recipient = "riley@fabrikam.example"
    recipient_key = factory.SelfAttribute("recipient")
    message = "We would like to work with you."
    changed_at = factory.LazyFunction(clock.now)

    class Params:
        sent = factory.Trait(
            state=PartnershipRequest.State.SENT,
            channel=PartnershipRequest.Channel.PORTAL,
            sent_at=factory.LazyFunction(clock.now),
            sent_by=factory.SelfAttribute("created_by"),
            expires_at=factory.LazyAttribute(lambda request: clock.now() + timedelta(days=14)),
        )


# --- customers --------------------------------------------------------------------------------------------------------
class CustomerFactory(DjangoModelFactory):
    """A direct customer of a provider; `managed_by=reseller` makes that reseller manage it."""

    class Meta:
        model = Customer
        skip_postgeneration_save = True

    provider = factory.SubFactory(PartnerFactory)
    company_name = factory.Sequence(lambda n: f"Bakery {n}")
    domain_prefix = factory.Sequence(lambda n: f"bakery{n}")
    country = "US"
    address_line_1 = "1 Infinite Loop"
    city = "Cupertino"
    state = "CA"
    postal_code = "95014"
    contact_first_name = "Ana"
    contact_last_name = "Lima"
    contact_email = factory.LazyAttribute(lambda customer: f"ana@{customer.domain_prefix}.example")
    created_by = factory.SubFactory(UserFactory)

    @factory.post_generation
    def managed_by(self, create: bool, reseller: Partner | None, **kwargs: object) -> None:
        if create and reseller is not None:
            ResellerRelationshipFactory(customer=self, reseller=reseller)


class ResellerRelationshipFactory(DjangoModelFactory):
    """A reseller manages a customer, under the active partnership with its provider (made if there is none)."""

    class Meta:
        model = ResellerRelationship

    customer = factory.SubFactory(CustomerFactory)
    reseller = factory.SubFactory(PartnerFactory, reseller=True)
    partnership = factory.LazyAttribute(
        lambda one: (
            Partnership.objects.active().filter(provider=one.customer.provider, reseller=one.reseller).first()
            or PartnershipFactory(provider=one.customer.provider, reseller=one.reseller)
        )
    )
    set_by = factory.SubFactory(UserFactory)


class CustomerAgreementFactory(DjangoModelFactory):
    """Accepted today by the primary contact, as somebody of the provider confirmed."""

    class Meta:
        model = CustomerAgreement

    customer = factory.SubFactory(CustomerFactory)
    accepted_on = factory.LazyFunction(lambda: clock.now().date())
    first_name = factory.SelfAttribute("customer.contact_first_name")
    last_name = factory.SelfAttribute("customer.contact_last_name")
    email = factory.SelfAttribute("customer.contact_email")
    confirmed_by = factory.SubFactory(UserFactory)


class CustomerAdministratorFactory(DjangoModelFactory):
    """Administers a customer and signs in as admin@prefix.onmicrosoft.com with PASSWORD, past its first sign-in.

    `agreement=False` leaves the customer without an agreement, which the administrator is then asked to accept.
    """

    class Meta:
        model = CustomerAdministrator
        skip_postgeneration_save = True

    customer = factory.SubFactory(CustomerFactory)
    user = factory.SubFactory(
        UserFactory,
        sign_in_name=factory.LazyAttribute(lambda user: f"admin@{user.factory_parent.customer.domain}"),
        email="",
    )

    @factory.post_generation
    def agreement(self, create: bool, wanted: bool | None, **kwargs: object) -> None:
        if create and wanted is not False and not self.customer.agreements.exists():
            CustomerAgreementFactory(customer=self.customer)


# --- catalogue --------------------------------------------------------------------------------------------------------
class ProductFactory(DjangoModelFactory):
    """A product of Microsoft's."""

    class Meta:
        model = Product

    product_id = factory.Sequence(lambda n: f"CFQ7TTC{n:05d}")
    title = factory.Sequence(lambda n: f"Office Suite {n}")
    publisher = "Microsoft Corporation"


class SkuFactory(DjangoModelFactory):
    """A SKU with its product's title, sold everywhere."""

    class Meta:
        model = Sku

    product = factory.SubFactory(ProductFactory)
    sku_id = "0001"
    title = factory.SelfAttribute("product.title")
    unit_of_measure = "1 License(s)"


class PriceFactory(DjangoModelFactory):
    """150 dollars for a year in the United States, billed monthly, on sale since 2023."""

    class Meta:
        model = Price

    sku = factory.SubFactory(SkuFactory)
    market = "US"
    currency = "USD"
    term_duration = "P1Y"
    billing_plan = "Monthly"
    segment = "Commercial"
    unit_price = Decimal("150.00")
    erp_price = Decimal("187.50")
    effective_from = datetime(2023, 2, 1, tzinfo=UTC)


# --- subscriptions ----------------------------------------------------------------------------------------------------
class SubscriptionFactory(DjangoModelFactory):
    """Ten licenses for a year, active."""

    class Meta:
        model = Subscription

    customer = factory.SubFactory(CustomerFactory)
    sku = factory.SubFactory("tests.factories.SkuFactory")
    offer_name = factory.LazyAttribute(lambda subscription: subscription.sku.title)
    nickname = factory.SelfAttribute("offer_name")
    quantity = 10
    term_duration = "P1Y"
    billing_plan = "Monthly"
    segment = "Commercial"
    unit_price = Decimal("150.00")
    currency = "USD"
    ends_at = factory.LazyAttribute(lambda subscription: clock.now() + timedelta(days=365))


# --- orders -----------------------------------------------------------------------------------------------------------
class OrderDraftFactory(DjangoModelFactory):
    """A new customer's draft into which nothing was entered yet, owned by a person of the provider."""

    class Meta:
        model = OrderDraft

    owner = factory.SubFactory(UserFactory)
    provider = factory.SubFactory(PartnerFactory)
