"""The provider's addresses of requests for a reseller relationship, in the namespace `customers`."""

from django.urls import path

from customers.relationship_requests import answer_views, views

one = "customers/requests/<uuid:public_id>/"
answer = "customers/<uuid:microsoft_id>/partners/requests/<uuid:public_id>/"

request_pages = [
    path("customers/suggest/", views.SuggestCustomersView.as_view(), name="suggest"),
    path("customers/requests/", views.RequestListView.as_view(), name="relationship_requests"),
    path("customers/requests/new/", views.RequestAnyCustomerView.as_view(), name="request_relationship"),
    path(
        "customers/<uuid:microsoft_id>/requests/new/",
        views.RequestForCustomerView.as_view(),
        name="request_for_customer",
    ),
    path(one, views.RequestView.as_view(), name="relationship_request"),
    path(f"{one}mail/", views.MailView.as_view(), name="mail_relationship_request"),
    path(f"{one}copy/", views.CopyView.as_view(), name="copy_relationship_request"),
    path(f"{one}send/", views.SendView.as_view(), name="send_relationship_request"),
    path(f"{one}done/", views.FinishView.as_view(), name="finish_relationship_request"),
    path(f"{one}unsent/", views.UnsentView.as_view(), name="unsent_relationship_request"),
    path(f"{one}discard/", views.DiscardView.as_view(), name="discard_relationship_request"),
    path(f"{one}revoke/", views.RevokeView.as_view(), name="revoke_relationship_request"),
    path(answer, answer_views.AnswerView.as_view(), name="answer_request"),
    path(f"{answer}accept/", answer_views.AcceptView.as_view(), name="accept_request"),
    path(f"{answer}decline/", answer_views.DeclineView.as_view(), name="decline_request"),
]
