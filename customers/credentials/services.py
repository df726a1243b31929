"""Issuing temporary passwords, showing each once, and noting that somebody stored it."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Actor, require
from accounts.models import User
from accounts.roles import Permission
from accounts.services import PreparedPassword, issue_temporary_password, prepare_temporary_password
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from customers import envelopes
from customers.credentials.letters import tell_of_reissue
from customers.models import Customer, CustomerAdministrator, TemporaryPassword

REVEAL_MINUTES = 15
REISSUES_PER_DAY = 10
REASON_LENGTH = 400


class DailyLimitReached(Refused):
    """This person has issued as many new passwords as one person may in a day."""


class ReasonMissing(Refused):
    """A new password is issued for a reason, which is recorded."""


class IssuedMeanwhile(InvalidTransition):
    """Another password was issued since the person looked: theirs would end one that may be on its way."""


@transaction.atomic
def issue_credentials(
    *, customer: Customer, session_key: str, by: Actor, prepared: PreparedPassword | None = None
) -> TemporaryPassword:
    """Give a new customer's administrator its first password, to be shown once to this person in this session.

    `prepared` is for who hashes before holding anything.
    """
    customer, administrator = _locked(customer)
    require(by, Permission.ADD_CUSTOMER, customer)
    if administrator.temporary_passwords.exists():
        raise InvalidTransition("The first temporary password has been issued.")
    return _issue(customer, administrator, session_key, by, prepared=prepared)


def reissue_credentials(
    *,
    customer: Customer,
    replaces: TemporaryPassword | None,
    reason: str,
    note: str = "",
    session_key: str,
    by: Actor,
) -> TemporaryPassword:
    """Give the administrator another password, for a reason; what was valid before dies with the sessions it opened.

    `replaces` is the last one that the person knew of. A second press of the same button gets the same password.
    """
    require(by, Permission.ISSUE_CREDENTIALS, customer)
    reason = _reason(reason, note)
    # Hashing takes longer than all the rest: it is done before anything is held.
    return _reissue(customer, replaces, reason, session_key, prepare_temporary_password(), by)


@transaction.atomic
def _reissue(
    customer: Customer,
    replaces: TemporaryPassword | None,
    reason: str,
    session_key: str,
    prepared: PreparedPassword,
    by: Actor,
) -> TemporaryPassword:
    customer, administrator = _locked(customer)
    require(by, Permission.ISSUE_CREDENTIALS, customer)
    if by.user is None:
        raise NotPermitted("A temporary password is issued to a signed-in person.")
    latest = administrator.temporary_passwords.select_related("issued_by").first()
    if latest is not None and latest != replaces:
        return _same_press(latest, session_key, by.user)
    _keep_daily_limit(by.user)
    issued = _issue(customer, administrator, session_key, by, prepared=prepared, reason=reason)
    tell_of_reissue(customer, issued, by)
    return issued


def _locked(customer: Customer) -> tuple[Customer, CustomerAdministrator]:
    """The customer, held until the transaction ends, and its first administrator."""
    rows = Customer.objects.select_related("provider").select_for_update(of=("self",), no_key=True)
    customer = rows.get(pk=customer.pk)
    return customer, customer.administrators.select_related("user").order_by("pk")[:1].get()


def _same_press(latest: TemporaryPassword, session_key: str, user: User) -> TemporaryPassword:
    """The one that this person's first press made, if it still waits to be shown; else the refusal."""
    waits = latest.ciphertext is not None and (latest.reveal_until or latest.issued_at) > clock.now()
    if waits and latest.issued_by == user and latest.session_hash == envelopes.session_digest(session_key):
        return latest
    at = timezone.localtime(latest.issued_at)
    text = _(
        "%(name)s issued a new temporary password at %(time)s. Ask whether it is on its way to the customer: "
        "another one would end it."
    )
    raise IssuedMeanwhile(text % {"name": latest.issued_by, "time": f"{at:%H:%M %Z}"})


def _reason(reason: str, note: str) -> str:
    """The reason as the column keeps it."""
    note = note.strip()[:REASON_LENGTH]
    if reason not in TemporaryPassword.Reason.values or (reason == TemporaryPassword.Reason.OTHER and not note):
        raise ReasonMissing(_("Say why a new temporary password is needed."))
    return f"{reason}: {note}" if note else reason


