"""The addresses of enrolling: a company's way into the programme."""

from django.urls import path

from accounts.enrolment import views

app_name = "enrolment"

urlpatterns = [
    path("", views.StartView.as_view(), name="start"),
    path("code/", views.CodeView.as_view(), name="code"),
    path("code/another/", views.AnotherCodeView.as_view(), name="another_code"),
    path("company/", views.CompanyView.as_view(), name="company"),
    path("done/", views.DoneView.as_view(), name="done"),
    path("status/", views.StatusView.as_view(), name="status"),
    path("status/apply-again/", views.ApplyAgainView.as_view(), name="apply_again"),
    path("prove-email/", views.ProveEmailView.as_view(), name="prove_email"),
    path("prove-email/send/", views.SendOwnCodeView.as_view(), name="send_own_code"),
]
