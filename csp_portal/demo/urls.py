from django.urls import path

from csp_portal.demo import views
from csp_portal.demo.webhooks import ReceiverView

app_name = "demo"

urlpatterns = [
    path("mailbox/", views.MailboxView.as_view(), name="mailbox"),
    path("mailbox/<str:key>/", views.MailView.as_view(), name="mail"),
    path("requests/", views.RequestsView.as_view(), name="requests"),
    path("webhooks/<uuid:public_id>/", ReceiverView.as_view(), name="receiver"),
]
