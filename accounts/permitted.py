"""What every page that takes a permission starts from."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.generic import View

from accounts.access import Actor, can
from accounts.roles import Permission


class PermittedView(View):
    """Refuse with 403 whoever lacks the permission altogether, before anything is looked up."""

    permission: Permission

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask the one judge."""
        if not can(self.actor, self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        """Who acts, for whom."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor
