"""The personal link of a request."""

from django.conf import settings

from core.link_tokens import derived_token, is_token_of
from resellers.models import PartnershipRequest

PURPOSE = "invite"


def link_token(request: PartnershipRequest) -> str:
    """The token that the request's present link carries; a new nonce makes it another."""
    return derived_token(PURPOSE, request.public_id, request.nonce)


def token_matches(request: PartnershipRequest, token: str) -> bool:
    """Whether the token belongs to the request's present link, in time that does not depend on the token."""
    return is_token_of(PURPOSE, request.public_id, request.nonce, token)


def request_link(request: PartnershipRequest) -> str:
    """The personal link, under 120 characters unless the portal's own address is long."""
    return f"{settings.PORTAL_BASE_URL}/i/{request.public_id}/{link_token(request)}/"
