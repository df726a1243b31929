"""From the page of a change: *Ask for this change*, or keep it as a draft."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from core.posting import PostedHere
from subscriptions.change_requests.asking import save_change_request, submit_change_request
from subscriptions.change_requests.matters import AlreadyAsked
from subscriptions.changing import ChangedMeanwhile, ChangeRefused
from subscriptions.delegation import Way, delegation_of
from subscriptions.details.changing import ChangeView, change_url, version_of
from subscriptions.details.forms import ChangeForm, MessageForm
from subscriptions.models import ChangeRequest


class AskChangeView(PostedHere, ChangeView):
    """Hands what was chosen to the provider as a request."""

    def form_page(self) -> str:
        """Where the change is chosen."""
        return change_url(self.subscription, self.kind)

    @property
    def way(self) -> Way:  # type: ignore[override]
        """Asking, whoever may also change it itself; staff of the provider have nobody to ask."""
        if not delegation_of(self.actor, self.subscription.customer).asks:
            raise PermissionDenied
        return Way.ASK

    def post(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID, kind: str) -> HttpResponse:
        """Ask, if it is still what the page spoke of."""
        form, words = self.form(request.POST), MessageForm(request.POST)
        if self.way != Way.ASK or not form.is_valid():
            return self.show(form)
        if not words.is_valid():
            return self.show(form, message_form=words)
        try:
            asked = self.keep(form, words.cleaned_data["message"])
        except ChangeRefused as refusal:
            return self.show(form, refusal.answer)
        except ChangedMeanwhile as meanwhile:
            return self.meanwhile(meanwhile.current)
        except AlreadyAsked as already:
            messages.info(request, str(already))
            return redirect(already.request)
        return redirect(asked)

    def keep(self, form: ChangeForm, message: str) -> ChangeRequest:
        """Submit it."""
        asked = submit_change_request(
            subscription=self.subscription,
            kind=self.kind,
            values=_typed(form),
            message=message,
            version=version_of(self.request),
            by=self.actor,
        )
        text = _("%(provider)s was asked. You are told of its decision by e-mail.")
        messages.success(self.request, text % {"provider": asked.provider})
        return asked


class DraftChangeView(AskChangeView):
    """Keeps what was chosen, to be asked for later."""

    def keep(self, form: ChangeForm, message: str) -> ChangeRequest:
        """Save it; nobody is told."""
        kept = save_change_request(
            subscription=self.subscription, kind=self.kind, values=_typed(form), message=message, by=self.actor
        )
        messages.success(self.request, _("The draft is saved. Nobody was told."))
        return kept


def _typed(form: ChangeForm) -> dict[str, Any]:
    return {name: form.data.get(name, "") for name in form.fields}
