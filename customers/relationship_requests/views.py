"""Request a reseller relationship: whom it is about, the draft page with its buttons, and the request that has left."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.draft_mail import DraftMailView
from core.exceptions import InvalidTransition, NotPermitted, Refused
from core.lists import ListPage
from core.paging import Sort
from core.posting import PostedHere
from core.typeahead import suggestions
from customers.choosing import CustomerSource
from customers.models import RelationshipRequest
from customers.pages import CustomerPage, account_url
from customers.relationship_requests.forms import CustomerAndWhomForm, DraftForm, WhomForm
from customers.relationship_requests.services import (
    AlreadyInForce,
    RequestAlreadyOpen,
    change_request_draft,
    discard_request_draft,
    draft_relationship_request,
    request_mail,
    revoke_relationship_request,
    send_relationship_request,
    share_relationship_request,
)
from customers.relationship_requests.tables import (
    RelationshipRequestFilter,
    RelationshipRequestTable,
    state_badge,
)
from customers.relationship_requests.wording import answer_link, full_text, mailto, valid_until, wording
from customers.services import PartnershipRequired
from resellers.readiness import obstacles

State = RelationshipRequest.State


class RequestListView(PermittedView, ListPage):
    """What the provider's customers were asked."""

    permission = Permission.REQUEST_RELATIONSHIP
    table_class = RelationshipRequestTable
    filterset_class = RelationshipRequestFilter
    template_name = "customers/relationship_request_list.html"
    title = gettext_lazy("Relationship requests")
    sorts = {"sent": Sort("created_at", descending_first=True)}
    default_sort = "-sent"
    empty_icon = "send"
    empty_title = gettext_lazy("No requests yet")
    empty_text = gettext_lazy("What you ask your customers about their resellers appears here.")

    def get_queryset(self) -> QuerySet:
        return RelationshipRequest.objects.visible_to(self.actor).with_people()


class StartView(FormView):
    """Ask whom the request is about, then open its draft."""

    form_class = WhomForm
    template_name = "customers/request_relationship.html"
    actor: Any
    customer: Any = None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "actor": self.actor, "customer": self.customer}

    def form_valid(self, form: WhomForm) -> HttpResponse:
        reseller = form.cleaned_data["reseller"]
        try:
            draft = draft_relationship_request(
                customer=form.customer, reseller=reseller, scope=form.scope, by=self.actor
            )
        except NotPermitted:
            raise
        except Refused as refusal:
            form.add_error("reseller", str(refusal))
            return self.form_invalid(form)
        return redirect(draft)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        customer = self.customer
        back_url = account_url(customer.microsoft_id) if customer else reverse("customers:list")
        return super().get_context_data(about=customer, back_url=back_url, pending=pending_of(customer), **kwargs)


class RequestAnyCustomerView(PermittedView, StartView):
    """From the list: the customer is named here too."""

    permission = Permission.REQUEST_RELATIONSHIP
    form_class = CustomerAndWhomForm


class SuggestCustomersView(PermittedView):
    """The customers whose name or domain holds `?q=`, for whoever asks one of them."""

    permission = Permission.REQUEST_RELATIONSHIP
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """A few of the actor's own."""
        return suggestions(CustomerSource(self.actor), request.GET.get("q", ""))


class RequestForCustomerView(CustomerPage, StartView):
    """From the customer's own page."""

    permission = Permission.REQUEST_RELATIONSHIP


class RequestView(DraftMailView, PermittedView):
    """The draft page, and once the request has left, where it stands."""

    permission = Permission.REQUEST_RELATIONSHIP

    def own_draft(self, public_id: UUID) -> RelationshipRequest:
        rows = RelationshipRequest.objects.visible_to(self.actor).with_people()
        return get_object_or_404(rows, public_id=public_id)

    def is_draft(self, shown: RelationshipRequest) -> bool:
        return shown.state == State.DRAFT

    def draft_form(self, draft: RelationshipRequest, data: Any = None) -> DraftForm:
        return DraftForm(data, draft=draft, actor=self.actor)

    def save(self, draft: RelationshipRequest, form: DraftForm) -> RelationshipRequest:
        """Keep it, and say when the words did not follow the language."""
        entered, before = form.entered(), draft.language
        draft = change_request_draft(request=draft, by=self.actor, **entered)
        if draft.language != before and draft.message and draft.message == entered["message"]:
            messages.warning(self.request, _("The language has changed, but your own words stay as you wrote them."))
        return draft

    def field_of(self, refusal: Refused) -> str | None:
        """What is wrong with a reseller stands beside it."""
        return "reseller" if isinstance(refusal, PartnershipRequired | AlreadyInForce) else None

    def act(self, draft: RelationshipRequest) -> HttpResponse:
        """Update preview: saved, and nothing more."""
        if draft.state == State.DRAFT and not messages.get_messages(self.request):
            messages.success(self.request, _("Draft saved. The preview shows what they receive."))
        return redirect(draft)

    def draft_page(self, draft: RelationshipRequest, form: DraftForm, refusal: Refused | None = None) -> HttpResponse:
        """The form with its preview, which shows the draft as it was last saved."""
        link = answer_link(draft)
        pending = refusal.pending if isinstance(refusal, RequestAlreadyOpen) else pending_of(draft.customer)
        context = {
            "form": form,
            "draft": draft,
            "link": link,
            "valid_until": valid_until(draft),
            "subject": wording(draft).subject,
            "preview": wording(draft).as_text(link),
            "pending": pending,
        }
        return render(self.request, "customers/relationship_request_form.html", context)

    def left_page(self, shown: RelationshipRequest) -> HttpResponse:
        return render(self.request, "customers/relationship_request_detail.html", left_context(shown))


