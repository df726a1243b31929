"""The form with which a provider asks for changes of its profile."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from crispy_forms.layout import HTML, Div, Field, Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ProfileChange, ProviderProfile
from accounts.profile_facts import CHANGEABLE, LISTS, choices_of, label_of
from accounts.services.profiles import fingerprint, present_values
from core.addresses import address_format, clean_address
from core.companies import clean_company_name, clean_phone
from core.forms import PortalForm
from core.markets import region_of
from core.text import email_key

PLACE = ("city", "state", "postal_code")


class WebAddressField(forms.URLField):
    """An address that a browser may be sent to; nobody here ever opens it."""

    default_validators = [URLValidator(["https", "http"])]


def web_address_field() -> forms.URLField:
    """A website, typed with or without https://."""
    widget = forms.URLInput(attrs={"type": "text", "inputmode": "url", "autocapitalize": "none", "spellcheck": "false"})
    return WebAddressField(
        label=gettext_lazy("Website"), max_length=200, required=False, assume_scheme="https", widget=widget
    )


def phone_field(label: Any) -> forms.CharField:
    """A telephone number, brought into its international form."""
    widget = forms.TextInput(attrs={"type": "tel"})
    return forms.CharField(label=label, max_length=30, required=False, widget=widget)


def codes_field(label: Any, help_text: Any) -> forms.MultipleChoiceField:
    """Boxes to tick; the form fills in the choices, by name in the reader's language."""
    return forms.MultipleChoiceField(
        label=label, help_text=help_text, required=False, widget=forms.CheckboxSelectMultiple
    )


def facts_text() -> str:
    """Who decides about a company's facts, and what is not asked for here at all."""
    return _(
        "They are part of your enrolment: the programme checks them, and may ask you for proof. "
        "Your country, MPN ID and enrolment cannot be changed here; speak with your representative."
    )


