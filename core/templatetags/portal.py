"""The tags of every template of the portal; a builtin, so no template loads it."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxSelectMultiple, Select
from django.forms.formsets import BaseFormSet
from django.middleware.csrf import get_token
from django.template import Context
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import html, text

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "md") -> SafeString:
    """`{% icon "people" %}`, `{% icon "people" "lg" %}`: a drawing of static/img/icons.svg."""
    return html.icon(name, size)


@register.simple_tag
def status(kind: str, words: Any) -> SafeString:
    """`{% status "success" "Active" %}`: kind is success, warning, danger, info or neutral."""
    return html.status_badge(kind, words)


@register.simple_tag
def local_time(value: datetime.datetime | datetime.date | None, style: str = "absolute") -> SafeString:
    """`{% local_time sent_at "both" %}`: absolute (default), relative, both or date, in the person's zone."""
    return html.time_tag(value, style)


@register.simple_tag
def copy_text(value: Any, label: Any) -> SafeString:
    """`{% copy_text customer.microsoft_id "Customer ID" %}`: an identifier with a Copy button."""
    return html.copy_text(value, label)


@register.simple_tag
def missing(words: str = "") -> SafeString:
    """`{% missing %}`: a dash where there is nothing to show, read aloud as a word."""
    return html.missing(words) if words else html.missing()


@register.simple_tag(takes_context=True)
def csrf_field(context: Context) -> SafeString:
    """The token of a POST form; unlike `{% csrf_token %}` it survives `{% include … only %}`."""
    request = getattr(context, "request", None) or context.get("request")
    if request is None:
        return SafeString("")
    if not hasattr(request, "portal_csrf_field"):
        # Each call would disguise the same secret anew; a page needs that once, however many forms it has.
        request.portal_csrf_field = format_html(
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request)
        )
    field: SafeString = request.portal_csrf_field
    return field


@register.simple_tag
def html_language() -> str:
    """The active language as `lang` wants it: pt-BR."""
    language, _dash, region = (translation.get_language() or "en").partition("-")
    return f"{language}-{region.upper()}" if region else language


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """`{{ total|money:"BRL" }}`: BRL 1.050,00 or BRL 1,050.00, after the active language."""
    return html.money_text(amount, currency)


@register.filter
def number(value: Decimal | int | None) -> str:
    """`{{ count|number }}`: with thousands marks; never for ids."""
    return html.number_text(value)


@register.filter
def breakable(value: Any) -> Any:
    """A long address may be broken between its parts."""
    return html.breakable(value)


@register.filter
def sentences(value: Any) -> Any:
    """Text of whole sentences: with one period after a name that has its own, and long addresses that may be broken."""
    if isinstance(value, str):
        value = SafeString(text.one_period(value)) if hasattr(value, "__html__") else text.one_period(value)
    return html.breakable(value)


@register.filter
def mask_email(value: str) -> str:
    """`{{ address|mask_email }}`: m•••@example.com."""
    return text.mask_email(value)


@register.filter
def initials(value: Any) -> str:
    """`{{ user|initials }}`: one or two letters for the account menu."""
    words = str(value).split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper()


@register.filter
def says_optional(field: BoundField) -> bool:
    """Whether the label says "(optional)": not where leaving it alone is one of the choices, in words."""
    widget = field.field.widget
    if field.field.required or field.field.disabled or isinstance(widget, CheckboxSelectMultiple):
        return False
    if not isinstance(widget, Select):
        return True
    value, label = next(iter(widget.choices), ("", ""))
    return not str(value) and not str(label).strip("-— ")


def _links_of(form: BaseForm) -> Iterable[tuple[str, str]]:
    for message in form.non_field_errors():
        yield "", str(message)
    # In the order of the page, whichever of them was found first.
    for field in form:
        # A group of radio buttons has no element of its own to jump to: its first option stands for it.
        target = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
        for message in field.errors:
            yield target, str(message)


@register.simple_tag
def error_links(form: Any) -> list[tuple[str, str]]:
    """(element id or "", message) of every error of a form, a formset, or a list of them."""
    if form is None or form == "":
        return []
    if isinstance(form, BaseFormSet):
        whole = [("", str(message)) for message in form.non_form_errors()]
        return whole + [link for one in form.forms for link in _links_of(one)]
    if isinstance(form, BaseForm):
        return list(_links_of(form)) if form.is_bound else []
    return [link for one in form for link in error_links(one)]
