"""Addresses of the *People* pages."""

from django.urls import path

from accounts.people import views

app_name = "people"

urlpatterns = [
    path("people/", views.PeopleList.as_view(), name="list"),
    path("people/left/", views.PeopleList.as_view(left=True), name="left"),
    path("people/<int:pk>/", views.PersonView.as_view(), name="detail"),
    path("people/<int:pk>/role/", views.RoleView.as_view(), name="role"),
    path("people/<int:pk>/deactivate/", views.DeactivateView.as_view(), name="deactivate"),
    path("people/<int:pk>/reactivate/", views.ReactivateView.as_view(), name="reactivate"),
    path("people/<int:pk>/password/", views.PasswordLinkView.as_view(), name="password_link"),
    path("people/<int:pk>/second-factor/", views.SecondFactorView.as_view(), name="second_factor"),
    path("leave/", views.LeaveView.as_view(), name="leave"),
]
