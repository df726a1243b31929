"""Addresses of the *People* pages."""

from django.urls import path

from accounts.people import inviting, joining, views

app_name = "people"

invitation = "company/people/invitations/<uuid:public_id>/"
join = "join/<uuid:public_id>/"

urlpatterns = [
    path("company/people/", views.PeopleList.as_view(), name="list"),
    path("company/people/invite/", inviting.InviteView.as_view(), name="invite"),
    path("company/people/invitations/", inviting.InvitationList.as_view(), name="invitations"),
    path(invitation, inviting.InvitationView.as_view(), name="invitation"),
    path(f"{invitation}resend/", inviting.ResendView.as_view(), name="resend_invitation"),
    path(f"{invitation}revoke/", inviting.RevokeView.as_view(), name="revoke_invitation"),
    path(join, joining.JoinView.as_view(), name="join"),
    path(f"{join}switch/", joining.SwitchToInvitedView.as_view(), name="join_as_another"),
    path(f"{join}<str:token>/", joining.JoinLandingView.as_view(), name="join_landing"),
    path("company/people/left/", views.PeopleList.as_view(left=True), name="left"),
    path("company/people/<int:pk>/", views.PersonView.as_view(), name="detail"),
    path("company/people/<int:pk>/role/", views.RoleView.as_view(), name="role"),
    path("company/people/<int:pk>/deactivate/", views.DeactivateView.as_view(), name="deactivate"),
    path("company/people/<int:pk>/reactivate/", views.ReactivateView.as_view(), name="reactivate"),
    path("company/people/<int:pk>/password/", views.PasswordLinkView.as_view(), name="password_link"),
    path("company/people/<int:pk>/second-factor/", views.SecondFactorView.as_view(), name="second_factor"),
    path("company/leave/", views.LeaveView.as_view(), name="leave"),
]
