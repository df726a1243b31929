from django.urls import path

from csp_portal.demo import views

app_name = "demo"

urlpatterns = [
    path("mailbox/", views.MailboxView.as_view(), name="mailbox"),
    path("mailbox/<str:key>/", views.MailView.as_view(), name="mail"),
    path("requests/", views.RequestsView.as_view(), name="requests"),
]
