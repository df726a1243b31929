"""Every address of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.support_views import SupportProfileView
from csp_portal import views
from csp_portal.why.views import WhyView
from customers.urls import urlpatterns as customers_urlpatterns
from orders.partnerships.urls import partnership_pages
from orders.urls import customer_pages as order_history
from resellers.urls import urlpatterns as resellers_urlpatterns
from subscriptions.reseller_pages.urls import reseller_pages
from subscriptions.urls import customer_pages

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("why/", WhyView.as_view(), name="why"),
    path("healthz/", views.healthz, name="healthz"),
    path("healthz/live/", views.healthz_live, name="healthz_live"),
    path("healthz/ready/", views.healthz_ready, name="healthz_ready"),
    path("account/", include("accounts.urls")),
    path("account/", include("accounts.sign_in_urls")),
    path("enroll/", include("accounts.enrolment_urls")),
    path("profile/", include("accounts.profile_urls")),
    path("views/", include("accounts.saved_views.urls")),
    path("", include("accounts.people.urls")),
    path("notifications/", include("notifications.feed.urls")),
    path("webhooks/", include("notifications.webhooks.urls")),
    path("support-profile/", SupportProfileView.as_view(), name="support_profile"),
    path("find-a-provider/", include("accounts.directory_urls")),
    # So are pages of the resellers' that show customers, subscriptions or drafts.
    path("", include(([*reseller_pages, *partnership_pages, *resellers_urlpatterns], "resellers"))),
    # A page of the customers' that shows subscriptions or orders is served by the app that has them.
    path("", include(([*customer_pages, *order_history, *customers_urlpatterns], "customers"))),
    path("activity/", include("csp_portal.activity_log.urls")),
    path("incentives/", include("subscriptions.incentives.urls")),
    path("", include("subscriptions.urls")),
    path("", include("orders.urls")),
    # The admin has no way in, out or to a password of its own.
    path("admin/logout/", RedirectView.as_view(pattern_name="home")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
]

if settings.DEMO or settings.PORTAL_MODE == "test":
    # Never mounted in production: here anybody reads anybody's mail.
    urlpatterns.append(path("demo/", include("csp_portal.demo.urls")))

handler400 = "csp_portal.errors.bad_request"
handler403 = "csp_portal.errors.permission_denied"
handler404 = "csp_portal.errors.not_found"
handler500 = "csp_portal.errors.server_error"
# Not one of Django's: the sign-in library looks for it.
handler429 = "core.pages.too_many"
