"""Addresses of webhooks."""

from django.urls import path

from notifications.webhooks import views

app_name = "webhooks"

urlpatterns = [
    path("", views.EndpointList.as_view(), name="list"),
    path("add/", views.RegisterView.as_view(), name="register"),
    path("<uuid:public_id>/", views.EndpointView.as_view(), name="detail"),
    path("<uuid:public_id>/change/", views.ChangeView.as_view(), name="change"),
    path("<uuid:public_id>/secret/", views.SecretView.as_view(), name="secret"),
    path("<uuid:public_id>/rotate/", views.RotateView.as_view(), name="rotate"),
    path("<uuid:public_id>/enable/", views.EnableView.as_view(), name="enable"),
    path("<uuid:public_id>/disable/", views.DisableView.as_view(), name="disable"),
    path("<uuid:public_id>/test/", views.SendTestView.as_view(), name="test"),
    path("<uuid:public_id>/remove/", views.RemoveView.as_view(), name="remove"),
    path("<uuid:public_id>/replay/", views.ReplayFailedView.as_view(), name="replay_failed"),
    path("<uuid:public_id>/deliveries/", views.DeliveryList.as_view(), name="deliveries"),
    path("<uuid:public_id>/deliveries/<uuid:number>/", views.DeliveryView.as_view(), name="delivery"),
    path("<uuid:public_id>/deliveries/<uuid:number>/replay/", views.ReplayView.as_view(), name="replay"),
]
