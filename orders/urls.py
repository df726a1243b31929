"""Addresses of orders, and of the wizard, in which the draft's GUID keeps two tabs apart."""

from django.urls import include, path

from orders.order_pages.exporting import ExportOrdersView
from orders.order_pages.repeating import RepeatOrderView
from orders.order_pages.retrying import RetryLineView
from orders.order_pages.views import OrderHistory, OrderList, OrderView
from orders.views import asking, details, finish, handing_over, steps

app_name = "orders"

# A page of the namespace `customers` that shows orders: csp_portal.urls joins it with customers.urls.
customer_pages = [path("customers/<uuid:microsoft_id>/orders/", OrderHistory.as_view(), name="orders")]

ask = "customers/<uuid:microsoft_id>/subscriptions/ask/"

of_a_draft = [
    path("details/", details.DetailsView.as_view(), name="details"),
    path("subscriptions/", steps.SubscriptionsView.as_view(), name="subscriptions"),
    path("subscriptions/update/", steps.UpdateOffersView.as_view(), name="update_offers"),
    path("subscriptions/all/", steps.UpdateOffersView.as_view(keeps_filters=False), name="all_offers"),
    path("subscriptions/skip/", steps.SkipOffersView.as_view(), name="skip_offers"),
    path("review/", finish.ReviewView.as_view(), name="review"),
    path("submit/", finish.SubmitView.as_view(), name="submit"),
    path("hand-over/", handing_over.HandOverView.as_view(), name="hand_over"),
    path("cancel/", finish.ConfirmCancelView.as_view(), name="confirm_cancel"),
    path("cancel/confirm/", finish.CancelView.as_view(), name="cancel"),
    path("canceled/", finish.CanceledView.as_view(), name="canceled"),
    path("confirmation/", finish.ConfirmationView.as_view(), name="confirmation"),
    path("done/", finish.DoneView.as_view(), name="done"),
]

urlpatterns = [
    path("orders/", OrderList.as_view(), name="list"),
    path("orders/export/", ExportOrdersView.as_view(), name="export"),
    path("orders/<uuid:public_id>/", OrderView.as_view(), name="detail"),
    path("orders/<uuid:public_id>/repeat/", RepeatOrderView.as_view(), name="repeat"),
    path("orders/<uuid:public_id>/lines/<int:line>/retry/", RetryLineView.as_view(), name="retry_line"),
    path("customers/new/", steps.StartView.as_view(), name="start"),
    path("customers/new/<uuid:draft>/", include(of_a_draft)),
    path("drafts/left/", handing_over.LeftDraftsView.as_view(), name="left_drafts"),
    path("drafts/<uuid:draft>/reassign/", handing_over.ReassignView.as_view(), name="reassign_draft"),
    path("customers/<uuid:customer>/subscriptions/new/", steps.AddSubscriptionView.as_view(), name="add_subscription"),
    path(ask, asking.AskSubscriptionView.as_view(), name="ask_subscription"),
    path(f"{ask}update/", asking.UpdateAskedView.as_view(), name="update_asked"),
    path(f"{ask}all/", asking.UpdateAskedView.as_view(keeps_filters=False), name="all_asked"),
]
