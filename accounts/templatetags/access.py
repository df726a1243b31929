"""The one judge of access, in templates."""

from typing import Any

from django import template
from django.template import Context

from accounts.access import can as may

register = template.Library()


@register.simple_tag(takes_context=True)
def can(context: Context, permission: str, obj: Any = None) -> bool:
    """`{% can "add_customer" as may_add %}`, `{% can "edit_customer" customer as may_edit %}`: may the actor?"""
    request = context.get("request") or getattr(context, "request", None)
    actor = getattr(request, "actor", None)
    return actor is not None and may(actor, permission, obj)
