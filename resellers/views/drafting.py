"""Request a partnership: the draft page, its buttons, and the page of a request that has left."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.permitted import PermittedView
from accounts.roles import Permission
from core import html
from core.draft_mail import DraftMailView
from core.exceptions import Refused
from core.posting import PostedHere
from resellers.delivery import add_standing, delivery_words, mail_failed
from resellers.doubts import address_doubt
from resellers.forms import RequestForm
from resellers.history import request_history
from resellers.models import Partnership, PartnershipRequest
from resellers.refusals import AlreadyPending, RecipientRefused
from resellers.request_actions import request_actions
from resellers.services import (
    change_draft,
    discard_draft,
    draft_request,
    recipient_obstacle,
    revoke_request,
    send_request,
    share_request,
)
from resellers.tables import acceptance_words, state_badge
from resellers.tokens import request_link
from resellers.views.access import OwnRequestView
from resellers.wording import full_text, mailto, valid_until, wording

State, Channel = PartnershipRequest.State, PartnershipRequest.Channel


class StartRequestView(PermittedView):
    """Request a partnership: begin a draft and open it."""

    http_method_names = ("post",)
    permission = Permission.REQUEST_PARTNERSHIP

    def post(self, request: HttpRequest) -> HttpResponse:
        """Pressed twice, it opens the same untouched draft; from a former partner's page, with that address."""
        draft = draft_request(by=self.actor)
        if address := self.former_address(request.POST.get("reseller", "")):
            names = ("language", "message", "valid_days")
            entered = {name: getattr(draft, name) for name in names}
            draft = change_draft(request=draft, recipient=address, by=self.actor, **entered)
        return redirect(draft)

    def former_address(self, microsoft_id: str) -> str:
        """The contact of a reseller with whom the provider had a partnership; "" for any other company."""
        try:
            wanted = UUID(microsoft_id)
        except ValueError:
            return ""
        ended = Partnership.objects.visible_to(self.actor).ended().filter(reseller__microsoft_id=wanted)
        found = ended.select_related("reseller").first()
        return found.reseller.contact_email if found else ""


class RequestView(DraftMailView, OwnRequestView):
    """The draft page, and once the request has left, where it stands."""

    # Whether the button lets the request leave; then a doubtful address is asked about.
    leaves = False

    def own_draft(self, public_id: UUID) -> PartnershipRequest:
        return self.own_request(public_id)

    def is_draft(self, shown: PartnershipRequest) -> bool:
        return shown.state == State.DRAFT

    def draft_form(self, draft: PartnershipRequest, data: Any = None) -> RequestForm:
        return RequestForm(data, draft=draft, asks=self.leaves)

    def save(self, draft: PartnershipRequest, form: RequestForm) -> PartnershipRequest:
        """Keep it, and say what became of the person's own words."""
        entered, before = form.entered(), draft.language
        draft = change_draft(request=draft, by=self.actor, **entered)
        if draft.language != before and draft.message and draft.message == entered["message"]:
            messages.warning(self.request, _("The language has changed, but your own words stay as you wrote them."))
        if form.took_link_out:
            text = _("Your link stands once in the message, below your words: it was taken out of them.")
            messages.info(self.request, text)
        return draft

    def field_of(self, refusal: Refused) -> str | None:
        """What is wrong with an address stands beside it."""
        return "recipient" if isinstance(refusal, RecipientRefused) else None

    def act(self, draft: PartnershipRequest) -> HttpResponse:
        """Update preview: saved, and nothing more."""
        if draft.state == State.DRAFT and not messages.get_messages(self.request):
            messages.success(self.request, _("Draft saved. The preview shows what they receive."))
        return redirect(draft)

    def draft_page(self, draft: PartnershipRequest, form: RequestForm, refusal: Refused | None = None) -> HttpResponse:
        """The form with its link and its preview, which show the draft as it was last saved."""
        link = request_link(draft)
        obstacle = refusal if form.is_bound else recipient_obstacle(draft.provider, draft.recipient)
        context = {
            "form": form,
            "draft": draft,
            "link": link,
            "valid_until": valid_until(draft),
            "subject": wording(draft).subject,
            "preview": wording(draft).as_text(link),
            "obstacle": obstacle if not form.is_bound else None,
            "doubt": address_doubt(draft.provider, draft.recipient) if draft.recipient and not form.is_bound else "",
            "pending": obstacle.pending if isinstance(obstacle, AlreadyPending) else None,
        }
        return render(self.request, "resellers/partnershiprequest_form.html", context)

    def left_page(self, shown: PartnershipRequest) -> HttpResponse:
        return render(self.request, "resellers/partnershiprequest_detail.html", detail_context(shown))


