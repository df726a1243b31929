"""The forms of a request: the draft, another address, more time."""

from datetime import timedelta
from functools import partial
from typing import Any

from crispy_forms.layout import Field, Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import clock
from core.forms import PortalForm
from core.text import email_key
from resellers.doubts import address_doubt
from resellers.models import PartnershipRequest
from resellers.own_words import own_words, refuse_other_links
from resellers.services.requests import VALIDITY_DAYS
from resellers.services.resending import possible_extensions
from resellers.wording import moment_text

# Languages are named in themselves: the choice is about the reader of the message.
MESSAGE_LANGUAGES = [("en", "English"), ("pt-br", "Português")]


def days_text(days: int) -> str:
    """7 days, 14 days, 30 days, in the active language."""
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def validity_choices() -> list[tuple[int, str]]:
    """The numbers of days a link may last."""
    return [(days, days_text(days)) for days in VALIDITY_DAYS]


class Mark(forms.CharField):
    """A note of the form to itself, kept as it came back: whatever it holds, nobody could correct it."""

    keep_text = True
    widget = forms.HiddenInput


class AddressForm(PortalForm):
    """A form with the reseller's address, which asks once about an address that looks mistaken.

    `settled` carries the address about which it has asked: entered again, that one is meant.
    """

    recipient = forms.EmailField(label=gettext_lazy("Reseller’s e-mail address"), max_length=254)
    settled = Mark(required=False)

    def __init__(self, *args: Any, shown: PartnershipRequest, asks: bool = True, **kwargs: Any) -> None:
        self.shown, self.asks = shown, asks
        super().__init__(*args, **kwargs)

    def clean_recipient(self) -> str:
        """Refuse what only looks like an address, and ask about a doubtful one unless it was asked about already."""
        address: str = self.cleaned_data["recipient"]
        if not address:
            return address
        email_key(address)
        asks = self.asks and self.data.get("settled", "") != address
        if asks and (doubt := address_doubt(self.shown.provider, address)):
            data: Any = self.data.copy()  # type: ignore[attr-defined]
            data["settled"] = address
            self.data = data
            question = _("%(doubt)s Correct the address, or select the button again to keep it.")
            raise forms.ValidationError(question % {"doubt": doubt}, code="doubtful")
        return address

    def entered(self) -> dict[str, Any]:
        """What the person entered, without the form's own mark."""
        return {name: value for name, value in self.cleaned_data.items() if name != "settled"}


class RequestForm(AddressForm):
    """What the sender decides about a request; the link and the frame around the words are the portal's."""

    field_order = ("recipient", "language", "message", "valid_days", "settled")

    language = forms.ChoiceField(label=gettext_lazy("Language of the message"), choices=MESSAGE_LANGUAGES)
    message = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 13}),
        help_text=gettext_lazy(
            "Up to 1,000 characters. Your company, the personal link and its date are added by the portal."
        ),
    )
    valid_days = forms.TypedChoiceField(
        label=gettext_lazy("The link is valid for"), choices=validity_choices, coerce=int, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, draft: PartnershipRequest, **kwargs: Any) -> None:
        names = ("recipient", "language", "message", "valid_days")
        # A draft's page has asked about its address by showing the question above the form.
        kwargs.setdefault("initial", {**{name: getattr(draft, name) for name in names}, "settled": draft.recipient})
        super().__init__(*args, shown=draft, **kwargs)
        self.took_link_out = False
        address, message = self.fields["recipient"], self.fields["message"]
        address.required = False
        address.help_text = _("Needed only to send the request from here.")
        # Before the length is counted: what the portal adds by itself is nobody's thousand characters.
        message.to_python = partial(self._own_words, message.to_python)  # type: ignore[method-assign]
        self.helper.layout = Layout(*(Field(name) for name in self.fields))

    def _own_words(self, to_python: Any, value: Any) -> str:
        text = str(to_python(value) or "")
        words = own_words(self.shown, text)
        self.took_link_out = words != text
        return words

    def clean_message(self) -> str:
        """Refuse a link that would lead the reseller elsewhere."""
        words: str = self.cleaned_data["message"]
        refuse_other_links(words)
        return words


class CorrectAddressForm(AddressForm):
    """The address to which a request is sent anew."""

    def __init__(self, *args: Any, shown: PartnershipRequest, **kwargs: Any) -> None:
        wanted_by = shown.new_link_wanted_by
        address = wanted_by.email if wanted_by and wanted_by.email else shown.recipient
        kwargs.setdefault("initial", {"recipient": address})
        super().__init__(*args, shown=shown, **kwargs)
        self.helper.layout = Layout(Field("recipient"), Field("settled"))


class ExtendForm(PortalForm):
    """How long, from now, the link is to be valid."""

    days = forms.TypedChoiceField(
        label=gettext_lazy("From now, the link is valid for"), coerce=int, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, shown: PartnershipRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = possible_extensions(shown)
        field: Any = self.fields["days"]
        field.choices = [(number, _until(number)) for number in days]
        self.initial.setdefault("days", days[0] if days else None)


def _until(days: int) -> str:
    """14 days, until 28 Mar 2025 14:02 BRT."""
    moment = moment_text(clock.now() + timedelta(days=days))
    return _("%(days)s, until %(moment)s") % {"days": days_text(days), "moment": moment}
