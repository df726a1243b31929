"""The addresses of the public list of indirect providers."""

from django.urls import URLPattern

app_name = "directory"

urlpatterns: list[URLPattern] = []
