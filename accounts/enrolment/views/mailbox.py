"""Prove the mailbox of the account one is signed in with."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import FormView, View

from accounts.access import membership_user
from accounts.codes import new_binding
from accounts.enrolment.forms import CodeForm
from accounts.enrolment.session import PROVING, AskedCode, asked_code, forget_code, next_of, remember_code, with_next
from accounts.enrolment.views.codes import accepts, too_many_codes
from accounts.models import User
from accounts.services import prove_own_mailbox, send_own_code
from accounts.throttle import minutes_until_code
from core.text import email_key


class OwnMailboxPage(View):
    """A page for somebody whose mailbox is still to be proved."""

    user: User
    address: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without a mailbox there is nothing to prove, with a proved one nothing left to do."""
        self.user = membership_user(request)
        self.address = normal_address(self.user)
        if not self.address:
            text = _("This account has no mailbox, so there is nothing to prove.")
            return render(request, "enrolment/unsuitable.html", {"text": text}, status=409)
        if self.user.email_proved_at is not None:
            return redirect(next_of(request) or "home")
        return super().dispatch(request, *args, **kwargs)

    @property
    def asked(self) -> AskedCode | None:
        """The code that was asked for in this session for the address as it is now."""
        asked = asked_code(self.request.session, PROVING)
        return asked if asked and asked.address == self.address else None


class ProveEmailView(OwnMailboxPage, FormView):
    """Type the code that was mailed to one's own address; it is mailed by a button, for a GET does nothing."""

    form_class = CodeForm
    template_name = "enrolment/prove_email.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The address, and whether a code is on its way to it."""
        send = with_next(reverse("enrolment:send_own_code"), next_of(self.request))
        return super().get_context_data(address=self.user.email, asked=self.asked, send_url=send, **kwargs)

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Take the proof and go where the person was heading."""
        asked = self.asked
        if asked is None:
            return redirect(self.request.get_full_path())
        judge = partial(prove_own_mailbox, user=self.user, by=self.request.actor)
        if not accepts(self.request, form, asked, judge):
            return self.form_invalid(form)
        forget_code(self.request.session, PROVING)
        messages.success(self.request, _("Your mailbox is proved."))
        return redirect(next_of(self.request) or "home")


class SendOwnCodeView(OwnMailboxPage):
    """Mail a code to one's own address."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send it, unless too many were sent, and back to the page where it is typed."""
        minutes = minutes_until_code(request, "prove", self.address)
        if minutes:
            messages.error(request, too_many_codes(minutes))
        else:
            binding, before = new_binding(), self.asked
            code = send_own_code(
                user=self.user, binding=binding, replaces=before.code_id if before else "", by=request.actor
            )
            remember_code(request.session, PROVING, AskedCode(self.address, str(code.pk), binding))
            messages.success(request, _("The code is on its way. Only the newest one works."))
        return redirect(with_next(reverse("enrolment:prove_email"), next_of(request)))


def normal_address(user: User) -> str:
    """The account's address in its normal form; "" where it has none that could receive a code."""
    try:
        return email_key(user.email)
    except ValidationError:
        return ""
