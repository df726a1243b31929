"""What the reseller receives: the sender's own words within a frame that the portal owns, so no link can get lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from accounts.models import Partner, User
from core import clock
from core.draft_mail import mailto_address
from core.html import date_text, zone_text
from resellers.models import PartnershipRequest
from resellers.tokens import request_link

SUBJECT_LIMIT = 60

# What the founding document says a partnership lets the provider do; shown before it is agreed to.
GRANTS: list[Promise] = [
    gettext_lazy("Add new customers on your behalf"),
    gettext_lazy("Submit orders on behalf of your customers"),
    gettext_lazy(
        "Associate you with a subscription so that you can manage it on behalf of the customer who purchased it"
    ),
    gettext_lazy("Designate you as the customer’s support contact for specific subscriptions"),
]


@dataclass(frozen=True)
class Wording:
    """The parts of the message, in the language of the message."""

    subject: str
    words: str
    introduction: str
    invitation: str
    validity: str
    grants_heading: str
    grants: list[str]
    conditions: str

    def as_text(self, link: str, *, short: bool = False) -> str:
        """The whole message with the link alone on its line; `short` leaves out what the page of the link repeats."""
        parts = [self.words, self.introduction, f"{self.invitation}\n{link}", self.validity]
        if not short:
            parts += ["\n".join([self.grants_heading, *(f"- {grant}" for grant in self.grants)]), self.conditions]
        return "\n\n".join(part for part in parts if part)


def default_message(provider: Partner, sender: User, language: str) -> str:
    """The words that a new draft begins with."""
    with translation.override(language):
        text = _(
            "Hello,\n\n"
            "We would like to work with you as an indirect reseller in the Cloud Solution Provider program. "
            "Together we can offer Microsoft cloud solutions to your customers.\n\n"
            "To accept, open the personal link below and sign in with your Partner Center account.\n\n"
            "Kind regards,\n%(sender)s\n%(provider)s"
        )
        # A name may have 200 characters; the message keeps room for the person's own words.
        provider_name = Truncator(provider.legal_name).chars(100)
        return text % {"sender": Truncator(sender.full_name).chars(100), "provider": provider_name}


def valid_until(request: PartnershipRequest) -> datetime:
    """When the request expires, or would if it were sent now."""
    return request.expires_at or clock.now() + timedelta(days=request.valid_days)


def moment_text(moment: datetime) -> str:
    """A day and time with its zone, in the active language and zone."""
    local = timezone.localtime(moment)
    return f"{date_text(local)} {local:%H:%M} {zone_text(local)}"


def day_in(language: str, moment: datetime | None) -> str:
    """A day in a language and the active zone; "" for none."""
    if moment is None:
        return ""
    with translation.override(language):
        return date_text(timezone.localtime(moment))


def short_subject(words: str, provider: Partner) -> str:
    """A subject that names the provider and fits: `words` has a place for %(provider)s."""
    room = SUBJECT_LIMIT - len(words % {"provider": ""})
    return words % {"provider": Truncator(provider.legal_name).chars(room)}


def moment_in(person: User, moment: datetime) -> str:
    """The same in the language and zone of a person."""
    with translation.override(person.language), timezone.override(person.zone):
        return moment_text(moment)


def validity_words(moment: str) -> str:
    """The sentence that says when the link ends, in the active language."""
    return _("The link is valid until %(moment)s.") % {"moment": moment}


def wording(request: PartnershipRequest) -> Wording:
    """The message of a request, in the request's language and the active time zone."""
    with translation.override(request.language):
        provider = request.provider
        name = provider.legal_name
        who = {"provider": name, "country": countries.name(str(provider.country)), "mpn_id": provider.mpn_id}
        introduction = _(
            "%(provider)s (%(country)s, MPN ID %(mpn_id)s) asks your company to become its indirect reseller."
        )
        return Wording(
            subject=short_subject(_("Partnership request from %(provider)s"), provider),
            words=request.message,
            introduction=introduction % who,
            invitation=_("Read the request and answer it with this personal link:"),
            validity=validity_words(moment_text(valid_until(request))),
            grants_heading=_("If you accept, %(provider)s can:") % {"provider": name},
            grants=[str(grant) for grant in GRANTS],
            conditions=_(
                "A Global admin or Admin agent of a company enrolled as an indirect reseller can accept. "
                "You can end the partnership at any time."
            ),
        )


def full_text(request: PartnershipRequest) -> str:
    """The text for the clipboard: the same words that the portal would mail."""
    return wording(request).as_text(request_link(request))


def mailto(request: PartnershipRequest) -> str:
    """A `mailto:` with the message, shortened by what the page of the link repeats; "" when even that is too long."""
    message, link = wording(request), request_link(request)
    texts = (message.as_text(link, short=short) for short in (False, True))
    return mailto_address(request.recipient, message.subject, *texts)
