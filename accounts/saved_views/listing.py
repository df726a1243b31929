"""A list whose filters people keep under names: what is kept of its address, and the menu above it."""

from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from accounts.access import Actor
from accounts.models import SavedView
from accounts.roles import Permission
from core.filters import PortalFilterSet
from core.text import fold

VIEW = "view"


class WithSavedViews:
    """Goes before ListPage in a list whose address takes no arguments; nothing else is needed."""

    permission: Permission
    title: Any
    filterset_class: ClassVar[type[PortalFilterSet] | None]
    request: HttpRequest

    @classmethod
    def kept_query(cls, query: QueryDict) -> str:
        """What a view keeps of an address: the filters that the list knows, its order and the size of its pages."""
        filters = cls.filterset_class.base_filters if cls.filterset_class else ()
        values = {name: query.get(name, "").strip() for name in (*filters, "sort", "per_page")}
        return urlencode({name: value for name, value in values.items() if value and "\x00" not in value})

    def kept_parameters(self) -> tuple[str, ...]:
        """A new filter belongs to the view that was open: it can then be updated."""
        return (*super().kept_parameters(), VIEW)  # type: ignore[misc]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The menu of the list."""
        return super().get_context_data(saved_views=views_menu(type(self), self.request), **kwargs)  # type: ignore[misc]


@dataclass
class ViewsMenu:
    """The views of one list, which of them is open, and what can be done with it."""

    page: str
    # What a view would keep of the address.
    query: str
    own: list[SavedView] = field(default_factory=list)
    shared: list[SavedView] = field(default_factory=list)
    current: SavedView | None = None
    is_own: bool = False

    @property
    def is_modified(self) -> bool:
        """Whether the filters are others than those of the open view."""
        return self.current is not None and self.current.query != self.query

    @property
    def all_url(self) -> str:
        """The list without any filter."""
        return reverse(self.page)

    @property
    def save_url(self) -> str:
        """Where the filters get a name."""
        return self._address("save")

    @property
    def update_url(self) -> str:
        """Lets the open view have the present filters; nothing where it has them, or is somebody else's."""
        if self.current is None or not self.is_own or not self.is_modified:
            return ""
        return self._address("update", self.current.pk)

    @property
    def manage_url(self) -> str:
        """All views of the list, to rename and delete."""
        return reverse("saved_views:list", args=[self.page])

    def _address(self, name: str, *arguments: Any) -> str:
        address = reverse(f"saved_views:{name}", args=[self.page, *arguments])
        return f"{address}?{self.query}" if self.query else address


def views_menu(page: type[WithSavedViews], request: HttpRequest) -> ViewsMenu:
    """The menu of a list for whoever looks at it (one query)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    assert request.resolver_match is not None
    menu = ViewsMenu(request.resolver_match.view_name, page.kept_query(request.GET))
    opened = request.GET.get(VIEW, "")
    for view in views_of(menu.page, actor):
        is_own = view.owner_id == actor.user.pk  # type: ignore[union-attr]
        (menu.own if is_own else menu.shared).append(view)
        if str(view.pk) == opened:
            menu.current, menu.is_own = view, is_own
    return menu


def views_of(page: str, actor: Actor) -> list[SavedView]:
    """The views of a list that the actor may open, by name."""
    rows = SavedView.objects.visible_to(actor).filter(page=page).select_related("owner")
    names = [f"owner__{name}" for name in ("sign_in_name", "email", "full_name")]
    rows = rows.only("partner", "owner", "page", "name", "query", "is_shared", *names)
    return sorted(rows, key=lambda view: (fold(view.name), view.pk))


def saved_list(name: str) -> type[WithSavedViews] | None:
    """The list at the address of this name, if views of it can be saved."""
    try:
        found = getattr(resolve(reverse(name)).func, "view_class", None)
    except (NoReverseMatch, Resolver404):
        return None
    return found if isinstance(found, type) and issubclass(found, WithSavedViews) else None
