"""Step-up: what does lasting harm asks for password and second factor again, unless they were given minutes ago.

A page asks before its form is filled in. Where the quarter of an hour runs out meanwhile, the button leads to the same
question with what was typed carried along in that page, and goes on from there; the session never holds what was sent.
What must not be written into a page (passwords) and what answers with a file is sent once more by the person instead.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts.access import membership_user
from accounts.forms import STEP_UP_PREFIX, StepUpForm
from accounts.middleware import page_of_form
from accounts.second_factors import factors_of
from accounts.throttle import APP
from core import clock

Handler = Callable[..., HttpResponseBase]

SEND_AGAIN = gettext_lazy("What you just sent was not saved. Confirm it is you, then enter it again.")
EXPORT_AGAIN = gettext_lazy("Confirm it is you, then press Export once more.")


def stepped_up(request: HttpRequest) -> bool:
    """Whether the person signed in or confirmed a short while ago, with a second factor if there is one."""
    since = clock.now().timestamp() - app_settings.REAUTHENTICATION_TIMEOUT
    recent = [one for one in get_authentication_records(request, request.user) if one["at"] > since]
    if any(one["method"] == "mfa" for one in recent):
        return True
    return bool(recent) and not factors_of(membership_user(request)).exists()


def ask_first(request: HttpRequest, *, again: Any = "") -> HttpResponseBase | None:
    """The page that asks, or None when the person has just proved to be the one; `again`: what to send once more."""
    if stepped_up(request):
        return None
    if request.method in ("GET", "HEAD"):
        return redirect_to_confirm(request.get_full_path())
    if again:
        messages.info(request, str(again))
        return redirect_to_confirm(page_of_form(request) or "")
    data = request.POST if f"{STEP_UP_PREFIX}-asked" in request.POST else None
    form = StepUpForm(data, user=membership_user(request))
    if form.is_bound:
        if refusal := ratelimit.consume_or_429(request, app=APP, action="reauthenticate", user=request.user):
            return refusal  # type: ignore[no-any-return]
        if form.is_valid():
            form.save()
            return None
    return ask(request, form, status=200, back_url=page_of_form(request) or reverse("home"), carried=carried(request))


def ask(request: HttpRequest, form: StepUpForm, *, status: int, back_url: str, carried: Any = ()) -> HttpResponse:
    """The page that asks, on which everything sent so far waits."""
    context = {"form": form, "back_url": back_url, "carried": carried, "action": request.get_full_path()}
    return render(request, "account/reauthenticate.html", context, status=status)


def carried(request: HttpRequest) -> list[tuple[str, str]]:
    """What was sent, without our own question and the token."""
    ours = ("csrfmiddlewaretoken", f"{STEP_UP_PREFIX}-")
    return [(name, value) for name, values in request.POST.lists() for value in values if not name.startswith(ours)]


def redirect_to_confirm(back: str) -> HttpResponseRedirect:
    """To the page that asks, and from there on to where the person was heading."""
    query = f"?{urlencode({'next': back})}" if back else ""
    return HttpResponseRedirect(reverse("account_reauthenticate") + query)


def asks_first(view: Handler, *, again: Any = SEND_AGAIN) -> Handler:
    """Ask before anything else of a view happens: for pages of one's own account, which everybody may open."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return ask_first(request, again=again) or view(request, *args, **kwargs)

    return asking


def step_up_required(view_class: Any = None, *, again: Any = "") -> Any:
    """Ask before `get` and `post` of a view class, once its dispatch has let the person in: no right, no question."""
    if view_class is None:
        return partial(step_up_required, again=again)
    for name in ("get", "post"):
        if handler := getattr(view_class, name, None):
            setattr(view_class, name, _asking(handler, again))
    return view_class


def _asking(handler: Handler, again: Any) -> Handler:
    @wraps(handler)
    def asking(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return ask_first(request, again=again) or handler(self, request, *args, **kwargs)

    return asking


@method_decorator(sensitive_post_parameters(), name="dispatch")
class ConfirmView(FormView):
    """Confirm it is you, then back to where one was heading."""

    form_class = StepUpForm
    template_name = "account/reauthenticate.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count the tries of this person."""
        refusal = ratelimit.consume_or_429(request, app=APP, action="reauthenticate", user=request.user)
        return refusal or super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form asks for what the person has."""
        return {**super().get_form_kwargs(), "user": self.request.user, "prefix": STEP_UP_PREFIX}

    def form_valid(self, form: Any) -> HttpResponse:
        """Note it in the session; its key stays, because what the session alone may see is bound to it."""
        form.save()
        return redirect(self.heading())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The way on and the way back."""
        return super().get_context_data(
            back_url=reverse("home"), carried=(), action=self.request.get_full_path(), **kwargs
        )

    def heading(self) -> str:
        """Where the person was heading, if it is a page of ours."""
        wanted = self.request.GET.get("next", "")
        return wanted if url_has_allowed_host_and_scheme(wanted, None) else reverse("home")
