"""The home page and the health checks."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from csp_portal import health
from csp_portal.at_a_glance import providers_at_a_glance
from csp_portal.home import attention, delayed_mail, queues, recent_activity
from customers.credentials.pending import waiting_for_home
from orders.services import open_drafts
from resellers.incoming import MOST_SHOWN, incoming_requests

# What Home says of a draft.
DRAFT_COLUMNS = "public_id details typed changed_at customer__company_name reseller__legal_name".split()


class HomeView(TemplateView):
    """The first page: work queues for partners, a customer's subscriptions, Django admin for the back office."""

    template_name = "home.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        actor = request.actor  # type: ignore[attr-defined]
        if actor.is_customer:
            return redirect(actor.customer)
        if actor.partner is None and request.user.is_staff:  # type: ignore[union-attr]
            return redirect("admin:index")
        if not (actor.is_provider or actor.is_reseller):
            # Without an active company there is one thing to do: to see where its enrolment stands.
            return redirect("enrolment:status")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        actor = self.request.actor  # type: ignore[attr-defined]
        providers, work = providers_at_a_glance(actor), queues(actor)
        incoming = incoming_requests(actor, MOST_SHOWN + 1)
        return super().get_context_data(
            attention=attention(actor),
            incoming=incoming[:MOST_SHOWN],
            more_incoming=len(incoming) > MOST_SHOWN,
            mailbox=actor.user.email,
            queues=work,
            is_new_reseller=actor.is_reseller and providers is None and not any(queue.count for queue in work),
            drafts=list(open_drafts(actor).only(*DRAFT_COLUMNS)[:5]),
            happenings=recent_activity(actor),
            delayed=delayed_mail(actor),
            waiting=waiting_for_home(actor),
            providers=providers,
            **kwargs,
        )


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the database answers, else 503; says nothing about versions."""
    try:
        health.database_answers()
    except DatabaseError:
        return HttpResponse("unavailable", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def healthz_live(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process answers at all; asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def healthz_ready(request: HttpRequest) -> HttpResponse:
    """Answer `ok`, or `degraded` and which part needs somebody; 503 only when no page can be served.

    Degraded is still 200: pages work without worker, broker and mail server, so no load balancer may take them away.
    """
    try:
        if not health.is_migrated():
            return HttpResponse("unavailable: migrations", status=503, content_type="text/plain")
        troubles = health.look().troubles
    except DatabaseError:
        return HttpResponse("unavailable", status=503, content_type="text/plain")
    return HttpResponse(f"degraded: {', '.join(troubles)}" if troubles else "ok", content_type="text/plain")
