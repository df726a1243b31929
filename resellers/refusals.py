"""Why a partnership request is not sent or not accepted; each text says what to do next and may be shown."""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Partner
from core.exceptions import Refused
from core.html import date_text
from resellers.models import PartnershipRequest, PendingAcceptance


class RecipientRefused(Refused):
    """The request cannot go to this address: its own, a partner's, or one that is asked already."""


class RecipientMissing(RecipientRefused):
    """The portal cannot mail a request that names no recipient."""

    def __init__(self) -> None:
        super().__init__(_("Enter the reseller’s e-mail address, or copy the message and send it yourself."))


class AlreadyPending(RecipientRefused):
    """The same address has a request of this provider to answer; that one is to be used, or revoked."""

    def __init__(self, pending: PartnershipRequest) -> None:
        super().__init__(
            _("%(address)s was asked on %(day)s by %(sender)s and has not answered yet.")
            % {
                "address": pending.recipient,
                "day": date_text(timezone.localtime(pending.sent_at)),
                "sender": pending.sent_by,
            }
        )
        self.pending = pending


class LimitReached(Refused):
    """A person, a provider or an address has had its share for today."""


class AnswerRefused(Refused):
    """A request cannot be accepted; the page of the link shows the variant that belongs to the class."""


class LinkWithdrawn(AnswerRefused):
    """The link is unknown, was withdrawn, or never was one: a stranger is told no more than that."""


class NotYetSent(AnswerRefused):
    """The link is genuine, but its request is still a draft."""


class RequestExpired(AnswerRefused):
    """The request's time ran out."""


class RequestReplaced(AnswerRefused):
    """Another request has taken the place of this one."""


class RequestUsed(AnswerRefused):
    """Somebody has accepted the request; a request is accepted once."""


class ProviderUnavailable(AnswerRefused):
    """The provider's own enrolment is not active today; the request stays valid."""


class OwnRequest(AnswerRefused):
    """The person works for the provider that asks."""


class AnotherAccount(AnswerRefused):
    """The request was sent to an address of another company than the person's."""


class NoReseller(AnswerRefused):
    """The person acts for no indirect reseller."""


class CompanyRefused(AnswerRefused):
    """The person's company stands in the way; it is named, for the person works there."""

    def __init__(self, company: Partner) -> None:
        super().__init__(company.legal_name)
        self.company = company


class NotEnrolled(CompanyRefused):
    """The company's enrolment is pending, rejected or suspended; the request stays valid."""


class RoleTooLow(CompanyRefused):
    """The person's role in the company does not include accepting."""


class AlreadyPartners(CompanyRefused):
    """The two companies have a partnership."""


class MailboxNotProved(AnswerRefused):
    """Nobody has seen yet that the person reads the mailbox of their account; a code proves it."""


class NotConfirmed(CompanyRefused):
    """The provider did not confirm the company, which had accepted from another domain than the one invited."""


class AcceptanceWaiting(CompanyRefused):
    """The person's company has accepted already; the page says what it waits for."""

    def __init__(self, acceptance: PendingAcceptance) -> None:
        super().__init__(acceptance.reseller)
        self.acceptance = acceptance


class LinkStillWorks(AnswerRefused):
    """A new link was asked for, and the one at hand is as good."""


class AcceptancePending(Refused):
    """A company has said yes and waits: the request is not sent again or extended over its head."""

    def __init__(self, acceptance: PendingAcceptance) -> None:
        company = {"company": acceptance.reseller.legal_name}
        if acceptance.awaits_confirmation:
            words = _("%(company)s has accepted this request. Confirm or refuse it first.")
        else:
            words = _(
                "%(company)s has accepted this request and waits for its enrolment. Nothing is left for you to do."
            )
        super().__init__(words % company)
        self.acceptance = acceptance


class ExtensionRefused(Refused):
    """The new end would not be later than the present one."""


class RecipientDoubtful(RecipientRefused):
    """The address looks like a slip of the keyboard; entered once more, it is taken as meant."""
