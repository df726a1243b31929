"""A small world with two of everything that must never mix: whoever owns it, a lesser colleague, and outsiders."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from accounts.access import Actor
from accounts.models import Membership, Partner, ProfileChange, ProviderProfile, SavedView, User
from accounts.roles import Program, Role
from activity.models import ActivityRecord
from catalogue.models import Price, Product, Sku
from core import clock
from customers.models import (
    Customer,
    CustomerAdministrator,
    CustomerAgreement,
    RelationshipRequest,
    ResellerRelationship,
    TemporaryPassword,
)
from notifications.models import Notification, WebhookDelivery, WebhookEndpoint
from notifications.webhooks import signing
from orders.models import Order, OrderDraft, OrderDraftLine, OrderLine
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from subscriptions.models import (
    BulkChange,
    ChangeRequest,
    IncentiveEntry,
    IncentiveMonth,
    IncentiveRate,
    IncentiveTotal,
    ResellerOfRecord,
    Subscription,
    SupportContact,
)

PASSWORD = "an old bicycle in the rain"


def make_partner(name: str, program: Program, mpn_id: str, **fields: object) -> Partner:
    """An enrolled company in the United States."""
    facts: dict[str, object] = {
        "program": program,
        "legal_name": name,
        "mpn_id": mpn_id,
        "country": "US",
        "address_line_1": "1 Main Street",
        "city": "Seattle",
        "state": "WA",
        "postal_code": "98101",
        "contact_name": f"Contact of {name}",
        "contact_email": f"contact@{name.split()[0].lower()}.example",
        "contact_phone": "+12065550100",
        "enrolment_state": Partner.EnrolmentState.ACTIVE,
        "agreement_accepted_on": clock.now().date(),
    }
    return Partner.objects.create(**{**facts, **fields})


def make_member(partner: Partner, local: str, role: Role) -> Actor:
    """A person of a company, as the actor that its requests have."""
    domain = partner.contact_email.partition("@")[2]
    name = f"{local.title()} of {partner}"
    user = User.objects.create_user(f"{local}@{domain}", PASSWORD, full_name=name, email_proved_at=clock.now())
    Membership.objects.create(user=user, partner=partner, role=role)
    return Actor(user=user, partner=partner, role=role)


@dataclass
class Holdings:
    """What one provider holds together with one reseller."""

    provider: Partner
    reseller: Partner
    provider_admin: Actor
    reseller_admin: Actor
    partnership: Partnership
    request: PartnershipRequest
    acceptance: PendingAcceptance
    profile_change: ProfileChange
    customer: Customer
    administrator: CustomerAdministrator
    temporary_password: TemporaryPassword
    subscription: Subscription
    draft: OrderDraft
    submitted_draft: OrderDraft
    order: Order
    relationship_request: RelationshipRequest
    relationship_draft: RelationshipRequest
    saved_view: SavedView
    bulk_change: BulkChange
    incentive: IncentiveEntry
    webhook: WebhookEndpoint
    change_request: ChangeRequest
    change_draft: ChangeRequest


@dataclass
class World:
    """Two providers with a reseller and a customer each, over one catalogue."""

    ours: Holdings
    theirs: Holdings
    helpdesk: Actor
    back_office: User
    stranger: User
    price: Price


def make_price() -> Price:
    """One offer that is on sale in the United States."""
    product = Product.objects.create(
        product_id="CFQ7TTC0LDPB", title="Microsoft 365 Business Standard", publisher="Microsoft"
    )
    sku = Sku.objects.create(product=product, sku_id="0001", title="Microsoft 365 Business Standard", max_licenses=300)
    return Price.objects.create(
        sku=sku,
        market="US",
        currency="USD",
        term_duration="P1Y",
        term_months=12,
        billing_plan="Monthly",
        segment="Commercial",
        unit_price=Decimal("150.00"),
        sold_from=clock.now() - timedelta(days=400),
    )


def make_acceptance(name: str, number: int, asker: Actor) -> PendingAcceptance:
    """A company of another domain than the one that was asked has accepted, and the provider has to confirm."""
    applicant = make_partner(f"{name}applicant Inc.", Program.INDIRECT_RESELLER, f"30000{number}")
    person = make_member(applicant, "admin", Role.GLOBAL_ADMIN).user
    now = clock.now()
    asked = PartnershipRequest.objects.create(
        provider=asker.partner,
        created_by=asker.user,
        recipient=f"someone@{name}elsewhere.example",
        recipient_key=f"someone@{name}elsewhere.example",
        state=PartnershipRequest.State.SENT,
        sent_at=now,
        sent_by=asker.user,
        expires_at=now + timedelta(days=14),
    )
    return PendingAcceptance.objects.create(
        request=asked, reseller=applicant, accepted_by=person, from_other_domain=True
    )


def make_holdings(name: str, number: int, price: Price) -> Holdings:
    """A provider, its reseller, and one of each thing that they share."""
    provider = make_partner(f"{name}provider Inc.", Program.INDIRECT_PROVIDER, f"10000{number}")
    reseller = make_partner(f"{name}reseller Inc.", Program.INDIRECT_RESELLER, f"20000{number}")
    provider_admin = make_member(provider, "admin", Role.GLOBAL_ADMIN)
    reseller_admin = make_member(reseller, "admin", Role.GLOBAL_ADMIN)
    user = provider_admin.user
    assert user is not None
    partnership = Partnership.objects.create(provider=provider, reseller=reseller)
    now = clock.now()
    request = PartnershipRequest.objects.create(
        provider=provider,
        created_by=user,
        recipient=f"someone@{name}invited.example",
        recipient_key=f"someone@{name}invited.example",
        message=f"{name} says hello",
        state=PartnershipRequest.State.SENT,
        sent_at=now,
        sent_by=user,
        expires_at=now + timedelta(days=14),
    )
    acceptance = make_acceptance(name, number, provider_admin)
    ProviderProfile.objects.create(
        partner=provider, description=f"{name} distributes", languages=["en"], published_at=now
    )
    profile_change = ProfileChange.objects.create(
        partner=provider, changes={"phone": ["", "+12065550142"]}, requested_by=user
    )
    customer = Customer.objects.create(
        provider=provider,
        company_name=f"{name}customer Ltd.",
        domain_prefix=f"{name}customer".lower(),
        country="US",
        address_line_1="2 Side Street",
        city="Seattle",
        state="WA",
        postal_code="98101",
        contact_first_name=f"{name}first",
        contact_last_name=f"{name}last",
        contact_email=f"{name}contact@example.com".lower(),
        created_by=user,
    )
    ResellerRelationship.objects.create(customer=customer, reseller=reseller, partnership=partnership, set_by=user)
    CustomerAgreement.objects.create(
        customer=customer,
        accepted_on=now.date(),
        first_name=customer.contact_first_name,
        last_name=customer.contact_last_name,
        email=customer.contact_email,
        confirmed_by=user,
    )
    person = User.objects.create_user(
        f"admin@{customer.domain}", PASSWORD, email="", full_name=f"Administrator of {customer}"
    )
    administrator = CustomerAdministrator.objects.create(user=person, customer=customer)
    temporary_password = TemporaryPassword.objects.create(
        administrator=administrator, issued_by=user, valid_until=now + timedelta(days=7), revealed_at=now
    )
    subscription = Subscription.objects.create(
        customer=customer,
        sku=price.sku,
        offer_name=price.sku.title,
        nickname=f"{name}subscription",
        quantity=7,
        term_duration=price.term_duration,
        billing_plan=price.billing_plan,
        segment=price.segment,
        unit_price=price.unit_price,
        currency=price.currency,
        ends_at=now + timedelta(days=365),
    )
    ResellerOfRecord.objects.create(subscription=subscription, reseller=reseller, mpn_id=reseller.mpn_id, set_by=user)
    SupportContact.objects.create(subscription=subscription, reseller=reseller, set_by=user)
    order = Order.objects.create(
        customer=customer, provider=provider, reseller=reseller, placed_by=user, currency=price.currency
    )
    OrderLine.objects.create(
        order=order,
        sku=price.sku,
        price=price,
        subscription=subscription,
        offer_name=subscription.offer_name,
        quantity=subscription.quantity,
        unit_price=price.unit_price,
        term_duration=price.term_duration,
        billing_plan=price.billing_plan,
    )
    draft = OrderDraft.objects.create(owner=user, provider=provider, reseller=reseller)
    OrderDraftLine.objects.create(draft=draft, price=price, quantity=3)
    submitted_draft = OrderDraft.objects.create(
        owner=user, provider=provider, reseller=reseller, state=OrderDraft.State.SUBMITTED, order=order
    )
    make_notification(provider, user, name)
    return Holdings(
        provider,
        reseller,
        provider_admin,
        reseller_admin,
        partnership,
        request,
        acceptance,
        profile_change,
        customer,
        administrator,
        temporary_password,
        subscription,
        draft,
        submitted_draft,
        order,
        make_relationship_request(customer, reseller, user, sent=True),
        make_relationship_request(customer, reseller, user),
        SavedView.objects.create(
            partner=provider,
            owner=user,
            page="customers:list",
            name=f"{name}view",
            query="status=active",
            is_shared=True,
        ),
        BulkChange.objects.create(
            provider=provider,
            created_by=user,
            kind=BulkChange.Kind.RESELLER_OF_RECORD,
            reseller=reseller,
            subscription_ids=[subscription.pk],
            expected=1,
        ),
        make_incentive(subscription, reseller),
        make_webhook(provider, user, name),
        make_change_request(subscription, reseller_admin, submitted_at=now, state="submitted"),
        make_change_request(subscription, reseller_admin, kind="upgrade"),
    )


def make_change_request(subscription: Subscription, by: Actor, **values: object) -> ChangeRequest:
    """The reseller asks its provider to cancel the subscription, or is about to ask for something else."""
    return ChangeRequest.objects.create(
        **{
            "subscription": subscription,
            "reseller": by.partner,
            "kind": "cancel",
            "message": f"{by.partner} asks",
            "before": {"version": 1, "status": "active", "quantity": subscription.quantity},
            "created_by": by.user,
            **values,
        }
    )


def make_notification(provider: Partner, user: User, name: str) -> None:
    """Something that the provider's Global admin is told of."""
    record = ActivityRecord.objects.create(
        action="partner.reinstated",
        actor_label="The programme",
        target_type="accounts.partner",
        target_id=str(provider.microsoft_id),
        target_label=f"{name}provider Inc.",
        provider_id=provider.microsoft_id,
    )
    Notification.objects.create(
        user=user, organization_id=provider.microsoft_id, record=record, category="company", at=record.at
    )


