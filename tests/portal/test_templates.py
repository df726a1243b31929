"""Every template is used, and an undefined variable in one of ours is an error."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template, engines
from django.template.utils import get_app_template_dirs
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic.base import TemplateResponseMixin

ROOT = Path(settings.BASE_DIR)
TEMPLATES = ROOT / "templates"
# Error pages are named by their status.
ERROR_PAGE = re.compile(r"[45][0-9]{2}\.html")
SKIPPED = {".venv", "var", "tests", "node_modules", "locale", ".git"}


def sources() -> str:
    """Everything that may name a template."""
    texts = []
    for path in ROOT.rglob("*.*"):
        if path.suffix in (".py", ".html", ".txt") and not SKIPPED & set(path.relative_to(ROOT).parts):
            texts.append(path.read_text())
    return "\n".join(texts)


def views(patterns: list[URLPattern | URLResolver]) -> list[type]:
    """The view classes behind the addresses."""
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += views(pattern.url_patterns)
        elif view_class := getattr(pattern.callback, "view_class", None):
            found.append(view_class)
    return found


def default_names() -> set[str]:
    """The names that Django's generic views derive from their model."""
    names = set()
    for view in views(get_resolver().url_patterns):
        model, suffix = getattr(view, "model", None), getattr(view, "template_name_suffix", None)
        if issubclass(view, TemplateResponseMixin) and model is not None and suffix:
            names.add(f"{model._meta.app_label}/{model._meta.model_name}{suffix}.html")
    return names


def replaces_a_library_template(name: str) -> bool:
    """Whether a library has a template of this name, which ours stands in for."""
    return any((directory / name).is_file() for directory in get_app_template_dirs("templates"))


def is_used(name: str, text: str) -> bool:
    """Whether something shows the template: its name, a mail's kind, or its folder and its last part."""
    if ERROR_PAGE.fullmatch(name) or f'"{name}"' in text or f"'{name}'" in text:
        return True
    if name.startswith("emails/"):
        kind = re.sub(r"(\.subject)?\.(txt|html)$", "", name.removeprefix("emails/"))
        return f'"{kind}"' in text
    directory, _slash, last = name.rpartition("/")
    # f"resellers/invitation/{case}.html"
    return f'"{directory}/{{' in text and f'"{Path(last).stem}"' in text


def test_every_template_is_used() -> None:
    text = sources()
    derived = default_names()
    names = [
        path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.suffix in (".html", ".txt")
    ]

    unused = [
        name for name in names if not (is_used(name, text) or name in derived or replaces_a_library_template(name))
    ]

    assert unused == []


def test_undefined_variable_in_our_template_is_an_error() -> None:
    template = Template("Hello {{ person.name }}")

    with pytest.raises(LookupError, match="Undefined variable"):
        template.render(Context({"user": "somebody"}))
    assert template.render(Context({"person": {"name": "Ada"}})) == "Hello Ada"


def test_undefined_variable_in_a_library_template_is_empty() -> None:
    template = engines["django"].get_template("django/forms/widgets/input.html")

    assert "site-packages" in template.origin.name
    assert "<input" in template.render({"widget": {"type": "text", "name": "x"}})
