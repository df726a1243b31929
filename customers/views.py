"""The customer's Account page."""

from typing import Any

from django.urls import reverse
from django.views.generic import TemplateView

from accounts.roles import Permission
from customers.account.facts import sections
from customers.agreements import AGREEMENT_NAME, AGREEMENT_URL
from customers.credentials.facts import credential_facts
from customers.models import CustomerQuerySet
from customers.pages import CustomerPage


class AccountView(CustomerPage, TemplateView):
    """Who the customer is, who manages it, and how its administrator signs in."""

    permission = Permission.VIEW_CUSTOMERS
    template_name = "customers/customer_detail.html"

    def customers_seen(self) -> CustomerQuerySet:
        """With whom the bills go to."""
        return super().customers_seen().select_related("provider", "created_by", "bill_to")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        customer = self.customer
        administrator = customer.administrators.select_related("user").order_by("pk").first()
        may_attest = self.allows(Permission.ATTEST_AGREEMENT)
        return super().get_context_data(
            agreements=list(customer.agreements.select_related("confirmed_by").order_by("-pk")),
            agreement_update_url=reverse("customers:attest_agreement", args=[customer.microsoft_id])
            if may_attest
            else "",
            agreement_name=AGREEMENT_NAME,
            agreement_url=AGREEMENT_URL,
            administrator=administrator,
            sections=sections(
                customer,
                may_edit=self.allows(Permission.EDIT_CUSTOMER),
                may_ask=self.allows(Permission.REQUEST_CHANGE),
            ),
            credentials=credential_facts(administrator) if administrator else [],
            may_issue=self.allows(Permission.ISSUE_CREDENTIALS),
            **kwargs,
        )
