"""Django's tags for translated text under their own name, of which `blocktranslate` writes whole sentences.

What `{% load i18n %}` finds, in pages and in mails: a sentence that ends with the name of an Inc. has one period.
"""

from typing import Any

from django import template
from django.template.base import Node, Parser, Token
from django.templatetags import i18n
from django.utils.safestring import SafeString

from core.text import one_period

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class SentencesNode(Node):
    """A translated block, in which a name that brings a period of its own ends no sentence with two."""

    def __init__(self, block: Any) -> None:
        self.block = block

    def render(self, context: template.Context) -> SafeString:
        """The block's text, or nothing where it is kept under a name."""
        text = SafeString(one_period(self.block.render(context)))
        if self.block.asvar:
            context[self.block.asvar] = SafeString(one_period(context[self.block.asvar]))
        return text


@register.tag("blocktranslate")
@register.tag("blocktrans")
def block_translate(parser: Parser, token: Token) -> SentencesNode:
    """As Django's."""
    return SentencesNode(i18n.do_block_translate(parser, token))