def _issue(
    customer: Customer,
    administrator: CustomerAdministrator,
    session_key: str,
    by: Actor,
    *,
    prepared: PreparedPassword | None,
    reason: str = "",
) -> TemporaryPassword:
    if by.user is None or not session_key:
        raise NotPermitted("A temporary password is issued to a signed-in person.")
    days = settings.TEMPORARY_PASSWORD_DAYS
    plain = issue_temporary_password(user=administrator.user, valid_days=days, by=by, prepared=prepared)
    now = clock.now()
    administrator.temporary_passwords.filter(ciphertext__isnull=False).update(ciphertext=None, session_hash="")
    issued = TemporaryPassword(
        administrator=administrator,
        issued_by=by.user,
        issued_at=now,
        valid_until=now + timedelta(days=days),
        session_hash=envelopes.session_digest(session_key),
        reveal_until=now + timedelta(minutes=REVEAL_MINUTES),
        reason=reason,
    )
    issued.ciphertext = envelopes.seal(plain, context=_context(issued))
    issued.save()
    record(
        "customer.credentials_issued",
        customer,
        by=by,
        administrator=administrator.user.sign_in_name,
        valid_until=issued.valid_until,
        reason=reason or None,
    )
    return issued


def _context(issued: TemporaryPassword) -> list[str]:
    return [str(issued.public_id), str(issued.issued_by_id), issued.session_hash]


def _keep_daily_limit(user: User) -> None:
    """Count under a lock on the person, so that pressing from two windows does not count short."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    earlier = TemporaryPassword.objects.filter(administrator=OuterRef("administrator"), pk__lt=OuterRef("pk"))
    since = clock.now() - timedelta(days=1)
    recent = TemporaryPassword.objects.filter(Exists(earlier), issued_by=user, issued_at__gt=since)
    if recent.count() >= REISSUES_PER_DAY:
        oldest = recent.order_by("issued_at").values_list("issued_at", flat=True)[0]
        again = timezone.localtime(oldest + timedelta(days=1))
        raise DailyLimitReached(
            _("You have issued %(count)s new passwords in the last 24 hours. You can issue the next one at %(time)s.")
            % {"count": REISSUES_PER_DAY, "time": f"{again:%H:%M %Z}"}
        )


@transaction.atomic
def reveal_password(*, temporary_password: TemporaryPassword, session_key: str, by: Actor) -> str | None:
    """Return the password to who issued it, in the same session, in time, and only the first time; else None."""
    now = clock.now()
    mine = TemporaryPassword.objects.filter(
        pk=temporary_password.pk,
        ciphertext__isnull=False,
        issued_by=by.user,
        session_hash=envelopes.session_digest(session_key),
        reveal_until__gt=now,
    )
    issued = mine.select_related("administrator__customer", "administrator__user").first()
    if by.user is None or issued is None or issued.ciphertext is None:
        return None
    plain = envelopes.unseal(bytes(issued.ciphertext), context=_context(issued))
    # Of several that read the ciphertext, the one whose UPDATE still finds it is the one that may show it.
    if plain is None or not mine.update(ciphertext=None, session_hash="", revealed_at=now):
        return None
    record(
        "customer.password_revealed",
        issued.administrator.customer,
        by=by,
        administrator=issued.administrator.user.sign_in_name,
    )
    return plain


@transaction.atomic
def mark_stored(*, temporary_password: TemporaryPassword, by: Actor) -> TemporaryPassword:
    """Note that the person who saw the password has stored it, to be handed over; again: nothing new."""
    rows = TemporaryPassword.objects.select_for_update(of=("self",), no_key=True)
    issued = rows.select_related("administrator__customer__provider", "administrator__user").get(
        pk=temporary_password.pk
    )
    customer = issued.administrator.customer
    require(by, Permission.ADD_CUSTOMER, customer)
    if issued.issued_by_id != (by.user.pk if by.user else None):
        raise NotPermitted(f"{by.label} was not shown this password.")
    if issued.revealed_at is None:
        raise InvalidTransition(_("The password has not been shown yet, so nobody can have stored it."))
    if issued.stored_at is None:
        issued.stored_at = clock.now()
        issued.save(update_fields=["stored_at"])
        record("customer.credentials_stored", customer, by=by, administrator=issued.administrator.user.sign_in_name)
    return issued


@transaction.atomic
def blank_expired_envelopes() -> int:
    """Blank what nobody opened in time; return how many there were."""
    expired = TemporaryPassword.objects.filter(ciphertext__isnull=False, reveal_until__lte=clock.now())
    return expired.update(ciphertext=None, session_hash="")
