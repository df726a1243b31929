"""The pages of a company's webhooks, for whoever manages them."""

import json
from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView, TemplateView

from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.step_up import step_up_required
from accounts.throttle import APP, minutes_until_allowed, too_many_tries
from core import clock, html
from core.exceptions import Refused
from core.lists import ListPage
from core.paging import Sort
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import services
from notifications.webhooks.events import EventCategory
from notifications.webhooks.filters import DeliveryFilter
from notifications.webhooks.forms import EndpointForm, ReplayForm
from notifications.webhooks.tables import DeliveryTable, EndpointTable, endpoint_status
from notifications.webhooks.waking import wake_sender

LATEST = 10
LIMITED = "send_webhook"


class WebhooksPage(PermittedView):
    """For whoever manages the company's webhooks."""

    permission = Permission.MANAGE_WEBHOOKS


class EndpointPage(WebhooksPage):
    """A page or an action of one endpoint of the actor's company; another's is not found."""

    @cached_property
    def endpoint(self) -> WebhookEndpoint:
        """The endpoint that the address names."""
        rows = WebhookEndpoint.objects.visible_to(self.actor).select_related("partner", "shown_to", "created_by")
        return get_object_or_404(rows, public_id=self.kwargs["public_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The endpoint and the way back to it."""
        frame = {"endpoint": self.endpoint, "endpoint_url": self.endpoint.get_absolute_url()}
        return super().get_context_data(**{**frame, **kwargs})  # type: ignore[misc]


class EndpointList(WebhooksPage, TemplateView):
    """Every endpoint of the company."""

    template_name = "webhooks/list.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = list(WebhookEndpoint.objects.visible_to(self.actor))
        return super().get_context_data(table=EndpointTable(rows), count=len(rows), **kwargs)


@step_up_required
class RegisterView(WebhooksPage, FormView):
    """Register an address."""

    form_class = EndpointForm
    template_name = "webhooks/form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        texts = {"title": _("Add webhook"), "submit_label": _("Submit"), "cancel_url": reverse("webhooks:list")}
        return super().get_context_data(**{**texts, **kwargs})

    def form_valid(self, form: EndpointForm) -> HttpResponse:
        """Register it and lead to its page, where the secret can be shown."""
        try:
            endpoint = services.register_endpoint(**form.cleaned_data, by=self.actor)
        except Refused as refusal:
            form.add_error("name" if isinstance(refusal, services.NameTaken) else None, str(refusal))
            return self.form_invalid(form)
        messages.success(self.request, _("The endpoint is registered. Show its secret and keep it in your program."))
        return redirect(endpoint)


class ChangeView(EndpointPage, FormView):
    """Another name, address or choice of events."""

    form_class = EndpointForm
    template_name = "webhooks/form.html"

    def get_initial(self) -> dict[str, Any]:
        """The endpoint as it is."""
        return {"name": self.endpoint.name, "url": self.endpoint.url, "categories": self.endpoint.categories}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        url = self.endpoint.get_absolute_url()
        texts = {"title": _("Change webhook"), "submit_label": _("Submit"), "cancel_url": url}
        return super().get_context_data(**{**texts, **kwargs})

    def form_valid(self, form: EndpointForm) -> HttpResponse:
        """Change it."""
        try:
            endpoint = services.change_endpoint(endpoint=self.endpoint, **form.cleaned_data, by=self.actor)
        except Refused as refusal:
            form.add_error("name" if isinstance(refusal, services.NameTaken) else None, str(refusal))
            return self.form_invalid(form)
        messages.success(self.request, _("Your changes are saved."))
        return redirect(endpoint)


class EndpointView(EndpointPage, TemplateView):
    """What an endpoint is, how it does, and what can be done with it."""

    template_name = "webhooks/detail.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        endpoint = self.endpoint
        latest = list(endpoint.deliveries.order_by("-created_at", "-pk")[:LATEST])
        for one in latest:
            one.endpoint = endpoint
        return super().get_context_data(
            facts=facts_of(endpoint),
            status=endpoint_status(endpoint),
            both_sign=endpoint.before_until is not None and endpoint.before_until > clock.now(),
            table=DeliveryTable(latest, title=_("Latest deliveries")),
            has_deliveries=bool(latest),
            **kwargs,
        )


def facts_of(endpoint: WebhookEndpoint) -> list[tuple[Any, Any]]:
    """The endpoint in words."""
    chosen = [str(EventCategory(one).label) for one in endpoint.categories]
    facts: list[tuple[Any, Any]] = [
        (_("Address"), html.name(html.breakable(endpoint.url))),
        (_("Events"), ", ".join(chosen)),
        (_("Registered"), html.time_tag(endpoint.created_at, "both")),
        (_("Registered by"), html.name(endpoint.created_by)),
    ]
    if endpoint.failing_since is not None:
        facts.append((_("Failing since"), html.time_tag(endpoint.failing_since, "both")))
    if endpoint.rests_until is not None and endpoint.rests_until > clock.now():
        facts.append((_("Asked to wait until"), html.time_tag(endpoint.rests_until, "both")))
    return facts


class EndpointAction(EndpointPage):
    """A button of an endpoint: POST alone, back to the endpoint's page with what became of it."""

    http_method_names = ["post", "options"]
    limited = False

    def post(self, request: HttpRequest, public_id: UUID, **kwargs: Any) -> HttpResponse:
        """Do it, or say why not."""
        endpoint = self.endpoint
        if self.limited and not ratelimit.consume(request, app=APP, action=LIMITED, key=str(endpoint.partner_id)):
            minutes = minutes_until_allowed(request, LIMITED, str(endpoint.partner_id))
            messages.error(request, too_many_tries(minutes))
            return redirect(self.back())
        try:
            messages.success(request, self.act())
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect(self.back())

    def act(self) -> str:
        """Do it and say so."""
        raise NotImplementedError

    def back(self) -> str:
        """Where to go afterwards."""
        return self.endpoint.get_absolute_url()


class EnableView(EndpointAction):
    """Send events again."""

    def act(self) -> str:
        services.enable_endpoint(endpoint=self.endpoint, by=self.actor)
        return _("Events are sent to this endpoint from now on.")


class DisableView(EndpointAction):
    """Send nothing more."""

    def act(self) -> str:
        services.disable_endpoint(endpoint=self.endpoint, by=self.actor)
        return _("Nothing more is sent to this endpoint.")


class SendTestView(EndpointAction):
    """Send an event that tells of nothing."""

    limited = True

    def act(self) -> str:
        services.send_test_event(endpoint=self.endpoint, by=self.actor)
        wake_sender()
        return _("A test event is on its way. Its delivery stands in the log below.")


class SecretView(EndpointPage, TemplateView):
    """The secret, shown once and only after a press of a button: a GET changes nothing."""

    template_name = "webhooks/secret.html"

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show it, unless it has been shown."""
        secret = services.reveal_secret(endpoint=self.endpoint, by=self.actor)
        if secret is None:
            messages.warning(request, _("The secret cannot be shown. Rotate it to get a new one."))
            return redirect(self.endpoint)
        return self.render_to_response(self.get_context_data(secret=secret))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"secret": "", **kwargs})


class AskingView(EndpointPage, TemplateView):
    """A page that asks before something is done."""

    template_name = "webhooks/ask.html"
    title: Any = ""
    text: Any = ""
    submit_label: Any = ""
    consequences: list[Any] = []
    danger = False

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        texts = {
            "title": self.title,
            "text": self.text,
            "submit_label": self.submit_label,
            "consequences": self.consequences,
            "danger": self.danger,
        }
        return super().get_context_data(**{**texts, **kwargs})


@step_up_required
class RotateView(AskingView):
    """A new secret beside the old one, for a day."""

    title = gettext_lazy("Rotate the secret?")
    text = gettext_lazy("A new secret is made, which you can show once.")
    consequences = [
        gettext_lazy("For 24 hours each delivery is signed with both, so that your program can change over."),
        gettext_lazy("After that the old secret signs nothing more."),
        gettext_lazy("Rotating again within the 24 hours ends the oldest at once."),
    ]
    submit_label = gettext_lazy("Rotate secret")

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Rotate it and go to where it can be shown."""
        services.rotate_secret(endpoint=self.endpoint, by=self.actor)
        messages.success(request, _("The secret is rotated. Show the new one and keep it in your program."))
        return redirect(self.endpoint)


class RemoveView(AskingView):
    """Take the endpoint away."""

    title = gettext_lazy("Remove this endpoint?")
    text = gettext_lazy("Nothing more is sent to it, and its secret is forgotten. It cannot be brought back.")
    submit_label = gettext_lazy("Remove endpoint")
    danger = True

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Remove it."""
        services.remove_endpoint(endpoint=self.endpoint, by=self.actor)
        messages.success(request, _("The endpoint is removed."))
        return redirect("webhooks:list")


class ReplayFailedView(EndpointPage, FormView):
    """Send again what failed, since a day that one chooses."""

    form_class = ReplayForm
    template_name = "webhooks/ask.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        texts = {
            "title": _("Send failed deliveries again?"),
            "text": _("Each keeps its number, so that your program can tell what it has seen before."),
            "submit_label": _("Send again"),
            "consequences": [],
            "danger": False,
        }
        return super().get_context_data(**{**texts, **kwargs})

    def form_valid(self, form: ReplayForm) -> HttpResponse:
        """Queue them."""
        if not ratelimit.consume(self.request, app=APP, action=LIMITED, key=str(self.endpoint.partner_id)):
            return ratelimit.respond_429(self.request)
        try:
            count = services.replay_failed(endpoint=self.endpoint, since=clock.now() - form.since(), by=self.actor)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return self.form_invalid(form)
        if count:
            wake_sender()
            text = ngettext("%(count)d delivery is sent again.", "%(count)d deliveries are sent again.", count)
            messages.success(self.request, text % {"count": count})
        else:
            messages.info(self.request, _("Nothing has failed in that time."))
        return redirect(self.endpoint)


# --- deliveries -------------------------------------------------------------------------------------------------------
class DeliveryList(EndpointPage, ListPage):
    """The log of an endpoint."""

    template_name = "webhooks/deliveries.html"
    title = gettext_lazy("Deliveries")
    table_class, filterset_class = DeliveryTable, DeliveryFilter
    sorts = {"created": Sort("created_at", descending_first=True)}
    default_sort = "-created"
    empty_title = gettext_lazy("Nothing sent yet")
    empty_text = gettext_lazy("Each event that is sent to this endpoint appears here, for 90 days.")

    def get_queryset(self) -> QuerySet:
        """Those of the endpoint."""
        return WebhookDelivery.objects.visible_to(self.actor).filter(endpoint=self.endpoint).select_related("endpoint")


class OneDelivery(EndpointPage):
    """One delivery of the endpoint."""

    @cached_property
    def delivery(self) -> WebhookDelivery:
        """The delivery that the address names."""
        rows = WebhookDelivery.objects.visible_to(self.actor).filter(endpoint=self.endpoint).select_related("endpoint")
        return get_object_or_404(rows, public_id=self.kwargs["number"])


class DeliveryView(OneDelivery, TemplateView):
    """What was sent, and what came back."""

    template_name = "webhooks/delivery.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        delivery = self.delivery
        table = DeliveryTable([])
        facts = [
            (_("Event"), f"{delivery.event_label} ({delivery.event})"),
            (_("Happened"), html.time_tag(delivery.occurred_at, "both")),
            (_("Attempts"), html.number_text(delivery.attempts)),
            (_("Last attempt"), html.time_tag(delivery.tried_at, "both") if delivery.tried_at else ""),
            (_("Response"), delivery.outcome),
            (
                _("Duration"),
                table.render_duration(delivery.duration_ms) if delivery.duration_ms is not None else "",
            ),
            (_("Next attempt"), table.render_next_try(delivery.due_at, delivery)),
            (_("Delivered"), html.time_tag(delivery.delivered_at, "both") if delivery.delivered_at else ""),
        ]
        return super().get_context_data(
            delivery=delivery,
            state_kind=DeliveryTable.base_columns["state"].kinds[delivery.state],
            facts=facts,
            pretty_body=json.dumps(json.loads(delivery.body), indent=2),
            may_replay=self.endpoint.is_enabled and delivery.state != WebhookDelivery.State.SENDING,
            **kwargs,
        )


class ReplayView(OneDelivery, EndpointAction):
    """Send one again."""

    limited = True

    def act(self) -> str:
        services.replay_delivery(delivery=self.delivery, by=self.actor)
        wake_sender()
        return _("It is sent again.")

    def back(self) -> str:
        return self.delivery.get_absolute_url()
