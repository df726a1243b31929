"""Export: the Customers list as it is filtered and sorted, as a file with the columns that the person chooses."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.access import Actor, require
from accounts.exporting import ListExportView
from accounts.roles import Permission
from accounts.step_up import EXPORT_AGAIN, step_up_required
from activity.services import record
from core.lists import Selection, capped_text, filters_in_words
from subscriptions.customer_list.addresses import export_url, list_url
from subscriptions.customer_list.columns import ExportColumn, lines
from subscriptions.customer_list.forms import ExportForm
from subscriptions.views import CustomerList


@step_up_required(again=EXPORT_AGAIN)
class ExportCustomersView(ListExportView, TemplateView):
    """Choose the columns, then take the file: exactly what is filtered. A POST, because taking it is recorded."""

    permission = Permission.VIEW_CUSTOMERS
    list_class, title = CustomerList, gettext_lazy("Customers")
    template_name = "customers/export.html"
    columns: list[ExportColumn]
    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask which columns; where a filter was not understood, the list says which."""
        selection = self.selection()
        if not selection.is_valid:
            return redirect(list_url(request))
        return self.page(ExportForm(actor=self.actor), selection)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the file, a row at a time."""
        selection, form = self.selection(), ExportForm(request.POST, actor=self.actor)
        if not selection.is_valid:
            return redirect(list_url(request))
        if not form.is_valid():
            return self.page(form, selection)
        self.columns = form.chosen()
        return self.file(selection)

    def take(self, selection: Selection) -> None:
        """Record it."""
        record_export(columns=self.columns, filters=selection.filters_in_force, by=self.actor)

    def file_header(self) -> list[Any]:
        """The chosen columns."""
        return [column.label for column in self.columns]

    def file_rows(self, selection: Selection) -> Iterable[list[Any]]:
        """Each customer."""
        return lines(selection.paginator.all_rows(), self.columns)

    def page(self, form: ExportForm, selection: Selection) -> HttpResponse:
        """The columns to choose from, above them what the file will hold."""
        assert selection.filterset is not None
        count = selection.paginator.count()
        return self.render_to_response(
            self.get_context_data(
                form=form,
                count=count,
                count_text=capped_text(count, selection.paginator.cap),
                filters=[(label, value) for _name, label, value in filters_in_words(selection.filterset)],
                export_url=export_url(self.request),
                list_url=list_url(self.request),
            ),
        )


@transaction.atomic
def record_export(*, columns: list[ExportColumn], filters: int, by: Actor) -> None:
    """Record that the list was taken away as a file, and with which columns; what was in it is not repeated."""
    require(by, Permission.VIEW_CUSTOMERS)
    assert by.partner is not None
    record("customers.exported", by.partner, by=by, columns=[column.key for column in columns], filters=filters)
