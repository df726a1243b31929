"""Addresses that a form of another page is sent to."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import View


class PostedHere(View):
    """May answer with the form's page once more, under its own address: who reloads or copies that finds the page."""

    http_method_names = ["get", "head", "post", "options"]

    def form_page(self) -> Any:
        """The page of the form: its address, or what has one."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """There."""
        return redirect(self.form_page())
