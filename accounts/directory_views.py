"""Find an indirect provider: pages for everybody, which know nobody. PublicPagesMiddleware takes the cookies off."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat, Left, StrIndex
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.filters import DirectoryFilter
from accounts.models import ProviderProfile
from accounts.profile_facts import public_facts
from core.lists import ListPage
from core.middleware import LANGUAGE_PARAMETER
from core.paging import Sort
from core.tables import PortalTable

# The company's stored search text up to its MPN ID: the folded name. What follows it there is not public, and the key
# of a row stands in the address of the next page.
FOLDED_NAME = Left(
    "partner__search_text",
    StrIndex("partner__search_text", Concat(Value(" "), F("partner__mpn_id"), Value(" "))),
)


class PublicPage(TemplateView):
    """A page without session and person, in the language that the browser or the address asks for."""

    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The links to the page in the other languages, and how to stay in the one that was asked for."""
        asked = self.request.GET.get(LANGUAGE_PARAMETER, "")
        kept = {LANGUAGE_PARAMETER: asked} if asked in dict(settings.LANGUAGES) else {}
        return super().get_context_data(
            language_links=language_links(self.request),
            kept_query=f"?{urlencode(kept)}" if kept else "",
            **kwargs,
        )


def language_links(request: HttpRequest) -> list[dict[str, str]]:
    """This very page in each other language, named in that language."""
    links = []
    for code, _name in settings.LANGUAGES:
        if code == translation.get_language():
            continue
        query = request.GET.copy()
        query[LANGUAGE_PARAMETER] = code
        language, _dash, region = code.partition("-")
        links.append(
            {
                "label": str(translation.get_language_info(code)["name_local"]),
                "lang": f"{language}-{region.upper()}" if region else language,
                "url": f"{request.path}?{query.urlencode()}",
            }
        )
    return links


@method_decorator(login_not_required, name="dispatch")
class ProviderListView(PublicPage, ListPage):
    """The published providers, A to Z."""

    template_name = "directory/provider_list.html"
    title = gettext_lazy("Find an indirect provider")
    table_class = PortalTable  # never drawn: the rows are cards
    filterset_class = DirectoryFilter
    sorts = {"name": Sort(FOLDED_NAME, nullable=False)}
    default_sort = "name"
    empty_title = gettext_lazy("No providers published yet")
    empty_text = gettext_lazy("Providers appear here once the programme has published their profiles.")
    empty_icon = "diagram-3"

    def get_queryset(self) -> QuerySet[ProviderProfile]:
        """What anybody may read."""
        return ProviderProfile.objects.published().select_related("partner")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The cards."""
        context = super().get_context_data(**kwargs)
        rows = context["listing"].page.rows
        return {**context, "providers": [public_facts(row) for row in rows], "path": reverse("directory:list")}

    def kept_parameters(self) -> tuple[str, ...]:
        """The language stays when the filter changes."""
        return (*super().kept_parameters(), LANGUAGE_PARAMETER)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Search engines may keep the list, and not each answer to a search in it."""
        response = super().render_to_response(context, **kwargs)
        if context["chips"] or context["filter_form"].errors:
            response.headers["X-Robots-Tag"] = "noindex"
        return response


@method_decorator(login_not_required, name="dispatch")
class ProviderView(PublicPage):
    """One published provider; whatever else the address may name is not found."""

    template_name = "directory/provider.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Its published side."""
        rows = ProviderProfile.objects.published().select_related("partner")
        profile = get_object_or_404(rows, partner__microsoft_id=self.kwargs["microsoft_id"])
        return super().get_context_data(
            facts=public_facts(profile), list_label=_("Find an indirect provider"), **kwargs
        )
