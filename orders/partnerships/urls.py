"""Pages of the namespace `resellers` for the end of a partnership and its reseller; csp_portal.urls joins them."""

from django.urls import path

from orders.partnerships.views import ending, providers, rows

end = "resellers/<uuid:public_id>/end/"

partnership_pages = [
    path(end, ending.ConsequencesView.as_view(), name="end"),
    path(f"{end}choose/", ending.ChooseView.as_view(), name="end_choose"),
    path(f"{end}choose/<slug:relation>/", rows.RowsView.as_view(), name="end_rows"),
    path(f"{end}check/", ending.CheckView.as_view(), name="end_check"),
    path(f"{end}done/", ending.EndedView.as_view(), name="end_done"),
    path("providers/", providers.ProviderListView.as_view(), name="providers"),
    path("providers/ended/", providers.EndedProviderListView.as_view(), name="ended_providers"),
    path("providers/<uuid:public_id>/", providers.ProviderView.as_view(), name="provider"),
    path("providers/<uuid:public_id>/end/", providers.EndProviderView.as_view(), name="end_provider"),
]
