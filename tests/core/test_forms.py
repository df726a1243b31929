"""What every form promises, shown on one that has every kind of control."""

import pytest
from crispy_forms.bootstrap import InlineRadios
from crispy_forms.layout import Layout
from django import forms
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from core.forms import HintedRadios, PortalForm
from tests.core.conftest import parse, text_of
from tests.core.kit import KitForm

GOOD = {
    "legal_name": "Contoso Ltda",
    "domain": "contoso",
    "email": "maria@contoso.example",
    "licenses": "25",
    "country": "BR",
    "term": "P1M",
    "agreed": "on",
}


class InlineForm(PortalForm):
    term = forms.ChoiceField(label="Term", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.helper.layout = Layout(InlineRadios("term"))


class HintedForm(PortalForm):
    term = forms.ChoiceField(label="Term", choices=[("a", "A"), ("b", "B")], widget=HintedRadios)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["term"].widget.hints = {"a": "A year & a day"}


def test_a_radio_button_is_described_by_its_sentence() -> None:
    html = rendered(HintedForm())
    assert html.count("_hint") == 2
    assert 'aria-describedby="id_term_0_hint"' in html
    assert '<div id="id_term_0_hint" class="form-text">A year &amp; a day</div>' in html


def rendered(form: forms.Form) -> str:
    request = RequestFactory().get("/")
    return render_to_string("components/form.html", {"form": form, "submit_label": "Send"}, request=request)


def test_form_accepts_good_data() -> None:
    form = KitForm(GOOD)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["licenses"] == 25


def test_form_has_no_asterisk_no_required_and_says_optional() -> None:
    html = rendered(KitForm())
    assert "novalidate" in html
    assert " required" not in html
    assert "asterisk" not in html.lower()
    assert "*" not in text_of(parse(f"<!doctype html><title>x</title>{html}"))
    assert html.count("(optional)") == 2


class ChoosingForm(PortalForm):
    unsaid = forms.ChoiceField(label="Size", choices=[("", "---------"), ("s", "Small")], required=False)
    said = forms.ChoiceField(label="Reseller", choices=[("", "No reseller"), ("c", "Contoso")], required=False)
    boxes = forms.MultipleChoiceField(
        label="Mails", choices=[("a", "A")], widget=forms.CheckboxSelectMultiple, required=False
    )


def test_what_offers_nothing_in_words_says_no_optional() -> None:
    assert rendered(ChoosingForm()).count("(optional)") == 1
    assert "(optional)" in str(rendered(ChoosingForm()).split("Size")[1].split("</label>")[0])


def test_form_carries_its_token_even_inside_an_only_include(kit: Client) -> None:
    form = next(one for one in parse(kit.get("/kit/form/")).iter("form") if one.get("class") == "form")
    assert len(form.find("input[@name='csrfmiddlewaretoken']").get("value")) == 64


def test_errors_name_the_field() -> None:
    form = KitForm({"legal_name": "x" * 41, "email": "nobody", "licenses": "a lot", "country": "XX"})
    assert {name: list(errors) for name, errors in form.errors.items()} == {
        "legal_name": ["Legal name must be 40 characters or fewer."],
        "domain": ["Enter the primary domain prefix."],
        "email": ["Enter an e-mail address like name@company.com."],
        "licenses": ["Enter the licenses in digits."],
        "country": ["Select a choice of the list for the country or region."],
        "term": ["Select the term."],
        "agreed": ["Tick “The customer has accepted the customer agreement” to continue."],
    }


def test_own_messages_stay() -> None:
    class Own(PortalForm):
        name = forms.CharField(error_messages={"required": "Say who you are."})

    assert Own({}).errors["name"] == ["Say who you are."]


def test_invalid_page_shows_summary_title_prefix_and_keeps_the_input(kit: Client) -> None:
    response = kit.post("/kit/form/", {**GOOD, "legal_name": "x" * 41, "term": ""})
    page = parse(response)
    assert text_of(page.find(".//title")).startswith("Error: Customer details")
    summary = page.find(".//div[@data-error-summary]")
    assert text_of(summary.find("h2")) == "There is a problem"
    links = {text_of(link): link.get("href") for link in summary.iter("a")}
    assert links == {
        "Legal name must be 40 characters or fewer.": "#id_legal_name",
        "Select the term.": "#id_term_0",
    }
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in links.values()} <= set(ids)
    field = page.find(".//input[@id='id_legal_name']")
    assert field.get("value") == "x" * 41
    assert field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == "id_legal_name_helptext id_legal_name_error"
    inline = page.find(".//div[@id='id_legal_name_error']")
    assert text_of(inline) == "Error: Legal name must be 40 characters or fewer."


