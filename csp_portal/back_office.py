"""The back office as a place of its own: entered by confirming who one is, left by a button or by half an hour away."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.middleware import SEEN_EVERY_SECONDS, page_of_form
from accounts.step_up import redirect_to_confirm, stepped_up
from core import clock
from core.paging import COUNT_CAP

SEEN_AT = "back_office_seen_at"
NEXT = "next"


def enter(request: HttpRequest) -> None:
    """Begin to be inside."""
    request.session[SEEN_AT] = clock.now().timestamp()


def leave(request: HttpRequest) -> None:
    """Be inside no longer."""
    request.session.pop(SEEN_AT, None)


def is_inside(request: HttpRequest) -> bool:
    """Whether this session has entered and was here of late; being here counts as being seen."""
    now, seen = clock.now().timestamp(), request.session.get(SEEN_AT)
    if seen is None or now - seen > settings.SESSION_IDLE_SECONDS:
        return False
    if now - seen > SEEN_EVERY_SECONDS:
        request.session[SEEN_AT] = now
    return True


class CappedPaginator(Paginator):
    """Numbered pages of the back office; what lies behind the first ten thousand rows is found by search."""

    @cached_property
    def count(self) -> int:
        """How many rows, up to the cap; Django shows the list anew for a typed filter that no column can answer."""
        rows: QuerySet = self.object_list  # type: ignore[assignment]
        try:
            return rows.order_by()[:COUNT_CAP].count()
        except (OverflowError, ValueError, DataError) as error:
            raise IncorrectLookupParameters(str(error)) from error


class BackOfficeSite(AdminSite):
    """Django's admin, with a door, and what needs somebody on its first page."""

    index_template = "admin/health.html"
    index_title = gettext_lazy("Back office")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """With what lists of a million rows need: no count beyond the cap, and pages of fifty.

        No link leads to a row's own page: those are for people of its company, and nobody else finds anything there.
        """
        needed = {"paginator": CappedPaginator, "show_full_result_count": False, "list_per_page": 50}
        needed["view_on_site"] = False
        super().register(model_or_iterable, admin_class, **{**needed, **options})

    def admin_view(  # type: ignore[override]
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., Any]:
        """As Django's, for those who have come in by the door."""
        guarded = super().admin_view(view, cacheable)  # type: ignore[arg-type, type-var]

        @wraps(guarded)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if self.has_permission(request) and not is_inside(request):
                return self._to_the_door(request)
            return guarded(request, *args, **kwargs)

        return inner

    def _to_the_door(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            back = request.get_full_path()
        else:
            messages.warning(request, _("What you just sent was not saved."))
            back = page_of_form(request) or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('admin:enter')}?{urlencode({NEXT: back})}")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """With the door, from both sides."""
        door = super().admin_view
        return [
            path("enter/", door(self.enter_view), name="enter"),
            path("leave/", door(require_POST(self.leave_view)), name="leave"),
            *super().get_urls(),
        ]

    def enter_view(self, request: HttpRequest) -> HttpResponse:
        """Say where the person is going; a button goes there, by way of a confirmation if none was given of late."""
        heading = request.POST.get(NEXT) or request.GET.get(NEXT) or reverse("admin:index")
        if not url_has_allowed_host_and_scheme(heading, {request.get_host()}, require_https=request.is_secure()):
            heading = reverse("admin:index")
        here = f"{reverse('admin:enter')}?{urlencode({NEXT: heading})}"
        if not stepped_up(request):
            return redirect_to_confirm(here)
        if request.method == "POST":
            enter(request)
            return HttpResponseRedirect(heading)
        context = {**self.each_context(request), "title": _("Enter the back office"), "heading": heading}
        # Not before the door: the list of what is inside.
        return TemplateResponse(request, "admin/enter.html", {**context, "available_apps": [], "has_permission": False})

    def leave_view(self, request: HttpRequest) -> HttpResponse:
        """Back to the portal, still signed in."""
        leave(request)
        messages.info(request, _("You have left the back office."))
        return redirect("accounts:preferences")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the installation's kind, for the ribbon."""
        return {**super().each_context(request), "environment": settings.PORTAL_MODE}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """With the health of the portal and the queues that the person may see."""
        from csp_portal.panel import health_rows, queue_rows

        rows = {"health": health_rows(), "queues": queue_rows(request.user)}
        return super().index(request, {**(extra_context or {}), **rows})
