"""What every page of a draft starts from: the permission, then the draft among one's own, then its state."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode

from accounts.access import Actor, can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from orders.editions import is_as_opened
from orders.models import OrderDraft, OrderLine
from orders.services import EditedMeanwhile
from resellers.models import Partnership
from resellers.readiness import obstacles

# An address has room for so many.
MOST_MARKED = 40
# Other steps may change again and again while one is saved; after so many times the person compares.
ATTEMPTS = 3


class DraftView(PermittedView):
    """A page or an action of one of the person's own drafts; anybody else's is not found."""

    permission = Permission.PLACE_ORDER
    draft: OrderDraft

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the draft once the permission is sure, then let its state decide."""
        if can(self.actor, self.permission):
            self.draft = own_draft(self.actor, kwargs["draft"])
            method = (request.method or "").lower()
            known = method in self.http_method_names and hasattr(self, method)
            if known and (answer := self.answer_for_state()) is not None:
                return answer
        return super().dispatch(request, *args, **kwargs)

    def answer_for_state(self) -> HttpResponse | None:
        """The answer when the draft is not what this page is for, else None."""
        return None

    def canceled_page(self, status: int) -> HttpResponse:
        """That the operation was canceled, with the way to start over for the same reseller."""
        reseller = self.draft.reseller
        ready = reseller is not None and not obstacles(self.draft.provider, reseller)
        context = {"draft": self.draft, "reseller": reseller if ready else None}
        return render(self.request, "orders/canceled.html", context, status=status)


class StepView(DraftView):
    """A step of an open draft: a canceled one answers 410, a submitted one leads to its confirmation."""

    # The edition on top of which something is saved; empty for the one that the page sends back.
    opened = ""

    def answer_for_state(self) -> HttpResponse | None:
        """Only open drafts have steps."""
        if self.draft.state == OrderDraft.State.CANCELED:
            return self.canceled_page(410)
        if self.draft.state == OrderDraft.State.SUBMITTED:
            return after_submit(self.draft)
        return None

    def saving(self, version: int) -> dict[str, Any]:
        """What every change of a draft is told."""
        return {"draft": self.draft, "version": version, "by": self.actor}

    def save(self, step: str, change: Callable[[int], OrderDraft]) -> None:
        """Change a step, unless it changed since its page was opened: then EditedMeanwhile, and the draft as it is."""
        for _attempt in range(ATTEMPTS):
            if not is_as_opened(self.draft, step, self.opened or self.request.POST.get("version", "")):
                break
            try:
                self.draft = change(self.draft.version)
                return
            except EditedMeanwhile:
                self.draft = own_draft(self.actor, self.draft.public_id)
        raise EditedMeanwhile


def own_draft(actor: Actor, public_id: UUID) -> OrderDraft:
    """The draft, if it is the person's own in the provider that it acts for now."""
    related = (
        "provider",
        "reseller",
        "support_contact",
        "customer__provider",
        "created_customer",
        "order__customer",
        "order__reseller",
        "order__provider",
        "order__placed_by",
    )
    return get_object_or_404(OrderDraft.objects.visible_to(actor).select_related(*related), public_id=public_id)


def after_submit(draft: OrderDraft) -> HttpResponse:
    """Where a submitted draft leads: to the confirmation, or to the subscriptions of a customer that existed."""
    if draft.customer is not None:
        return redirect(subscriptions_with_new(draft))
    return redirect("orders:confirmation", draft=draft.public_id)


def subscriptions_with_new(draft: OrderDraft) -> str:
    """The subscriptions of the draft's customer, with those marked that its order has started."""
    assert draft.customer is not None
    started = OrderLine.objects.filter(order=draft.order_id, subscription__isnull=False).order_by("pk")
    ids = started.values_list("subscription__subscription_id", flat=True)[:MOST_MARKED]
    words = urlencode([("new", one) for one in ids])
    address = draft.customer.get_absolute_url()
    return f"{address}?{words}" if words else address


def own_partnership(actor: Actor, microsoft_id: str) -> Partnership | None:
    """The active partnership of the actor's company with the reseller of that Microsoft ID, else None."""
    try:
        wanted = UUID(microsoft_id)
    except ValueError:
        return None
    partnerships = Partnership.objects.visible_to(actor).active().select_related("provider", "reseller")
    return partnerships.filter(reseller__microsoft_id=wanted).first()
