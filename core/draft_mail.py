"""Messages that a person edits here and that leave by a mail program, the clipboard or the portal."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import View

from core.exceptions import Refused

MAILTO_LIMIT = 1900  # characters; longer ones are cut or refused by mail programs on Windows


def mailto_address(recipient: str, subject: str, *bodies: str) -> str:
    """A `mailto:` with the first of these texts that is short enough; "" when even the last one is too long."""
    start = f"mailto:{quote(recipient, safe='@')}?subject={_percent(subject)}&body="
    addresses = (start + _percent(body) for body in bodies)
    return next((address for address in addresses if len(address) <= MAILTO_LIMIT), "")


def _percent(text: str) -> str:
    return quote(text.replace("\n", "\r\n"), safe="")


class DraftMailView(View):
    """The page of a message: its draft, and once it has left, where it stands.

    Each button posts the whole form to an address of its own, whose view saves what was entered and then does what
    the button says; the draft's own address saves and does nothing more.
    """

    http_method_names = ["get", "head", "post", "options"]

    # --- what each kind of message says of itself ---------------------------------------------------------------------
    def own_draft(self, public_id: UUID) -> Any:
        """The message if the actor may see it, else 404; it has `get_absolute_url()`."""
        raise NotImplementedError

    def is_draft(self, shown: Any) -> bool:
        """Whether it has not left yet."""
        raise NotImplementedError

    def draft_form(self, draft: Any, data: Any = None) -> forms.Form:
        """The form of the draft, as saved or as posted."""
        raise NotImplementedError

    def save(self, draft: Any, form: Any) -> Any:
        """Save what was entered in a valid form."""
        raise NotImplementedError

    def field_of(self, refusal: Refused) -> str | None:
        """The field beside which a refusal stands."""
        return None

    def draft_page(self, draft: Any, form: Any, refusal: Refused | None = None) -> HttpResponse:
        """The form with what it makes of the draft as it was last saved."""
        raise NotImplementedError

    def left_page(self, shown: Any) -> HttpResponse:
        """The page of a message that has left."""
        raise NotImplementedError

    def act(self, draft: Any) -> HttpResponse:
        """What the button of this address does with the saved draft."""
        raise NotImplementedError

    # --- the same for all ---------------------------------------------------------------------------------------------
    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show it."""
        shown = self.own_draft(public_id)
        return self.draft_page(shown, self.draft_form(shown)) if self.is_draft(shown) else self.left_page(shown)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Save what was entered, then do what the button of this address does."""
        draft = self.own_draft(public_id)
        if not self.is_draft(draft):
            # A second press, or a colleague was faster: no text is taken any more, the act itself knows what to do.
            return self.act_or_explain(draft)
        form = self.draft_form(draft, request.POST)
        if not form.is_valid():
            return self.draft_page(draft, form)
        try:
            draft = self.save(draft, form)
            return self.act(draft)
        except Refused as refusal:
            form.add_error(self.field_of(refusal), str(refusal))
            return self.draft_page(draft, form, refusal)

    def act_or_explain(self, shown: Any) -> HttpResponse:
        """Do it, or come back to the message with the reason why not."""
        try:
            return self.act(shown)
        except Refused as refusal:
            messages.error(self.request, str(refusal))
            return redirect(shown)
