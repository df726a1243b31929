"""What somebody wants to be told of."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PortalForm
from notifications.models.feed import MANDATORY, Category


class PreferencesForm(PortalForm):
    """Which kinds stand in the bell, and which in a daily summary by e-mail."""

    in_bell = forms.MultipleChoiceField(
        label=_("Show under Notifications"), widget=forms.CheckboxSelectMultiple, required=False
    )
    by_mail = forms.MultipleChoiceField(
        label=_("Send once a day by e-mail"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("One summary each morning of what you have not read; none on days without news."),
    )

    def __init__(self, *args: Any, categories: list[Category], can_be_mailed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = [(one.value, one.label) for one in categories if one not in MANDATORY]
        self.fields["in_bell"].choices = free
        self.fields["by_mail"].choices = [(one.value, one.label) for one in categories]
        fields = ["in_bell"]
        if can_be_mailed:
            fields.append("by_mail")
        else:
            del self.fields["by_mail"]
        self.helper.layout = Layout(*fields)
