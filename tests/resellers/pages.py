"""How tests read a page: its words, the rows of its table, and the promises of every page."""

import re
from html import unescape

from tests.contracts import header_faults, html_faults


def words(response) -> str:
    """The page without entities and places to break a word, with single spaces."""
    return " ".join(unescape(response.content.decode().replace("<wbr>", "")).split())


def rows(response) -> list[list[str]]:
    """The cells of the table's body as text."""
    body = re.search(r"<tbody.*?</tbody>", response.content.decode().replace("<wbr>", ""), re.S)
    if body is None:
        return []
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in re.findall(r"<tr.*?</tr>", body[0], re.S)]
    return [[" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def names(response) -> list[str]:
    """The first cell of each row."""
    return [row[0] for row in rows(response)]


def checked(response):
    """The response, found to keep the promises of every page."""
    assert response.status_code == 200
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response
