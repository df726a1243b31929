"""A webhook of the demo's provider, and the program that takes its events: a page of this very portal."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from accounts.access import Actor
from core.fence import beyond_the_fence
from notifications.models import WebhookEndpoint
from notifications.webhooks import signing
from notifications.webhooks.events import EventCategory
from notifications.webhooks.services import register_endpoint


@method_decorator(login_not_required, name="dispatch")
@method_decorator(csrf_exempt, name="dispatch")  # the signature proves the sender, as it does to any receiver
class ReceiverView(View):
    """Answers as a receiver does: 200 to what is signed with the endpoint's secret, 403 to everything else."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Verify, and say which message was taken."""
        with beyond_the_fence("Who sends is a program, known by its signature alone."):
            endpoint = get_object_or_404(WebhookEndpoint, public_id=public_id)
        secret = signing.unseal(endpoint.sealed, endpoint=endpoint.public_id)
        stamp = request.headers.get("webhook-timestamp", "")
        number = request.headers.get("webhook-id", "")
        if secret is None or not stamp.isdecimal():
            return HttpResponseForbidden("Not signed.", content_type="text/plain")
        text = request.body.decode("utf-8", "replace")
        wanted = signing.signature(secret, message_id=number, timestamp=int(stamp[:12]), body=text)
        signatures = request.headers.get("webhook-signature", "").split()
        if not any(constant_time_compare(wanted, one) for one in signatures):
            return HttpResponseForbidden("Not signed with the secret.", content_type="text/plain")
        return HttpResponse(f"Verified and taken: {json.loads(text)['id']}", content_type="text/plain")


def load_webhooks(by: Actor) -> None:
    """Register the page above for the actor's company."""
    endpoint = register_endpoint(
        name="Billing system", url=f"{settings.PORTAL_BASE_URL}/", categories=EventCategory.values, by=by
    )
    endpoint.url = settings.PORTAL_BASE_URL + reverse("demo:receiver", args=[endpoint.public_id])
    endpoint.save(update_fields=["url"])
