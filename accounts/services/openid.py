"""Links between people and their accounts at the installation's sign-in service."""

import dataclasses

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.access import Actor
from accounts.models import Membership, OpenIDLink, User
from accounts.openid.tokens import Identity
from accounts.services.people import record_security_change
from accounts.services.sessions import end_other_sessions, said, shut_out
from core import clock
from core.exceptions import InvalidTransition
from core.text import email_key


@transaction.atomic
def recognize_person(*, identity: Identity, by: Actor) -> User | None:
    """Whom the provider's word signs in: by a link, else by the address, which makes the link. Nobody signs up by it.

    An address makes a link only where it is proved, and never a second one: an address that has passed to another
    account at the provider does not take the person here along. `by` is anonymous and says from where.
    """
    link = OpenIDLink.objects.filter(issuer=identity.issuer, subject=identity.subject).first()
    if link is not None:
        user = _may_sign_in().filter(pk=link.user_id).first()
        if user is not None:
            OpenIDLink.objects.filter(pk=link.pk).update(last_used_at=clock.now())
        return user
    return _link_by_address(identity, by)


@transaction.atomic
def remove_openid_link(*, link: OpenIDLink, keep: str, by: Actor) -> None:
    """Remove a link, sign its owner out everywhere but in the session with the key `keep`, and tell by mail."""
    removed, _kinds = OpenIDLink.objects.filter(pk=link.pk).delete()
    if removed:
        record_security_change("user.openid_unlinked", link.user, by=by, issuer=link.issuer)
        end_other_sessions(user=link.user, keep=keep, by=by)


@transaction.atomic
def remove_openid_links(*, user: User, by: Actor, reason: str) -> None:
    """Let no account at a sign-in service open this person's any more, and end every session. The back office's way."""
    links = list(OpenIDLink.objects.select_for_update().filter(user=user).order_by("pk"))
    if not links:
        raise InvalidTransition(_("This person is linked to no account at a sign-in service."))
    ended = shut_out(user=user)
    more = said(reason) | ({"sessions": ended} if ended else {})
    for link in links:
        link.delete()
        record_security_change("user.openid_unlinked", user, by=by, issuer=link.issuer, **more)


def _may_sign_in() -> QuerySet[User]:
    """Staff of companies and of the back office; customers' administrators have accounts of another kind."""
    works = Membership.objects.current().filter(user=OuterRef("pk"))
    return User.objects.filter(Q(is_staff=True) | Exists(works), is_active=True)


def _link_by_address(identity: Identity, by: Actor) -> User | None:
    try:
        address = email_key(identity.email) if identity.email_is_proved else ""
    except ValidationError:
        address = ""
    # A name without a mailbox (of a customer's administrator) is nobody's address.
    user = _may_sign_in().filter(sign_in_name=address).exclude(email="").first() if address else None
    if user is None:
        return None
    try:
        with transaction.atomic():
            OpenIDLink.objects.create(
                user=user,
                issuer=identity.issuer,
                subject=identity.subject,
                address=address,
                last_used_at=clock.now(),
            )
    except IntegrityError:
        # Linked to another account there, or pressed twice: then the link that won is this very one.
        return user if user.openid_links.filter(issuer=identity.issuer, subject=identity.subject).exists() else None
    record_security_change("user.openid_linked", user, by=dataclasses.replace(by, user=user), issuer=identity.issuer)
    return user
