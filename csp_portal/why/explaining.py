"""Why a person can see an object, or cannot: asked of the functions that every page asks, and put into sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.access import Actor, can
from accounts.models import Membership, User
from accounts.roles import CUSTOMER_PERMISSIONS, MATRIX, STATES, ObjectState, Permission, Program, Role
from activity.models import ActivityRecord
from core.text import one_period
from customers.models import Customer, CustomerAdministrator, ResellerRelationship
from orders.models import Order
from resellers.models import Partnership
from subscriptions.models import Subscription

Thing = Customer | Subscription | Order | Partnership

# What may be asked of an object of this kind, beside what a delegation decides.
ASKED: dict[type, tuple[Permission, ...]] = {
    Customer: (
        Permission.VIEW_CUSTOMERS,
        Permission.VIEW_SUBSCRIPTIONS,
        Permission.VIEW_CUSTOMER_ACTIVITY,
        Permission.VIEW_TENANT_OWNERS,
        Permission.EDIT_CUSTOMER,
        Permission.PLACE_ORDER,
        Permission.ASSIGN_RESELLER,
        Permission.END_RELATIONSHIP,
        Permission.ISSUE_CREDENTIALS,
        Permission.GRANT_TENANT_OWNER,
    ),
    Subscription: (Permission.VIEW_SUBSCRIPTIONS, Permission.MANAGE_SUBSCRIPTION),
    Order: (Permission.VIEW_ORDERS, Permission.VIEW_PRICES),
    Partnership: (Permission.VIEW_RESELLERS, Permission.VIEW_PROVIDERS, Permission.END_PARTNERSHIP),
}


@dataclass(frozen=True)
class Fact:
    """A sentence, whether it speaks for access (None: neither), and since when it is so."""

    text: str
    speaks_for: bool | None = None
    since: datetime | None = None

    @property
    def sentence(self) -> str:
        """The text with one period at its end, also where a company's name brings its own."""
        return one_period(self.text)


@dataclass(frozen=True)
class Answer:
    """What one permission says of the object, and because of what."""

    permission: Permission
    allowed: bool
    because: str


@dataclass(frozen=True)
class Explanation:
    """Everything about one way in which the person acts."""

    acting_for: str
    sees: bool
    facts: list[Fact]
    answers: list[Answer]


def explain(user: User, thing: Thing, memberships: list[Membership]) -> list[Explanation]:
    """One explanation for each of these memberships, the present ones first."""
    ordered = sorted(memberships, key=lambda one: (one.ended_at is not None, one.pk))
    return [explain_membership(user, one, thing) for one in ordered]


def explain_membership(user: User, membership: Membership, thing: Thing) -> Explanation:
    """What the person sees and may do in this company."""
    company, role = membership.partner, Role(membership.role)
    at_work = membership.is_at_work and user.is_active
    actor = Actor(user=user, partner=company, role=role) if at_work else Actor(user=user)
    facts = [
        *membership_facts(user, membership),
        Fact(
            _("The enrolment of %(company)s is: %(state)s.")
            % {"company": company, "state": company.get_enrolment_state_display()},
            company.is_enrolled,
            company.enrolment_decided_at,
        ),
        *relation_facts(membership, thing),
    ]
    sees = is_seen(actor, thing)
    answers = [answer(actor, membership, thing, permission) for permission in asked_of(company.program, thing)]
    return Explanation(str(company), sees and any(one.allowed for one in answers), facts, answers)


def explain_administrator(administrator: CustomerAdministrator, thing: Thing) -> Explanation:
    """What the administrator of a customer sees and may do."""
    user, customer = administrator.user, administrator.customer
    actor = Actor(user=user, customer=customer) if user.is_active else Actor(user=user)
    of_it = customer_of(thing) == customer
    text = _("%(person)s administers this customer.") if of_it else _("%(person)s administers another customer.")
    facts = [Fact(text % {"person": user}, of_it), *sign_in_facts(user)]
    answers = [
        Answer(permission, allows(actor, permission, thing), _("As the row of the customer’s administrator says."))
        for permission in Permission
        if permission in CUSTOMER_PERMISSIONS and permission in asked_permissions(thing)
    ]
    return Explanation(str(customer), is_seen(actor, thing), facts, answers)


