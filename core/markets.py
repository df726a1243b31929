"""Countries as the programme sees them: the regions it is divided into and the registration numbers it asks for.

Source: the regional authorization overview and the registration number table of the programme's documentation.
"""

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

# A provider, its reseller and their customer belong to one region.
REGIONS: dict[str, frozenset[str]] = {
    "africa": frozenset(
        (
            "AO BF BI BJ BW CD CG CI CM CV DJ ER ET GA GH GM GN GQ GW KE KM LR LS MG ML MR MU MW MZ NA NE NG RW "
            "SC SL SN SO SS ST SZ TD TG TZ UG ZA ZM ZW"
        ).split()
    ),
    "asia_pacific": frozenset(("BD BN BT FJ HK ID KH LA LK MM MN MO MV MY NC NP PG PH PK SG TH TL VN WS").split()),
    "australia": frozenset(["AU"]),
    "brazil": frozenset(["BR"]),
    "canada": frozenset(["CA"]),
    "china": frozenset(["CN"]),
    "europe": frozenset(
        (
            "AD AT BE BG CH CY CZ DE DK EE ES FI FO FR GB GI GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO "
            "SE SI SK SM VA"
        ).split()
    ),
    "india": frozenset(["IN"]),
    "japan": frozenset(["JP"]),
    "korea": frozenset(["KR"]),
    "latin_america": frozenset(
        (
            "AG AR AW BB BM BO BS BZ CL CO CR CW DM DO EC GD GT GY HN HT JM KN KY LC MX NI PA PE PR PY SR SV TT "
            "UY VC VE VG VI"
        ).split()
    ),
    "middle_east_central_eastern_europe": frozenset(
        (
            "AE AF AL AM AZ BA BH BY DZ EG GE IL IQ JO KG KW KZ LB LY MA MD ME MK OM PS QA RS RU SA TJ TM TN TR "
            "UA UZ XK YE"
        ).split()
    ),
    "new_zealand": frozenset(["NZ"]),
    "taiwan": frozenset(["TW"]),
    "united_states": frozenset(["US"]),
}
REGION_NAMES = {
    "africa": _("Africa"),
    "asia_pacific": _("Asia and Pacific"),
    "australia": _("Australia"),
    "brazil": _("Brazil"),
    "canada": _("Canada"),
    "china": _("China"),
    "europe": _("Europe"),
    "india": _("India"),
    "japan": _("Japan"),
    "korea": _("Korea"),
    "latin_america": _("Latin America and Caribbean"),
    "middle_east_central_eastern_europe": _("Middle East, Central and Eastern Europe"),
    "new_zealand": _("New Zealand"),
    "taiwan": _("Taiwan"),
    "united_states": _("United States"),
}
_REGION_OF = {country: region for region, countries in REGIONS.items() for country in countries}


def region_of(country: str) -> str:
    """The region a country belongs to; empty when the programme does not sell there."""
    return _REGION_OF.get(country, "")


@dataclass(frozen=True)
class RegistrationId:
    """What a country calls its companies' registration number, and how it is written."""

    label: str
    pattern: str = r"[A-Z0-9]{2,20}"
    example: str = ""

    def matches(self, value: str) -> bool:
        """Whether the value, without separators, is written as the country writes it."""
        return re.fullmatch(self.pattern, value) is not None


# Countries in which the number and a telephone number are mandatory. Digit counts where the programme publishes them.
REGISTRATION_IDS: dict[str, RegistrationId] = {
    "AE": RegistrationId("Tax ID / VAT"),
    "AM": RegistrationId("INN / VAT", r"\d{8}|\d{10}", "12345678"),
    "AZ": RegistrationId("TIN / INN", r"\d{7}|\d{10}", "1234567"),
    "BR": RegistrationId("CNPJ", r"[A-Z0-9]{12}\d{2}", "12.345.678/0001-95"),
    "BY": RegistrationId("UNP", r"\d{9}", "123456789"),
    "HU": RegistrationId("TIN", r"\d{10,11}", "1234567890"),
    "IN": RegistrationId("Tax ID / PAN"),
    "IQ": RegistrationId("TIN"),
    "KG": RegistrationId("INN", r"\d{14}", "12345678901234"),
    "KZ": RegistrationId("BIN / IIN", r"\d{12}", "123456789012"),
    "MD": RegistrationId("IDNO / IDNP", r"\d{6,8}|\d{13}", "1234567890123"),
    "MM": RegistrationId("TIN"),
    "PL": RegistrationId("TIN / PESEL"),
    "RU": RegistrationId("INN", r"\d{9,10}|\d{12}", "1234567890"),
    "SA": RegistrationId("TIN"),
    "SS": RegistrationId("TIN"),
    "TH": RegistrationId("TIN"),
    "TJ": RegistrationId("INN / EIN / KPP", r"\d{9,10}|\d{12}", "123456789"),
    "TR": RegistrationId("TIN / NIN"),
    "UA": RegistrationId("EGRPOU / EDRPOU", r"\d{8}|\d{10}|\d{12}", "12345678"),
    "UZ": RegistrationId("INN", r"\d{9}", "123456789"),
    "VE": RegistrationId("RIF"),
    "VN": RegistrationId("TIN"),
    "ZA": RegistrationId("TRN"),
}
