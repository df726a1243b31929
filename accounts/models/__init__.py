"""People, the companies they act for, the roles that join them, and what companies say of themselves."""

from accounts.models.codes import EmailCode
from accounts.models.invitations import ColleagueInvitation, ColleagueInvitationQuerySet
from accounts.models.openid import OpenIDLink
from accounts.models.partners import Membership, MembershipQuerySet, Partner, PartnerQuerySet, mpn_key
from accounts.models.people import User, UserManager
from accounts.models.profiles import (
    ProfileChange,
    ProfileChangeQuerySet,
    ProviderProfile,
    ProviderProfileQuerySet,
    Specialty,
)
from accounts.models.saved import SavedView, SavedViewQuerySet
from accounts.models.sessions import PersonSession
from accounts.models.support import SupportProfile

__all__ = [
    "ColleagueInvitation",
    "ColleagueInvitationQuerySet",
    "EmailCode",
    "Membership",
    "MembershipQuerySet",
    "OpenIDLink",
    "Partner",
    "PartnerQuerySet",
    "PersonSession",
    "ProfileChange",
    "ProfileChangeQuerySet",
    "ProviderProfile",
    "ProviderProfileQuerySet",
    "SavedView",
    "SavedViewQuerySet",
    "Specialty",
    "SupportProfile",
    "User",
    "UserManager",
    "mpn_key",
]
