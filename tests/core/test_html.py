"""Small pieces of HTML."""

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.contrib.messages import SUCCESS
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core import html
from core.exceptions import Refused
from core.forms import PortalForm
from core.text import one_period


def test_an_address_breaks_between_its_parts() -> None:
    assert html.breakable("globaladmin@fabrikam.example") == "globaladmin@<wbr>fabrikam.<wbr>example"
    assert html.breakable("<i>globaladmin@fabrikam.example") == "&lt;i&gt;globaladmin@<wbr>fabrikam.<wbr>example"
    longest = "a" * 64
    assert str(html.breakable(longest)).replace("<wbr>", "") == longest


def test_a_long_name_breaks_after_its_hyphens_and_not_within_a_word() -> None:
    long = "maria.de-albuquerque-cavalcanti@northwind-distribution-incorporated.example"
    assert html.breakable(long) == (
        "maria.<wbr>de-albuquerque-<wbr>cavalcanti@<wbr>northwind-distribution-<wbr>incorporated.<wbr>example"
    )
    assert html.breakable("a" * 30 + "-b") == "a" * 24 + "<wbr>" + "a" * 6 + "-b"
    guid = "0ca82f50-b562-48ad-9cc2-65de1388fa3f"
    assert html.breakable(guid) == "0ca82f50-b562-48ad-9cc2-<wbr>65de1388fa3f"


def test_an_address_in_a_sentence_breaks() -> None:
    said = "Sent to <globaladmin@fabrikam.example>,  and to me@a.bc."
    assert html.breakable(said) == ("Sent to &lt;globaladmin@<wbr>fabrikam.<wbr>example&gt;,  and to me@a.bc.")


def test_what_is_escaped_already_is_not_escaped_again() -> None:
    said = SafeString("To o&#x27;neill@averylongdomain.example &amp; others")
    assert html.breakable(said) == "To o&#x27;neill@<wbr>averylongdomain.<wbr>example &amp; others"


def test_only_a_long_word_breaks() -> None:
    for kept in (
        "kim@contoso.com",
        "Wide World Importers, Inc. of Anytown",
        12,
        None,
        SafeString("<b>a.long.name</b>"),
    ):
        assert html.breakable(kept) is kept


def test_facts_and_answers_break_addresses() -> None:
    rows = [("E-mail address", "globaladmin@fabrikam.example")]
    for component, name in (("facts", "facts"), ("summary", "rows")):
        page = render_to_string(f"components/{component}.html", {name: rows, "title": "Contact"})
        assert "globaladmin@<wbr>fabrikam.<wbr>example" in page, component


def test_a_sentence_has_one_period_after_a_name_with_its_own() -> None:
    assert one_period("You have left Northwind Inc..") == "You have left Northwind Inc."
    assert one_period("You left Northwind Inc.. Come back.") == "You left Northwind Inc. Come back."
    assert one_period("You left <bdi>Northwind Inc.</bdi>. Come.") == "You left <bdi>Northwind Inc.</bdi> Come."
    for kept in ("Loading...", "../a", "1..2", "Northwind Inc.", "a .. b"):
        assert one_period(kept) == kept


def test_the_pieces_that_hold_sentences_know_of_it() -> None:
    text = "You have left <Northwind> Inc.."
    pieces = {
        "inset": {"text": text, "tone": "", "title": ""},
        "messages": {"messages": [Message(SUCCESS, text)]},
    }
    for piece, context in pieces.items():
        assert "You have left &lt;Northwind&gt; Inc.</p>" in render_to_string(f"components/{piece}.html", context)


@pytest.mark.parametrize("kept", ["", " asvar said"])
def test_a_translated_sentence_has_one_period_after_a_name_with_its_own(kept: str) -> None:
    source = (
        "{% load i18n %}{% blocktranslate with name=name" + kept + " %}The application of {{ name }}."
        "{% endblocktranslate %}"
    )
    said = Template(f"{source}{{{{ said }}}}" if kept else source).render(
        Context({"name": "<Northwind> Inc.", "said": ""})
    )
    assert said == "The application of &lt;Northwind&gt; Inc."


def test_a_translated_plural_has_one_period_too() -> None:
    source = (
        "{% load i18n %}{% blocktranslate count number=2 %}{{ number }} of {{ name }}.{% plural %}"
        "{{ number }} are of {{ name }}.{% endblocktranslate %}"
    )
    assert Template(source).render(Context({"name": "Northwind Inc."})) == "2 are of Northwind Inc."


def test_an_error_has_one_period_in_the_summary_and_beside_its_field() -> None:
    class Name(PortalForm):
        name = forms.CharField()

    form = Name({"name": "x"})
    form.add_error("name", "This is a name of <Northwind> Inc..")
    summary = render_to_string("components/error_summary.html", {"form": form})
    assert "This is a name of &lt;Northwind&gt; Inc.</a>" in summary
    assert "This is a name of &lt;Northwind&gt; Inc.</p>" in render_crispy_form(form)


def test_a_refusal_has_one_period_after_a_name_with_its_own() -> None:
    assert str(Refused("Ana already works for Northwind Inc..")) == "Ana already works for Northwind Inc."
