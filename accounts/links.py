"""The link with which a person chooses a password: made while the mail is being sent, kept nowhere."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from accounts.models import User
from mail.models import OutgoingEmail


def password_link(email: OutgoingEmail) -> dict[str, str] | None:
    """The late values of a mail about a person; None, so that it is not sent, for somebody who may not sign in."""
    user = User.objects.filter(pk=email.about_id, is_active=True).first()
    if user is None or user.email != email.recipient:
        return None
    return {"link": settings.PORTAL_BASE_URL + password_path(user)}


def password_path(user: User) -> str:
    """The path of a fresh link; it dies with its use, with any sign-in, and after PASSWORD_RESET_TIMEOUT."""
    return reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )
