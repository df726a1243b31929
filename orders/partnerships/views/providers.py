"""The reseller's side: its indirect providers, the page of one, and ending the partnership from here."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import TemplateView

from accounts.access import can
from accounts.models import Partner, ProviderProfile
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.step_up import step_up_required
from core import html
from core.companies import show_phone
from core.exceptions import Refused
from core.lists import ListPage
from core.paging import Sort
from customers.models import ResellerRelationship
from orders.partnerships import wording
from orders.partnerships.choices import let_go
from orders.partnerships.consequences import Consequences
from orders.partnerships.forms import ConfirmForm
from orders.partnerships.reviewing import SomethingChanged, fingerprint
from orders.partnerships.services import leave_partnership
from orders.partnerships.tables import EndedProviderTable, ProviderTable
from resellers.models import Partnership, PendingAcceptance
from resellers.tables import ENROLMENT_KINDS, customers_link
from resellers.wording import GRANTS
from subscriptions.customer_pages.support import mail_link


class ProviderSection(PermittedView, ListPage):
    """A tab of Indirect providers, with what the company still waits for."""

    permission = Permission.VIEW_PROVIDERS
    template_name = "resellers/provider_list.html"
    title = gettext_lazy("Indirect providers")
    empty_icon = "diagram-3"

    def get_tabs(self) -> list[dict[str, Any]]:
        """Those that last, those that are over."""
        tabs = [
            ("providers", pgettext("several partnerships", "Active")),
            ("ended_providers", pgettext("several partnerships", "Ended")),
        ]
        return [
            {"label": label, "url": (url := reverse(f"resellers:{name}")), "current": url == self.request.path}
            | {"count": None}
            for name, label in tabs
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waiting = PendingAcceptance.objects.visible_to(self.actor).waiting().select_related("request__provider")
        return super().get_context_data(waiting=list(waiting.order_by("-accepted_at", "-pk")[:10]), **kwargs)


class ProviderListView(ProviderSection):
    """The providers with whom the reseller has a partnership."""

    table_class = ProviderTable
    sorts = {
        "provider": "provider__search_text",
        "country": "provider__country",
        "since": Sort("began_at", descending_first=True),
    }
    default_sort = "-since"
    empty_title = gettext_lazy("No providers yet")
    empty_text = gettext_lazy("A provider appears here once you have accepted its partnership request.")

    def get_queryset(self) -> QuerySet[Partnership]:
        """Active partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).active().select_related("provider")

    def prepare(self, rows: list[Any]) -> None:
        """How many customers the visible providers share."""
        counted = shared_customers(self.actor.partner, [row.provider for row in rows])
        for row in rows:
            row.customer_count = counted.get(row.provider_id, 0)


class EndedProviderListView(ProviderSection):
    """The partnerships that are over."""

    table_class = EndedProviderTable
    sorts = {
        "provider": "provider__search_text",
        "since": Sort("began_at", descending_first=True),
        "ended": Sort("ended_at", descending_first=True, nullable=False),
    }
    default_sort = "-ended"
    empty_title = gettext_lazy("No partnership has ended")
    empty_text = gettext_lazy("A partnership stays readable here after one of the two companies has ended it.")

    def get_queryset(self) -> QuerySet[Partnership]:
        """Ended partnerships of the actor's company."""
        return Partnership.objects.visible_to(self.actor).ended().select_related("provider", "ended_by")


def shared_customers(reseller: Partner | None, providers: list[Partner]) -> dict[int, int]:
    """By provider, how many of its customers the reseller manages now; one query."""
    if not providers:
        return {}
    current = ResellerRelationship.objects.current().filter(reseller=reseller, customer__provider__in=providers)
    counted = current.order_by().values("customer__provider").annotate(number=Count("pk"))
    return {row["customer__provider"]: row["number"] for row in counted}


