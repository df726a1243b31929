"""The pages of the demo's mailbox; everybody reads everybody's mail, so they exist outside production only."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

from csp_portal.demo.mailbox import newest_mails, read_mail

MAILS_SHOWN = 100


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
