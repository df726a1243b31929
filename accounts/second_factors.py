"""What counts as a second factor, and whether a session has proved one that still stands."""

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User

# Recovery codes stand in for one of these and are no factor of their own.
FACTORS = {Authenticator.Type.TOTP: _("Authenticator app"), Authenticator.Type.WEBAUTHN: _("Passkey")}


def factors_of(user: User) -> QuerySet[Authenticator]:
    """The person's authenticator app and passkeys."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS)


def is_last_factor(authenticator: Authenticator) -> bool:
    """Whether without this one the person would sign in with the password alone."""
    return authenticator.type in FACTORS and not factors_of(authenticator.user).exclude(pk=authenticator.pk).exists()


def lock_person(user: User) -> None:
    """Let changes of one person's second factors wait for each other, until the end of the transaction."""
    User.objects.select_for_update().get(pk=user.pk)


def gave_second_factor(request: HttpRequest, own: list[Authenticator]) -> bool:
    """Whether this very session proved one of what the person now has; what was removed or replaced proves nothing."""
    since = {one.pk: one.created_at.timestamp() for one in own}
    return any(
        record["method"] == "mfa" and record.get("id") in since and record["at"] >= since[record["id"]]
        for record in get_authentication_records(request, request.user)
    )


def gave_it_to_provider(request: HttpRequest) -> bool:
    """Whether this very session began at the OpenID Connect provider with a second factor that counts here."""
    return bool(settings.OIDC_SERVER_URL and settings.OIDC_MFA) and any(
        record["method"] == "openid" and record["second_factor"]
        for record in get_authentication_records(request, request.user)
    )


def is_asked_of(request: HttpRequest) -> bool:
    """Whether this session gets no further without a second factor of its own."""
    return bool(settings.MFA_REQUIRED) and not gave_it_to_provider(request)


def prove_factor(request: HttpRequest, authenticator: Authenticator) -> None:
    """Take what the person has just set up as proved in this session."""
    record_authentication(
        request, authenticator.user, method="mfa", type=authenticator.type, id=authenticator.pk, reauthenticated=True
    )
