"""The first two steps: an address, and the code that was mailed to it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from accounts.codes import new_binding
from accounts.enrolment.forms import AddressForm, CodeForm
from accounts.enrolment.session import ENROLLING, AskedCode, asked_code, next_of, remember_code, with_next
from accounts.enrolment.views.codes import accepts, too_many_codes
from accounts.services import send_enrolment_code, try_code
from accounts.throttle import minutes_until_code


def page(request: HttpRequest, name: str) -> str:
    """The address of another page of the journey, with the way back that this one carries."""
    return with_next(reverse(f"enrolment:{name}"), next_of(request))


def mail_code(request: HttpRequest, address: str, *, replaces: str = "") -> int:
    """Mail a code and remember it in the session; when there were too many, return the minutes to wait, else 0."""
    minutes = minutes_until_code(request, "enroll", address)
    if minutes:
        return minutes
    binding = new_binding()
    code = send_enrolment_code(
        address=address,
        language=translation.get_language() or "en",
        binding=binding,
        replaces=replaces,
        by=request.actor,  # type: ignore[attr-defined]
    )
    remember_code(request.session, ENROLLING, AskedCode(address, str(code.pk), binding))
    return 0


@method_decorator(login_not_required, name="dispatch")
class StartView(FormView):
    """Ask for a code; the answer is the same whether or not the address has an account."""

    form_class = AddressForm
    template_name = "enrolment/start.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Somebody who is signed in has an address: their company comes next."""
        if request.user.is_authenticated:
            return redirect(page(request, "company"))
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The other way in keeps the way back."""
        return super().get_context_data(
            sign_in_url=with_next(reverse("account_login"), next_of(self.request)), **kwargs
        )

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Mail what is true of the address, unless it or this client has asked too often."""
        minutes = mail_code(self.request, form.cleaned_data["email"])
        if minutes:
            form.add_error("email", ValidationError(too_many_codes(minutes), code="rate_limited"))
            return self.form_invalid(form)
        return redirect(page(self.request, "code"))


class AskedCodePage(View):
    """A page for whoever has asked for a code in this session and is not signed in."""

    asked: AskedCode

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Everybody else begins at the beginning."""
        asked = asked_code(request.session, ENROLLING)
        if request.user.is_authenticated or asked is None:
            return redirect(page(request, "start"))
        self.asked = asked
        return super().dispatch(request, *args, **kwargs)


class CodeView(AskedCodePage, FormView):
    """Type the code that was mailed."""

    form_class = CodeForm
    template_name = "enrolment/code.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Once it was typed, there is nothing left to do here."""
        if self.asked.proves:
            return redirect(page(request, "company"))
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whose mailbox to look into, and the two ways out."""
        return super().get_context_data(
            address=self.asked.address,
            again_url=page(self.request, "another_code"),
            start_url=page(self.request, "start"),
            **kwargs,
        )

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Go on with the proof, or say what is wrong with the code."""
        if accepts(self.request, form, self.asked, try_code):
            return redirect(page(self.request, "company"))
        return self.form_invalid(form)


class AnotherCodeView(AskedCodePage):
    """Mail another code; the one before it stops working."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to the page where it is typed."""
        minutes = mail_code(request, self.asked.address, replaces=self.asked.code_id)
        if minutes:
            messages.error(request, too_many_codes(minutes))
        else:
            messages.success(request, _("Another code is on its way. Only the newest one works."))
        return redirect(page(request, "code"))
