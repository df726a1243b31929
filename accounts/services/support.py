"""What customers see of the company that supports them."""

from dataclasses import dataclass

from django.db import transaction

from accounts.access import Actor, require
from accounts.models import Partner, ProviderProfile, SupportProfile
from accounts.roles import Permission
from activity.services import record
from core import clock

# What support_of() reads of a company.
RELATED = ("support_profile", "profile")


@dataclass(frozen=True)
class Support:
    """Where customers turn to."""

    email: str
    phone: str
    website: str = ""


def support_of(company: Partner) -> Support:
    """What the company entered, or else its contact and the site that it publishes.

    No query where the company was selected with RELATED, else two.
    """
    entered: SupportProfile | None = getattr(company, "support_profile", None)
    if entered is not None:
        return Support(entered.email, entered.phone, entered.website)
    profile: ProviderProfile | None = getattr(company, "profile", None)
    published = profile is not None and profile.published_at is not None and company.is_enrolled
    website = profile.website if profile is not None and published else ""
    return Support(company.contact_email, company.contact_phone, website)


@transaction.atomic
def change_support_profile(*, support: Support, by: Actor) -> SupportProfile:
    """Let customers see this of the company that the person acts for; the same again changes nothing."""
    require(by, Permission.CHANGE_SUPPORT_PROFILE)
    assert by.partner is not None
    company = Partner.objects.select_for_update(no_key=True).get(pk=by.partner.pk)
    stored = SupportProfile.objects.filter(partner=company).first()
    wanted = vars(support)
    before = {name: getattr(stored, name) if stored else None for name in wanted}
    if before == wanted:
        assert stored is not None
        return stored
    profile, _made = SupportProfile.objects.update_or_create(
        partner=company, defaults={**wanted, "changed_at": clock.now()}
    )
    changes = {name: [before[name], wanted[name]] for name in wanted if before[name] != wanted[name]}
    record("partner.support_profile_changed", company, by=by, **changes)
    return profile
