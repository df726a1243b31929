"""Every address of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from csp_portal import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("healthz/", views.healthz, name="healthz"),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("", include("resellers.urls")),
    path("", include("customers.urls")),
    path("", include("subscriptions.urls")),
    path("", include("orders.urls")),
    path("admin/", admin.site.urls),
]

if settings.DEMO or settings.PORTAL_MODE == "test":
    # Never mounted in production: here anybody reads anybody's mail.
    urlpatterns.append(path("demo/", include("csp_portal.demo.urls")))

handler400 = "csp_portal.errors.bad_request"
handler403 = "csp_portal.errors.permission_denied"
handler404 = "csp_portal.errors.not_found"
handler500 = "csp_portal.errors.server_error"
