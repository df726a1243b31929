"""The rules of the programme's documentation, row by row: names, e-mail addresses, numbers, states and postal codes."""

import pytest
from django.core.exceptions import ValidationError

from core.addresses import address_format, clean_address, find_state
from core.companies import clean_company_name, company_name_is_doubtful
from core.markets import REGISTRATION_IDS
from customers import rules
from tests.customers.conftest import details
from tests.factories import PartnerFactory

# Country -> how many digits its number has; where the documentation gives no count, any letters and digits.
DIGITS: dict[str, set[int] | None] = {
    "AM": {8, 10},
    "AZ": {7, 10},
    "BY": {9},
    "HU": {10, 11},
    "KZ": {12},
    "KG": {14},
    "MD": {6, 7, 8, 13},
    "RU": {9, 10, 12},
    "TJ": {9, 10, 12},
    "UZ": {9},
    "UA": {8, 10, 12},
    **dict.fromkeys(["IN", "IQ", "MM", "SA", "SS", "TH", "VN", "PL", "TR", "ZA", "AE", "VE"]),
}
NAMES = {
    "BR": "CNPJ",
    "AM": "INN / VAT",
    "KZ": "BIN / IIN",
    "PL": "TIN / PESEL",
    "IN": "Tax ID / PAN",
    "TR": "TIN / NIN",
    "ZA": "TRN",
    "VE": "RIF",
    "UA": "EGRPOU / EDRPOU",
}


def test_the_number_is_mandatory_in_exactly_these_countries() -> None:
    assert set(REGISTRATION_IDS) == {*DIGITS, "BR"}
    assert {country: REGISTRATION_IDS[country].label for country in NAMES} == NAMES


@pytest.mark.parametrize("country", sorted(DIGITS))
def test_the_number_has_as_many_digits_as_the_country_says(country: str) -> None:
    allowed = DIGITS[country]
    for length in range(1, 22):
        number = "1234567890" * 3
        try:
            rules.clean_registration_id(number[:length], country)
            passes = True
        except ValidationError:
            passes = False
        assert passes == (2 <= length <= 20 if allowed is None else length in allowed), length
    with pytest.raises(ValidationError, match=r"^\['Enter the "):
        rules.clean_registration_id(" - ", country)
    if allowed is not None:
        with pytest.raises(ValidationError, match="it is written like"):
            rules.clean_registration_id("A" * min(allowed), country)


@pytest.mark.parametrize("country", [*sorted(DIGITS), "BR", "US", "DE", "CN"])
def test_where_the_number_is_mandatory_the_telephone_is_too(country: str) -> None:
    provider = PartnerFactory.build(contact_email="a@northwind.example")
    values = {**vars(details()), "contact_phone": ""}
    try:
        rules.clean_contact(values, country=country, provider=provider)
        wrong: set[str] = set()
    except ValidationError as error:
        wrong = set(error.message_dict)
    assert wrong == ({"contact_phone"} if country in REGISTRATION_IDS else set())


@pytest.mark.parametrize(
    "number", ["11.222.333/0001-81", "11222333000181", "12.ABC.345/01DE-35", "12abc34501de35", " 12 ABC 345 01DE 35 "]
)
def test_cnpj_of_digits_and_of_letters_pass(number: str) -> None:
    assert len(rules.clean_registration_id(number, "BR")) == 14


@pytest.mark.parametrize(
    "number",
    [
        "11222333000182",
        "12ABC34501DE36",
        "12ABC34501DEX5",
        "1222333000181",
        "112223330001811",
        "12ÀBC34501DE35",
        "12_BC34501DE35",
        "00000000000000",
    ],
)
def test_cnpj_with_a_wrong_letter_digit_or_length_is_refused(number: str) -> None:
    with pytest.raises(ValidationError):
        rules.clean_registration_id(number, "BR")


