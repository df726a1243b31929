"""The home page and the health check."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from csp_portal.home import attention, delayed_mail, queues, recent_activity
from customers.credentials.pending import waiting_for_home
from mail import heartbeat
from mail.models import OutgoingEmail
from orders.services import open_drafts


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
        return super().get_context_data(
            attention=attention(actor),
            queues=queues(actor),
            drafts=list(open_drafts(actor)[:5]),
            happenings=recent_activity(actor),
            delayed=delayed_mail(actor),
            waiting=waiting_for_home(actor),
            **kwargs,
        )


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the database answers, else 503; says nothing about versions."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("unavailable", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def healthz_ready(request: HttpRequest) -> HttpResponse:
    """Answer `ok`, or `degraded` and which part needs somebody; 503 only when no page can be served.

    Degraded is still 200: pages work without worker, broker and mail server, so no load balancer may take them away.
    """
    try:
        parts = {
            "background work": heartbeat.is_silent(),
            "mail delayed": OutgoingEmail.objects.delayed().exists(),
        }
    except DatabaseError:
        return HttpResponse("unavailable", status=503, content_type="text/plain")
    troubled = ", ".join(name for name, trouble in parts.items() if trouble)
    return HttpResponse(f"degraded: {troubled}" if troubled else "ok", content_type="text/plain")
