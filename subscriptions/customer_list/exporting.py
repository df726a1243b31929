"""Export: the Customers list as it is filtered and sorted, as a file with the columns that the person chooses."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.access import Actor, require
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.step_up import EXPORT_AGAIN, step_up_required
from activity.services import record
from core import clock
from core.export import csv_response
from core.lists import Selection, capped_text, filters_in_words
from subscriptions.customer_list.addresses import export_url, list_url
from subscriptions.customer_list.columns import ExportColumn, lines
from subscriptions.customer_list.forms import ExportForm
from subscriptions.views import CustomerList


@step_up_required(again=EXPORT_AGAIN)
class ExportCustomersView(PermittedView, TemplateView):
    """Choose the columns, then take the file: exactly what is filtered. A POST, because taking it is recorded."""

    permission = Permission.VIEW_CUSTOMERS
    template_name = "customers/export.html"
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
        columns = form.chosen()
        record_export(columns=columns, filters=selection.filters_in_force, by=self.actor)
        name = f"{_('Customers')} {timezone.localdate(clock.now()).isoformat()}.csv"
        header, rows = [column.label for column in columns], lines(selection.paginator.all_rows(), columns)
        return csv_response(name, header, rows, get_language() or "en")

    def selection(self) -> Selection:
        """The rows of the list at this address."""
        page = CustomerList()
        page.setup(self.request)
        return page.select()

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
