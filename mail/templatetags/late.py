"""{% late "link" %}: a value that is known only while the mail is being sent."""

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from mail.rendering import LATE_MARK, late_placeholder

register = template.Library()


@register.simple_tag(takes_context=True)
def late(context: Any, name: str) -> SafeString:
    """Write the placeholder of a late value, in the text and in the HTML alike; subjects have none."""
    if LATE_MARK not in context:
        raise template.TemplateSyntaxError("{% late %} stands only in the bodies of a mail.")
    return mark_safe(late_placeholder(name, context[LATE_MARK]))  # noqa: S308 – letters, digits and ~: only
