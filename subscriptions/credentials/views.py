"""*Setup info* of a temporary password: shown to its issuer once, told about ever after, and stored."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts.roles import Permission
from core.exceptions import InvalidTransition
from core.posting import PostedHere
from customers.credentials.forms import StoredForm
from customers.credentials.services import mark_stored
from customers.models import TemporaryPassword
from customers.pages import CustomerPage, account_url
from customers.setup_info import ask_before_showing, fetched_in_advance, setup_info
from subscriptions.credentials.sheet import hand_over_sheet


class CredentialsView(CustomerPage, TemplateView):
    """The page after *Issue a new temporary password*; of the first one, for who has no Confirmation at hand."""

    # Whoever may hand a password over: who may issue one is asked where it is issued.
    permission = Permission.ADD_CUSTOMER
    template_name = "customers/credentials.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show it, with the password if this is the first look; Django answers HEAD here too, without the password."""
        if fetched_in_advance(request):
            # A browser throws a refused prefetch away, and asks again when the page is really opened.
            return HttpResponse(status=503)
        return ask_before_showing(request, self.issued) or self.show(StoredForm())

    def show(self, form: StoredForm) -> HttpResponse:
        """Render the page; `setup_info` decides whether this request may see the password."""
        setup = setup_info(self.request, self.issued)
        return self.render_to_response(
            self.get_context_data(
                setup=setup,
                sheet=hand_over_sheet(setup),
                form=form,
                account_url=account_url(self.customer.microsoft_id),
            )
        )

    @cached_property
    def issued(self) -> TemporaryPassword:
        """The password of the address."""
        rows = TemporaryPassword.objects.filter(administrator__customer=self.customer)
        related = ("administrator__user", "administrator__customer__provider", "issued_by")
        return get_object_or_404(rows.select_related(*related), public_id=self.kwargs["public_id"])


class StoredView(PostedHere, CredentialsView):
    """*Done*: leaves the page once the person says that the password is stored."""

    def form_page(self) -> str:
        """Where the password was shown."""
        return reverse("customers:credentials", args=[self.customer.microsoft_id, self.kwargs["public_id"]])

    def post(self, request: HttpRequest, microsoft_id: UUID, public_id: UUID) -> HttpResponse:
        """Note it and go to Account; without the tick say what to do: this password is not shown twice."""
        form, issued = StoredForm(request.POST), self.issued
        if not form.is_valid():
            return self.show(form)
        try:
            mark_stored(temporary_password=issued, by=self.actor)
        except InvalidTransition as refusal:
            messages.warning(request, str(refusal))
            return redirect("customers:credentials", microsoft_id, public_id)
        messages.success(request, _("The temporary password is stored, to be handed over."))
        return redirect(account_url(microsoft_id))
