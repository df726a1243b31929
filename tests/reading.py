"""Pages as a person reads them: words, and tables as lists of cells."""

import re
from html import unescape

from django.http import HttpResponse

from tests.contracts import header_faults, html_faults


def words(response: HttpResponse) -> str:
    """The page without entities and places to break a word, with single spaces; tags stay."""
    return " ".join(unescape(response.content.decode().replace("<wbr>", "")).split())


def steady(page: bytes) -> bytes:
    """The page without what is new at each opening: the tokens of its forms and the seconds left of the session."""
    return re.sub(rb'value="[A-Za-z0-9]{64}"|data-(idle|end)="\d+"', b"", page)


def text(html: str) -> str:
    """What is read of a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.replace("<wbr>", ""))).split())


def rows(response: HttpResponse, number: int = 0) -> list[list[str]]:
    """The cells of a table's body as text, without those of opened rows; the page's first table unless said."""
    bodies = re.findall(r"<tbody.*?</tbody>", response.content.decode(), re.S)
    if len(bodies) <= number:
        return []
    found = re.findall(r"<tr([^>]*)>(.*?)</tr>", bodies[number], re.S)
    closed = [row for attributes, row in found if 'class="expanded"' not in attributes]
    return [[text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in closed]


def checked(response: HttpResponse) -> HttpResponse:
    """The response, found to keep the promises of every page."""
    assert response.status_code == 200
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response
