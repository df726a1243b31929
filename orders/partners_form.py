"""Who earns and who answers for the new subscriptions of a customer that exists: chosen, never taken for granted.

A provider chooses both, a reseller that asks for subscriptions only whether it answers itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Actor
from accounts.models import Partner
from core.forms import PortalForm
from core.typeahead import sent_value
from customers.forms import ResellerChoiceField
from orders.checks import unchosen_words
from orders.models import OrderDraft
from resellers.choosing import ResellerSource
from resellers.readiness import obstacles
from subscriptions.supporting import support_candidates

OTHER, NONE = "other", "none"
NAMES = ("reseller_choice", "reseller", "support_contact")


@dataclass(frozen=True)
class Choice:
    """Who was chosen; None as reseller is a choice too, as support contact it means the provider.

    With `is_suggestion` only the support contact was chosen: the reseller waits for somebody's word.
    """

    reseller: Partner | None
    support_contact: Partner | None
    is_suggestion: bool = False


class LaterField(forms.ChoiceField):
    """A choice that nobody may leave out in the end; until it is demanded, the form takes none for an answer."""

    def validate(self, value: Any) -> None:
        """Refuse only what is no choice."""
        if value not in self.empty_values:
            super().validate(value)


class SupportForm(PortalForm):
    """Who answers for new subscriptions: the provider, or a reseller that may."""

    title = gettext_lazy("Designated support contact")
    support_contact = LaterField(
        label=gettext_lazy("Designated support contact"),
        help_text=gettext_lazy("Who answers the customer’s support requests for these subscriptions."),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, draft: OrderDraft, actor: Actor) -> None:
        self.draft = draft
        super().__init__(sent(data) if data is not None else None, initial=self.kept())
        assert draft.customer is not None
        self.candidates = {str(one.microsoft_id): one for one in support_candidates(draft.customer)}
        contact = self.fields["support_contact"]
        assert isinstance(contact, forms.ChoiceField)
        contact.choices = [
            ("", own_words(draft.provider, draft.provider.legal_name, actor)),
            *((key, own_words(one, one.name_and_mpn, actor)) for key, one in self.candidates.items()),
        ]
        if not self.candidates:
            del self.fields["support_contact"]

    def kept(self) -> dict[str, str]:
        """What the draft says."""
        return kept_contact(self.draft)

    def contact(self) -> Partner | None:
        """Who was chosen; None is the provider. Only after `is_valid()`."""
        return self.candidates.get(self.cleaned_data.get("support_contact", ""))


class PartnersForm(SupportForm):
    """The reseller that manages the customer, another one from the list, or none: no button is pressed beforehand.

    `checked` demands a choice; without, it may come later.
    """

    title = gettext_lazy("Reseller and support")
    field_order = NAMES
    reseller_choice = LaterField(
        label=gettext_lazy("Reseller"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The reseller earns incentives for these subscriptions, if they are eligible."),
    )
    reseller = ResellerChoiceField(
        label=gettext_lazy("Another reseller from the list"),
        empty_label=gettext_lazy("Choose a reseller"),
        empty_note="",
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, draft: OrderDraft, actor: Actor, checked: bool = False
    ) -> None:
        self.checked = checked
        self.suggested = suggested_resellers(draft)
        super().__init__(data, draft=draft, actor=actor)
        choice, listed = self.fields["reseller_choice"], self.fields["reseller"]
        assert isinstance(choice, forms.ChoiceField)
        assert isinstance(listed, ResellerChoiceField)
        choice.choices = [
            *((key, one.words) for key, one in self.suggested.items()),
            (OTHER, _("Another reseller")),
            (NONE, no_reseller_words()),
        ]
        assert draft.customer is not None
        listed.offer(ResellerSource(actor, customer_country=draft.customer.country_code))

    def kept(self) -> dict[str, str]:
        return kept_partners(self.draft)

    def clean(self) -> dict[str, Any]:
        """A name from the list is a choice by itself; without any, the order has to wait."""
        cleaned: dict[str, Any] = super().clean() or {}
        choice = cleaned.get("reseller_choice", "")
        if choice not in ("", OTHER):
            self.errors.pop("reseller", None)
        elif cleaned.get("reseller") is None and "reseller" not in self.errors:
            if choice == OTHER:
                self.add_error("reseller", _("Choose the other reseller from the list."))
            elif self.checked and "reseller_choice" not in self.errors:
                self.add_error("reseller_choice", unchosen_words())
        return cleaned

    def choice(self) -> Choice | None:
        """Who was chosen, or None where nobody said anything new. Only after `is_valid()`."""
        key, listed = self.cleaned_data["reseller_choice"], self.cleaned_data.get("reseller")
        contact = self.contact()
        if key or listed is not None:
            suggested = self.suggested.get(key)
            return Choice(suggested.reseller if suggested else listed if key != NONE else None, contact)
        if not self.draft.reseller_is_suggested or contact == self.draft.support_contact:
            return None
        began = self.draft.reseller
        waiting = began if began is not None and str(began.microsoft_id) in self.suggested else None
        return Choice(waiting, contact, is_suggestion=True)


def no_reseller_words() -> str:
    """That nobody earns, and what that means."""
    return _("No reseller: no incentive will be paid")


@dataclass(frozen=True)
class Suggested:
    """A reseller that is likely meant, and whether that is because it manages the customer."""

    reseller: Partner
    manages: bool

    @property
    def words(self) -> str:
        """Its name, and why it is suggested."""
        text = _("%(reseller)s – suggested: it manages the customer") if self.manages else _("%(reseller)s – suggested")
        return text % {"reseller": self.reseller.name_and_mpn}


def suggested_resellers(draft: OrderDraft) -> dict[str, Suggested]:
    """Whom the draft began with, and who manages the customer, by Microsoft ID; as far as they are ready today."""
    if draft.customer is None:
        return {}
    managing = draft.customer.managing_relationship()
    manager = managing.reseller if managing else None
    began = draft.reseller if draft.reseller_is_suggested else None
    likely = [Suggested(one, one == manager) for one in dict.fromkeys((began, manager)) if one is not None]
    country = draft.customer.country_code
    ready = [one for one in likely if not obstacles(draft.provider, one.reseller, customer_country=country)]
    return {str(one.reseller.microsoft_id): one for one in ready}


def kept_partners(draft: OrderDraft) -> dict[str, str]:
    """What the draft says, under the names of the fields; nothing of a reseller that is only suggested."""
    found = kept_contact(draft)
    if draft.reseller_is_suggested:
        return found
    if draft.reseller is None:
        return {**found, "reseller_choice": NONE}
    key = str(draft.reseller.microsoft_id)
    if key in suggested_resellers(draft):
        return {**found, "reseller_choice": key}
    return {**found, "reseller_choice": OTHER, "reseller": key}


def own_words(company: Partner, words: str, reader: Actor) -> str:
    """A company as it is offered to a reader, who knows the own one."""
    return _("%(company)s, your company") % {"company": words} if company == reader.partner else words


def kept_contact(draft: OrderDraft) -> dict[str, str]:
    """The same of the support contact alone."""
    contact = draft.support_contact
    return {"support_contact": str(contact.microsoft_id) if contact else ""}


def sent(data: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent under the names of the fields, of the list with the radio button that stands for it."""
    found = {name: data.get(name, "") for name in NAMES}
    return {**found, "reseller": sent_value(data, "reseller")}
