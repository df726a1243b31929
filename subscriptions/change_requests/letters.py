"""The mails about a request, to whichever side has to know: in the reader's language, and without prices."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import Membership, Partner, User
from core.text import one_period
from mail.services import queue_email
from subscriptions.change_requests.matters import asked_rows, matter_of
from subscriptions.decisions.digests import Reader, reader_of
from subscriptions.models import ChangeRequest, ChangeRequestEntry

MAIL = "change_request"
Entry = ChangeRequestEntry.Kind

# The subject, and what happened.
WORDS: dict[str, tuple[Promise, Promise]] = {
    Entry.SUBMITTED: (
        _("%(customer)s: a change is requested"),
        _("%(reseller)s asks you for a change for %(customer)s."),
    ),
    Entry.ANSWER: (
        _("%(customer)s: your question is answered"),
        _("%(reseller)s answered your question about its request for %(customer)s."),
    ),
    Entry.WITHDRAWN: (
        _("%(customer)s: a request is withdrawn"),
        _("%(reseller)s withdrew its request for %(customer)s. There is nothing left for you to do."),
    ),
    Entry.QUESTION: (
        _("%(customer)s: a question about your request"),
        _("%(provider)s has a question about your request for %(customer)s. It decides once you have answered."),
    ),
    Entry.APPROVED: (
        _("%(customer)s: your request is approved"),
        _("%(provider)s approved your request for %(customer)s. What you asked for is done."),
    ),
    Entry.REJECTED: (
        _("%(customer)s: your request is rejected"),
        _("%(provider)s rejected your request for %(customer)s. Nothing was changed."),
    ),
    Entry.CLOSED: (
        _("%(customer)s: your request is closed"),
        _(
            "Your request for %(customer)s is no longer possible: you no longer look after the customer, or the "
            "subscription was deleted. Nothing was changed."
        ),
    ),
}
TO_PROVIDER = (Entry.SUBMITTED, Entry.ANSWER, Entry.WITHDRAWN)
TEXT_LABELS: dict[str, Promise] = {
    Entry.QUESTION: _("Question"),
    Entry.ANSWER: _("Answer"),
    Entry.REJECTED: _("Reason"),
}


def tell(request: ChangeRequest, done: str, text: str = "") -> None:
    """Write to the side that did not do it, in the transaction that does."""
    company, person = _recipient(request, done)
    reader = _reader(company, person)
    with override(reader.language):
        names = {
            "reseller": request.reseller.legal_name,
            "provider": request.provider.legal_name,
            "customer": request.customer.company_name,
        }
        usual = (str(words) % names for words in WORDS[done])
        subject, happened = matter_of(request).letter(request, done) or usual
        context: dict[str, Any] = {
            "subject": subject,
            "happened": one_period(happened),
            "kind": request.get_kind_display(),
            "subscription": request.subscription.nickname if request.subscription else "",
            "rows": asked_rows(request),
            "text_label": str(TEXT_LABELS.get(done, _("Message"))),
            "text": text,
            "company": company.legal_name,
            # Whoever has lost the customer finds nothing behind the address.
            "path": "" if done == Entry.CLOSED else request.get_absolute_url(),
        }
    queue_email(MAIL, to=reader.address, language=reader.language, context=context, about=request)


def _recipient(request: ChangeRequest, done: str) -> tuple[Partner, User | None]:
    """The company to tell, and whom of it: who asked, or whose question was answered."""
    if done not in TO_PROVIDER:
        return request.reseller, request.created_by
    asked = request.entries.filter(kind=Entry.QUESTION).select_related("author").order_by("-pk").first()
    return request.provider, asked.author if asked and done == Entry.ANSWER else None


def _reader(company: Partner, person: User | None) -> Reader:
    """The person while it works there, else the company's contact."""
    if person is None or not (person.email and person.is_active):
        return reader_of(company)
    works_there = Membership.objects.current().filter(partner=company, user=person).exists()
    return Reader(person.email, person.language, person.zone) if works_there else reader_of(company)
