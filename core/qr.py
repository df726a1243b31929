"""A QR code as a drawing in the page."""

from functools import lru_cache

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


@lru_cache(maxsize=64)
def qr_svg(text: str, label: str) -> SafeString:
    """The text as a QR code, black on white, named for those who cannot see it; never for a secret."""
    code = segno.make(text, error="m", micro=False)
    drawing = code.svg_inline(border=4, omitsize=True, light="#fff", svgclass=None, lineclass=None)
    # A drawing of the library's own making: numbers alone.
    inner = mark_safe(drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")])  # noqa: S308
    size = code.symbol_size(border=4)[0]
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" role="img" aria-label="{}" focusable="false">{}</svg>',
        size,
        size,
        label,
        inner,
    )
