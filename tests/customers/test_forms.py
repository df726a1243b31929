"""The form of Customer details."""

from datetime import timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from customers.forms import CustomerDetailsForm
from resellers.models import Partnership
from tests.customers.conftest import actor_of, details
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory


def typed(**changes: Any) -> dict[str, Any]:
    """What a hurried person types."""
    return {
        "reseller": "",
        "country": "US",
        "company_name": " Padaria  São João ",
        "domain_prefix": "Padaria.onmicrosoft.com",
        "registration_id": "",
        "qualification": "none",
        "address_line_1": "1 Infinite Loop",
        "address_line_2": "",
        "city": "Cupertino",
        "state": "CA",
        "postal_code": "95014 1234",
        "contact_first_name": "Ana",
        "contact_last_name": "Lima",
        "contact_email": "Ana@Padaria.example",
        "contact_phone": "(408) 555-0123",
        "language": "en",
        "agreement_accepted_on": "2025-03-28",
        "agreement_first_name": "",
        "agreement_last_name": "",
        "agreement_email": "",
        "agreement_phone": "",
        **changes,
    }


def form_of(actor: Actor, data: dict[str, Any] | None = None, **initial: Any) -> CustomerDetailsForm:
    return CustomerDetailsForm(data, actor=actor, initial=initial)


def rendered(form: CustomerDetailsForm) -> str:
    return Template("{% load crispy_forms_tags %}{% crispy form %}").render(Context({"form": form}))


def test_sloppy_answers_become_details_in_normal_form(sales: Actor, reseller: Partner) -> None:
    form = form_of(sales, typed(reseller=str(reseller.microsoft_id)))
    assert form.is_valid(), form.errors
    known = form.cleaned_details()
    assert form.cleaned_data["reseller"] == reseller
    assert (known.company_name, known.domain_prefix, known.postal_code, known.contact_phone, known.contact_email) == (
        "Padaria São João",
        "padaria",
        "95014-1234",
        "+14085550123",
        "ana@padaria.example",
    )
    assert (known.agreement_first_name, known.agreement_email, known.agreement_phone) == (
        "Ana",
        "ana@padaria.example",
        "+14085550123",
    )


def test_kept_details_come_back_and_pass_again(sales: Actor, reseller: Partner) -> None:
    form = form_of(sales, typed())
    assert form.is_valid()
    again = form_of(sales, None, reseller=reseller, **form.cleaned_details().to_json())
    values = {name: again[name].value() or "" for name in again.fields}
    assert values["contact_phone"] == "+1 408-555-0123"
    assert values["agreement_email"] == ""
    resubmitted = form_of(sales, {**values, "reseller": str(reseller.microsoft_id)})
    assert resubmitted.is_valid(), resubmitted.errors
    assert resubmitted.cleaned_details() == form.cleaned_details()


def test_resellers_are_those_of_the_actor(sales: Actor, provider: Partner, reseller: Partner) -> None:
    ended = PartnershipFactory(provider=provider)
    Partnership.objects.filter(pk=ended.pk).update(ended_at=clock.now())
    PartnershipFactory(provider=provider, reseller__legal_name="Suspended", reseller__enrolment_state="suspended")
    foreign = PartnershipFactory(reseller__legal_name="Theirs")
    form = form_of(sales)
    # Who chooses one that is refused today is told why.
    assert [label.partition(" (MPN")[0] for _value, label in form.fields["reseller"].choices] == [
        "No reseller (direct customer) – no incentive will be paid",
        "Fabrikam",
        "Suspended",
    ]
    for other in (ended.reseller, foreign.reseller, provider):
        posted = form_of(sales, typed(reseller=str(other.microsoft_id)))
        assert "reseller" in posted.errors
        assert other.legal_name not in str(posted["reseller"].errors)
    assert "reseller" in form_of(sales, typed(reseller="' OR 1=1")).errors


def test_countries_are_those_of_the_provider(sales: Actor) -> None:
    assert [code for code, _name in form_of(sales).fields["country"].choices] == ["US"]
    assert "country" in form_of(sales, typed(country="BR")).errors


@pytest.fixture
def european(db: None) -> Actor:
    return actor_of(PartnerFactory(country="DE", contact_email="contact@northwind.example"))


def test_the_fields_follow_the_country(european: Actor) -> None:
    german, british = form_of(european), form_of(european, None, country="GB")
    assert "state" not in german.fields
    assert german.fields["postal_code"].help_text == "Like 26133."
    assert (british.fields["city"].label, british.fields["postal_code"].label) == ("Town or city", "Postcode")
    italian = form_of(european, None, country="IT")
    assert italian.fields["state"].required
    assert ("MI", "Milano") in italian.fields["state"].widget.choices
    assert "Select the province" in rendered(italian)


