"""What a company's name and telephone number must be, whoever types them.

Each function returns the value in its normal form or raises ValidationError with the text for the person.
"""

import re
import unicodedata

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.text import clean_name, fold

# Legal forms that name no company when they stand alone.
LEGAL_FORMS = frozenset(
    """
    ab ag aps as asa bhd bt bv bvba co coltd company corp corporation cv doo eireli eirl epp ev gmbh gmbhcokg inc
    incorporated jsc kft kg kgaa kk limited llc llp lp ltd ltda me mei nv nyrt ojsc ood ooo oy oyj pjsc plc pt pte
    pteltd pty ptyltd pvt pvtltd sa sacv sadecv sarl sas sdn sdnbhd se sl slu spa spj spzoo srl srls sro unlimited zao
    zrt ао зао ип оао ооо пао тов тоо
    """.split()
)
TOP_LEVEL_DOMAINS = re.compile(r"\.(com|org|net|edu|gov|mil|info|biz|io|co|eu|br|us|uk|de|fr)\b", re.I)


def clean_company_name(value: str) -> str:
    """The legal name; refuses what cannot be one."""
    value = clean_name(value)
    letters = re.sub(r"[\W_]", "", fold(value))
    if not value:
        raise ValidationError(_("Enter the company name."), code="required")
    if not letters:
        raise ValidationError(_("Enter the company name in letters or digits."), code="special_characters")
    if len(value) == 1 or len(letters) == 1:
        raise ValidationError(_("Enter the whole company name; one character is too short."), code="too_short")
    if letters in LEGAL_FORMS:
        raise ValidationError(
            _("Enter the whole company name; “%(value)s” is only its legal form.") % {"value": value}, code="legal_form"
        )
    if len(value) > 200:
        raise ValidationError(_("Company name must be 200 characters or fewer."), code="max_length")
    return value


def company_name_is_doubtful(value: str) -> bool:
    """Whether the name looks like an Internet address, 999 or 1 2 3: allowed once the person says that it is right."""
    words = fold(value).split()
    letters = "".join(words)
    repeated = len(letters) >= 3 and len(set(letters)) == 1
    spaced = len(words) > 1 and all(len(word) == 1 for word in words)
    return bool(TOP_LEVEL_DOMAINS.search(value)) or repeated or spaced


def clean_phone(value: str, country: str, *, required: bool) -> str:
    """The telephone number in its international form, from any way in which that country writes it."""
    value = unicodedata.normalize("NFKC", value).strip()
    if not value and not required:
        return ""
    example = phonenumbers.example_number(country)
    wrong = ValidationError(
        _("Enter the telephone number, like %(example)s.")
        % {"example": phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)}
        if example
        else _("Enter the telephone number with its country code."),
        code="invalid" if value else "required",
    )
    try:
        number = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException as error:
        raise wrong from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise wrong
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def show_phone(value: str) -> str:
    """A stored telephone number with spaces between its parts."""
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