@pytest.mark.parametrize(
    "name",
    [
        *"llc inc ltd gmbh sarl plc corp kft zrt ooo LLC Inc. L.L.C. S.A. Ltda. GmbH&Co.KG ООО Incorporated".split(),
        *("pty ltd", "Pvt. Ltd.", "Sdn Bhd", "Pte. Ltd.", "S.A. de C.V.", "Sp. z o.o.", "Co., Ltd."),
    ],
)
def test_a_legal_form_alone_is_no_company_name(name: str) -> None:
    with pytest.raises(ValidationError, match="only its legal form"):
        clean_company_name(name)


@pytest.mark.parametrize("name", ["x", "É", "7", "…", "&&&", "?!", "   ", "\t\t", "\u3000", "X."])
def test_one_character_signs_and_blanks_are_no_company_name(name: str) -> None:
    with pytest.raises(ValidationError):
        clean_company_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "contoso.com",
        "Contoso.ORG",
        "school.edu",
        "a.b.net Ltd",
        "contoso.com.br",
        "999",
        "AAA",
        "ééé",
        "1 2 3",
        "a b c",
    ],
)
def test_doubtful_company_names_are_warned_of_and_not_refused(name: str) -> None:
    assert company_name_is_doubtful(name)
    assert clean_company_name(name) == name


@pytest.mark.parametrize("name", ["99", "9999 Ltd", "Comcast", "Organic", "A1", "A b Cd", "St. Commons"])
def test_other_company_names_are_not_doubted(name: str) -> None:
    assert not company_name_is_doubtful(name)


@pytest.mark.parametrize(
    ("own", "typed", "refused"),
    [
        ("a@northwind.example", "x@northwind.example", True),
        ("a@northwind.example", "x@mail.NORTHWIND.example", True),
        ("a@northwind.example", "x@notnorthwind.example", False),
        ("a@northwind.example", "x@microsoft.com", True),
        ("a@northwind.example", "x@eu.microsoft.com", True),
        ("a@northwind.example", "x@microsoft.com.br", False),
        ("a@gmail.com", "x@gmail.com", False),
        ("a@gmail.com", "A@gmail.com", True),
    ],
)
def test_the_contact_has_neither_the_partners_nor_microsofts_address(own: str, typed: str, refused: bool) -> None:
    provider = PartnerFactory.build(contact_email=own)
    if refused:
        with pytest.raises(ValidationError, match="address of the customer"):
            rules.clean_contact_email(typed, provider)
    else:
        assert rules.clean_contact_email(typed, provider) == typed.lower()


@pytest.mark.parametrize(
    ("country", "state", "unknown"),
    [("US", "CA", "XX"), ("CA", "QC", "CA"), ("CN", "Beijing Shi", "??"), ("MX", "Jal.", "-")],
)
def test_states_come_from_the_list_of_the_country(country: str, state: str, unknown: str) -> None:
    form = address_format(country)
    assert len(form.states) >= 13
    assert "state" in form.required
    for typed in ("", unknown):
        with pytest.raises(ValidationError) as caught:
            clean_address({"state": typed}, country)
        assert "state" in caught.value.message_dict
    assert find_state(country, state) in dict(form.states)


@pytest.mark.parametrize(
    ("country", "state", "good", "bad"),
    [
        ("US", "CA", ["95014", "95014-1234"], ["9501", "950144", "95014-12", "ABCDE", ""]),
        ("BR", "SP", ["01310-100", "01310100"], ["0131010", "1310-10", ""]),
        ("CA", "ON", ["K1A 0B1", "k1a0b1"], ["K1A", "11111", ""]),
        ("GB", "", ["SW1A 1AA", "sw1a1aa"], ["SW1A", "12345", ""]),
        ("DE", "", ["10115"], ["1011", "101155", ""]),
        ("PL", "", ["00-950", "00950"], ["0095", ""]),
        ("NL", "", ["1012 JS", "1012js"], ["1012", ""]),
        ("AE", "Dubai", [""], []),
    ],
)
def test_postal_codes_are_those_of_the_country(country: str, state: str, good: list[str], bad: list[str]) -> None:
    values = {"city": "City", "state": state}
    for typed in good:
        clean_address({**values, "postal_code": typed}, country)
    for typed in bad:
        with pytest.raises(ValidationError) as caught:
            clean_address({**values, "postal_code": typed}, country)
        assert list(caught.value.message_dict) == ["postal_code"]
