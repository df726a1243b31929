"""Forms of enrolling: an address, a code, a company."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from crispy_forms.bootstrap import StrictButton
from crispy_forms.layout import HTML, Div, Field, Fieldset, Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.html import escape, format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django_countries import countries

from accounts.codes import DIGITS
from accounts.forms import NewPasswordMixin, new_password_fields
from accounts.mailboxes import is_public_mailbox
from accounts.models import Partner, User
from accounts.services import CompanyFacts
from core.addresses import address_format, clean_address, find_state
from core.companies import clean_company_name, clean_phone, show_phone
from core.forms import PortalForm
from core.markets import REGION_NAMES, region_of
from core.text import email_key

# The name of the button that only brings the fields of another country.
UPDATE = "update_address"
# The code of no country: every part of an address, none of them mandatory.
UNKNOWN_COUNTRY = "ZZ"
PLACE = ("city", "state", "postal_code")


class AddressForm(PortalForm):
    """The business e-mail address of whoever enrolls a company."""

    email = forms.EmailField(
        label=gettext_lazy("Business e-mail address"),
        help_text=gettext_lazy("You will sign in with it. Use an address of your company’s own domain."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """The normal form; what is refused is refused by its shape, whether or not somebody has it."""
        key = email_key(self.cleaned_data["email"])
        if is_public_mailbox(key):
            raise ValidationError(
                _("Enter a business e-mail address. Addresses of public mail services are not accepted."), code="public"
            )
        if key.endswith(f".{settings.TENANT_DOMAIN}"):
            raise ValidationError(_("This is a user name and not a mailbox. Enter an address that receives e-mail."))
        return key


class CodeForm(PortalForm):
    """Six digits from an e-mail; pasted with spaces or dashes they are the same six."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        error_messages={"required": gettext_lazy("Enter the six digits of the code.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "class": "w-short"}
        ),
    )

    def clean_code(self) -> str:
        """The digits alone."""
        digits = re.sub(r"[\s\-‐-―.]", "", unicodedata.normalize("NFKC", self.cleaned_data["code"]))
        if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits):
            raise ValidationError(_("Enter the six digits of the code."), code="shape")
        return digits


def text_field(label: Any, length: int, autocomplete: str, required: bool = True, **more: Any) -> forms.CharField:
    """One line about one's own company: browsers may know it."""
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, **more.pop("attrs", {})})
    return forms.CharField(label=label, max_length=length, required=required, widget=widget, **more)


