"""The base of every form of the portal: how it is laid out, how it cleans text, and what its errors say."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.utils.functional import lazystr
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.text import clean_message, clean_name

Cleaner = Callable[[str], str]


def inner_label(label: Any) -> str:
    """A label inside a sentence: *Legal name* becomes *legal name*, *MPN ID* stays."""
    words = str(label)
    return words if words[1:2].isupper() or words[1:2].isdigit() else words[:1].lower() + words[1:]


def required_message(field: forms.Field) -> str:
    """What to do about an empty field, by the kind of its control."""
    label = inner_label(field.label or "")
    if isinstance(field.widget, forms.CheckboxInput):
        return _("Tick “%(label)s” to continue.") % {"label": str(field.label)}
    if isinstance(field.widget, forms.FileInput):
        return _("Choose a file for the %(label)s.") % {"label": label}
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("Select the %(label)s.") % {"label": label}
    return _("Enter the %(label)s.") % {"label": label}


# (error code, text) replaced on fields that still carry Django's own wording.
SPECIFIC: dict[str, Callable[[forms.Field], str]] = {
    "required": required_message,
    "invalid_choice": lambda field: (
        _("Select a choice of the list for the %(label)s.") % {"label": inner_label(field.label)}
    ),
}
BY_TYPE: list[tuple[type[forms.Field], Callable[[str], str]]] = [
    (forms.EmailField, lambda label: _("Enter an e-mail address like name@company.com.")),
    (forms.URLField, lambda label: _("Enter an address like https://company.com.")),
    (forms.IntegerField, lambda label: _("Enter the %(label)s in digits.") % {"label": label}),
    (forms.DateField, lambda label: _("Enter the %(label)s as a date, like 2025-03-28.") % {"label": label}),
]


def _clean_text(to_python: Callable[[Any], Any], cleaner: Cleaner, value: Any) -> Any:
    """Convert as the field does, then bring text into its normal form or refuse what only deceives."""
    value = to_python(value)
    return cleaner(value) if isinstance(value, str) and value else value


@lru_cache(maxsize=256)
def generic_messages(kind: type[forms.Field]) -> dict[str, Any]:
    """What Django says by itself about such a field, by the code of the error."""
    return {
        code: text
        for one in reversed(kind.__mro__)
        for code, text in getattr(one, "default_error_messages", {}).items()
    }


class PortalFormMixin:
    """Layout without `<form>`, plain words instead of asterisks and browser bubbles, text cleaned once for all.

    A field whose widget already carries `autocomplete` keeps it; others get `off`, for most data here is about others.
    A CharField that must keep what was typed (a password has it anyway) says `field.keep_text = True`.
    """

    use_required_attribute = False
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.include_media = False
        self.helper.render_hidden_fields = True
        for name, field in self.fields.items():
            self._dress(name, field)

    def _dress(self, name: str, field: forms.Field) -> None:
        """Give one field its words, its cleaning and its hints for the browser."""
        if field.label is None:
            field.label = capfirst(name.replace("_", " "))
        self._word_errors(field)
        widget = field.widget
        plain_text = isinstance(field, forms.CharField) and not isinstance(widget, forms.PasswordInput)
        if plain_text and not getattr(field, "keep_text", False):
            cleaner = clean_message if isinstance(widget, forms.Textarea) else clean_name
            field.to_python = partial(_clean_text, field.to_python, cleaner)  # type: ignore[method-assign]
        if isinstance(field, forms.IntegerField) and isinstance(widget, forms.NumberInput):
            # A number box drops what it cannot read and changes under the mouse wheel; text with digit keys does not.
            widget.input_type = "text"
            whole = not isinstance(field, forms.DecimalField | forms.FloatField)
            widget.attrs["inputmode"] = "numeric" if whole else "decimal"
            for attribute in ("min", "max", "step"):
                widget.attrs.pop(attribute, None)
        if isinstance(widget, forms.Textarea):
            widget.attrs.pop("cols", None)
            widget.attrs["rows"] = 4 if widget.attrs.get("rows") == "10" else widget.attrs["rows"]
        if isinstance(widget, forms.TextInput | forms.Textarea | forms.Select):
            widget.attrs.setdefault("autocomplete", "off")

    def _word_errors(self, field: forms.Field) -> None:
        """Replace Django's general messages by ones that name the field; a form's own messages stay."""
        generic = generic_messages(type(field))
        for code, words in SPECIFIC.items():
            if code in field.error_messages and field.error_messages[code] == generic.get(code):
                field.error_messages[code] = words(field)
        for kind, say in BY_TYPE:
            if isinstance(field, kind) and field.error_messages.get("invalid") == generic.get("invalid"):
                field.error_messages["invalid"] = say(inner_label(field.label))
                break
        field.validators = [self._word_length(validator, field) for validator in field.validators]

    @staticmethod
    def _word_length(validator: Any, field: forms.Field) -> Any:
        """A length limit in words that name the field."""
        values = {"label": str(field.label)}
        if type(validator) is MaxLengthValidator:
            limit = _("%(label)s must be %%(limit_value)d characters or fewer.") % values
        elif type(validator) is MinLengthValidator:
            limit = _("%(label)s must be %%(limit_value)d characters or more.") % values
        else:
            return validator
        return type(validator)(validator.limit_value, message=lazystr(limit))


class HintedRadios(forms.RadioSelect):
    """Radio buttons with a sentence about each: `hints`, by the value of the choice."""

    hints: Mapping[str, Any] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The sentence describes its button, and is no part of its name."""
        option = super().create_option(name, value, *args, **kwargs)
        if hint := self.hints.get(str(value)):
            described = f"{option['attrs']['id']}_hint"
            option |= {"hint": hint, "hint_id": described}
            option["attrs"]["aria-describedby"] = described
        return option


class PortalForm(PortalFormMixin, forms.Form):
    """A form of the portal: set `self.helper.layout` after `super().__init__()`; without it, all fields in order."""


class PortalModelForm(PortalFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A model's form of the portal; `Meta.fields` is always spelled out."""
