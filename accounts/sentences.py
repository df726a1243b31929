"""What the record says of people, companies and their profiles."""

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Partner, ProfileChange
from accounts.profile_facts import LISTS
from accounts.roles import Program, Role

SENTENCES: dict[str, Promise] = {
    "partner.enrolment_requested": _("Enrolment requested"),
    "partner.resubmitted": _("Enrolment requested again"),
    "partner.approved": _("Enrolment approved"),
    "partner.rejected": _("Enrolment rejected"),
    "partner.suspended": _("Enrolment suspended"),
    "partner.reinstated": _("Enrolment reinstated"),
    "partner.reconsidered": _("Enrolment looked at again"),
    "partner.support_profile_changed": _("Support profile changed"),
    "membership.began": _("Person added to the company"),
    "membership.role_changed": _("Role of a person changed"),
    "membership.ended": _("Person removed from the company"),
    "profile_change.requested": _("Change of the company profile requested"),
    "profile_change.withdrawn": _("Requested change of the company profile withdrawn"),
    "profile_change.approved": _("Change of the company profile approved"),
    "profile_change.rejected": _("Change of the company profile rejected"),
    "profile.published": _("Company profile published"),
    "profile.unpublished": _("Company profile withdrawn from the public list"),
    "saved_view.saved": _("View saved"),
    "saved_view.renamed": _("Saved view renamed"),
    "saved_view.updated": _("Saved view updated"),
    "saved_view.deleted": _("Saved view deleted"),
    "user.created": _("Account of a person opened"),
    "user.deactivated": _("Person deactivated"),
    "user.reactivated": _("Person reactivated"),
    "user.preferences_changed": _("Preferences changed"),
    "user.mailbox_proved": _("E-mail address proved"),
    "user.password_changed": _("Password changed"),
    "user.password_link_sent": _("Link to choose a password sent"),
    "user.temporary_password_issued": _("Temporary password of a person issued"),
    "user.second_factor_added": _("Two-step sign-in turned on"),
    "user.second_factor_removed": _("Two-step sign-in turned off"),
    "user.second_factor_recovery_renewed": _("Recovery codes renewed"),
    "user.second_factor_reset": _("Two-step sign-in reset"),
}
FIELDS: dict[str, Promise] = {
    "enrolment_state": _("Enrolment"),
    "program": _("Program"),
    "mpn_id": _("MPN ID"),
    "legal_name": _("Company name"),
    "person": _("Person"),
    "role": _("Role"),
    "sign_in_name": _("Sign-in name"),
    "is_staff": _("Back office"),
    "page": _("Page"),
    "query": _("Filters"),
    "name": _("Name"),
    "owner": _("Owner"),
    "is_shared": _("Shared"),
    "theme": _("Theme"),
    "time_zone": _("Time zone"),
    "full_name": _("Name"),
    "expires_at": _("Valid until"),
    "was_temporary": _("Temporary password"),
    "website": _("Website"),
    "description": _("Description"),
    "languages": _("Languages"),
    "specialties": _("Specialties"),
    "further_regions": _("Further regions"),
    "contact_name": _("Contact’s name"),
    "country": _("Country or region"),
}
LABELS = {
    "enrolment_state": dict(Partner.EnrolmentState.choices),
    "program": dict(Program.choices),
    "role": dict(Role.choices),
    "state": dict(ProfileChange.State.choices),
    # Put into words when they are read, in the reader's language.
    **{field: {code: lazy(name_of, str)(code) for code in codes} for field, (codes, name_of) in LISTS.items()},
}
