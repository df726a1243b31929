"""Numbers of subscriptions as words."""

from django.utils.translation import ngettext

from core.html import number_text


def subscriptions_text(number: int) -> str:
    """1 subscription, 31 subscriptions."""
    return ngettext("%(number)s subscription", "%(number)s subscriptions", number) % {"number": number_text(number)}
