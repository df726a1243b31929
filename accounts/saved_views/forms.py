"""The name of a view and who sees it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Partner, SavedView
from core.forms import PortalForm

PRIVATE, SHARED = "private", "shared"


class ViewForm(PortalForm):
    """What a view is called, and whether colleagues have it in their menus too."""

    name = forms.CharField(label=_("Name"), max_length=SavedView._meta.get_field("name").max_length)
    audience = forms.ChoiceField(label=_("Who sees it"), widget=forms.RadioSelect, initial=PRIVATE)

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["audience"]
        assert isinstance(field, forms.ChoiceField)
        everybody = _("Everybody at %(company)s") % {"company": partner}
        field.choices = [(PRIVATE, _("Only me")), (SHARED, everybody)]

    @property
    def is_shared(self) -> bool:
        """Whether it is shared with the company; only after `is_valid()`."""
        return bool(self.cleaned_data["audience"] == SHARED)
