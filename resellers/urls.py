"""Addresses of the Indirect resellers section and of the links in requests."""

from django.urls import URLPattern, URLResolver, path, re_path

from resellers.views import acceptances, answering, drafting, incoming, landing, lists, resending, suggesting

app_name = "resellers"

request_page = "resellers/requests/<uuid:public_id>/"
acceptance = "resellers/acceptances/<uuid:public_id>/"
invitation = "i/<uuid:public_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("resellers/suggest/", suggesting.SuggestView.as_view(), name="suggest"),
    path("resellers/requested/", lists.RequestListView.as_view(), name="requested"),
    path("resellers/requests/start/", drafting.StartRequestView.as_view(), name="start_request"),
    path(request_page, drafting.RequestView.as_view(), name="request"),
    path(f"{request_page}copy/", drafting.CopyRequestView.as_view(), name="copy_request"),
    path(f"{request_page}open-in-email/", drafting.MailRequestView.as_view(), name="mail_request"),
    path(f"{request_page}send/", drafting.SendRequestView.as_view(), name="send_request"),
    path(f"{request_page}done/", drafting.FinishRequestView.as_view(), name="finish_request"),
    path(f"{request_page}unsent/", drafting.UnsentRequestView.as_view(), name="unsent_request"),
    path(f"{request_page}discard/", drafting.DiscardRequestView.as_view(), name="discard_request"),
    path(f"{request_page}revoke/", drafting.RevokeRequestView.as_view(), name="revoke_request"),
    path(f"{request_page}resend/", resending.ResendRequestView.as_view(), name="resend_request"),
    path(f"{request_page}correct/", resending.CorrectRequestView.as_view(), name="correct_request"),
    path(f"{request_page}extend/", resending.ExtendRequestView.as_view(), name="extend_request"),
    path(f"{acceptance}confirm/", acceptances.ConfirmAcceptanceView.as_view(), name="confirm_acceptance"),
    path(f"{acceptance}refuse/", acceptances.RefuseAcceptanceView.as_view(), name="refuse_acceptance"),
    path("providers/requests/", incoming.IncomingView.as_view(), name="incoming"),
    path("providers/requests/<uuid:public_id>/mail/", incoming.MailAgainView.as_view(), name="mail_again"),
    path(invitation, answering.AnswerView.as_view(), name="invitation"),
    path(f"{invitation}continue/", answering.ContinueView.as_view(), name="continue"),
    path(
        f"{invitation}create-account/",
        answering.ContinueView.as_view(target="enrolment:start"),
        name="create_account",
    ),
    path(f"{invitation}accept/", answering.AcceptView.as_view(), name="accept"),
    path(f"{invitation}decline/", answering.DeclineView.as_view(), name="decline"),
    path(f"{invitation}withdraw/", answering.WithdrawView.as_view(), name="withdraw_acceptance"),
    path(f"{invitation}ask/", answering.AskView.as_view(), name="ask_for_new_link"),
    path(f"{invitation}switch/", answering.SwitchAccountView.as_view(), name="switch_account"),
    path(f"{invitation}<str:token>/", landing.LandingView.as_view(), name="landing"),
    # Mail programs like to lose the last character of a link; without it the link is as good.
    re_path(
        r"^i/(?P<public_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<token>[\w-]{43})\Z",
        landing.LandingView.as_view(),
        name="landing_cut_short",
    ),
    path("i/<path:rest>", landing.BrokenLinkView.as_view(), name="broken_link"),
]
