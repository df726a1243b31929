"""The pages on which views of a list are saved, renamed, updated and deleted."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.access import Actor, can
from accounts.models import SavedView
from accounts.saved_views.forms import PRIVATE, SHARED, ViewForm
from accounts.saved_views.listing import WithSavedViews, saved_list, views_of
from accounts.saved_views.services import (
    NameTaken,
    delete_view,
    is_own,
    may_delete,
    rename_view,
    save_view,
    update_view,
)
from accounts.saved_views.tables import ViewTable
from core.exceptions import Refused


class ViewsPage(TemplateView):
    """A page about the views of one list, for whoever may open the list on behalf of a company."""

    list_page: type[WithSavedViews]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the list; a name that is no list with views is not found."""
        found = saved_list(kwargs["page"])
        if found is None:
            raise Http404
        if self.actor.partner is None or not can(self.actor, found.permission):
            raise PermissionDenied
        self.list_page = found
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        """Who acts, for whom."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    @property
    def page(self) -> str:
        """The name of the list's address."""
        name: str = self.kwargs["page"]
        return name

    def one(self) -> SavedView:
        """The view of this list that the address names, if the actor sees it."""
        rows = SavedView.objects.visible_to(self.actor).select_related("owner")
        return get_object_or_404(rows, page=self.page, pk=self.kwargs["pk"])

    def own(self) -> SavedView:
        """The same, for what only its owner may do."""
        view = self.one()
        if not is_own(view, self.actor):
            raise PermissionDenied
        return view

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list that it is about."""
        manage_url = reverse("saved_views:list", args=[self.page])
        return super().get_context_data(
            list_title=self.list_page.title, list_url=reverse(self.page), manage_url=manage_url, **kwargs
        )


class SavedViewList(ViewsPage):
    """Every view of the list that the person may open."""

    template_name = "saved_views/list.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        views = views_of(self.page, self.actor)
        return super().get_context_data(table=ViewTable(views, actor=self.actor), count=len(views), **kwargs)


class SaveView(ViewsPage):
    """Gives the filters in the address a name."""

    template_name = "saved_views/form.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask for the name and who sees it."""
        assert self.actor.partner is not None
        return self.show(ViewForm(partner=self.actor.partner))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save it and show the list as that view."""
        assert self.actor.partner is not None
        form = ViewForm(request.POST, partner=self.actor.partner)
        if not form.is_valid():
            return self.show(form)
        try:
            view = save_view(
                page=self.page,
                name=form.cleaned_data["name"],
                query=request.GET,
                is_shared=form.is_shared,
                by=self.actor,
            )
        except Refused as refusal:
            form.add_error("name", str(refusal))
            return self.show(form)
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
        return redirect(view)

    def show(self, form: ViewForm) -> HttpResponse:
        """The page with the form."""
        query = self.list_page.kept_query(self.request.GET)
        back = f"{reverse(self.page)}?{query}" if query else reverse(self.page)
        return self.render_to_response(
            self.get_context_data(form=form, question=_("Save this view"), submit_label=_("Save view"), cancel_url=back)
        )


class RenameView(ViewsPage):
    """Gives one's own view another name, and says who sees it."""

    template_name = "saved_views/form.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form as it is."""
        view = self.own()
        assert self.actor.partner is not None
        initial = {"name": view.name, "audience": SHARED if view.is_shared else PRIVATE}
        return self.show(ViewForm(initial=initial, partner=self.actor.partner))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Rename it."""
        view = self.own()
        assert self.actor.partner is not None
        form = ViewForm(request.POST, partner=self.actor.partner)
        if not form.is_valid():
            return self.show(form)
        try:
            rename_view(view=view, name=form.cleaned_data["name"], is_shared=form.is_shared, by=self.actor)
        except NameTaken as refusal:
            form.add_error("name", str(refusal))
            return self.show(form)
        messages.success(request, _("The view “%(name)s” was changed.") % {"name": form.cleaned_data["name"]})
        return redirect("saved_views:list", self.page)

    def show(self, form: ViewForm) -> HttpResponse:
        """The page with the form."""
        context = self.get_context_data(form=form, question=_("Rename this view"), submit_label=_("Save"))
        return self.render_to_response({**context, "cancel_url": context["manage_url"]})


class UpdateView(ViewsPage):
    """Lets one's own view have the filters in the address."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Update it and show the list as that view."""
        view = self.own()
        try:
            view = update_view(view=view, query=request.GET, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The view “%(name)s” has the present filters now.") % {"name": view.name})
        return redirect(view)


class DeleteView(ViewsPage):
    """Deletes a view, after a page that asks."""

    template_name = "saved_views/delete.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask."""
        return self.render_to_response(self.get_context_data(view_to_delete=self.deletable()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Delete it."""
        view = self.deletable()
        try:
            delete_view(view=view, by=self.actor)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
        return redirect("saved_views:list", self.page)

    def deletable(self) -> SavedView:
        """The view, if it is the person's own or one that it may take from everybody."""
        view = self.one()
        if not may_delete(view, self.actor):
            raise PermissionDenied
        return view
