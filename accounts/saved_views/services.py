"""Keeping, changing and deleting views of a list."""

from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.access import Actor, can, require
from accounts.models import SavedView, User
from accounts.roles import Permission
from accounts.saved_views.listing import WithSavedViews, saved_list
from activity.services import record
from core.exceptions import NotPermitted, Refused

# Of one person in one company, over all lists.
MOST_VIEWS = 50
LONGEST_QUERY = SavedView._meta.get_field("query").max_length or 0


class NameTaken(Refused):
    """The person has a view of this list under this name."""

    def __init__(self) -> None:
        super().__init__(_("You already have a view with this name. Choose another name, or update that view."))


@transaction.atomic
def save_view(*, page: str, name: str, query: QueryDict, is_shared: bool, by: Actor) -> SavedView:
    """Keep the filters of a list under a name.

    NameTaken, or Refused with what else stands against it: there are too many views, or the filters are too long.
    """
    wanted = _list_of(page, by)
    if by.user is None or by.partner is None:
        raise NotPermitted("A view belongs to a person of a company.")
    # Two at once count one after the other.
    User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
    if SavedView.objects.filter(partner=by.partner, owner=by.user).count() >= MOST_VIEWS:
        text = _("You have %(number)d saved views. Delete one that you no longer need.")
        raise Refused(text % {"number": MOST_VIEWS})
    view = SavedView(
        partner=by.partner,
        owner=by.user,
        page=page,
        name=name,
        query=_short_enough(wanted.kept_query(query)),
        is_shared=is_shared,
    )
    _keep(view)
    record("saved_view.saved", view, by=by, page=page, query=view.query, is_shared=is_shared)
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str, is_shared: bool, by: Actor) -> SavedView:
    """Give one's own view another name, and say who sees it; NameTaken where there is such a view."""
    view = _own(view, by)
    old_name, was_shared = view.name, view.is_shared
    if (old_name, was_shared) == (name, is_shared):
        return view
    view.name, view.is_shared = name, is_shared
    _keep(view)
    record("saved_view.renamed", view, by=by, name=[old_name, name], is_shared=[was_shared, is_shared])
    return view


@transaction.atomic
def update_view(*, view: SavedView, query: QueryDict, by: Actor) -> SavedView:
    """Let one's own view have the filters of this address."""
    view = _own(view, by)
    old, view.query = view.query, _short_enough(_list_of(view.page, by).kept_query(query))
    if old == view.query:
        return view
    view.save(update_fields=["query"])
    record("saved_view.updated", view, by=by, query=[old, view.query])
    return view


@transaction.atomic
def delete_view(*, view: SavedView, by: Actor) -> None:
    """Delete one's own view, or one that is shared as somebody who may."""
    view = _locked(view, by)
    if not may_delete(view, by):
        raise NotPermitted(f"{by.label} may not delete the view {view.pk}.")
    record("saved_view.deleted", view, by=by, page=view.page, query=view.query, owner=str(view.owner))
    view.delete()


def may_delete(view: SavedView, by: Actor) -> bool:
    """Whether this view, which the actor sees, may be deleted by it."""
    return is_own(view, by) or (view.is_shared and can(by, Permission.DELETE_SHARED_VIEWS))


def is_own(view: SavedView, by: Actor) -> bool:
    """Whether the view is the person's own."""
    return by.user is not None and view.owner_id == by.user.pk


def _list_of(page: str, by: Actor) -> type[WithSavedViews]:
    found = saved_list(page)
    if found is None:
        raise Refused(_("Views of this list cannot be saved."))
    require(by, found.permission)
    return found


def _locked(view: SavedView, by: Actor) -> SavedView:
    found = SavedView.objects.visible_to(by).filter(pk=view.pk).select_for_update().first()
    if found is None:
        raise Refused(_("This view was deleted meanwhile."))
    return found


def _own(view: SavedView, by: Actor) -> SavedView:
    view = _locked(view, by)
    if not is_own(view, by):
        raise NotPermitted(f"{by.label} may not change the view {view.pk}.")
    return view


def _short_enough(query: str) -> str:
    if len(query) > LONGEST_QUERY:
        raise Refused(_("These filters are too long to be saved. Search for fewer words."))
    return query


def _keep(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken from error
