"""How a request reaches Django."""

from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class PortalRequest(WSGIRequest):
    """A request is read as UTF-8, as every browser sends it, whatever encoding its Content-Type names.

    Django would take any codec of Python's: some make NULs and halves of characters, and others fail before there is a
    request that a page could answer.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params = "", {}


class PortalHandler(WSGIHandler):
    """Django's handler, with the portal's requests."""

    request_class = PortalRequest


def make_application() -> PortalHandler:
    """As Django's get_wsgi_application()."""
    django.setup(set_prefix=False)
    return PortalHandler()
