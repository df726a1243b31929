"""Where I am signed in: one's own sessions, and their end."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View

from accounts.access import membership_user
from accounts.devices import device_words
from accounts.middleware import session_end, use_session
from accounts.services import end_other_sessions, end_session, sessions_of
from accounts.views import actor_of


class OwnSessionsView(TemplateView):
    """Since when, where and with what; this one is marked."""

    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """This session first, even while it is not on the list yet."""
        here = self.request.session.session_key
        rows = list(sessions_of(membership_user(self.request)))
        shown = [{"row": row, "device": device_words(row.user_agent)} for row in rows if row.session_key != here]
        return super().get_context_data(
            others=shown,
            here=next((row for row in rows if row.session_key == here), None),
            device=device_words(self.request.headers.get("User-Agent", "")),
            **kwargs,
        )


class KeepSessionView(View):
    """*Stay signed in*: use the session, and say how long it lasts now."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """The twelve hours stay what they were."""
        use_session(request)
        return JsonResponse(session_end(request))


class EndSessionView(View):
    """Sign one session out."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One of one's own; this very one is left by signing out. Of what is none of them nothing is said but that."""
        own = UserSession.objects.filter(user=membership_user(request), pk=pk)
        session = own.exclude(session_key=request.session.session_key).first()
        if session is None:
            messages.info(request, _("That session has ended already."))
        else:
            end_session(session=session, by=actor_of(request))
            messages.success(request, _("That session is signed out."))
        return redirect("accounts:sessions")


class EndOtherSessionsView(View):
    """Sign out everywhere else."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """All but this one."""
        key = request.session.session_key or ""
        ended = end_other_sessions(user=membership_user(request), keep=key, by=actor_of(request))
        text = ngettext("%(count)d other session is signed out.", "%(count)d other sessions are signed out.", ended)
        messages.success(request, text % {"count": ended} if ended else _("You are signed in nowhere else."))
        return redirect("accounts:sessions")
