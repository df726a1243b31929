"""Codes that prove a mailbox: sent, tried, forgotten."""

import enum
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts.access import Actor
from accounts.codes import TRIES, digits_match, hash_of
from accounts.models import EmailCode, User
from activity.services import record
from core import clock
from core.text import email_key
from mail.services import queue_email

# Long after a code or its proof has stopped working; until then the mail about it names its row.
KEPT = timedelta(days=1)


class CodeAnswer(enum.Enum):
    """What became of a code that somebody typed."""

    RIGHT = enum.auto()
    WRONG = enum.auto()
    # Used, too old, tried too often, or another session's: no digits help any more.
    DEAD = enum.auto()


@transaction.atomic
def send_enrolment_code(*, address: str, language: str, binding: str, replaces: str = "", by: Actor) -> EmailCode:
    """Mail a code to an address that wants to enroll; whose address it is already is told so, by mail and nowhere else.

    Both ways cost the same, and the code of an address with an account can be tried, but no digits are right for it.
    `address` is in its normal form.
    """
    known = User.objects.filter(sign_in_name=address).first()
    code = _make_code(address, binding, replaces, mailed=known is None)
    if known is None:
        queue_email("email_code", to=address, language=language, context={"enrolling": True}, about=code)
    else:
        sign_in = settings.PORTAL_BASE_URL + reverse("account_login")
        context = {"name": known.full_name, "active": known.is_active, "address": sign_in}
        queue_email("email_known", to=address, language=known.language, context=context, about=code)
    return code


@transaction.atomic
def send_own_code(*, user: User, binding: str, replaces: str = "", by: Actor) -> EmailCode:
    """Mail a signed-in person a code that proves the mailbox of the account."""
    code = _make_code(email_key(user.email), binding, replaces)
    queue_email("email_code", to=user.email, language=user.language, context={"enrolling": False}, about=code)
    return code


@transaction.atomic
def try_code(*, code_id: str, binding: str, typed: str) -> CodeAnswer:
    """Count a try and judge it; of several at once each is counted, and the right one works once."""
    now = clock.now()
    live = EmailCode.objects.filter(pk=code_id, session_hash=hash_of(binding), used_at=None, tries__lt=TRIES)
    if not live.filter(expires_at__gt=now).update(tries=F("tries") + 1):
        return CodeAnswer.DEAD
    # The UPDATE holds the row until the end of the transaction, so nobody else tries it meanwhile.
    code = EmailCode.objects.get(pk=code_id)
    if not digits_match(code, typed):
        return CodeAnswer.WRONG if code.tries < TRIES else CodeAnswer.DEAD
    EmailCode.objects.filter(pk=code_id).update(used_at=now)
    return CodeAnswer.RIGHT


@transaction.atomic
def prove_own_mailbox(*, user: User, code_id: str, binding: str, typed: str, by: Actor) -> CodeAnswer:
    """Take the code as proof that the person reads the mailbox of the account."""
    user = User.objects.select_for_update().get(pk=user.pk)
    answer = try_code(code_id=code_id, binding=binding, typed=typed)
    if answer is CodeAnswer.RIGHT:
        if EmailCode.objects.get(pk=code_id).address_key != email_key(user.email):
            return CodeAnswer.DEAD  # the account's address has changed since
        mark_mailbox_proved(user=user, by=by)
    return answer


@transaction.atomic
def mark_mailbox_proved(*, user: User, by: Actor) -> bool:
    """Note that the person was seen to read the account's mailbox, the first time it happens; say whether it was."""
    now = clock.now()
    if not User.objects.filter(pk=user.pk, email_proved_at=None).exclude(email="").update(email_proved_at=now):
        return False
    user.email_proved_at = now
    record("user.mailbox_proved", user, by=by)
    return True


@transaction.atomic
def purge_email_codes() -> int:
    """Forget codes that stopped working a day ago, and return how many there were."""
    count, _kinds = EmailCode.objects.filter(created_at__lt=clock.now() - KEPT).delete()
    return count


def tries_left(code_id: str | UUID) -> int:
    """How often the code may still be tried."""
    tries = EmailCode.objects.filter(pk=code_id).values_list("tries", flat=True).first()
    return max(0, TRIES - tries) if tries is not None else 0


def _make_code(address: str, binding: str, replaces: str, *, mailed: bool = True) -> EmailCode:
    """Write a new code; the one before it, whose mail may still be on its way, stops working."""
    if replaces:
        EmailCode.objects.filter(pk=replaces, used_at=None).update(expires_at=clock.now())
    code = EmailCode(address_key=address, session_hash=hash_of(binding))
    if not mailed:
        code.nonce = ""
    code.save(force_insert=True)
    return code
