"""How the controls of forms become HTML: the plain ones in Python, for a page has many and a template costs more."""

from collections.abc import Callable
from html import escape
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString


def attributes(given: dict[str, Any]) -> str:
    """Attributes as Django's templates write them: False is left out, True has no value."""
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(str(value))}"'
        for name, value in given.items()
        if value is not False
    )


def text_input(widget: dict[str, Any]) -> str:
    """An `<input>` of any type."""
    value = "" if widget["value"] is None else f' value="{escape(str(widget["value"]))}"'
    return f'<input type="{widget["type"]}" name="{escape(widget["name"])}"{value}{attributes(widget["attrs"])}>'


def option(widget: dict[str, Any]) -> str:
    """One choice of a `<select>`."""
    marks = attributes(widget["attrs"])
    return f'<option value="{escape(str(widget["value"]))}"{marks}>{escape(str(widget["label"]))}</option>'


def select(widget: dict[str, Any]) -> str:
    """A `<select>`, its choices in groups where they have names."""
    groups = []
    for group, choices, _index in widget["optgroups"]:
        options = "".join(map(option, choices))
        groups.append(f'<optgroup label="{escape(str(group))}">{options}</optgroup>' if group else options)
    return f'<select name="{escape(widget["name"])}"{attributes(widget["attrs"])}>{"".join(groups)}</select>'


FOLDER = "django/forms/widgets/"
INPUTS = ("text", "input", "email", "hidden", "number", "url", "password", "date")
MADE_HERE: dict[str, Callable[[dict[str, Any]], str]] = {
    f"{FOLDER}select.html": select,
    **{f"{FOLDER}{kind}.html": text_input for kind in INPUTS},
}


class PortalRenderer(TemplatesSetting):
    """Templates of the portal before those of Django, and no template at all where none is needed."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        """The control."""
        make = MADE_HERE.get(template_name)
        if make is None:
            return SafeString(super().render(template_name, context, request))
        return SafeString(make(context["widget"]))