class ButtonView(PostedHere, RequestView):
    """A button of the draft page, with an address of its own."""

    def form_page(self) -> RelationshipRequest:
        """The draft, or where it stands."""
        return self.own_draft(self.kwargs["public_id"])


class CopyView(ButtonView):
    """Copy to clipboard."""

    def act(self, draft: RelationshipRequest) -> HttpResponse:
        """Let the request be answered and come back to the text."""
        draft = share_relationship_request(request=draft, by=self.actor)
        text = _("The customer can answer now. Copy the message below and send it.")
        messages.success(self.request, text)
        return redirect(draft)


class MailView(ButtonView):
    """Open in email."""

    def act(self, draft: RelationshipRequest) -> HttpResponse:
        """Let the request be answered and come back to the link that opens the mail program."""
        if not mailto(draft):
            raise Refused(
                _("This message is too long for mail programs to open. Shorten it, or select Copy to clipboard.")
            )
        draft = share_relationship_request(request=draft, by=self.actor)
        messages.success(self.request, _("The customer can answer now. Send the message from your mail program."))
        return redirect(draft)


class SendView(ButtonView):
    """Send."""

    def act(self, draft: RelationshipRequest) -> HttpResponse:
        """Mail it to the customer's contact and go back to the customer."""
        sent = send_relationship_request(request=draft, by=self.actor)
        text = _("The request to %(address)s is queued. You get an e-mail when it is answered.")
        messages.success(self.request, text % {"address": sent.customer.contact_email})
        return redirect(account_url(sent.customer.microsoft_id))


class FinishView(ButtonView):
    """Done."""

    def act(self, draft: RelationshipRequest) -> HttpResponse:
        """Leave the page; ask first when nothing was sent or copied."""
        if draft.state == State.DRAFT:
            return redirect("customers:unsent_relationship_request", draft.public_id)
        return redirect(account_url(draft.customer.microsoft_id))


class UnsentView(RequestView):
    """The question after Done: the request was neither sent nor copied."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Offer to send, keep or discard; a request that has left needs no question."""
        draft = self.own_draft(public_id)
        if draft.state != State.DRAFT:
            return redirect(draft)
        entered = self.draft_form(draft).initial
        hidden = [(name, "on" if value is True else value) for name, value in entered.items() if value is not False]
        context = {"draft": draft, "hidden": hidden, "keep_url": account_url(draft.customer.microsoft_id)}
        return render(request, "customers/relationship_request_unsent.html", context)


class DiscardView(ButtonView):
    """Discard a draft."""

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Remove it, unless it was sent in the meantime."""
        draft = self.own_draft(public_id)
        try:
            discard_request_draft(request=draft, by=self.actor)
        except InvalidTransition as refusal:
            messages.error(request, str(refusal))
            return redirect(draft)
        messages.success(request, _("The draft is discarded."))
        return redirect(account_url(draft.customer.microsoft_id))


class RevokeView(RequestView):
    """Revoke a request: a question, and its answer."""

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Say what revoking means."""
        shown = self.own_draft(public_id)
        if not shown.is_answerable:
            return redirect(shown)
        consequences = [
            _("The customer can no longer accept it; its page says that you withdrew it."),
            _("A mail that still waits to be sent is not sent."),
            _("This cannot be undone; you can send another request."),
        ]
        context = {"shown": shown, "consequences": consequences}
        return render(request, "customers/relationship_request_revoke.html", context)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Revoke, unless it was answered in the meantime."""
        shown = self.own_draft(public_id)
        try:
            revoke_relationship_request(request=shown, by=self.actor)
        except InvalidTransition as refusal:
            messages.error(request, str(refusal))
            return redirect(shown)
        messages.success(request, _("The request is revoked. The customer can no longer accept it."))
        return redirect(account_url(shown.customer.microsoft_id))


def pending_of(customer: Any) -> RelationshipRequest | None:
    """What the customer has to answer already."""
    if customer is None:
        return None
    open_ones = RelationshipRequest.objects.awaiting_answer().filter(customer=customer)
    return open_ones.select_related("reseller").first()


def left_context(shown: RelationshipRequest) -> dict[str, Any]:
    """What the page of a request that has left shows; link and text only while they can be answered."""
    open_now = shown.is_answerable
    customer = shown.customer
    found = obstacles(customer.provider, shown.reseller, customer_country=customer.country_code) if open_now else []
    return {
        "shown": shown,
        "state": state_badge(shown),
        "open_now": open_now,
        "mailed": request_mail(shown) is not None,
        "obstacles": found,
        "link": answer_link(shown) if open_now else "",
        "text": full_text(shown) if open_now else "",
        "mailto": mailto(shown) if open_now else "",
        "account_url": account_url(customer.microsoft_id),
    }
