"""A field in which one of many things is chosen by typing part of its name; while they are few it is a plain select.

A `Source` says what the actor may choose among and answers the questions of the field and of the suggestions. The value
sent is a public identifier (from a select, a suggestion or a radio button) or what was typed, which is resolved here.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.widgets import Script
from django.http import JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.text import clean_name, fold

T = TypeVar("T", bound=Model)
Words = str | Promise
# More options than this are typed, not scrolled through.
LONGEST_SELECT = 15
MOST_SUGGESTIONS = 8
LONGEST_TEXT = 250


@dataclass(frozen=True)
class Suggestion:
    """One entry of the list: what is sent, what is shown, and what should be known before choosing it."""

    value: str
    label: Words
    note: Words = ""
    # Another word that people may type for it; only for entries that are no things of the source.
    alias: Words = ""

    def __str__(self) -> str:
        return str(self.label)

    @property
    def in_one_line(self) -> str:
        """Label and note for a select or a radio button."""
        return f"{self.label} – {self.note}" if self.note else str(self.label)

    def is_called(self, text: str) -> bool:
        """Whether somebody who typed this means the entry."""
        names = {fold(str(name)) for name in (self.value, self.label, self.alias)}
        return fold(text) in names - {""}


class Source(ABC, Generic[T]):
    """What an actor may choose among; it starts from `visible_to(actor)`, for all else is unknown."""

    # The address that answers `?q=` with suggestions(); see the function of that name.
    url: str

    @abstractmethod
    def search(self, text: str, limit: int) -> list[T]:
        """Those in whose name each word occurs, the likeliest first; the first by name when nothing was typed."""

    def few(self, limit: int) -> list[T] | None:
        """All of them by name; None where there are more."""
        found = self.search("", limit + 1)
        return found if len(found) <= limit else None

    @abstractmethod
    def named(self, text: str) -> list[T]:
        """Those that are called exactly so, or whose number it is: their label leads back to them."""

    @abstractmethod
    def find(self, key: str) -> T | None:
        """The one with this public identifier; None for what is no identifier, and for what is out of sight."""

    @abstractmethod
    def suggestion(self, one: T) -> Suggestion:
        """How it stands in the list."""

    def label(self, key: str) -> str:
        """The words for an identifier that was kept earlier; nothing where the actor may not know them."""
        found = self.find(key)
        return str(self.suggestion(found)) if found is not None else ""


def searchable(text: str) -> str:
    """What was typed, as far as anything can be called so: nothing where it holds what no name may."""
    try:
        return clean_name(text[:LONGEST_TEXT])
    except ValidationError:
        return ""


def suggestions(source: Source[Any], text: str) -> JsonResponse:
    """The answer to a combobox: at most MOST_SUGGESTIONS entries, and whether more match."""
    wanted = searchable(text)
    found = source.search(wanted, MOST_SUGGESTIONS + 1) if wanted or not text.strip() else []
    shown = [source.suggestion(one) for one in found[:MOST_SUGGESTIONS]]
    results = [{"value": one.value, "label": str(one.label), "note": str(one.note)} for one in shown]
    return JsonResponse({"results": results, "more": len(found) > MOST_SUGGESTIONS})


class Picked(str):
    """The identifier of a radio button, and the text whose matches the buttons showed."""

    among: str

    def __new__(cls, value: str, among: str) -> "Picked":
        """The identifier, which remembers."""
        made = super().__new__(cls, value)
        made.among = among
        return made


def sent_value(data: Any, name: str) -> Any:
    """What was typed; with a radio button checked beside it, what that stands for."""
    if not hasattr(data, "getlist"):
        return data.get(name)
    sent = [value for value in data.getlist(name) if value]
    if len(sent) > 1 and sent[-1] != sent[0]:
        return Picked(sent[-1], sent[0])
    return sent[0] if sent else data.get(name)


class TypeaheadInput(forms.TextInput):
    """A text field that static/js/typeahead.js makes a combobox; without it the server resolves what was typed."""

    template_name = "components/typeahead.html"
    source: Source[Any] | None = None
    extras: tuple[Suggestion, ...] = ()
    chosen: Suggestion | None = None
    candidates: tuple[Suggestion, ...] = ()

    @property
    def media(self) -> forms.Media:
        """The script; a module, so that it runs once however often a page names it."""
        return forms.Media(js=[Script("js/typeahead.js", type="module")])  # type: ignore[list-item]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """See sent_value()."""
        return sent_value(data, name)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The words for the value, and what the script needs."""
        context = super().get_context(name, value, attrs)
        key = str(value or "")
        text = getattr(value, "among", key)
        if self.chosen is not None:
            key, text = self.chosen.value, str(self.chosen)
        elif extra := next((one for one in self.extras if key and one.value == key), None):
            text = str(extra)
        elif key and self.source is not None and text == key:
            text = self.source.label(key) or key
        context["widget"].update(
            value=text,
            key=key if key != text else "",
            url=self.source.url if self.source is not None else "",
            extras=json.dumps([{part: str(words) for part, words in asdict(one).items()} for one in self.extras]),
            candidates=self.candidates,
        )
        return context


