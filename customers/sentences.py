"""What the record says of customers and their resellers."""

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.account.words import ACCOUNT_FIELDS, ADDRESS
from customers.models import Customer, RelationshipRequest, ResellerRelationship

SENTENCES: dict[str, Promise] = {
    "customer.created": _("Customer added"),
    "customer.changed": _("Account changed"),
    "customer.approved": _("Account approved"),
    "customer.not_approved": _("Account not approved"),
    "customer.put_under_review": _("Account put under review"),
    "customer.set_up": _("Account set up"),
    "customer.credentials_issued": _("Temporary password issued"),
    "customer.password_revealed": _("Temporary password shown"),
    "customer.credentials_stored": _("Temporary password stored, to be handed over"),
    "customer.agreement_attested": _("Customer agreement confirmed"),
    "customer.agreement_accepted": _("Customer agreement accepted"),
    "customer.relationship_established": _("Reseller relationship established"),
    "customer.reseller_changed": _("Managing reseller changed"),
    "customer.scope_changed": _("Scope of the managing reseller changed"),
    "customer.access_removed": _("Access of the managing reseller removed"),
    "customer.tenant_owner_granted": _("Tenant owner granted"),
    "customer.tenant_owner_removed": _("Tenant owner removed"),
    "relationship_request.sent": _("Reseller relationship requested"),
    "relationship_request.shared": _("Reseller relationship requested"),
    "relationship_request.accepted": _("Reseller relationship accepted"),
    "relationship_request.declined": _("Reseller relationship declined"),
    "relationship_request.handed_over": _("Request for a reseller relationship handed over to a colleague"),
    "relationship_request.revoked": _("Request for a reseller relationship revoked"),
}
FIELDS: dict[str, Promise] = {
    **{name: label for name, label in ACCOUNT_FIELDS.items() if name != "state"},
    "reseller": _("Reseller"),
    "scope": _("Access"),
    "domain": _("Domain"),
    "administrator": _("Administrator"),
}
# Elsewhere it is how far something is.
OWN_FIELDS = {"customer.": {"state": ADDRESS["state"]}, "partner.": {"state": ADDRESS["state"]}}
LABELS = {
    "state": dict(RelationshipRequest.State.choices),
    "status": dict(Customer.Status.choices),
    "language": dict(settings.LANGUAGES),
    "scope": dict(ResellerRelationship.Scope.choices),
}
