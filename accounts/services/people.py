"""What happens to people, their passwords and second factors."""

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import User
from accounts.passwords import new_temporary_password
from accounts.services.mailboxes import mark_mailbox_proved
from accounts.services.sessions import forget_sessions, said, shut_out
from accounts.throttle import forget_failed_sign_ins
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, Refused
from core.text import email_key
from mail.services import queue_email


class AddressTaken(Refused):
    """Somebody signs in with this address."""


# --- people ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def open_account(
    *,
    sign_in_name: str,
    full_name: str,
    by: Actor,
    language: str = "en",
    email: str | None = None,
    is_staff: bool = False,
) -> User:
    """Create a person who cannot sign in yet; one with a mailbox is told how to choose a password.

    `email` is the sign-in name unless said otherwise; "" is for a name that is no mailbox (a customer's administrator).
    """
    name = email_key(sign_in_name)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                name,
                email=name if email is None else email,
                full_name=full_name,
                language=language,
                is_staff=is_staff,
            )
    except IntegrityError as error:
        raise Refused(_("Somebody already signs in as %(name)s.") % {"name": name}) from error
    record("user.created", user, by=by, sign_in_name=name, is_staff=is_staff)
    if user.email:
        queue_email("account_opened", to=user.email, language=language, context={"name": full_name}, about=user)
    return user


@transaction.atomic
def open_own_account(*, address: str, full_name: str, language: str, password: str, by: Actor) -> User:
    """Create the account of somebody who has proved the address and chosen a password; `by` is at the new person's."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                address, password, full_name=full_name, language=language, email_proved_at=clock.now()
            )
    except IntegrityError as error:
        raise AddressTaken(_("Somebody already signs in as %(name)s.") % {"name": address}) from error
    record("user.created", user, by=dataclasses.replace(by, user=user), sign_in_name=address, is_staff=False)
    return user


@transaction.atomic
def set_user_active(*, user: User, active: bool, by: Actor, reason: str = "") -> User:
    """Let a person sign in or no longer; whoever is signed in is out at the next request."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active == active:
        raise InvalidTransition(_("Nothing to change: this person's account already is in that state."))
    if by.user is not None and by.user.pk == user.pk:
        raise Refused(_("You cannot deactivate your own account."))
    user.is_active = active
    user.save(update_fields=["is_active"])
    ended = 0 if active else shut_out(user=user)
    more = said(reason) | ({"sessions": ended} if ended else {})
    record("user.reactivated" if active else "user.deactivated", user, by=by, is_active=[not active, active], **more)
    return user


@transaction.atomic
def update_preferences(*, user: User, full_name: str, language: str, time_zone: str, theme: str, by: Actor) -> User:
    """Keep how a person wants to be called and to see the portal."""
    user = User.objects.select_for_update().get(pk=user.pk)
    wanted = {"full_name": full_name, "language": language, "time_zone": time_zone, "theme": theme}
    changed = {name: [getattr(user, name), value] for name, value in wanted.items() if getattr(user, name) != value}
    if not changed:
        return user
    for name, (_before, after) in changed.items():
        setattr(user, name, after)
    user.save(update_fields=list(changed))
    record("user.preferences_changed", user, by=by, **changed)
    return user


# --- passwords and second factors ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PreparedPassword:
    """A random password and its hash, which takes long to compute: made before rows are held."""

    plain: str = field(repr=False)
    hashed: str = field(repr=False)


def prepare_temporary_password() -> PreparedPassword:
    """A password for one issue_temporary_password()."""
    plain = new_temporary_password()
    return PreparedPassword(plain, make_password(plain))


@transaction.atomic
def issue_temporary_password(
    *, user: User, valid_days: int, by: Actor, prepared: PreparedPassword | None = None
) -> str:
    """Give a person a random password for the first sign-in and return it; it is told this once and kept nowhere."""
    prepared = prepared or prepare_temporary_password()
    user = User.objects.select_for_update().get(pk=user.pk)
    user.password = prepared.hashed
    user.must_change_password = True
    user.password_expires_at = clock.now() + timedelta(days=valid_days)
    user.save(update_fields=["password", "must_change_password", "password_expires_at"])
    record("user.temporary_password_issued", user, by=by, expires_at=user.password_expires_at)
    forget_sessions(user=user)
    transaction.on_commit(lambda: forget_failed_sign_ins(user.sign_in_name), robust=True)
    return prepared.plain


@transaction.atomic
def set_own_password(*, user: User, password: str, by: Actor, by_mailed_link: bool = False) -> User:
    """Make the password the person's own choice, end every other session and tell the person by mail.

    Whoever came by a mailed link has thereby proved the mailbox.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise Refused(_("This account is not active."))
    if user.check_password(password):
        raise Refused(_("Choose a password that differs from the one you have now."))
    was_temporary = user.must_change_password
    user.set_password(password)
    user.must_change_password = False
    user.password_expires_at = None
    user.save(update_fields=["password", "must_change_password", "password_expires_at"])
    record_security_change("user.password_changed", user, by=by, was_temporary=was_temporary)
    forget_sessions(user=user)
    if by_mailed_link:
        mark_mailbox_proved(user=user, by=by)
    transaction.on_commit(lambda: forget_failed_sign_ins(user.sign_in_name), robust=True)
    return user


@transaction.atomic
def request_password_reset(*, email: str, language: str, by: Actor) -> None:
    """Mail the person a link to choose a password; an address without an account is told so, by mail and nowhere else.

    Both ways cost the same, so that the answer tells a stranger nothing. `email` is in its normal form.
    """
    user = User.objects.filter(sign_in_name=email, is_active=True).exclude(email="").first()
    if user is None:
        queue_email("password_reset_unknown", to=email, language=language, context={})
    else:
        queue_email(
            "password_reset", to=user.email, language=user.language, context={"name": user.full_name}, about=user
        )


@transaction.atomic
def send_password_link(*, user: User, by: Actor, reason: str = "") -> User:
    """Mail a person a link to choose a password, at the wish of the back office, which never learns it."""
    if not user.is_active or not user.email:
        raise Refused(_("There is no active account with a mailbox here."))
    queue_email("password_reset", to=user.email, language=user.language, context={"name": user.full_name}, about=user)
    record("user.password_link_sent", user, by=by, **said(reason))
    return user


@transaction.atomic
def record_second_factor(*, user: User, action: str, by: Actor) -> None:
    """Record a change of the second factor and tell the person; `action` ends the name of the record."""
    record_security_change(f"user.second_factor_{action}", user, by=by)


@transaction.atomic
def reset_second_factor(*, user: User, by: Actor, reason: str = "") -> User:
    """Forget lost authenticator app, passkeys and recovery codes; the next sign-in sets up a new second factor."""
    user = User.objects.select_for_update().get(pk=user.pk)
    removed, _kinds = Authenticator.objects.filter(user=user).delete()
    if not removed:
        raise InvalidTransition(_("This person has no second factor."))
    record_security_change("user.second_factor_reset", user, by=by, **said(reason))
    return user


@transaction.atomic
def record_security_change(action: str, user: User, *, by: Actor, **changes: Any) -> None:
    """Record what changes how a person signs in, and tell the person by mail."""
    record(action, user, by=by, **changes)
    if user.email:
        context = {"name": user.full_name, "action": action, "at": clock.now(), "ip": by.ip or ""}
        queue_email("security_changed", to=user.email, language=user.language, context=context, about=user)
