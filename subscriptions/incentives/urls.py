"""The addresses of incentives."""

from django.urls import path

from subscriptions.incentives.attribution_views import AttributionView
from subscriptions.incentives.exporting import ExportView
from subscriptions.incentives.views import EntriesView, EntryView, MonthView

app_name = "incentives"

urlpatterns = [
    path("", MonthView.as_view(), name="list"),
    path("entries/", EntriesView.as_view(), name="entries"),
    path("attribution/", AttributionView.as_view(), name="attribution"),
    path("entries/export/", ExportView.as_view(), name="export"),
    path("entries/<uuid:public_id>/", EntryView.as_view(), name="entry"),
]
