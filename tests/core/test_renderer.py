"""Controls made in Python: the same as Django's own templates make."""

import re
from datetime import date
from typing import Any

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting

from core.renderer import PortalRenderer

CHOICES: Any = [("", "All"), (1, "One & only"), ("Group <2>", [("a", "“A”"), ("b", "B's")]), (None, "Nothing")]
CONTROLS: list[tuple[forms.Widget, Any]] = [
    (forms.TextInput(attrs={"type": "search", "required": True, "disabled": False, "maxlength": 200}), '"><script>'),
    (forms.TextInput(), None),
    (forms.TextInput(), ""),
    (forms.EmailInput(attrs={"placeholder": "a&b"}), "o'neil@example.com"),
    (forms.NumberInput(attrs={"min": 0}), 1000),
    (forms.URLInput(), "https://example.com/?a=1&b=2"),
    (forms.HiddenInput(), 12345),
    (forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), date(2026, 3, 1)),
    (forms.PasswordInput(), "secret"),
    (forms.PasswordInput(render_value=True), "secret"),
    (forms.Select(attrs={"class": "form-select"}, choices=CHOICES), 1),
    (forms.Select(choices=CHOICES), "b"),
    (forms.SelectMultiple(choices=CHOICES), ["a", "1"]),
    (forms.NullBooleanSelect(), True),
    (forms.Textarea(), "<two>\nlines"),
    (forms.CheckboxInput(), True),
    (forms.RadioSelect(choices=CHOICES), "a"),
]


def without_breaks(html: str) -> str:
    return re.sub(r"\n\s*(?=<)", "", html)


@pytest.mark.parametrize(("widget", "value"), CONTROLS)
def test_controls_are_those_of_django(widget: forms.Widget, value: Any) -> None:
    own = widget.render("field<1>", value, {"id": "id_field"}, renderer=PortalRenderer())
    theirs = widget.render("field<1>", value, {"id": "id_field"}, renderer=TemplatesSetting())
    assert without_breaks(own) == without_breaks(theirs)
    assert hasattr(own, "__html__")


def test_the_portal_uses_it() -> None:
    assert isinstance(forms.Form().renderer, PortalRenderer)
