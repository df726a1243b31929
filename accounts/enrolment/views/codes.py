"""What the journeys have in common: how a code is judged, and what is said when something comes too often."""

import logging
from collections.abc import Callable

from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.enrolment.session import AskedCode
from accounts.services import CodeAnswer, tries_left
from core.logs import SECURITY, fingerprint
from core.net import client_ip

security_log = logging.getLogger(SECURITY)


def too_many_codes(minutes: int) -> str:
    """The refusal of another code, with the time until the next."""
    text = ngettext(
        "Too many codes were asked for. Try again in %(minutes)d minute.",
        "Too many codes were asked for. Try again in %(minutes)d minutes.",
        minutes,
    )
    return text % {"minutes": minutes}


def accepts(request: HttpRequest, form: BaseForm, asked: AskedCode, judge: Callable[..., CodeAnswer]) -> bool:
    """Judge the typed code; a refusal is said beside its field and left where operators look."""
    answer = judge(code_id=asked.code_id, binding=asked.binding, typed=form.cleaned_data["code"])
    # Of two presses the first used the code up, and the second finds the proof.
    if answer is CodeAnswer.RIGHT or asked.proves:
        return True
    found = {"kind": "code_refused", "account": fingerprint(asked.address), "ip": client_ip(request)}
    security_log.warning("E-mail code refused", extra=found)
    if answer is CodeAnswer.WRONG:
        left = tries_left(asked.code_id)
        text = ngettext(
            "Check the code. You can try it %(count)d more time.",
            "Check the code. You can try it %(count)d more times.",
            left,
        )
        form.add_error("code", text % {"count": left})
    else:
        form.add_error("code", _("This code does not work any more. Send another code."))
    return False
