"""What is to be set for many subscriptions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.access import Actor, can
from accounts.models import Partner
from core.forms import PortalForm
from core.typeahead import Suggestion, TypeaheadField, TypeaheadInput
from resellers.choosing import ResellerSource
from subscriptions.bulk.services import PERMISSIONS
from subscriptions.models import AtEnd, BulkChange

Kind = BulkChange.Kind
NOBODY = Suggestion("nobody", gettext_lazy("No indirect reseller"), alias=gettext_lazy("none"))


class BulkForm(PortalForm):
    """One of three things, and its value; the fields of the other two are passed over."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What to change"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what to change.")},
    )
    reseller = TypeaheadField(
        label=gettext_lazy("Indirect reseller"),
        help_text=gettext_lazy(
            "For Reseller (MPN ID) and Designated support contact. With no indirect reseller no incentive is paid, and "
            "your company is the support contact."
        ),
        empty_label=gettext_lazy("Choose"),
        extras=(NOBODY,),
        error_messages={"required": gettext_lazy("Choose an indirect reseller, or No indirect reseller.")},
        widget=TypeaheadInput(attrs={"placeholder": gettext_lazy("Name or MPN ID, or none")}),
    )
    at_end = forms.ChoiceField(
        label=gettext_lazy("At the end of the term"),
        help_text=gettext_lazy("For Auto-renew."),
        choices=[
            ("", gettext_lazy("Choose")),
            (AtEnd.RENEW, gettext_lazy("Renew")),
            (AtEnd.CANCEL, gettext_lazy("Cancel at expiration")),
            (AtEnd.EXTEND, gettext_lazy("Go on month by month (extended service term)")),
        ],
        error_messages={"required": gettext_lazy("Choose what happens at the end of the term.")},
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(kind.value, kind.label) for kind in Kind if can(actor, PERMISSIONS[kind])]
        self.fields["kind"].choices = offered
        self.fields["reseller"].offer(ResellerSource(actor))
        # The kind's own field must say something; until there is a kind, neither calls itself optional.
        kind = self.data.get("kind")
        self.fields["reseller"].required = not self.is_bound or kind in (Kind.RESELLER_OF_RECORD, Kind.SUPPORT_CONTACT)
        self.fields["at_end"].required = not self.is_bound or kind == Kind.AT_END
        if {kind for kind, _label in offered} == {Kind.AT_END}:
            del self.fields["reseller"]
            self.fields["kind"].initial = Kind.AT_END

    def values(self) -> dict[str, Any]:
        """What the service takes; only after `is_valid()`."""
        kind = self.cleaned_data["kind"]
        if kind == Kind.AT_END:
            return {"kind": kind, "at_end": self.cleaned_data["at_end"]}
        chosen: Partner | Suggestion = self.cleaned_data["reseller"]
        return {"kind": kind, "reseller": chosen if isinstance(chosen, Partner) else None}
