"""The personal link in a colleague's invitation: made while the mail is being sent, kept nowhere."""

from django.conf import settings

from accounts.models import ColleagueInvitation
from core.link_tokens import derived_token, is_token_of
from mail.models import OutgoingEmail

PURPOSE = "colleague"
# In SESSION_KEYS_KEPT: public_id -> nonce of the links that this session has opened.
OPENED = "opened_colleague_invitations"
KEPT = 10


def invitation_token(invitation: ColleagueInvitation) -> str:
    """The token that the present link carries."""
    return derived_token(PURPOSE, invitation.public_id, invitation.nonce)


def invitation_link(invitation: ColleagueInvitation) -> str:
    """The personal link."""
    return f"{settings.PORTAL_BASE_URL}/join/{invitation.public_id}/{invitation_token(invitation)}/"


def opens(invitation: ColleagueInvitation, token: str) -> bool:
    """Whether the token belongs to the present link."""
    return is_token_of(PURPOSE, invitation.public_id, invitation.nonce, token)


def late_link(email: OutgoingEmail) -> dict[str, str] | None:
    """The link for a mail that leaves now; None, so that it does not, when it would open nothing any more."""
    invitation = ColleagueInvitation.objects.answerable().filter(pk=email.about_id).first()
    if invitation is None or invitation.address_key != email.recipient:
        return None
    return {"link": invitation_link(invitation)}
