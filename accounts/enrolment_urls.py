"""The addresses of enrolling: a company's way into the programme."""

from django.urls import URLPattern

app_name = "enrolment"

urlpatterns: list[URLPattern] = []
