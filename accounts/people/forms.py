"""Forms about the people of a company."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.people.open_work import CLOSE, KEEP, OpenWork
from accounts.roles import Role, roles_up_to
from core.forms import PortalForm


class RoleForm(PortalForm):
    """Another role for a colleague, at most one's own."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, own: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles_up_to(own)]  # type: ignore[attr-defined]


class SettleForm(PortalForm):
    """What becomes of each kind of work that somebody has open; without any, nothing is asked."""

    def __init__(self, data: Any = None, *, works: Sequence[OpenWork]) -> None:
        self.works = works
        super().__init__(data)
        for work in works:
            self.fields[work.key] = forms.ChoiceField(label=work.title, choices=settle_choices(work))
            self._dress(work.key, self.fields[work.key])

    def choices(self) -> dict[str, str]:
        """The choice for each kind; only after `is_valid()`."""
        return dict(self.cleaned_data)


def settle_choices(work: OpenWork) -> list[tuple[str, Any]]:
    """Who may take it over, whether it may stay, and its end."""
    takers = [(str(taker.pk), taker_words(taker)) for taker in work.takers()]
    keep = [(KEEP, work.keep_label)] if work.keep_label else []
    return [("", _("Select what happens")), *takers, *keep, (CLOSE, work.close_label)]


def taker_words(taker: Membership) -> str:
    """The choice of a colleague."""
    return _("Hand over to %(name)s (%(role)s)") % {"name": taker.user.full_name, "role": Role(taker.role).label}
