"""The pages that change a section of the account, for those who change it and for those who ask for the change."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.roles import Permission
from customers.account.forms import SectionForm
from customers.account.views import ChangeBillToView, ChangeCompanyView, ChangeContactView, ChangeSectionView
from subscriptions.change_requests.matters import AlreadyAsked
from subscriptions.change_requests.of_accounts import (
    NothingAsked,
    draft_of,
    save_account_request,
    submit_account_request,
)
from subscriptions.details.forms import MessageForm
from subscriptions.models import ChangeRequest

Kind = ChangeRequest.Kind


class AskableSection(ChangeSectionView):
    """Whoever may change the account does; a reseller that may only view and request gets the same form, to ask."""

    kind: str
    # What the address does: "" changes, "ask" asks the provider, "draft" keeps it to be asked for later.
    step = ""

    @property
    def permission(self) -> Permission:  # type: ignore[override]
        """A reseller may ask for every change; whether it makes it itself, its delegation says."""
        return Permission.REQUEST_CHANGE if self.actor.is_reseller else Permission.EDIT_CUSTOMER

    @property
    def name(self) -> str:
        """The section in the names of its addresses."""
        return self.kind.replace("-", "_")

    @cached_property
    def asks(self) -> bool:
        """Whether this page leads to a request."""
        return self.actor.is_reseller and not self.allows(Permission.EDIT_CUSTOMER)

    @cached_property
    def draft(self) -> ChangeRequest | None:
        """What the person was about to ask of this section."""
        return draft_of(self.customer, self.kind, self.actor) if self.asks else None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; where it is only sent to, the way to its page."""
        if self.step:
            return redirect(f"customers:change_{self.name}", self.customer.microsoft_id)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Change it, or ask for it: each for who may."""
        if self.asks != bool(self.step):
            raise PermissionDenied
        form, words = self.get_form(), MessageForm(request.POST)
        if form.is_valid() and (not self.asks or words.is_valid()):
            return self.form_valid(form)
        return self.render_to_response(self.get_context_data(form=form, message_form=words))

    def get_form_kwargs(self) -> dict[str, Any]:
        """A draft that the person has left stands there again, to be gone on with."""
        arguments = super().get_form_kwargs()
        if arguments["data"] is None and self.draft is not None:
            typed = self.form_class(customer=self.customer).as_typed(self.draft.values)
            # The name in it was found right when the draft was kept.
            arguments["data"] = {**typed, "company_name_is_right": "on", "version": self.customer.version}
        return arguments

    def form_valid(self, form: SectionForm) -> HttpResponse:
        """Save or ask; what is open already is shown."""
        try:
            return super().form_valid(form)
        except AlreadyAsked as already:
            messages.info(self.request, str(already))
            return redirect(already.request)
        except NothingAsked as refusal:
            form.add_error(None, str(refusal))
            return self.form_invalid(form)

    def save(self, form: SectionForm, version: int) -> Any:
        """By the service of the section, or of the request."""
        if not self.step:
            return super().save(form, version)
        service = submit_account_request if self.step == "ask" else save_account_request
        return service(
            customer=self.customer,
            kind=self.kind,
            answers=form.answers(),
            message=self.request.POST.get("message", ""),
            version=version,
            by=self.actor,
        )

    def done(self, saved: Any) -> HttpResponse:
        """Say it, and show the request."""
        if not self.step:
            return super().done(saved)
        text = _("%(provider)s was asked. You are told of its decision by e-mail.") % {
            "provider": self.customer.provider
        }
        messages.success(self.request, text if self.step == "ask" else _("The draft is saved. Nobody was told."))
        return redirect(saved)

    def carried(self, form: SectionForm) -> list[tuple[str, str]]:
        """With the words to the provider."""
        message = [("message", self.request.POST.get("message", ""))] if self.step else []
        return [*super().carried(form), *message]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not self.asks:
            kwargs.pop("message_form", None)
            return super().get_context_data(**kwargs)
        words = kwargs.pop("message_form", None)
        if words is None:
            posted = self.request.method == "POST"
            kept = {"message": self.draft.message if self.draft else ""}
            words = MessageForm(self.request.POST) if posted else MessageForm(initial=kept)
        ids = [self.customer.microsoft_id]
        return super().get_context_data(
            decider=self.customer.provider,
            message_form=words,
            forms=[kwargs.get("form") or self.get_form(), words],
            ask_url=reverse(f"customers:ask_{self.name}", args=ids),
            draft_url=reverse(f"customers:draft_{self.name}", args=ids),
            **kwargs,
        )


class CompanyPage(AskableSection, ChangeCompanyView):
    """*Company info*."""

    kind = Kind.COMPANY


class ContactPage(AskableSection, ChangeContactView):
    """*Primary contact*."""

    kind = Kind.CONTACT


class BillToPage(AskableSection, ChangeBillToView):
    """*Bill-to info*."""

    kind = Kind.BILL_TO