def test_another_country_brings_its_fields_and_keeps_what_was_typed(european: Actor) -> None:
    form = form_of(european, typed(country="IT", company_name="Ltd", state="", update_address="1"), country="DE")
    assert not form.is_bound
    assert not form.errors
    page = rendered(form)
    assert 'value="Ltd"' in page
    assert 'value="Cupertino"' in page
    assert "Milano" in page


def test_the_first_button_of_the_form_goes_on(european: Actor, sales: Actor) -> None:
    assert "update_address" not in rendered(form_of(sales))  # one country only
    page = rendered(form_of(european))
    assert page.index('type="submit" hidden') < page.index('name="update_address"')


@pytest.mark.django_db
def test_registration_id_and_telephone_are_mandatory_where_the_programme_says() -> None:
    brazilian = actor_of(PartnerFactory(country="BR", contact_email="contact@northwind.example"))
    wrong = typed(country="BR", state="SP", postal_code="01310-100", contact_phone="")
    form = form_of(brazilian, wrong)
    assert form.fields["registration_id"].label == "Company registration ID (CNPJ)"
    assert form.errors == {
        "registration_id": ["Enter the CNPJ, like 12.345.678/0001-95."],
        "contact_phone": [form.fields["contact_phone"].error_messages["required"]],
    }
    assert "+55" in form.errors["contact_phone"][0]
    form = form_of(brazilian, {**wrong, "registration_id": "12.abc.345/01de-35", "contact_phone": "11 96123-4567"})
    assert form.is_valid(), form.errors
    assert form.cleaned_details().registration_id == "12ABC34501DE35"


def test_errors_say_what_to_enter(sales: Actor) -> None:
    empty = form_of(sales, {"country": "US"})
    assert {name: errors[0] for name, errors in empty.errors.items()} == {
        "company_name": "Enter the company name.",
        "domain_prefix": "Enter the primary domain name, like contoso.",
        "qualification": "Select the special qualification.",
        "address_line_1": "Enter the street and number, or what stands for them.",
        "city": "Enter the city.",
        "state": "Select the state.",
        "postal_code": "Enter the ZIP code, like 95014.",
        "contact_first_name": "Enter the contact’s first name.",
        "contact_last_name": "Enter the contact’s last name.",
        "contact_email": "Enter the contact’s e-mail address, like name@company.com.",
        "language": "Select the language of e-mails and pages.",
        "agreement_accepted_on": "Enter the day on which the customer accepted the agreement.",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_name", "GmbH"),
        ("domain_prefix", "con toso"),
        ("postal_code", "10001"),
        ("state", "Bavaria"),
        ("contact_email", "ana@northwind.example"),
        ("contact_email", "ana@microsoft.com"),
        ("contact_email", "m\u0131ke@padaria.example"),
        ("contact_phone", "123"),
        ("contact_first_name", "Ana\u202e"),
        ("contact_first_name", "A" * 51),
        ("agreement_accepted_on", "28 March"),
        ("qualification", "royal"),
        ("language", "xx"),
        ("agreement_phone", "1"),
    ],
)
def test_one_wrong_answer_is_refused_in_its_field(sales: Actor, field: str, value: str) -> None:
    form = form_of(sales, typed(**{field: value}))
    assert field in form.errors


def test_acceptance_is_not_in_the_future(sales: Actor) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    form = form_of(sales, typed(agreement_accepted_on=tomorrow))
    assert form.errors == {"agreement_accepted_on": ["Enter the day of acceptance; it cannot be in the future."]}


def test_who_accepted_is_told_whole_or_not_at_all(sales: Actor) -> None:
    form = form_of(sales, typed(agreement_first_name="Bia"))
    assert set(form.errors) == {"agreement_last_name", "agreement_email"}
    whole = typed(agreement_first_name="Bia", agreement_last_name="Reis", agreement_email="bia@padaria.example")
    form = form_of(sales, whole)
    assert form.is_valid()
    assert (form.cleaned_details().agreement_first_name, form.cleaned_details().agreement_phone) == ("Bia", "")


def test_a_taken_domain_is_refused_whoever_has_it(sales: Actor) -> None:
    CustomerFactory(domain_prefix="padaria", company_name="Theirs")
    form = form_of(sales, typed())
    assert form.errors == {"domain_prefix": ["padaria.onmicrosoft.com is taken. Enter another primary domain name."]}


def test_a_doubtful_name_wants_a_tick(sales: Actor) -> None:
    assert "company_name_is_right" not in form_of(sales, typed()).fields
    form = form_of(sales, typed(company_name="padaria.com"))
    assert list(form.errors) == ["company_name"]
    assert "company_name_is_right" in form.fields
    form = form_of(sales, typed(company_name="padaria.com", company_name_is_right="on"))
    assert form.is_valid(), form.errors


def test_details_for_the_service_pass_its_own_check(sales: Actor) -> None:
    assert form_of(sales, None, **details().to_json())["domain_prefix"].value() == "padaria"
