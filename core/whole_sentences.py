"""Django's `blocktranslate` in pages and in mails: a sentence that ends with the name of an Inc. has one period.

Imported when the portal starts (core.apps), it takes the tag's place in the library that `{% load i18n %}` loads.
"""

from typing import Any

from django.template import Context
from django.template.base import Node, Parser, Token
from django.templatetags import i18n
from django.utils.safestring import SafeString

from core.text import one_period


class SentencesNode(Node):
    """A translated block, in which a name that brings a period of its own ends no sentence with two."""

    def __init__(self, block: Any) -> None:
        self.block = block

    def render(self, context: Context) -> SafeString:
        """The block's text, or nothing where it is kept under a name."""
        text = SafeString(one_period(self.block.render(context)))
        if self.block.asvar:
            context[self.block.asvar] = SafeString(one_period(context[self.block.asvar]))
        return text


@i18n.register.tag("blocktranslate")
@i18n.register.tag("blocktrans")
def block_translate(parser: Parser, token: Token) -> SentencesNode:
    """As Django's."""
    return SentencesNode(i18n.do_block_translate(parser, token))
