"""Customers of a provider, who manages them, what they agreed to, and the account that administers them."""

from customers.models.agreements import BillTo, CustomerAgreement
from customers.models.credentials import CustomerAdministrator, TemporaryPassword
from customers.models.customers import (
    TENANT_DOMAIN,
    Customer,
    CustomerQuerySet,
    ResellerRelationship,
    ResellerRelationshipQuerySet,
)
from customers.models.permissions import (
    RelationshipRequest,
    RelationshipRequestQuerySet,
    TenantOwner,
    TenantOwnerQuerySet,
)

__all__ = [
    "TENANT_DOMAIN",
    "BillTo",
    "Customer",
    "CustomerAdministrator",
    "CustomerAgreement",
    "CustomerQuerySet",
    "RelationshipRequest",
    "RelationshipRequestQuerySet",
    "ResellerRelationship",
    "ResellerRelationshipQuerySet",
    "TemporaryPassword",
    "TenantOwner",
    "TenantOwnerQuerySet",
]
