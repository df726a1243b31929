"""What the customer receives: the sender's own words in a frame that the portal owns, and what an answer grants."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_countries import countries

from accounts.models import Partner, User
from core import clock
from core.draft_mail import mailto_address
from customers.models import Customer, RelationshipRequest, ResellerRelationship
from customers.services import administrator_name
from resellers.wording import moment_text, short_subject

Scope = ResellerRelationship.Scope
VALID_DAYS = 30


@dataclass(frozen=True)
class RequestWording:
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


def default_message(customer: Customer, provider: Partner, sender: User, language: str) -> str:
    """The words that a new draft begins with."""
    with override(language):
        text = _(
            "Hello %(contact)s,\n\n"
            "we would like an indirect reseller of ours to look after your company in the Cloud Solution Provider "
            "program. It becomes your contact for your account and your subscriptions.\n\n"
            "Kind regards,\n%(sender)s\n%(provider)s"
        )
        names = {"contact": customer.contact_name, "sender": sender.full_name, "provider": provider.legal_name}
        return text % {name: Truncator(value).chars(100) for name, value in names.items()}


def grants(scope: str, reseller: Partner, provider: Partner) -> list[str]:
    """What the reseller may do in this scope, in the words of the program and the active language."""
    names = {"reseller": reseller.legal_name, "provider": provider.legal_name}
    if scope == Scope.MANAGE:
        texts = [
            _("See your account information, your subscriptions and your orders"),
            _("Manage your account and administer your subscriptions and services on your behalf, as an administrator"),
        ]
    else:
        texts = [
            _("See your account information, your subscriptions and your orders"),
            _("Request changes of them from %(provider)s; it changes nothing itself"),
        ]
    return [text % names for text in texts]


def answer_link(request: RelationshipRequest) -> str:
    """Where the customer answers: a plain address that opens for the customer's administrator alone."""
    arguments = [request.customer.microsoft_id, request.public_id]
    return f"{settings.PORTAL_BASE_URL}{reverse('customers:answer_request', args=arguments)}"


def valid_until(request: RelationshipRequest) -> datetime:
    """When the request expires, or would if it were sent now."""
    return request.expires_at or clock.now() + timedelta(days=VALID_DAYS)


def wording(request: RelationshipRequest) -> RequestWording:
    """The message of a request, in the request's language and the active time zone."""
    with override(request.language):
        customer, reseller = request.customer, request.reseller
        provider = customer.provider
        names = {
            "provider": provider.legal_name,
            "reseller": reseller.legal_name,
            "country": countries.name(str(reseller.country)),
            "mpn_id": reseller.mpn_id,
            "customer": customer.company_name,
            "domain": customer.domain,
            "administrator": administrator_name(customer.domain_prefix),
            "moment": moment_text(valid_until(request)),
        }
        asked = {
            Scope.MANAGE.value: _(
                "%(provider)s asks you to let its indirect reseller %(reseller)s (%(country)s, MPN ID %(mpn_id)s) "
                "manage the account of %(customer)s (%(domain)s)."
            ),
            Scope.VIEW_AND_REQUEST.value: _(
                "%(provider)s asks you to let its indirect reseller %(reseller)s (%(country)s, MPN ID %(mpn_id)s) "
                "see the account of %(customer)s (%(domain)s) and request changes."
            ),
        }
        return RequestWording(
            subject=short_subject(_("Reseller relationship with %(provider)s"), provider),
            words=request.message,
            introduction=asked[request.scope] % names,
            invitation=_(
                "Read the request and answer it here. Sign in as an administrator of your account, like "
                "%(administrator)s:"
            )
            % names,
            validity=_("You can answer until %(moment)s.") % names,
            grants_heading=_("If you accept, %(reseller)s can:") % names,
            grants=grants(request.scope, reseller, provider),
            conditions=_(
                "Your subscriptions and prices stay as they are. You can narrow or remove this access at any time on "
                "the page Partners of your account."
            ),
        )


def full_text(request: RelationshipRequest) -> str:
    """The text for the clipboard: the same words that the portal would mail."""
    return wording(request).as_text(answer_link(request))


def mailto(request: RelationshipRequest) -> str:
    """A `mailto:` with the message, shortened by what the page of the link repeats; "" when even that is too long."""
    message, link = wording(request), answer_link(request)
    texts = (message.as_text(link, short=short) for short in (False, True))
    return mailto_address(request.customer.contact_email, message.subject, *texts)
