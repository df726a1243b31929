"""Records in words: as webhooks call events, and what people alone are told of."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activity.models import ActivityRecord
from notifications.webhooks.events import event_words

FURTHER: dict[str, Promise] = {
    "partnership_request.new_link_wanted": _("New link to a partnership request asked for"),
    "pending_acceptance.began": _("Partnership request accepted; something is still owed"),
    "pending_acceptance.completed": _("What was owed is there, and the partnership began"),
    "pending_acceptance.withdrawn": _("Acceptance withdrawn"),
    "pending_acceptance.lapsed": _("Acceptance lapsed with its request"),
    "relationship_request.sent": _("Reseller relationship requested"),
    "customer.credentials_issued": _("Temporary password issued"),
    "profile_change.approved": _("Change of the profile approved"),
    "profile_change.rejected": _("Change of the profile rejected"),
    "profile.published": _("Profile published"),
    "profile.unpublished": _("Profile no longer published"),
    "partner.approved": _("Enrolment approved"),
    "partner.suspended": _("Enrolment suspended"),
    "partner.reinstated": _("Enrolment reinstated"),
    "webhook.disabled": _("Webhook disabled"),
    "membership.began": _("You have a role in a company"),
    "membership.role_changed": _("Your role was changed"),
    "user.password_link_sent": _("Link to choose a password sent to you"),
    "user.temporary_password_issued": _("Temporary password issued for your account"),
    "user.second_factor_reset": _("Your two-step sign-in was reset"),
    "user.reactivated": _("Your account was reactivated"),
    "bulk_change.finished": _("Bulk change finished"),
    "order_draft.handed_over": _("Draft handed over to you"),
    "change_request.submitted": _("Change requested"),
    "change_request.approved": _("Change request approved"),
    "change_request.rejected": _("Change request rejected"),
    "change_request.questioned": _("Question about a change request"),
    "change_request.answered": _("Question about a change request answered"),
    "change_request.withdrawn": _("Change request withdrawn"),
    "change_request.closed": _("Change request closed"),
}


def sentence(record: ActivityRecord) -> str:
    """What was done, in words; an action that has none yet by its name."""
    words = FURTHER.get(record.action)
    return str(words) if words is not None else event_words(record.action)