# --- asking the judges ------------------------------------------------------------------------------------------------
def is_seen(actor: Actor, thing: Thing) -> bool:
    """Whether the object is among the rows from which every page of the actor starts."""
    return type(thing).objects.visible_to(actor).filter(pk=thing.pk).exists()


def allows(actor: Actor, permission: Permission, thing: Thing) -> bool:
    """What pages ask: can(), and of a subscription what its customer permits as well."""
    if not can(actor, permission, thing):
        return False
    return not isinstance(thing, Subscription) or thing.customer.permits(actor, permission)


def asked_permissions(thing: Thing) -> list[Permission]:
    """The permissions that concern this kind of object: also those that a delegation decides."""
    delegated = {permission for (_program, permission), states in STATES.items() if set(states) - {ObjectState.ANY}}
    by_delegation = delegated if isinstance(thing, Customer | Subscription) else set()
    return [one for one in Permission if one in ASKED[type(thing)] or one in by_delegation]


def asked_of(program: str, thing: Thing) -> Iterator[Permission]:
    """Those of them that the program knows at all."""
    return (one for one in asked_permissions(thing) if (Program(program), one) in MATRIX)


def answer(actor: Actor, membership: Membership, thing: Thing, permission: Permission) -> Answer:
    """The judge's answer, and the first of its conditions that is not met."""
    allowed = allows(actor, permission, thing)
    company, role = membership.partner, Role(membership.role)
    names = {"role": role.label, "company": company}
    roles = MATRIX[Program(company.program), permission]
    if allowed:
        because = _("The matrix gives it to the role %(role)s.") % names
    elif actor.partner is None:
        because = _("The person does not act for %(company)s now.") % names
    elif not company.is_enrolled:
        because = _("%(company)s may not act while its enrolment is not active.") % names
    elif role not in roles:
        may = ", ".join(str(one.label) for one in Role if one in roles)
        because = _("The matrix gives it only to: %(roles)s.") % {"roles": may}
    elif not is_seen(actor, thing):
        because = _("The object is not among what %(company)s sees.") % names
    else:
        because = _("The customer is not delegated to %(company)s that far.") % names
    return Answer(permission, allowed, because)


# --- facts ------------------------------------------------------------------------------------------------------------
def membership_facts(user: User, membership: Membership) -> list[Fact]:
    """Where the person works, as what and since when, and whether it may sign in."""
    names = {"person": user, "company": membership.partner, "role": Role(membership.role).label}
    if membership.ended_at is not None:
        text = _("%(person)s no longer works for %(company)s.")
        return [Fact(text % names, False, membership.ended_at), *sign_in_facts(user)]
    changes = ActivityRecord.objects.filter(
        target_type=Membership._meta.label_lower, target_id=str(membership.pk), action="membership.role_changed"
    )
    changed = changes.order_by("-pk").first()
    facts = [Fact(_("%(person)s works for %(company)s.") % names, True, membership.began_at)]
    text = _("The role of %(person)s there is %(role)s.")
    facts.append(Fact(text % names, None, changed.at if changed else membership.began_at))
    return facts + sign_in_facts(user)


def sign_in_facts(user: User) -> list[Fact]:
    """Only what stands in the way."""
    return [] if user.is_active else [Fact(_("%(person)s may not sign in.") % {"person": user}, False)]


def customer_of(thing: Thing) -> Customer | None:
    """The customer of which the object tells, if there is one."""
    if isinstance(thing, Customer):
        return thing
    return None if isinstance(thing, Partnership) else thing.customer


