"""Customers with an Azure plan: which those are, whom they may make tenant owner, and who still lacks it."""

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import Partner
from accounts.roles import Permission
from catalogue.models import Sku
from core import clock
from core.exceptions import NotPermitted, Refused
from customers.models import Customer, CustomerQuerySet, ResellerRelationship, TenantOwner
from customers.services import lock_partnership
from customers.tenant_owners import record_for_reseller, tell
from subscriptions.models import ResellerOfRecord, Subscription

# The product of the programme's price list under which Azure is consumed.
AZURE_PLAN_PRODUCTS = ("DZH318Z0BPS6",)
RUNNING = ("active", "suspended")


class NoAzurePlan(Refused):
    """Tenant ownership is about Azure, and this customer has none."""


class NotAReseller(Refused):
    """Only a reseller that manages the customer or earns with its subscriptions can become tenant owner."""


def azure_skus() -> list[int]:
    """The offers that are Azure plans; a handful.

    As keys, not as a query within another: the database then knows how few subscriptions are of them.
    """
    return list(Sku.objects.filter(product__product_id__in=AZURE_PLAN_PRODUCTS).values_list("pk", flat=True))


def has_azure(customer: Customer) -> bool:
    """Whether the customer has an Azure plan that was not ended."""
    return Subscription.objects.filter(customer=customer, sku__in=azure_skus(), status__in=RUNNING).exists()


def lacking_tenant_owner(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Those with an Azure plan whose managing reseller is not tenant owner: somebody has to grant it."""
    plans = Subscription.objects.filter(customer=OuterRef("pk"), sku__in=azure_skus(), status__in=RUNNING)
    owner = TenantOwner.objects.current().filter(customer=OuterRef("pk"), reseller=OuterRef("managing_reseller"))
    return customers.filter(Exists(plans), ~Exists(owner), managing_reseller__isnull=False)


def candidates(customer: Customer) -> list[Partner]:
    """Whom the customer may make tenant owner: who manages it, and who earns with one of its subscriptions."""
    managing = ResellerRelationship.objects.current().filter(customer=customer).values("reseller")
    earning = ResellerOfRecord.objects.filter(
        subscription__customer=customer, subscription__status__in=RUNNING, ends_at=None
    ).values("reseller")
    owners = TenantOwner.objects.current().filter(customer=customer).values("reseller")
    rows = Partner.objects.filter(pk__in=managing.union(earning)).exclude(pk__in=owners)
    return list(rows.order_by("legal_name", F("pk")))


@transaction.atomic
def grant_tenant_owner(*, customer: Customer, reseller: Partner, by: Actor) -> TenantOwner:
    """Make the reseller tenant owner of the customer with Azure, from this moment on; again: the same grant.

    By the customer's own administrator, or by people of its provider who have delegated administration.
    """
    require(by, Permission.GRANT_TENANT_OWNER, customer)
    if by.user is None:
        raise NotPermitted("Tenant ownership is granted by a person.")
    # The partnership before the customer: the end of a partnership takes its locks in this order too.
    lock_partnership(customer.provider, reseller, customer_country=customer.country_code)
    customer = (
        Customer.objects.select_related("provider").select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
    )
    present = TenantOwner.objects.current().filter(customer=customer, reseller=reseller).first()
    if present is not None:
        return present
    if not has_azure(customer):
        raise NoAzurePlan(_("This customer has no Azure plan, so there is nothing to be tenant owner of."))
    if reseller not in candidates(customer):
        raise NotAReseller(
            _("%(reseller)s neither manages this customer nor is reseller of record of one of its subscriptions.")
            % {"reseller": reseller.legal_name}
        )
    now = clock.now()
    try:
        with transaction.atomic():
            grant = TenantOwner.objects.create(customer=customer, reseller=reseller, begins_at=now, set_by=by.user)
    except IntegrityError:
        return TenantOwner.objects.current().get(customer=customer, reseller=reseller)
    Customer.objects.filter(pk=customer.pk, changed_at__lt=now).update(changed_at=now)
    record_for_reseller("customer.tenant_owner_granted", grant, by=by)
    tell("tenant_owner_granted", grant, by)
    return grant
