"""What a new customer's details must be."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import address_format, address_lines, clean_address, find_state, shape_postal_code
from core.companies import clean_company_name, clean_phone, company_name_is_doubtful
from core.markets import REGIONS, REGISTRATION_IDS
from customers import rules
from customers.details import CustomerDetails
from tests.customers.conftest import details
from tests.factories import PartnerFactory


@pytest.mark.parametrize(
    "name", ["", "   ", "X", "x.", "!!!", "--- ---", "Ltd.", "GmbH", "s.r.o.", "Pty Ltd", "\u200b\u200b"]
)
def test_company_name_refuses_what_cannot_be_one(name: str) -> None:
    with pytest.raises(ValidationError):
        clean_company_name(name)


def test_company_name_is_normalized() -> None:
    assert clean_company_name("  Padaria\u00a0 Sa\u0303o  Joa\u0303o Ltd. ") == "Padaria São João Ltd."


@pytest.mark.parametrize("name", ["Padaria", "3M", "Ltd. Edition Wines", "株式会社青空", "شركة النور"])
def test_company_name_of_any_script_passes_without_doubt(name: str) -> None:
    assert clean_company_name(name) == name
    assert not company_name_is_doubtful(name)


@pytest.mark.parametrize("name", ["contoso.com", "Contoso.org Ltd", "999", "aaaa", "1 2 3", "a b"])
def test_company_name_is_doubtful(name: str) -> None:
    assert company_name_is_doubtful(name)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("contoso", "contoso"),
        (" Contoso2 ", "contoso2"),
        ("contoso.onmicrosoft.com", "contoso"),
        ("ＣＯＮＴＯＳＯ", "contoso"),
    ],
)
def test_domain_prefix_is_normalized(typed: str, kept: str) -> None:
    assert rules.clean_domain_prefix(typed) == kept


@pytest.mark.parametrize("typed", ["", "con toso", "con-toso", "1contoso", "a" * 28, "côntoso", "mıke", "con.toso"])
def test_domain_prefix_refuses(typed: str) -> None:
    with pytest.raises(ValidationError):
        rules.clean_domain_prefix(typed)


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("US", "", ""),
        ("US", "12-3456789", "123456789"),
        ("BR", "11.222.333/0001-81", "11222333000181"),
        ("BR", "12.abc.345/01de-35", "12ABC34501DE35"),
        ("HU", "12345678-9-0", "1234567890"),
        ("KZ", "123456789012", "123456789012"),
    ],
)
def test_registration_id_is_kept_without_separators(country: str, typed: str, kept: str) -> None:
    assert rules.clean_registration_id(typed, country) == kept


@pytest.mark.parametrize(
    ("country", "typed"),
    [
        ("BR", ""),
        ("BR", "11.222.333/0001-82"),
        ("BR", "12ABC34501DE36"),
        ("BR", "123"),
        ("HU", "123"),
        ("UZ", "12345678X"),
        ("US", "12é4"),
    ],
)
def test_registration_id_refuses(country: str, typed: str) -> None:
    with pytest.raises(ValidationError):
        rules.clean_registration_id(typed, country)


def test_registration_id_examples_match_their_own_rule() -> None:
    for country, rule in REGISTRATION_IDS.items():
        if rule.example and country != "BR":
            assert rules.clean_registration_id(rule.example, country) == rule.example, country


@pytest.mark.parametrize(
    "domain", ["northwind.example", "mail.northwind.example", "NORTHWIND.example", "microsoft.com", "eu.microsoft.com"]
)
def test_contact_email_refuses_the_partner_and_microsoft(domain: str) -> None:
    provider = PartnerFactory.build(contact_email="contact@northwind.example")
    with pytest.raises(ValidationError):
        rules.clean_contact_email(f"ana@{domain}", provider)


def test_contact_email_of_the_customer_passes() -> None:
    provider = PartnerFactory.build(contact_email="contact@northwind.example")
    assert rules.clean_contact_email(" Ana@Padaria.example ", provider) == "ana@padaria.example"
    assert rules.clean_contact_email("ana@notmicrosoft.com", provider) == "ana@notmicrosoft.com"


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("US", "(408) 555-0123", "+14085550123"),
        ("BR", "11 96123-4567", "+5511961234567"),
        ("US", "+55 11 96123 4567", "+5511961234567"),
        ("BR", "＋55 (11) 96123‐4567", "+5511961234567"),
        ("US", "", ""),
    ],
)
def test_phone_is_kept_in_its_international_form(country: str, typed: str, kept: str) -> None:
    assert clean_phone(typed, country, required=False) == kept


@pytest.mark.parametrize(("country", "typed"), [("US", "123"), ("BR", "hello"), ("US", "+999 1"), ("BR", "")])
def test_phone_refuses_with_an_example(country: str, typed: str) -> None:
    with pytest.raises(ValidationError, match=r"\+(1|55) "):
        clean_phone(typed, country, required=True)


def test_accepted_on_is_not_in_the_future() -> None:
    assert rules.clean_accepted_on(timezone.localdate()) == timezone.localdate()
    with pytest.raises(ValidationError, match="future"):
        rules.clean_accepted_on(timezone.localdate() + timedelta(days=1))


@pytest.mark.parametrize(
    ("country", "state", "typed", "kept"),
    [
        ("US", "CA", "95014", "95014"),
        ("US", "CA", "95014 1234", "95014-1234"),
        ("BR", "SP", "01310100", "01310-100"),
        ("GB", "", "sw1a1aa", "SW1A 1AA"),
        ("CA", "ON", "m5v2t6", "M5V 2T6"),
        ("DE", "", "D-10115", "10115"),
        ("LV", "", "1010", "LV-1010"),
        ("US", "CA", "10001", None),
        ("US", "CA", "9501", None),
    ],
)
def test_postal_code_takes_the_shape_of_its_country(country: str, state: str, typed: str, kept: str | None) -> None:
    assert shape_postal_code(country, state, typed) == kept


def test_postal_code_examples_of_every_country_are_their_own_shape() -> None:
    wrong = [
        (country, example)
        for region in REGIONS.values()
        for country in region
        for example in address_format(country).postal_examples
        if shape_postal_code(country, "", example) is None
    ]
    assert wrong == []


def test_states_are_found_by_any_of_their_names() -> None:
    assert find_state("US", "california") == "CA"
    assert find_state("BR", "sao paulo") == "SP"
    assert find_state("JP", "tokyo") == find_state("JP", "東京都") == "東京都"
    assert find_state("US", "Bavaria") is None


def test_address_errors_name_the_field_as_the_country_does() -> None:
    with pytest.raises(ValidationError) as refused:
        clean_address({"city": "", "state": "", "postal_code": "1"}, "US")
    assert refused.value.message_dict == {
        "state": ["Select the state."],
        "city": ["Enter the city."],
        "postal_code": ["Enter the ZIP code, like 95014."],
    }


def test_address_drops_what_the_country_does_not_use() -> None:
    assert clean_address({"city": "Central", "state": "Kowloon", "postal_code": "999077"}, "HK") == {
        "city": "Central",
        "state": "Kowloon",
        "postal_code": "",
    }


def test_postal_code_of_another_state_is_told() -> None:
    with pytest.raises(ValidationError) as refused:
        clean_address({"city": "Cupertino", "state": "CA", "postal_code": "10001"}, "US")
    assert refused.value.message_dict == {"postal_code": ["Check the ZIP code; it does not belong to the state above."]}


def test_address_is_written_as_letters_carry_it() -> None:
    facts = {"address_line_1": "Av. Paulista 1000", "address_line_2": "10º andar", "city": "São Paulo"}
    assert address_lines(country="BR", state="SP", postal_code="01310-100", **facts) == [
        "Av. Paulista 1000",
        "10º andar",
        "São Paulo-SP",
        "01310-100",
    ]


def test_details_survive_json() -> None:
    whole = details()
    assert CustomerDetails.from_json(whole.to_json()) == (whole, ())


def test_details_of_an_older_draft_say_what_is_missing() -> None:
    kept = {"company_name": "Padaria", "favourite_colour": "red", "country": 5, "agreement_accepted_on": "yesterday"}
    known, missing = CustomerDetails.from_json(kept)
    assert known == CustomerDetails(company_name="Padaria")
    assert missing == tuple(name for name in CustomerDetails.REQUIRED if name != "company_name")


def test_details_are_checked_all_at_once() -> None:
    provider = PartnerFactory.build(country="US", contact_email="contact@northwind.example")
    wrong = details(
        company_name="Ltd", country="BR", contact_email="x", qualification="royal", language="xx", contact_first_name=""
    )
    with pytest.raises(ValidationError) as refused:
        rules.clean_details(wrong, provider=provider)
    assert {"company_name", "country", "contact_email", "qualification", "language", "contact_first_name"} <= set(
        refused.value.message_dict
    )


@given(st.text(max_size=40))
def test_rules_answer_any_text_with_a_value_or_words(text: str) -> None:
    provider = PartnerFactory.build(country="BR", contact_email="contact@northwind.example")
    anything = details(
        **dict.fromkeys(
            [
                "company_name",
                "domain_prefix",
                "registration_id",
                "contact_email",
                "contact_phone",
                "city",
                "state",
                "postal_code",
            ],
            text,
        ),
        country="BR",
    )
    with pytest.raises(ValidationError):
        rules.clean_details(anything, provider=provider)
