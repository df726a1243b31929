"""What the record says of partnerships, their requests and acceptances."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from resellers.models import Partnership, PartnershipRequest, PendingAcceptance

SENTENCES: dict[str, Promise] = {
    "partnership.began": _("Partnership began"),
    "partnership.ended": _("Partnership ended"),
    "partnership_request.sent": _("Partnership request sent"),
    "partnership_request.shared": _("Partnership request taken along as a link"),
    "partnership_request.resent": _("Partnership request sent again"),
    "partnership_request.reminded": _("Reminder of a partnership request sent"),
    "partnership_request.mailed_again": _("E-mail of a partnership request asked for again"),
    "partnership_request.extended": _("Partnership request extended"),
    "partnership_request.opened": _("Partnership request opened by a person"),
    "partnership_request.new_link_wanted": _("New link to a partnership request asked for"),
    "partnership_request.accepted": _("Partnership request accepted"),
    "partnership_request.declined": _("Partnership request declined"),
    "partnership_request.revoked": _("Partnership request revoked"),
    "partnership_request.handed_over": _("Partnership request handed over to a colleague"),
    "partnership_request.expired": _("Partnership request expired"),
    "partnership_request.superseded": _("Partnership request replaced by a newer one"),
    "partnership_request.discarded": _("Draft of a partnership request discarded"),
    "pending_acceptance.began": _("Accepted, but something is missing before the partnership"),
    "pending_acceptance.completed": _("Nothing is missing any more, and the partnership began"),
    "pending_acceptance.confirmed": _("Acceptance from another e-mail domain confirmed"),
    "pending_acceptance.vouched_for": _("A colleague at the invited e-mail domain accepted as well"),
    "pending_acceptance.refused": _("Acceptance not confirmed"),
    "pending_acceptance.rejected": _("Enrolment of the reseller rejected"),
    "pending_acceptance.withdrawn": _("Acceptance withdrawn"),
    "pending_acceptance.lapsed": _("Acceptance lapsed with its request"),
}
FIELDS: dict[str, Promise] = {
    "side": _("Ended by"),
    "channel": _("Way"),
    "to": _("To"),
    "valid_until": _("Valid until"),
    "state_before": _("State before"),
    "accepted_by": pgettext_lazy("request", "Accepted by"),
    "from_other_domain": _("From another e-mail domain"),
    "last": _("Last reminder"),
}
LABELS = {
    "state": dict(PartnershipRequest.State.choices),
    "side": dict(Partnership.Side.choices),
    "channel": dict(PartnershipRequest.Channel.choices),
    "state_before": dict(PartnershipRequest.State.choices),
    "reason": dict(PartnershipRequest.DeclineReason.choices),
    "outcome": dict(PendingAcceptance.Outcome.choices),
}