class ProviderPage(PermittedView, TemplateView):
    """A page of one partnership of the actor's company; anybody else's is not found."""

    permission = Permission.VIEW_PROVIDERS
    partnership: Partnership

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the partnership once the permission is sure."""
        if not can(self.actor, Permission.VIEW_PROVIDERS) or not can(self.actor, self.permission):
            raise PermissionDenied
        related = ("provider", "reseller", "ended_by", "request__answered_by", "request__sent_by")
        rows = Partnership.objects.visible_to(self.actor).select_related(*related)
        self.partnership = get_object_or_404(rows, public_id=kwargs["public_id"])
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(partnership=self.partnership, provider=self.partnership.provider, **kwargs)


class ProviderView(ProviderPage):
    """Who the provider is, what it was granted, and what the two companies share."""

    template_name = "resellers/provider_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        partnership, provider = self.partnership, self.partnership.provider
        is_active = partnership.ended_at is None
        again = Partnership.objects.visible_to(self.actor).active().filter(provider=provider)
        counts = Consequences(partnership)
        return super().get_context_data(
            facts=provider_facts(partnership),
            grants=GRANTS,
            status_kind=ENROLMENT_KINDS.get(provider.enrolment_state, "neutral"),
            shared=wording.customers_text(len(counts.managing)) if is_active else "",
            of_record=wording.subscriptions_text(len(counts.of_record)) if is_active else "",
            supported=wording.subscriptions_text(len(counts.support)) if is_active else "",
            customers_url=customers_link("provider", provider),
            profile_url=profile_url(provider),
            present=None if is_active else again.first(),
            may_end=is_active and can(self.actor, Permission.END_PARTNERSHIP),
            **kwargs,
        )


def provider_facts(partnership: Partnership) -> list[tuple[str, Any]]:
    """What is known of the company and of the partnership, label and value."""
    provider: Partner = partnership.provider
    request = getattr(partnership, "request", None)
    return [
        (_("MPN ID"), html.copy_text(provider.mpn_id, _("MPN ID"))),
        (_("Country or region"), str(provider.country.name)),
        (_("Contact"), html.name(provider.contact_name)),
        (_("E-mail address"), mail_link(provider.contact_email)),
        (_("Telephone number"), show_phone(provider.contact_phone)),
        (_("Partner since"), html.time_tag(partnership.began_at, "date")),
        *([(_("Ended"), html.time_tag(partnership.ended_at, "date"))] if partnership.ended_at else []),
        (_("Requested by"), html.name(request.sent_by) if request and request.sent_by else ""),
        (pgettext("request", "Accepted by"), html.name(request.answered_by) if request and request.answered_by else ""),
        (_("Microsoft ID"), html.copy_text(provider.microsoft_id, _("Microsoft ID"))),
    ]


def profile_url(provider: Partner) -> str:
    """What anybody may read about the provider, if it has published something."""
    if not ProviderProfile.objects.published().filter(partner=provider).exists():
        return ""
    return reverse("directory:provider", args=[provider.microsoft_id])


@step_up_required
class EndProviderView(ProviderPage):
    """End partnership: what is lost, the reason, the name; then it is lost."""

    permission = Permission.END_PARTNERSHIP
    template_name = "resellers/provider_end.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say what will happen; where it has happened, lead back."""
        if self.partnership.ended_at is not None:
            return redirect("resellers:provider", self.partnership.public_id)
        return self.show(ConfirmForm(company=self.partnership.provider))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """End it; pressed again, it leads to the same page."""
        if self.partnership.ended_at is not None:
            return redirect("resellers:provider", public_id)
        form, differences = ConfirmForm(request.POST, company=self.partnership.provider), []
        if form.is_valid():
            reason, reviewed = form.cleaned_data["reason"], request.POST.get("reviewed", "")
            try:
                leave_partnership(partnership=self.partnership, reason=reason, reviewed=reviewed, by=self.actor)
            except SomethingChanged as change:
                again = _("Read it again; if it is still right, confirm it once more.")
                form.add_error(None, f"{change} {again}")
                differences = change.differences
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                words = _("The partnership with %(provider)s has ended.")
                messages.success(request, words % {"provider": self.partnership.provider.legal_name})
                return redirect("resellers:provider", public_id)
        return self.show(form, differences)

    def show(self, form: ConfirmForm, differences: list[str] | None = None) -> HttpResponse:
        """Render the page over what there is now."""
        consequences = Consequences(self.partnership)
        return self.render_to_response(
            self.get_context_data(
                form=form,
                differences=differences or [],
                lost=wording.lost_by_reseller(consequences.counts()),
                reviewed=fingerprint(consequences, let_go(consequences)),
            )
        )