class CompanyForm(PortalForm):
    """Who the company is. The fields follow the country; a button fetches them where there is no JavaScript."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country or region"), widget=forms.Select(attrs={"autocomplete": "country"})
    )
    legal_name = text_field(
        gettext_lazy("Legal name of the company"), 200, "organization",
        help_text=gettext_lazy("As it is registered, with its legal form."),
    )  # fmt: skip
    mpn_id = text_field(
        gettext_lazy("MPN ID"), 40, "off", attrs={"inputmode": "numeric"},
        help_text=gettext_lazy("The number of the company’s location account, in digits, like 0012345."),
    )  # fmt: skip
    address_line_1 = text_field(
        gettext_lazy("Address line 1"), 200, "address-line1",
        error_messages={"required": gettext_lazy("Enter the street and number, or what stands for them.")},
    )  # fmt: skip
    address_line_2 = text_field(gettext_lazy("Address line 2"), 200, "address-line2", required=False)
    city = text_field(gettext_lazy("City"), 100, "address-level2")
    state = text_field(gettext_lazy("State or province"), 100, "address-level1")
    postal_code = text_field(gettext_lazy("Postal code"), 20, "postal-code")
    contact_phone = text_field(
        gettext_lazy("Contact’s telephone number"), 40, "tel", attrs={"type": "tel"},
        help_text=gettext_lazy("The back office may call it to verify the company."),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        typed = dict(initial or {})
        if data is not None and UPDATE in data:
            # Not an answer yet: what was typed comes back, in the fields of the country chosen now.
            typed |= {name: data.get(name, "") for name in self.base_fields if not name.startswith("password")}
            data = None
        known = [(code, name) for code, name in countries if region_of(code)]
        chosen = str((data or typed).get("country") or "")
        self.country_code = chosen if chosen in dict(known) else UNKNOWN_COUNTRY
        super().__init__(data, initial=typed)
        self.fields["country"].choices = [("", _("Select the country or region")), *known]
        self._follow_country()
        self.helper.layout = self.make_layout()

    # --- the fields of a country -------------------------------------------------------------------------------------
    def _follow_country(self) -> None:
        """Give the address the names, choices and obligations of the country, and say in which region it lies."""
        form = address_format(self.country_code)
        labels = dict(zip(PLACE, (form.city_label, form.state_label, form.postal_label), strict=True))
        missing = address_errors({}, self.country_code)
        for name, label in labels.items():
            if name not in form.used:
                del self.fields[name]
                continue
            self.fields[name].label = label
            self.fields[name].required = name in form.required
            if name in missing:
                self.fields[name].error_messages["required"] = missing[name]
        if "state" in self.fields and form.states:
            nothing = _("Select the %(label)s") % {"label": str(form.state_label).lower()}
            attrs = {"autocomplete": "address-level1"}
            self.fields["state"].widget = forms.Select(choices=[("", nothing), *form.states], attrs=attrs)
            self.initial["state"] = find_state(self.country_code, str(self.initial.get("state") or "")) or ""
        if "postal_code" in self.fields and form.postal_example:
            self.fields["postal_code"].help_text = _("Like %(example)s.") % {"example": form.postal_example}
        if self.country_code != UNKNOWN_COUNTRY:
            self.fields["country"].help_text = _(
                "Region of the programme: %(region)s. A provider, its resellers and their customers are in one region."
            ) % {"region": REGION_NAMES[region_of(self.country_code)]}

    # --- cleaning ----------------------------------------------------------------------------------------------------
    def clean_legal_name(self) -> str:
        """A name that a company can have."""
        return clean_company_name(self.cleaned_data["legal_name"])

    def clean_mpn_id(self) -> str:
        """Digits, however they were grouped; whose number it is already the service finds out."""
        digits = re.sub(r"[\s.\-]", "", unicodedata.normalize("NFKC", self.cleaned_data["mpn_id"]))
        if not re.fullmatch(r"[0-9]{1,12}", digits) or not digits.strip("0"):
            raise ValidationError(_("Enter the MPN ID in digits, at most 12, like 0012345."), code="digits")
        return digits

    def clean_contact_phone(self) -> str:
        """The number in its international form."""
        return clean_phone(self.cleaned_data["contact_phone"], self.country_code, required=True)

    def clean(self) -> dict[str, Any]:
        """The parts of the address together, as the country wants them."""
        cleaned = super().clean() or self.cleaned_data
        parts = {name: cleaned.get(name, "") for name in PLACE}
        errors = address_errors(parts, self.country_code)
        for name, text in errors.items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, text)
        if not errors:
            cleaned.update(clean_address(parts, self.country_code))
        return cleaned

    def facts(self) -> CompanyFacts:
        """The company in the normal forms of its facts; only after `is_valid()`."""
        return CompanyFacts(**{name: self.cleaned_data[name] for name in CompanyFacts.__dataclass_fields__})

    def add_refusal(self, error: ValidationError) -> None:
        """Put what the service refused beside its fields."""
        for name, texts in error.message_dict.items():
            if name == "mpn_id":
                texts = [
                    _("A company with this MPN ID is already enrolled. Ask a colleague who works there to invite you.")
                ]
            for text in texts:
                self.add_error(name if name in self.fields else None, text)

    # --- the page ----------------------------------------------------------------------------------------------------
    def make_layout(self) -> Layout:
        """The company alone."""
        return Layout(enter_key(), self.company_fieldset())

    def company_fieldset(self) -> Fieldset:
        """The company's facts, its country first."""
        button = StrictButton(
            _("Update address fields"), type="submit", name=UPDATE, value="1", css_class="btn-secondary btn-sm"
        )
        words = note(_("After you choose the country, this brings its own fields. Nothing typed is lost."))
        place = [name for name in ("city", "state") if name in self.fields]
        return Fieldset(
            _("Company"),
            Field("country"),
            Div(button, words, css_class="field"),
            Field("legal_name"),
            Field("mpn_id", css_class="w-medium"),
            Field("address_line_1"),
            Field("address_line_2"),
            *([Div(*place, css_class="field-row")] if place else []),
            *([Field("postal_code", css_class="w-short")] if "postal_code" in self.fields else []),
            Field("contact_phone", css_class="w-medium"),
        )


