"""Remove access: take one customer out of the reseller's hands."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.access import can
from accounts.roles import Permission
from customers.models import Customer, ResellerRelationship
from customers.relationships import end_reseller_relationship
from subscriptions.reseller_pages.access import ResellerPage
from subscriptions.reseller_pages.forms import RemoveAccessForm


class RemoveAccessView(ResellerPage, TemplateView):
    """Ask, then end the delegation; a customer of nobody here is not found."""

    permission = Permission.ASSIGN_RESELLER
    template_name = "resellers/reseller_remove_access.html"
    customer: Customer

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Look the customer up among those that were ever delegated under this partnership."""
        if can(self.actor, self.permission):
            mine = Customer.objects.visible_to(self.actor).filter(
                reseller_relationships__partnership__public_id=kwargs["public_id"]
            )
            self.customer = get_object_or_404(mine.distinct(), microsoft_id=kwargs["microsoft_id"])
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say what will happen; where it has happened, lead back."""
        if self.current() is None:
            return self.already_removed()
        return self.render_to_response(self.get_context_data(form=RemoveAccessForm()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End it; pressed twice, the second press finds it done."""
        form = RemoveAccessForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        relationship = self.current()
        if relationship is None:
            return self.already_removed()
        end_reseller_relationship(relationship=relationship, by=self.actor, reason=form.cleaned_data["reason"])
        text = _("%(reseller)s no longer manages %(customer)s.")
        messages.success(request, text % {"reseller": self.reseller, "customer": self.customer})
        return redirect("resellers:detail_access", self.partnership.public_id)

    def current(self) -> ResellerRelationship | None:
        """The delegation that would end."""
        rows = ResellerRelationship.objects.current().filter(partnership=self.partnership, customer=self.customer)
        return rows.select_related("customer__provider").first()

    def already_removed(self) -> HttpResponse:
        """Back to the list, which shows that it is gone."""
        text = _("%(reseller)s does not manage %(customer)s any more.")
        messages.info(self.request, text % {"reseller": self.reseller, "customer": self.customer})
        return redirect("resellers:detail_access", self.partnership.public_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        names = {"reseller": self.reseller, "customer": self.customer}
        return super().get_context_data(
            customer=self.customer,
            consequences=[
                _("%(reseller)s can no longer open the account and subscriptions of %(customer)s.") % names,
                _("%(customer)s stays your customer and keeps its subscriptions.") % names,
                _("Who is reseller of record and who is support contact does not change.") % names,
                _("%(reseller)s is told by e-mail.") % names,
            ],
            **kwargs,
        )
