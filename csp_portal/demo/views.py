"""The demo's mailbox and its requests: everybody reads everybody's links, so they exist outside production only."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

from csp_portal.demo.mailbox import newest_mails, read_mail
from resellers.models import PartnershipRequest
from resellers.tokens import request_link

MAILS_SHOWN = 100
REQUESTS_SHOWN = 50


@method_decorator(login_not_required, name="dispatch")
class MailboxView(TemplateView):
    """List the latest mails that the demo sent, the newest first."""

    template_name = "demo/mailbox.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(mails=newest_mails(MAILS_SHOWN), **kwargs)


@method_decorator(login_not_required, name="dispatch")
class MailView(TemplateView):
    """Show one mail: its text with links into the portal, and the source of its HTML part."""

    template_name = "demo/mail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mail = read_mail(kwargs["key"])
        if mail is None:
            raise Http404
        return super().get_context_data(mail=mail, **kwargs)


@method_decorator(login_not_required, name="dispatch")
class RequestsView(TemplateView):
    """List the latest partnership requests with their links, so that each variant of their page can be opened."""

    template_name = "demo/requests.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        left = PartnershipRequest.objects.exclude(state=PartnershipRequest.State.DRAFT)
        newest = left.select_related("provider").order_by("-sent_at", "-pk")[:REQUESTS_SHOWN]
        return super().get_context_data(requests=[(one, request_link(one)) for one in newest], **kwargs)