def test_the_summary_has_the_order_of_the_page() -> None:
    class Late(PortalForm):
        first = forms.CharField()
        second = forms.CharField()

        def clean_first(self) -> str:
            return ""

        def clean(self) -> None:
            self.add_error("first", "Found last.")

    html = render_to_string("components/error_summary.html", {"form": Late({"first": "x"})})
    assert html.index("Found last.") < html.index("Enter the second.")


def test_unbound_page_has_no_summary_and_no_prefix(kit: Client) -> None:
    page = parse(kit.get("/kit/form/"))
    assert text_of(page.find(".//title")) == "Customer details – CSP portal"
    assert page.find(".//div[@data-error-summary]") is None


@pytest.mark.parametrize("form", [KitForm({}), InlineForm({})])
def test_radio_groups_are_fieldsets_whose_legend_has_no_for(form: forms.Form) -> None:
    page = parse(f"<!doctype html><title>x</title>{rendered(form)}")
    legends = [legend for legend in page.iter("legend") if text_of(legend) == "Term"]
    assert len(legends) == 1
    assert "for" not in legends[0].attrib
    group = next(one for one in page.iter("fieldset") if legends[0] in list(one))
    assert group.get("aria-describedby") == "id_term_error"
    assert page.find(".//div[@id='id_term_error']") is not None


@pytest.mark.parametrize("bad", ["Con\x1btoso", "Contoso\u202eodtl", "Con\x00toso", "Con\u2066toso"])
def test_text_that_deceives_is_refused(bad: str) -> None:
    form = KitForm({**GOOD, "legal_name": bad})
    assert "legal_name" in form.errors


def test_text_is_cleaned() -> None:
    form = KitForm({**GOOD, "legal_name": "  Contoso\u200b   Ltda ", "note": "one\r\ntwo  "})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["legal_name"] == "Contoso Ltda"
    assert form.cleaned_data["note"] == "one\ntwo"


def test_passwords_are_left_as_typed() -> None:
    class Secret(PortalForm):
        password = forms.CharField(widget=forms.PasswordInput, strip=False)

    form = Secret({"password": " two  spaces "})
    assert form.is_valid()
    assert form.cleaned_data["password"] == " two  spaces "


def test_others_data_is_not_completed_by_the_browser() -> None:
    class Own(PortalForm):
        company = forms.CharField()
        email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    assert Own().fields["company"].widget.attrs["autocomplete"] == "off"
    assert Own().fields["email"].widget.attrs["autocomplete"] == "email"


def test_numbers_are_typed_as_text_with_a_digit_keyboard() -> None:
    html = str(KitForm()["licenses"])
    assert 'type="text"' in html
    assert 'inputmode="numeric"' in html
    assert "max=" not in html


def test_one_form_does_not_change_the_next() -> None:
    KitForm({})
    assert KitForm().fields["legal_name"].error_messages["required"] == "Enter the legal name."
    assert KitForm.base_fields["legal_name"].error_messages["required"] == "This field is required."


def test_formset_errors_are_summed_up() -> None:
    formset = forms.formset_factory(KitForm, extra=1)(
        {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-legal_name": "x" * 41}
    )
    formset.is_valid()
    html = render_to_string("components/error_summary.html", {"form": formset})
    assert 'href="#id_form-0-legal_name"' in html