def relation_facts(membership: Membership, thing: Thing) -> list[Fact]:
    """What joins the company with the object."""
    company = membership.partner
    if isinstance(thing, Partnership):
        is_party = company.pk in (thing.provider_id, thing.reseller_id)
        text = _("%(company)s is one of the two companies.") if is_party else _("%(company)s is none of the two.")
        return [Fact(text % {"company": company}, is_party), partnership_fact(thing)]
    if company.is_provider:
        provider = thing.provider
        own = provider.pk == company.pk
        text = _("%(company)s is the provider.") if own else _("%(company)s is not the provider.")
        customer = customer_of(thing)
        return [Fact(text % {"company": company}, own, customer.created_at if customer and own else None)]
    if isinstance(thing, Order):
        return order_facts(membership, thing)
    customer = customer_of(thing)
    assert customer is not None
    return delegation_facts(membership, customer)


def order_facts(membership: Membership, order: Order) -> list[Fact]:
    """An order is seen by the reseller that it names, while the partnership lasts."""
    company = membership.partner
    named = order.reseller_id == company.pk
    text = _("The order names %(company)s as reseller.") if named else _("The order does not name %(company)s.")
    partnerships = Partnership.objects.filter(provider=order.provider_id, reseller=company).order_by("-pk")
    latest = partnerships.select_related("provider", "reseller").first()
    return [Fact(text % {"company": company}, named), *([partnership_fact(latest)] if latest else [])]


def delegation_facts(membership: Membership, customer: Customer) -> list[Fact]:
    """Each time the customer was in the reseller's hands, the latest first, and the partnership it rests on."""
    company = membership.partner
    rows = ResellerRelationship.objects.filter(customer=customer, reseller=company).order_by("-pk")
    rows = rows.select_related("partnership__provider", "partnership__reseller", "set_by")
    relations = list(rows[:5])
    if not relations:
        return [Fact(_("%(company)s does not manage the customer.") % {"company": company}, False)]
    facts = []
    for relation in relations:
        names = {"company": company, "scope": relation.get_scope_display(), "setter": relation.set_by}
        if relation.ends_at is None:
            text = _("%(company)s manages the customer (%(scope)s), as %(setter)s decided.")
            facts.append(Fact(text % names, True, relation.begins_at))
        else:
            text = _("%(company)s managed the customer (%(scope)s) until then.")
            facts.append(Fact(text % names, False if not facts else None, relation.ends_at))
    return [*facts, partnership_fact(relations[0].partnership)]


def partnership_fact(partnership: Partnership) -> Fact:
    """Whether the partnership lasts."""
    names = {"provider": partnership.provider, "reseller": partnership.reseller}
    if partnership.ended_at is None:
        text = _("The partnership of %(provider)s and %(reseller)s lasts.")
        return Fact(text % names, None, partnership.began_at)
    return Fact(_("The partnership of %(provider)s and %(reseller)s has ended.") % names, None, partnership.ended_at)


def find_thing(identifier: Any) -> Thing | None:
    """The customer, subscription, order or partnership with this public ID, whoever may see it."""
    for model, field, related in (
        (Customer, "microsoft_id", ("provider",)),
        (Subscription, "subscription_id", ("customer__provider", "provider")),
        (Order, "public_id", ("customer", "provider", "reseller")),
        (Partnership, "public_id", ("provider", "reseller")),
    ):
        found: Thing | None = model.objects.select_related(*related).filter(**{field: identifier}).first()  # type: ignore[attr-defined]
        if found is not None:
            return found
    return None


def was_delegated(thing: Thing, reseller_id: int) -> bool:
    """Whether the reseller has ever managed the customer: what it lost it may ask about."""
    customer = customer_of(thing) if isinstance(thing, Customer | Subscription) else None
    return customer is not None and customer.reseller_relationships.filter(reseller=reseller_id).exists()
