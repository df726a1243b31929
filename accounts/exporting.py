"""What every export of a list has in common: who may, who is asked who they are, and what the file is called."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language

from accounts.permitted import PermittedView
from accounts.step_up import EXPORT_AGAIN, step_up_required
from core import clock
from core.export import csv_response
from core.lists import ListPage, Selection


@step_up_required(again=EXPORT_AGAIN)
class ListExportView(PermittedView):
    """Exactly what is filtered. A POST, because taking the file is recorded; the filters stand in the address."""

    http_method_names = ["post", "options"]
    list_class: type[ListPage]
    list_url = ""
    title: str | Promise = ""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the file; where a filter was not understood, the list says which."""
        selection = self.selection()
        if not self.is_understood(selection):
            return redirect(f"{reverse(self.list_url)}?{request.GET.urlencode()}")
        return self.file(selection)

    def file(self, selection: Selection) -> HttpResponseBase:
        """Record that it is taken, and stream it."""
        self.take(selection)
        name = f"{self.title} {self.file_date(selection)}.csv"
        return csv_response(name, self.file_header(), self.file_rows(selection), get_language() or "en")

    def selection(self) -> Selection:
        """The rows of the list at this address."""
        page = self.list_class()
        page.setup(self.request)
        return page.select()

    def is_understood(self, selection: Selection) -> bool:
        """Whether the filters make a file."""
        return selection.is_valid

    def file_date(self, selection: Selection) -> str:
        """What tells this file from another one of the list: the day, where the person is."""
        return timezone.localdate(clock.now()).isoformat()

    def take(self, selection: Selection) -> None:
        """Record that the list is taken away."""
        raise NotImplementedError

    def file_header(self) -> list[Any]:
        """The names of the columns."""
        raise NotImplementedError

    def file_rows(self, selection: Selection) -> Iterable[list[Any]]:
        """The rows, each as its cells."""
        raise NotImplementedError
