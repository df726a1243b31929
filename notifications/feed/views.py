"""The page *Notifications*, its buttons, and the page of preferences: for every signed-in person, about itself."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.generic import FormView, TemplateView, View

from accounts.views import actor_of
from core import html
from notifications.feed.counting import unread_of
from notifications.feed.forms import PreferencesForm
from notifications.feed.reading import own_notifications, page_of
from notifications.feed.services import categories_for, choose_notifications, mark_read, preferences_of


class NotificationList(TemplateView):
    """What happened that concerns the person, newest first, by days."""

    template_name = "notifications/list.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        actor = actor_of(self.request)
        query = self.request.GET
        unread_only = query.get("show") == "unread"
        page = page_of(actor, query.get("after", ""), unread_only=unread_only)
        days = [
            (html.date_text(day), list(lines))
            for day, lines in groupby(page.lines, lambda line: timezone.localtime(line.record.at).date())
        ]
        place = f"after={page.older}"
        return super().get_context_data(
            days=days,
            older_url=f"?{place}&show=unread" if unread_only and page.older else f"?{place}" if page.older else "",
            is_first="after" not in query,
            unread_only=unread_only,
            unread=unread_of(actor),
            tabs=[
                {
                    "label": pgettext("notifications", "All"),
                    "url": reverse("notifications:list"),
                    "current": not unread_only,
                },
                {
                    "label": pgettext("several notifications", "Unread"),
                    "url": f"{reverse('notifications:list')}?show=unread",
                    "current": unread_only,
                },
            ],
            **kwargs,
        )


class MarkReadView(View):
    """Mark one of one's own as read; another person's is not found."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mark it and come back to where it stands."""
        actor = actor_of(request)
        mark_read(by=actor, notification=get_object_or_404(own_notifications(actor), pk=pk))
        return redirect("notifications:list")


class MarkAllReadView(View):
    """Mark everything as read that the person is told in this organization."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark them."""
        count = mark_read(by=actor_of(request))
        text = ngettext(
            "%(count)d notification is marked as read.", "%(count)d notifications are marked as read.", count
        )
        if count:
            messages.success(request, text % {"count": count})
        return redirect("notifications:list")


class PreferencesView(FormView):
    """Which kinds of notifications the person wants, and where."""

    form_class = PreferencesForm
    template_name = "notifications/preferences.html"
    success_url = reverse_lazy("notifications:preferences")

    def get_form_kwargs(self) -> dict[str, Any]:
        """The kinds of which the person's role can be told, as they are chosen today."""
        actor = actor_of(self.request)
        in_bell, by_mail = preferences_of(actor)
        return {
            **super().get_form_kwargs(),
            "categories": categories_for(actor),
            "can_be_mailed": bool(actor.user.email),
            "initial": {"in_bell": in_bell, "by_mail": by_mail},
        }

    def form_valid(self, form: PreferencesForm) -> HttpResponse:
        """Keep them."""
        chosen = form.cleaned_data
        choose_notifications(in_bell=chosen["in_bell"], by_mail=chosen.get("by_mail", []), by=actor_of(self.request))
        messages.success(self.request, _("Your settings are saved."))
        return super().form_valid(form)