class CorrectFactsForm(CompanyForm):
    """The facts of a company that applies again, as they stand."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, partner: Partner) -> None:
        initial = {name: str(getattr(partner, name)) for name in CompanyFacts.__dataclass_fields__}
        initial["contact_phone"] = show_phone(initial["contact_phone"])
        super().__init__(data, initial=initial)


class EnrolForm(CompanyForm):
    """The company of somebody who has an account, and the agreement."""

    agreement = forms.BooleanField(label=gettext_lazy("I accept the Microsoft Partner Agreement for the company"))

    def make_layout(self) -> Layout:
        """The company, then the agreement."""
        return Layout(enter_key(), self.company_fieldset(), self.agreement_fieldset())

    def agreement_fieldset(self) -> Fieldset:
        """What the person becomes by the same press."""
        words = _(
            "You become a Global admin of the company: you can accept partnership requests and correct the company’s "
            "facts. Today is recorded as the day on which the agreement was accepted."
        )
        return Fieldset(_("Microsoft Partner Agreement"), note(words), "agreement")


class EnrolNewcomerForm(NewPasswordMixin, EnrolForm):
    """A person without an account, the company and the agreement. The address is the one that was proved."""

    full_name = text_field(gettext_lazy("Full name"), 150, "name")
    language = forms.ChoiceField(label=gettext_lazy("Language of pages and e-mails"), choices=settings.LANGUAGES)
    password1, password2 = new_password_fields()
    field_order = ("country", "legal_name", "mpn_id", "address_line_1", "address_line_2", *PLACE, "contact_phone")

    def __init__(self, data: Mapping[str, Any] | None = None, *, address: str) -> None:
        self.address = address
        self.user = User(sign_in_name=address, email=address)
        super().__init__(data, initial={"language": get_language()})
        self.fields["password1"].label = _("Password")
        self.fields["password2"].label = _("Password again")
        self.fields["password1"].error_messages["required"] = _("Enter a password.")
        self.fields["password2"].error_messages["required"] = _("Enter the password again.")

    def clean_password1(self) -> str:
        """Judge the password with the person and the company in mind, who exist only on this page as yet."""
        self.user.full_name = self.cleaned_data.get("full_name", "")
        self.user.company_to_enroll = self.cleaned_data.get("legal_name", "")
        return super().clean_password1()

    def make_layout(self) -> Layout:
        """The company, the person, the agreement."""
        return Layout(enter_key(), self.company_fieldset(), self.person_fieldset(), self.agreement_fieldset())

    def person_fieldset(self) -> Fieldset:
        """Who signs in, and with what."""
        again = [note(_("The page does not keep passwords: enter yours again."))] if self.is_bound else []
        return Fieldset(
            _("You"), user_name(), Field("full_name"), Field("language", css_class="w-medium"),
            *again, "password1", "password2",
        )  # fmt: skip


def address_errors(parts: dict[str, str], country: str) -> dict[str, str]:
    """What the country misses in an address, by field."""
    try:
        clean_address(parts, country)
    except ValidationError as error:
        return {name: texts[0] for name, texts in error.message_dict.items()}
    return {}


def enter_key() -> HTML:
    """Return in a text field presses the first button of a form: let that be the one which goes on."""
    return HTML(format_html('<button type="submit" hidden tabindex="-1">{}</button>', _("Continue")))


def note(text: str) -> HTML:
    """A sentence between fields."""
    return HTML(format_html('<p class="form-text mt-2 mb-3">{}</p>', text))


def user_name() -> HTML:
    """The proved address, whole on any screen, and in a field of its own for password managers; it is not asked for.

    It stands in the form and not in this text, which is a template: an address may contain braces.
    """
    label = escape(_("You sign in with"))
    return HTML(
        f'<div class="field"><p class="form-label">{label}</p>'
        '<p class="form-control user-name" translate="no">{{ form.address|breakable }}</p>'
        f'<input type="text" value="{{{{ form.address }}}}" hidden readonly autocomplete="username" '
        f'aria-label="{label}"></div>'
    )
