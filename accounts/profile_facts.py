"""What a profile consists of: its fields, their words, what anybody may read of it, and what it still lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.models import Partner, ProviderProfile, Specialty
from core.companies import show_phone
from core.markets import REGION_NAMES, REGIONS
from core.text import fold

# Languages in which a provider may say that it serves resellers, as Django names them.
LANGUAGE_CODES = (
    "ar bg cs da de el en es et fi fr he hi hr hu id it ja ko lt lv nb nl pl pt pt-br ro ru sk sl sr sv th tr uk vi "
    "zh-hans zh-hant"
).split()
PROFILE_FIELDS = ("description", "website", "phone", "languages", "specialties")
COMPANY_FIELDS = (
    "legal_name",
    "address_line_1",
    "address_line_2",
    "city",
    "state",
    "postal_code",
    "contact_name",
    "contact_email",
    "contact_phone",
    "further_regions",
)
CHANGEABLE = (*PROFILE_FIELDS, *COMPANY_FIELDS)
PHONE_FIELDS = ("phone", "contact_phone")


def language_name(code: str) -> str:
    """A language in the reader's language; a code that nobody knows any more stays a code."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def region_name(code: str) -> str:
    """A region of the programme by name."""
    return str(REGION_NAMES.get(code, code))


def specialty_name(code: str) -> str:
    """A specialty in words."""
    return str(Specialty(code).label) if code in Specialty.values else code


# What each list in a profile may hold, and how a reader reads one entry of it.
LISTS = {
    "languages": (tuple(LANGUAGE_CODES), language_name),
    "specialties": (tuple(Specialty.values), specialty_name),
    "further_regions": (tuple(REGIONS), region_name),
}


def choices_of(field: str) -> list[tuple[str, str]]:
    """The entries of a list to choose from, by name in the reader's language."""
    codes, name_of = LISTS[field]
    return sorted(((code, name_of(code)) for code in codes), key=lambda choice: fold(choice[1]))


def names_of(field: str, codes: Iterable[Any]) -> list[str]:
    """The entries of a list in words, by name."""
    name_of = LISTS[field][1]
    return sorted((name_of(str(code)) for code in codes), key=fold)


def country_choices() -> list[tuple[str, str]]:
    """Every country in which the programme sells, by name in the reader's language."""
    codes = [code for region in REGIONS.values() for code in region]
    return sorted(((code, str(countries.name(code) or code)) for code in codes), key=lambda choice: fold(choice[1]))


def label_of(field: str) -> str:
    """What the field is called."""
    model = ProviderProfile if field in PROFILE_FIELDS else Partner
    label = str(model._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]


def in_form_order(changes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields of a stored change in the order of the form: databases keep the names of an object in their own."""
    return [(field, changes[field]) for field in CHANGEABLE if field in changes]


def words_of(field: str, value: Any) -> list[str]:
    """A value as the pieces in which it is read and compared: the entries of a list, or the one text."""
    if field in LISTS:
        return names_of(field, value or [])
    text = show_phone(value) if field in PHONE_FIELDS else str(value or "")
    return [text] if text else []


# --- what anybody may read --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PublicFacts:
    """What anybody may read of a provider. Public pages get this and no model, so they can show nothing else."""

    microsoft_id: UUID
    name: str
    country: str
    regions: list[str]
    languages: list[str]
    specialties: list[str]
    description: str
    website: str
    website_label: str
    phone: str
    phone_link: str


def public_facts(profile: ProviderProfile) -> PublicFacts:
    """The published side of a profile, in the reader's language; also for the preview of one that is not published."""
    partner = profile.partner
    website = web_address(profile.website)
    return PublicFacts(
        microsoft_id=partner.microsoft_id,
        name=partner.legal_name,
        country=str(countries.name(str(partner.country)) or partner.country),
        regions=sorted((region_name(code) for code in partner.regions), key=fold),
        languages=names_of("languages", profile.languages),
        specialties=names_of("specialties", profile.specialties),
        description=profile.description,
        website=website,
        website_label=website.partition("://")[2].rstrip("/"),
        phone=show_phone(profile.phone),
        phone_link="".join(char for char in profile.phone if char.isascii() and (char.isdigit() or char == "+")),
    )


def web_address(value: str) -> str:
    """The address if a browser may be sent there, else nothing: whatever came to stand in the database."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else ""


# --- what is missing --------------------------------------------------------------------------------------------------
class Part(NamedTuple):
    """One part of a complete profile, what to say while it is missing, and whether nothing is published without it."""

    field: str
    advice: Promise
    is_needed: bool = False


PARTS = (
    Part("description", _("Say what your company offers to resellers. Nothing is published without it."), True),
    Part("languages", _("Name the languages in which you serve resellers. Nothing is published without one."), True),
    Part("website", _("Add your website: there resellers read what does not fit here.")),
    Part("phone", _("Add a telephone number at which resellers reach you.")),
    Part("specialties", _("Choose what your company knows best: resellers compare providers by it.")),
)


def missing_parts(profile: ProviderProfile) -> list[Part]:
    """The parts that the profile lacks, those first without which it is not published."""
    return [part for part in PARTS if not getattr(profile, part.field)]


@dataclass(frozen=True)
class Completeness:
    """How much of a profile is there, for a meter that also speaks in words."""

    done: int
    total: int
    missing: list[Part]


def completeness(profile: ProviderProfile) -> Completeness:
    """How many of the parts are there, and which are not."""
    missing = missing_parts(profile)
    return Completeness(len(PARTS) - len(missing), len(PARTS), missing)