class ButtonView(PostedHere, RequestView):
    """A button of the draft page, with an address of its own."""

    def form_page(self) -> PartnershipRequest:
        """The draft, or where it stands."""
        return self.own_draft(self.kwargs["public_id"])


class CopyRequestView(ButtonView):
    """Copy to clipboard."""

    leaves = True

    def act(self, draft: PartnershipRequest) -> HttpResponse:
        """Put the link into force and come back to the text."""
        draft = share_request(request=draft, channel=Channel.CLIPBOARD, by=self.actor)
        messages.success(self.request, _("The link works now. Copy the message below and send it to the reseller."))
        return redirect(draft)


class MailRequestView(ButtonView):
    """Open in email."""

    leaves = True

    def act(self, draft: PartnershipRequest) -> HttpResponse:
        """Put the link into force and come back to the link that opens the mail program."""
        if not mailto(draft):
            raise Refused(
                _("This message is too long for mail programs to open. Shorten it, or select Copy to clipboard.")
            )
        draft = share_request(request=draft, channel=Channel.MAIL_PROGRAM, by=self.actor)
        messages.success(self.request, _("The link works now. Send the message from your mail program."))
        return redirect(draft)


class SendRequestView(ButtonView):
    """Send."""

    leaves = True

    def act(self, draft: PartnershipRequest) -> HttpResponse:
        """Mail it and show the row in Requested."""
        sent = send_request(request=draft, by=self.actor)
        text = _("The request to %(address)s is queued. You get an e-mail when it is accepted.")
        messages.success(self.request, text % {"address": sent.recipient})
        return redirect("resellers:requested")


class FinishRequestView(ButtonView):
    """Done."""

    def act(self, draft: PartnershipRequest) -> HttpResponse:
        """Leave the page; ask first when nothing was sent or copied."""
        if draft.state == State.DRAFT:
            return redirect("resellers:unsent_request", draft.public_id)
        return redirect("resellers:requested")


class UnsentRequestView(OwnRequestView):
    """The question after Done: the request was neither sent nor copied."""

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Offer to send, keep or discard; a request that has left needs no question."""
        draft = self.own_request(public_id)
        if draft.state != State.DRAFT:
            return redirect(draft)
        return render(
            request,
            "resellers/partnershiprequest_unsent.html",
            {"draft": draft, "hidden": RequestForm(draft=draft).initial.items()},
        )


class DiscardRequestView(OwnRequestView):
    """Discard a draft."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Remove it, unless it was sent in the meantime."""
        draft = self.own_request(public_id)
        try:
            discard_draft(request=draft, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(draft)
        messages.success(request, _("The draft is discarded."))
        return redirect("resellers:list")


class RevokeRequestView(OwnRequestView):
    """Revoke a request: a question, and its answer."""

    http_method_names = ("get", "head", "post", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Say what revoking means."""
        shown = self.own_request(public_id)
        if not shown.is_answerable:
            return redirect(shown)
        context = {
            "shown": shown,
            "consequences": [
                _("The personal link stops working at once."),
                _("A mail that still waits to be sent is not sent."),
                _("This cannot be undone; you can request a partnership again."),
            ],
        }
        return render(request, "resellers/partnershiprequest_revoke.html", context)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Revoke, unless it was answered in the meantime."""
        shown = self.own_request(public_id)
        try:
            revoke_request(request=shown, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(shown)
        messages.success(request, _("The request is revoked. Its link no longer works."))
        return redirect("resellers:requested")


def detail_context(shown: PartnershipRequest) -> dict[str, Any]:
    """What the page of a request that has left shows; the link and the text only while they open something."""
    add_standing([shown])
    open_now = shown.is_answerable and shown.waiting is None  # type: ignore[attr-defined]
    return {
        "shown": shown,
        "address": html.breakable(shown.recipient),
        "state": state_badge(shown),
        "acceptance": acceptance_words(shown),
        "actions": [action for action in request_actions(shown) if action.name != "copy"],
        "open_now": open_now,
        "failed": mail_failed(shown),
        "delivery": delivery_words(shown),
        "link": request_link(shown) if open_now else "",
        "text": full_text(shown) if open_now else "",
        "mailto": mailto(shown) if open_now else "",
        "partnership": shown.partnership,
        "history": request_history(shown),
    }
