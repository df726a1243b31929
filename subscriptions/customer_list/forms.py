"""Which columns a file of customers is to have."""

from typing import Any

from crispy_forms.layout import Field, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from core.forms import PortalForm
from subscriptions.customer_list.columns import ExportColumn, columns_for


class ExportForm(PortalForm):
    """Every column that the actor is offered, all of them chosen to begin with."""

    columns = forms.MultipleChoiceField(label=_("Columns"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        self.offered = columns_for(actor)
        self.base_fields["columns"].error_messages["required"] = _("Choose at least one column.")
        super().__init__(*args, **kwargs)
        field = self.fields["columns"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(column.key, column.label) for column in self.offered]
        field.initial = [column.key for column in self.offered]
        self.helper.layout = Layout(Field("columns", wrapper_class="choice-columns"))

    def chosen(self) -> list[ExportColumn]:
        """The chosen ones, in the order of the file."""
        return [column for column in self.offered if column.key in self.cleaned_data["columns"]]