class TypeaheadField(forms.CharField):
    """Cleans to the thing itself, to an entry of `extras`, or to None when nothing, or `empty_label`, was chosen.

    Whoever makes the form calls `offer(source)`, for the source depends on the actor. Pages with the component of
    forms or of filters load the script by themselves; others write `{{ form.media }}`.
    """

    widget: Any = TypeaheadInput
    default_error_messages = {
        "unknown": gettext_lazy("Nothing matches “%(typed)s”. Check the spelling, or enter only a part of the name."),
        "several": gettext_lazy("Several match “%(typed)s”. Choose the one that you mean."),
        "many": gettext_lazy("Many match “%(typed)s”. Choose one of the first, or enter more of the name."),
    }

    def __init__(
        self, *, empty_label: Words, empty_note: Words = "", extras: tuple[Suggestion, ...] = (), **kwargs: Any
    ) -> None:
        kwargs.setdefault("max_length", LONGEST_TEXT)
        super().__init__(**kwargs)
        self.source: Source[Any] | None = None
        self.extras = (Suggestion("", empty_label, empty_note), *extras)

    def offer(self, source: Source[Any]) -> None:
        """Let the field choose among the source's things: in a select if they are few, else by typing."""
        self.source = source
        few = source.few(LONGEST_SELECT)
        if few is None:
            assert isinstance(self.widget, TypeaheadInput)
            self.widget.source, self.widget.extras = source, self.extras
            return
        options = [*self.extras, *map(source.suggestion, few)]
        attrs = {name: value for name, value in self.widget.attrs.items() if name not in ("maxlength", "placeholder")}
        self.widget = forms.Select(attrs={**attrs, "autocomplete": "off"})
        self.widget.choices = [(one.value, one.in_one_line) for one in options]
        self.widget.is_required = self.required

    def begin_with(self, value: str, words: str) -> None:
        """What an unsent form shows, for a page that knows the words: nobody need ask the source for them."""
        self.initial = value
        if isinstance(self.widget, TypeaheadInput):
            self.widget.chosen = Suggestion(value, words)

    @property
    def choices(self) -> list[Any]:
        """The options of the select; none where one types."""
        return list(self.widget.choices) if isinstance(self.widget, forms.Select) else []

    def prepare_value(self, value: Any) -> Any:
        """The identifier of what was recognized, else what was typed."""
        chosen = getattr(self, "chosen", None)
        return chosen.value if chosen is not None else value

    def clean(self, value: Any) -> Any:
        """Resolve an identifier or a text; what is out of the actor's sight is as unknown as what does not exist."""
        among = searchable(getattr(value, "among", ""))
        text = super().clean(value)
        if text in self.empty_values:
            return None
        if extra := next((one for one in self.extras if one.is_called(text)), None):
            self._recognize(extra)
            return extra if extra.value else None
        assert self.source is not None, "offer() was not called"
        found = self.source.find(text)
        if found is not None and among:
            # The text may have been changed after the buttons were shown: then the pick belongs to other words.
            found = found if found in self._matches(among) else None
        found = found if found is not None else self._only_match(among or text)
        self._recognize(self.source.suggestion(found))
        return found

    def _recognize(self, chosen: Suggestion) -> None:
        self.chosen = chosen
        if isinstance(self.widget, TypeaheadInput):
            self.widget.chosen = chosen

    def _matches(self, text: str) -> list[Any]:
        assert self.source is not None
        return self.source.named(text) or self.source.search(text, MOST_SUGGESTIONS + 1)

    def _only_match(self, text: str) -> Any:
        """The one thing that the text can mean, or an error; with several matches the widget shows them."""
        matches = self._matches(text)
        if len(matches) == 1:
            return matches[0]
        assert self.source is not None
        if isinstance(self.widget, TypeaheadInput):
            self.widget.candidates = tuple(map(self.source.suggestion, matches[:MOST_SUGGESTIONS]))
        code = "many" if len(matches) > MOST_SUGGESTIONS else "several" if matches else "unknown"
        raise ValidationError(self.error_messages[code] % {"typed": text}, code=code)


class TypeaheadFilter(django_filters.Filter):
    """A filter by one of many things; give it a `method` and call `offer()` in the set's `__init__`."""

    field_class = TypeaheadField

    def offer(self, source: Source[Any]) -> None:
        """See TypeaheadField."""
        self.field.offer(source)
