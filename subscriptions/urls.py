"""The addresses of subscriptions, and the Customers pages that show them."""

from django.urls import path

from core.posting import PostedHere
from subscriptions import views
from subscriptions.bulk import views as bulk
from subscriptions.change_requests import views as change_requests
from subscriptions.change_requests.asking_views import AskChangeView, DraftChangeView
from subscriptions.credentials import views as credentials
from subscriptions.customer_list.exporting import ExportCustomersView
from subscriptions.customer_pages import managing
from subscriptions.customer_pages.account import AccountWithRelationsView
from subscriptions.customer_pages.activity import CustomerActivityView
from subscriptions.customer_pages.asking import BillToPage, CompanyPage, ContactPage
from subscriptions.customer_pages.partners import PartnersView
from subscriptions.customer_pages.user_settings import GrantTenantOwnerView, RemoveTenantOwnerView, UserSettingsView
from subscriptions.decisions.views import RenewalsView
from subscriptions.details.changing import ChangeView, RenameView
from subscriptions.details.resellers import NameResellerView, SupportContactForm, VerifyResellerView
from subscriptions.full_list.exporting import ExportSubscriptionsView
from subscriptions.full_list.views import FullList
from subscriptions.models import SupportContact

app_name = "subscriptions"
account = "customers/<uuid:microsoft_id>/account/"
reseller = "customers/<uuid:microsoft_id>/reseller/"
one = "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/"
asked = "change-requests/<uuid:public_id>/"

sections = (("company", CompanyPage), ("contact", ContactPage), ("bill_to", BillToPage))

# Pages of the namespace `customers` that need something from this app: csp_portal.urls joins them with customers.urls.
customer_pages = [
    path("customers/", views.CustomerList.as_view(), name="list"),
    path("customers/export/", ExportCustomersView.as_view(), name="export"),
    path("customers/<uuid:microsoft_id>/account/", AccountWithRelationsView.as_view(), name="detail"),
    *(path(f"{account}{page.kind}/", page.as_view(), name=f"change_{name}") for name, page in sections),
    *(
        path(
            f"{account}{page.kind}/{step}/",
            page.as_view(step=step, http_method_names=PostedHere.http_method_names),
            name=f"{step}_{name}",
        )
        for name, page in sections
        for step in ("ask", "draft")
    ),
    path(f"{reseller}establish/", managing.EstablishView.as_view(), name="establish_relationship"),
    path(f"{reseller}change/", managing.ChangeView.as_view(), name="change_reseller"),
    path(f"{reseller}narrow/", managing.NarrowView.as_view(), name="narrow_relationship"),
    path(f"{reseller}widen/", managing.WidenView.as_view(), name="widen_relationship"),
    path(f"{reseller}end/", managing.EndView.as_view(), name="end_relationship"),
    path("customers/<uuid:microsoft_id>/partners/", PartnersView.as_view(), name="partners"),
    path("customers/<uuid:microsoft_id>/activity/", CustomerActivityView.as_view(), name="activity"),
    path("customers/<uuid:microsoft_id>/user-settings/", UserSettingsView.as_view(), name="user_settings"),
    path(
        "customers/<uuid:microsoft_id>/user-settings/<uuid:reseller>/grant/",
        GrantTenantOwnerView.as_view(),
        name="grant_tenant_owner",
    ),
    path(
        "customers/<uuid:microsoft_id>/user-settings/<uuid:reseller>/remove/",
        RemoveTenantOwnerView.as_view(),
        name="remove_tenant_owner",
    ),
    path(
        "customers/<uuid:microsoft_id>/credentials/<uuid:public_id>/",
        credentials.CredentialsView.as_view(),
        name="credentials",
    ),
    path(
        "customers/<uuid:microsoft_id>/credentials/<uuid:public_id>/stored/",
        credentials.StoredView.as_view(),
        name="store_credentials",
    ),
]

urlpatterns = [
    path("subscriptions/", FullList.as_view(), name="all"),
    path("subscriptions/export/", ExportSubscriptionsView.as_view(), name="export"),
    path("subscriptions/bulk/", bulk.BulkChangeList.as_view(), name="bulk_changes"),
    path("subscriptions/bulk/new/", bulk.PrepareBulkView.as_view(), name="prepare_bulk"),
    path("subscriptions/bulk/<uuid:public_id>/", bulk.BulkChangeView.as_view(), name="bulk"),
    path("subscriptions/bulk/<uuid:public_id>/submit/", bulk.SubmitBulkView.as_view(), name="submit_bulk"),
    path("subscriptions/bulk/<uuid:public_id>/cancel/", bulk.CancelBulkView.as_view(), name="cancel_bulk"),
    path("change-requests/", change_requests.ChangeRequestList.as_view(), name="change_requests"),
    path(asked, change_requests.ChangeRequestView.as_view(), name="change_request"),
    path(f"{asked}approve/", change_requests.ApproveView.as_view(), name="approve_change"),
    path(f"{asked}reject/", change_requests.RejectView.as_view(), name="reject_change"),
    path(f"{asked}question/", change_requests.AskView.as_view(), name="question_change"),
    path(f"{asked}answer/", change_requests.AnswerView.as_view(), name="answer_change"),
    path(f"{asked}withdraw/", change_requests.WithdrawView.as_view(), name="withdraw_change"),
    path(f"{asked}submit/", change_requests.SubmitDraftView.as_view(), name="submit_change"),
    path(f"{asked}save/", change_requests.SaveDraftView.as_view(), name="save_change"),
    path(f"{asked}discard/", change_requests.DiscardView.as_view(), name="discard_change"),
    path("renewals/", RenewalsView.as_view(), name="renewals"),
    path("customers/<uuid:microsoft_id>/subscriptions/", views.SubscriptionList.as_view(), name="list"),
    path(
        "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/",
        views.SubscriptionDetail.as_view(),
        name="detail",
    ),
    path(
        "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/change/<slug:kind>/",
        ChangeView.as_view(),
        name="change",
    ),
    path(f"{one}change/<slug:kind>/ask/", AskChangeView.as_view(), name="ask_change"),
    path(f"{one}change/<slug:kind>/draft/", DraftChangeView.as_view(), name="draft_change"),
    path(
        "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/nickname/",
        RenameView.as_view(),
        name="rename",
    ),
    path(
        "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/reseller/",
        NameResellerView.as_view(),
        name="reseller",
    ),
    path(f"{one}reseller/verify/", VerifyResellerView.as_view(), name="verify_reseller"),
    path(
        "customers/<uuid:microsoft_id>/subscriptions/<uuid:subscription_id>/support-contact/",
        NameResellerView.as_view(model=SupportContact, form_class=SupportContactForm, route="support_contact"),
        name="support_contact",
    ),
]