def make_webhook(provider: Partner, user: User, name: str) -> WebhookEndpoint:
    """A program of the provider's, and one event that it was told of."""
    number = uuid.uuid4()
    endpoint = WebhookEndpoint.objects.create(
        public_id=number,
        partner=provider,
        name=f"{name}webhook",
        url=f"https://{name.lower()}hooks.example/",
        categories=["orders"],
        sealed=signing.seal(signing.new_secret(), endpoint=number),
        created_by=user,
    )
    body = f'{{"type":"webhook.test","data":"{name}"}}'
    WebhookDelivery.objects.create(endpoint=endpoint, event="webhook.test", occurred_at=clock.now(), body=body)
    return endpoint


def make_incentive(subscription: Subscription, reseller: Partner) -> IncentiveEntry:
    """What the reseller earned with the subscription last month, and the sum of that."""
    month = (clock.now().date().replace(day=1) - timedelta(days=1)).replace(day=1)
    rate, _made = IncentiveRate.objects.get_or_create(percent=Decimal(10), effective_from=month)
    facts = {"provider": subscription.provider, "reseller": reseller, "month": month, "currency": "USD"}
    sums = {"base": Decimal("87.50"), "amount": Decimal("8.75")}
    IncentiveMonth.objects.create(provider=subscription.provider, month=month, finished_at=clock.now())
    IncentiveTotal.objects.create(**facts, **sums, entries=1)
    return IncentiveEntry.objects.create(
        **facts, **sums, subscription=subscription, mpn_id=reseller.mpn_id, rate=rate, percent=rate.percent
    )


def make_relationship_request(
    customer: Customer, reseller: Partner, user: User, *, sent: bool = False
) -> RelationshipRequest:
    """The provider asks its customer to let the reseller see and request only, or is about to."""
    now = clock.now()
    times = {"state": "sent", "sent_at": now, "expires_at": now + timedelta(days=30)} if sent else {}
    return RelationshipRequest.objects.create(
        customer=customer,
        reseller=reseller,
        scope=ResellerRelationship.Scope.VIEW_AND_REQUEST,
        message=f"{reseller} looks after you",
        created_by=user,
        **times,
    )


def make_world() -> World:
    """Build it all; names say whose each thing is, so that a leak can be seen in a page's text."""
    price = make_price()
    ours, theirs = make_holdings("Ours", 1, price), make_holdings("Theirs", 2, price)
    return World(
        ours=ours,
        theirs=theirs,
        helpdesk=make_member(ours.provider, "helpdesk", Role.HELPDESK_AGENT),
        back_office=User.objects.create_superuser("office@portal.example", PASSWORD, full_name="Office"),
        stranger=User.objects.create_user("stranger@nowhere.example", PASSWORD, full_name="Stranger"),
        price=price,
    )
