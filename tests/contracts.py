"""What every page and every response promises, as checks that name what is broken."""

import itertools
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from django.http import HttpResponseBase

REQUIRED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), clipboard-write=(self)",
    "X-Robots-Tag": "noindex",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "manifest-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
# What is otherwise for one person's eyes and no cache's; PublicPagesMiddleware says where.
PUBLIC_HEADERS = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Language"}
CONTROLS = {"input", "select", "textarea"}
# To show the Confirmation again would lose the password that stands on it, so the browser asks before it leaves.
BROWSER_CHECKED = {"stored"}
REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "aria-errormessage", "aria-owns")


def header_faults(response: HttpResponseBase) -> list[str]:
    """What the response's headers lack; empty when they are as agreed."""
    faults = [
        f"{name} is {response.headers.get(name)!r}"
        for name, value in REQUIRED_HEADERS.items()
        if response.headers.get(name) != value
    ]
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in response.headers.get("Content-Security-Policy", "").split(";")
        if part
    )
    if policy != POLICY:
        faults.append(f"Content-Security-Policy is {policy}")
    if response.headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        faults.append(f"Referrer-Policy is {response.headers.get('Referrer-Policy')!r}")
    if "no-store" not in response.headers.get("Cache-Control", ""):
        faults.append(f"Cache-Control is {response.headers.get('Cache-Control')!r}")
    for cookie in response.cookies.values():
        if cookie["max-age"] == 0:
            continue  # being forgotten
        if not cookie["httponly"] or cookie["samesite"] != "Lax":
            faults.append(f"The cookie {cookie.key} is not HttpOnly and SameSite=Lax")
    return faults


def public_header_faults(response: HttpResponseBase, *, indexed: bool = True) -> list[str]:
    """What the headers of a page for everybody lack: those of every page, but kept by caches and free of cookies."""
    expected = {**PUBLIC_HEADERS, "X-Robots-Tag": "all" if indexed else "noindex"}
    faults = [fault for fault in header_faults(response) if not fault.startswith(("Cache-Control", "X-Robots-Tag"))]
    faults += [
        f"{name} is {response.headers.get(name)!r}"
        for name, value in expected.items()
        if response.headers.get(name) != value
    ]
    if response.cookies:
        faults.append(f"It sets the cookies {sorted(response.cookies)}")
    return faults


def text_of(element: Element) -> str:
    """The text of an element and all in it, with single spaces."""
    return " ".join("".join(element.itertext()).split())


def html_faults(html: str) -> list[str]:
    """What the page does against the agreement; empty when it keeps it."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(html)
    faults = [f"Parse error at {position}: {code}" for position, code, _data in parser.errors]
    elements = list(root.iter())
    parents = {child: parent for parent in elements for child in parent}
    faults += _document_faults(root, elements)
    faults += _reference_faults(elements)
    for element in elements:
        if not isinstance(element.tag, str):
            continue
        faults += _element_faults(element)
        if element.tag in CONTROLS:
            faults += _control_faults(element, elements, parents)
        if element.tag == "form":
            faults += _form_faults(element)
    return faults


def _document_faults(root: Element, elements: list[Element]) -> list[str]:
    faults = []
    if not root.get("lang"):
        faults.append("The page names no language")
    headings = [element for element in elements if element.tag == "h1"]
    if len(headings) != 1:
        faults.append(f"The page has {len(headings)} h1")
    title = root.find("head/title")
    if title is None or not text_of(title):
        faults.append("The page has no title")
    elif headings and text_of(headings[0]).split("(")[0].strip() not in text_of(title):
        faults.append(f"The title {text_of(title)!r} does not hold the heading {text_of(headings[0])!r}")
    levels = [
        int(e.tag[1])
        for e in elements
        if isinstance(e.tag, str) and len(e.tag) == 2 and e.tag[0] == "h" and e.tag[1] in "123456"
    ]
    faults += [f"Heading h{b} follows h{a}" for a, b in itertools.pairwise(levels) if b > a + 1]
    return faults


def _reference_faults(elements: list[Element]) -> list[str]:
    ids = [identifier for element in elements if (identifier := element.get("id"))]
    faults = [f"The id {identifier!r} occurs twice" for identifier in {i for i in ids if ids.count(i) > 1}]
    for element in elements:
        for name in (*REFERENCES, "for", "list", "form"):
            for reference in (element.get(name) or "").split():
                if reference not in ids and not (name == "form" and element.tag == "form"):
                    faults.append(f"{name}={reference!r} points to nothing")
    return faults


def _element_faults(element: Element) -> list[str]:
    faults = []
    for name in element.attrib:
        if str(name).startswith("on") or name == "style" or str(name).startswith("hx-on"):
            faults.append(f"<{element.tag} {name}=…> is inline")
    if element.tag == "style" or (element.tag == "script" and not element.get("src")):
        faults.append(f"<{element.tag}> is inline")
    for name in ("src", "href", "action", "formaction"):
        value = element.get(name) or ""
        parts = urlsplit(value)
        if parts.scheme == "javascript":
            faults.append(f"{name}={value!r} is a script")
        if element.tag in ("script", "img", "link") and parts.netloc:
            faults.append(f"<{element.tag}> is loaded from {parts.netloc}")
    if element.tag == "img" and element.get("alt") is None:
        faults.append("An image has no alternative text")
    if element.tag in ("a", "button") and element.get("hidden") is None and not _name_of(element):
        faults.append(f"A <{element.tag}> has no name: {element.attrib}")
    if element.tag in ("a", "button") and any(map(_is_drawing, element.iter())) and not _seen(element):
        # Where the drawing does not arrive, something must still say what it is.
        faults += [] if element.get("title") else [f"A <{element.tag}> is an icon alone: {_name_of(element)}"]
    if element.tag == "table" and element.find("caption") is None:
        faults.append("A table has no caption")
    return faults


def _is_drawing(element: Element) -> bool:
    return str(element.tag).rpartition("}")[2] == "svg"


def _seen(element: Element) -> str:
    """The text in it that is not for screen readers alone."""
    if _is_drawing(element) or "visually-hidden" in (element.get("class") or "").split():
        return ""
    inner = "".join(_seen(child) + (child.tail or "") for child in element)
    return f"{element.text or ''}{inner}".strip()


def _name_of(element: Element) -> str:
    return element.get("aria-label") or element.get("aria-labelledby") or text_of(element)


def _control_faults(element: Element, elements: list[Element], parents: dict[Element, Element]) -> list[str]:
    if element.get("type") in ("hidden", "submit", "button"):
        return []
    labelled = element.get("aria-label") or element.get("aria-labelledby")
    labelled = labelled or any(e.tag == "label" and e.get("for") == element.get("id") and text_of(e) for e in elements)
    parent = parents.get(element)
    while parent is not None and not labelled:
        labelled = parent.tag == "label" and text_of(parent)
        parent = parents.get(parent)
    faults = [] if labelled else [f"The field {element.get('name')!r} has no label"]
    if element.get("required") is not None and element.get("name") not in BROWSER_CHECKED:
        faults.append(f"The field {element.get('name')!r} is validated by the browser")
    return faults


def _form_faults(element: Element) -> list[str]:
    method = (element.get("method") or "get").lower()
    tokens = [e for e in element.iter("input") if e.get("name") == "csrfmiddlewaretoken"]
    faults = []
    if method == "post" and len(tokens) != 1:
        faults.append(f"The form to {element.get('action')!r} has {len(tokens)} tokens")
    if method == "get" and tokens:
        faults.append(f"The GET form to {element.get('action')!r} shows its token in the address")
    return faults
