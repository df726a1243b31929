"""The addresses that this app serves; those that show something of subscriptions are in subscriptions.urls."""

from django.urls import path

from customers.account import views as account
from customers.credentials import views as credentials
from customers.credentials.pending import NotHandedOverView
from customers.relationship_requests.urls import request_pages

app_name = "customers"

urlpatterns = [
    path("customers/not-handed-over/", NotHandedOverView.as_view(), name="not_handed_over"),
    *request_pages,
    path("customers/<uuid:microsoft_id>/agreement/", account.AttestAgreementView.as_view(), name="attest_agreement"),
    path("agreement/", account.AcceptAgreementView.as_view(), name="accept_agreement"),
    path(
        "customers/<uuid:microsoft_id>/credentials/issue/",
        credentials.IssueCredentialsView.as_view(),
        name="issue_credentials",
    ),
]
