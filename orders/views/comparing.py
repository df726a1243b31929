"""The page that sets side by side what a draft holds now and what was sent from a page opened before."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import html
from core.pages import conflict
from core.typeahead import TypeaheadInput
from orders.editions import differing, sent_again

Row = tuple[str, SafeString, SafeString]


def compared(form: forms.Form, saved: Mapping[str, Any], mine: Mapping[str, Any]) -> list[Row]:
    """(what, saved now, mine) of each field that the two do not fill alike."""
    names = [name for name in differing(saved, mine) if name in form.fields]
    return [
        (
            str(form.fields[name].label),
            _words(form.fields[name], saved.get(name)),
            _words(form.fields[name], mine[name]),
        )
        for name in names
    ]


def comparison(request: HttpRequest, rows: list[Row], edition: str) -> HttpResponse:
    """Nothing is saved yet; mine can be sent once more on top of this edition, or left."""
    return conflict(
        request,
        title=_("The draft was changed after you opened this page"),
        text=_(
            "Another tab or window, or whoever had the draft before, saved something else. Nothing of yours was saved "
            "yet: compare, then apply yours on top of what is saved now, or leave it as it is."
        ),
        rows=rows,
        again=sent_again(request.POST, edition),
        again_url=request.get_full_path(),
        discard_url=request.get_full_path(),
    )


def _words(field: forms.Field, value: Any) -> SafeString:
    if isinstance(field, forms.BooleanField):
        return html.name(_("Yes")) if value else html.missing(_("No"))
    text = "" if value is None else str(value)
    widget = field.widget
    if isinstance(widget, TypeaheadInput) and widget.source is not None:
        text = (widget.source.label(text) if text else "") or text
    else:
        text = str({str(code): label for code, label in getattr(widget, "choices", ())}.get(text, text))
    return html.name(text) if text.strip() else html.missing(_("Empty"))
