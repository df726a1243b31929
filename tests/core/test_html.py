"""Small pieces of HTML."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core import html


def test_an_address_breaks_between_its_parts() -> None:
    assert html.breakable("globaladmin@fabrikam.example") == "globaladmin@<wbr>fabrikam.<wbr>example"
    assert html.breakable("<i>globaladmin@fabrikam.example") == "&lt;i&gt;globaladmin@<wbr>fabrikam.<wbr>example"
    longest = "a" * 64
    assert str(html.breakable(longest)).replace("<wbr>", "") == longest


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
