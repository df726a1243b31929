"""What comes before the offers where an existing customer has no agreement: its confirmation, in place."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import Actor, can
from accounts.enrolment.session import with_next
from accounts.roles import Permission
from customers.account.forms import AgreementForm
from customers.agreements import AGREEMENT_NAME, AGREEMENT_URL, has_agreement
from orders.checks import SUBSCRIPTIONS, details_of
from orders.editions import edition_of
from orders.models import OrderDraft


def agreement_later(request: HttpRequest, draft: OrderDraft) -> HttpResponse | None:
    """That nothing can be ordered for a new customer whose agreement is still to come, and the two ways on; or None."""
    if request.method not in ("GET", "HEAD") or not draft.makes_customer or not details_of(draft).agreement_to_come:
        return None
    edition = edition_of(draft, SUBSCRIPTIONS)
    return render(request, "orders/agreement_later.html", {"draft": draft, "edition": edition})


def agreement_first(request: HttpRequest, draft: OrderDraft, actor: Actor) -> HttpResponse | None:
    """The form that confirms the agreement and then comes back to this page, or None where there is nothing to ask."""
    customer = draft.customer
    if customer is None or request.method not in ("GET", "HEAD") or has_agreement(customer):
        return None
    may_attest = can(actor, Permission.ATTEST_AGREEMENT, customer)
    attest_url = reverse("customers:attest_agreement", args=[customer.microsoft_id])
    context = {
        "draft": draft,
        "customer": customer,
        "form": AgreementForm(customer=customer) if may_attest else None,
        "action": with_next(attest_url, request.get_full_path()),
        "cancel_url": reverse("orders:confirm_cancel", args=[draft.public_id]),
        "agreement_name": AGREEMENT_NAME,
        "agreement_url": AGREEMENT_URL,
    }
    return render(request, "orders/agreement.html", context)
