"""The form of the draft page."""

from typing import Any

from crispy_forms.layout import Field, Layout
from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.forms import PortalForm
from core.text import email_key
from resellers.models import PartnershipRequest
from resellers.services.requests import VALIDITY_DAYS

# Languages are named in themselves: the choice is about the reader of the message.
MESSAGE_LANGUAGES = [("en", "English"), ("pt-br", "Português")]


def validity_choices() -> list[tuple[int, str]]:
    """7 days, 14 days, 30 days, in the active language."""
    return [(days, ngettext("%(days)d day", "%(days)d days", days) % {"days": days}) for days in VALIDITY_DAYS]


class RequestForm(PortalForm):
    """What the sender decides about a request; the link and the frame around the words are the portal's."""

    recipient = forms.EmailField(
        label=_("Reseller’s e-mail address"),
        max_length=254,
        required=False,
        help_text=_("Needed only to send the request from here."),
    )
    language = forms.ChoiceField(label=_("Language of the message"), choices=MESSAGE_LANGUAGES)
    message = forms.CharField(
        label=_("Message"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 13}),
        help_text=_("Up to 1,000 characters. Your company, the personal link and its date are added by the portal."),
    )
    valid_days = forms.TypedChoiceField(
        label=_("The link is valid for"), choices=validity_choices, coerce=int, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, draft: PartnershipRequest, **kwargs: Any) -> None:
        names = ("recipient", "language", "message", "valid_days")
        kwargs.setdefault("initial", {name: getattr(draft, name) for name in names})
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(*(Field(name) for name in names))

    def clean_recipient(self) -> str:
        """Refuse an address that only looks like one."""
        address: str = self.cleaned_data["recipient"]
        if address:
            email_key(address)
        return address
