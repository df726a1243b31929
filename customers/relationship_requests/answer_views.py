"""The customer's administrator reads a request for a reseller relationship, and accepts or declines it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.roles import Permission
from core.exceptions import NotPermitted, Refused
from core.posting import PostedHere
from customers.models import RelationshipRequest, ResellerRelationship
from customers.pages import CustomerPage
from customers.relationship_requests.answers import accept_relationship_request, decline_relationship_request
from customers.relationship_requests.forms import DeclineForm
from customers.relationship_requests.tables import state_badge
from customers.relationship_requests.wording import grants

Scope = ResellerRelationship.Scope


class AnswerView(CustomerPage, TemplateView):
    """Who asks, for whom, what accepting grants and whom it replaces."""

    permission = Permission.ANSWER_RELATIONSHIP
    template_name = "customers/answer_request.html"

    def own_request(self) -> RelationshipRequest:
        """The request, if it was put to this customer."""
        rows = RelationshipRequest.objects.visible_to(self.actor).filter(customer=self.customer).with_people()
        return get_object_or_404(rows, public_id=self.kwargs["public_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = kwargs.pop("shown", None) or self.own_request()
        kwargs.setdefault("form", DeclineForm())
        replaced = self.customer.managing_relationship()
        return super().get_context_data(
            shown=shown,
            state=state_badge(shown, own=True),
            provider=self.customer.provider,
            grants=grants(shown.scope, shown.reseller, self.customer.provider),
            replaces=replaced.reseller.microsoft_id if replaced else "",
            changes=changes(shown, replaced),
            **kwargs,
        )


class AnswerButtonView(PostedHere, AnswerView):
    """One of the two buttons."""

    def form_page(self) -> str:
        """The request's page."""
        return reverse("customers:answer_request", args=[self.customer.microsoft_id, self.kwargs["public_id"]])


class AcceptView(AnswerButtonView):
    """Accept."""

    def post(self, request: HttpRequest, microsoft_id: UUID, public_id: UUID) -> HttpResponse:
        """Accept, and see the partners; what keeps it from being accepted is said on the request's page."""
        shown = self.own_request()
        try:
            accept_relationship_request(request=shown, replaces=request.POST.get("replaces", ""), by=self.actor)
        except NotPermitted:
            raise
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("customers:answer_request", microsoft_id, public_id)
        text = _("You accepted. %(reseller)s has access to your account from now on.")
        messages.success(request, text % {"reseller": shown.reseller})
        return redirect("customers:partners", microsoft_id)


class DeclineView(AnswerButtonView):
    """Decline."""

    def post(self, request: HttpRequest, microsoft_id: UUID, public_id: UUID) -> HttpResponse:
        """Decline, and see the partners."""
        shown, form = self.own_request(), DeclineForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(shown=shown, form=form))
        try:
            decline_relationship_request(request=shown, reason=form.cleaned_data["reason"], by=self.actor)
        except NotPermitted:
            raise
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("customers:answer_request", microsoft_id, public_id)
        messages.success(
            request,
            _("You declined. Nothing was changed, and %(provider)s is told.") % {"provider": self.customer.provider},
        )
        return redirect("customers:partners", microsoft_id)


def changes(shown: RelationshipRequest, present: ResellerRelationship | None) -> list[str]:
    """What else changes with the answer yes: who manages the account today does so no longer, or otherwise."""
    if present is None:
        return []
    names = {"present": present.reseller.legal_name, "asked": shown.reseller.legal_name}
    if present.reseller_id != shown.reseller_id:
        return [
            _("%(asked)s takes the place of %(present)s, which loses its access to your account at once.") % names,
            _("Who supports your subscriptions does not change.") % names,
        ]
    if present.scope == shown.scope:
        return [_("%(asked)s has this access already; nothing changes.") % names]
    if shown.scope == Scope.MANAGE:
        return [_("%(asked)s sees your account today; from then on it manages it.") % names]
    return [_("%(asked)s manages your account today; from then on it only sees it and requests changes.") % names]