class ProfileChangeForm(PortalForm):
    """What the profile and the company's facts should say, as they stand today or in the change that waits."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        help_text=gettext_lazy("What your company offers to resellers, in plain text of at most 2,000 characters."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    website = web_address_field()
    phone = phone_field(gettext_lazy("Telephone"))
    languages = codes_field(
        gettext_lazy("Languages"), gettext_lazy("Those in which your company serves its resellers.")
    )
    specialties = codes_field(gettext_lazy("Specialties"), gettext_lazy("What your company knows best."))
    legal_name = forms.CharField(label=gettext_lazy("Legal name"), max_length=200)
    address_line_1 = forms.CharField(label=gettext_lazy("Address line 1"), max_length=200)
    address_line_2 = forms.CharField(label=gettext_lazy("Address line 2"), max_length=200, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=100, required=False)
    state = forms.CharField(label=gettext_lazy("State or province"), max_length=100, required=False)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), max_length=20, required=False)
    contact_name = forms.CharField(label=gettext_lazy("Contact’s name"), max_length=150)
    contact_email = forms.EmailField(label=gettext_lazy("Contact’s e-mail address"), max_length=254)
    contact_phone = phone_field(gettext_lazy("Contact’s telephone"))
    further_regions = codes_field(
        gettext_lazy("Further regions"),
        gettext_lazy("Beyond the region of your own country, which is always included."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note to your Microsoft representative"),
        help_text=gettext_lazy("Why you ask, if that is not plain. Only the representative reads it."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, profile: ProviderProfile, pending: ProfileChange | None = None, **kwargs: Any
    ) -> None:
        self.profile, self.present = profile, present_values(profile)
        self.mark = fingerprint(profile, pending)
        wished = {field: after for field, (_before, after) in pending.changes.items()} if pending else {}
        note = pending.note if pending else ""
        kwargs["initial"] = {**self.present, **wished, "note": note, "seen": self.mark}
        super().__init__(*args, **kwargs)
        for field in LISTS:
            self.fields[field].choices = self._choices(field)  # type: ignore[attr-defined]
        country = address_format(str(profile.partner.country))
        for field, label in zip(PLACE, (country.city_label, country.state_label, country.postal_label), strict=True):
            self.fields[field].label = str(label)
        if country.states:
            self._offer_states(country.states, country.state_label)
        self.helper.layout = self._layout()

    def _choices(self, field: str) -> list[tuple[str, str]]:
        """Without the region that the company has anyway, and with codes that are stored but no longer known."""
        home = region_of(str(self.profile.partner.country)) if field == "further_regions" else ""
        known = [choice for choice in choices_of(field) if choice[0] != home]
        return known + [(code, code) for code in self.present[field] if code not in dict(choices_of(field))]

    def _offer_states(self, states: Sequence[tuple[str, str]], label: Any) -> None:
        """A list where the country has one; what stands there today is in it whatever the list says."""
        present = self.present["state"]
        kept = [(present, present)] if present and present not in dict(states) else []
        choices = [("", "–"), *kept, *states]
        self.fields["state"] = forms.ChoiceField(label=label, choices=choices, required=False)
        self._dress("state", self.fields["state"])

    def _layout(self) -> Layout:
        public = Fieldset(
            _("What resellers read"),
            "description",
            Div(Field("website"), Field("phone"), css_class="field-row"),
            Field("languages", wrapper_class="choice-columns"),
            Field("specialties", wrapper_class="choice-columns"),
        )
        facts = Fieldset(
            _("Facts that only the programme may change"),
            HTML(format_html('<p class="lead-text">{}</p>', facts_text())),
            "legal_name",
            "address_line_1",
            "address_line_2",
            Div("city", "state", css_class="field-row"),
            Field("postal_code", css_class="w-short"),
            "contact_name",
            Div("contact_email", "contact_phone", css_class="field-row"),
            Field("further_regions", wrapper_class="choice-columns"),
        )
        return Layout(public, facts, "note", "seen")

    # --- one field ----------------------------------------------------------------------------------------------------
    def clean_website(self) -> str:
        """Refuse an address that hides its host behind a name before an @."""
        value = str(self.cleaned_data["website"])
        if "@" in urlsplit(value).netloc:
            raise ValidationError(_("Enter the website without a user name or password in it."))
        return value

    def clean_phone(self) -> str:
        """The number resellers call."""
        return self._phone("phone")

    def clean_contact_phone(self) -> str:
        """The number the programme calls."""
        return self._phone("contact_phone")

    def _phone(self, field: str) -> str:
        """The international form; what stands there today stays as it is spelled."""
        typed = str(self.cleaned_data[field])
        if typed == self.present[field]:
            return typed
        return clean_phone(typed, str(self.profile.partner.country), required=False)

    def clean_legal_name(self) -> str:
        """A name that can be a company's."""
        typed = str(self.cleaned_data["legal_name"])
        return typed if typed == self.present["legal_name"] else clean_company_name(typed)

    def clean_contact_email(self) -> str:
        """The normal form; what stands there today stays as it is spelled."""
        typed = str(self.cleaned_data["contact_email"])
        return typed if typed == self.present["contact_email"] else email_key(typed)

    def clean(self) -> dict[str, Any]:
        """An address as its country writes it; and a published profile keeps what nothing is published without."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        place = {field: cleaned[field] for field in PLACE if field in cleaned}
        if len(place) == len(PLACE) and any(place[field] != self.present[field] for field in PLACE):
            try:
                cleaned |= clean_address(place, str(self.profile.partner.country))
            except ValidationError as error:
                self.add_error(None, error)
        if self.profile.published_at:
            for field in ("description", "languages"):
                if field in cleaned and not cleaned[field]:
                    text = _("%(label)s: your profile is published, and needs this.")
                    self.add_error(field, text % {"label": label_of(field)})
        return cleaned

    # --- the whole ----------------------------------------------------------------------------------------------------
    @property
    def wanted(self) -> dict[str, Any]:
        """The values asked for."""
        return {field: self.cleaned_data[field] for field in CHANGEABLE}

    def look_again(self) -> None:
        """Let the next press count as one that knows what stands there now; everything typed is kept."""
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data["seen"] = self.mark  # type: ignore[index]
