"""The end of the wizard: Review, Submit or Cancel, Confirmation, Done."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.throttle import minutes_until_submit
from core.exceptions import InvalidTransition
from core.html import number_text
from core.posting import PostedHere
from customers.agreements import has_agreement
from customers.credentials.forms import StoredForm
from customers.credentials.services import mark_stored
from customers.look_alikes import look_alikes
from customers.models import Customer, TemporaryPassword
from customers.setup_info import ask_before_showing, fetched_in_advance, setup_info
from orders.account_only import submit_account
from orders.attesting import AttestationMissing
from orders.changes import changes_since
from orders.checks import (
    DETAILS,
    Line,
    Problem,
    customer_problems,
    line_problems,
    lines_of,
    ordered,
    typed_problems,
)
from orders.forms import AttestationForm
from orders.models import Order, OrderDraft
from orders.money import bill_totals, billing_words, price_words, term_totals, term_words
from orders.order_pages.document import LINE_KINDS
from orders.outlook import review_lines
from orders.review import consequences, sections
from orders.reviewed import fingerprint
from orders.services import DraftCanceled, NotReady, SomethingChanged, cancel_draft, submit_draft
from orders.views.access import DraftView, StepView, after_submit, own_draft
from orders.views.steps import CHECK, back_to
from resellers.readiness import obstacles
from subscriptions.credentials.sheet import hand_over_sheet


class ReviewPage(DraftView):
    """What Review shows; Submit shows it again where the attestation is missing."""

    def show_review(
        self, lines: list[Line], problem: str = "", field: str | None = "attestation", status: int = 200
    ) -> HttpResponse:
        """Render the page; with `problem`, why nothing was submitted: what was not confirmed, or else."""
        problems = [*customer_problems(self.draft), *typed_problems(self.draft), *line_problems(self.draft, lines)]
        form = None if problems else AttestationForm(self.draft, fingerprint(self.draft, lines), problem, field)
        rows = review_lines(lines)
        context = {
            "draft": self.draft,
            "sections": sections(self.draft),
            "lines": rows,
            "bill_totals": bill_totals(ordered(lines)),
            "term_totals": term_totals(ordered(lines)),
            "has_usage": any(line.sku.is_usage_based for line in lines),
            "consequences": consequences(self.draft, rows),
            "alike": look_alikes(self.draft.details, self.actor) if self.draft.makes_customer else [],
            "problems": [(found.message, repair_address(self.draft, found)) for found in problems],
            # With problems, what the frame of the page looks at to say "Error:" in the title.
            "form": form or {"errors": problems},
        }
        return render(self.request, "orders/review.html", context, status=status)


class ReviewView(ReviewPage, StepView):
    """*Review*: everything that Submit will do, each part with a way to change it, and what stands in its way."""

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """The order to be checked; an incomplete draft goes back to its first incomplete step."""
        if self.draft.makes_customer and not self.draft.details:
            return back_to("orders:details", self.draft)
        lines = lines_of(self.draft)
        wanted = lines or self.draft.is_account_only
        return self.show_review(lines) if wanted else back_to("orders:subscriptions", self.draft)


class SubmitView(PostedHere, ReviewPage):
    """Places the order; pressed again, it leads to the same confirmation."""

    def form_page(self) -> str:
        """The review, also for who comes here from signing in again."""
        return reverse("orders:review", args=[self.draft.public_id])

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Everything or nothing; what stands in the way is shown where it can be repaired."""
        assert self.actor.user is not None
        if self.draft.order is not None:
            return self.submitted()  # What has been submitted stays so: nobody need wait for its row.
        if self.draft.is_open and (minutes := minutes_until_submit(request, self.actor.user)):
            return self.too_often(minutes)
        if not request.session.session_key:
            request.session.save()
        reviewed = request.POST.get("reviewed", "")
        try:
            self.submit(reviewed)
        except DraftCanceled:
            return self.canceled_page(410)
        except AttestationMissing as refusal:
            return self.show_review(lines_of(self.draft), str(refusal))
        except (NotReady, SomethingChanged):
            self.draft = own_draft(self.actor, draft)
            return self.show_changes(reviewed)
        self.draft.refresh_from_db(fields=["order", "created_customer", "state"])
        return self.submitted()

    def submitted(self) -> HttpResponse:
        """Where the order leads."""
        if self.draft.customer is not None and self.draft.order is not None:
            messages.success(self.request, placed_words(self.draft.order))
        return after_submit(self.draft)

    def submit(self, reviewed: str) -> None:
        """Make the customer with its order, or without one; or place the order for one that exists."""
        facts = {"draft": self.draft, "reviewed": reviewed, "by": self.actor}
        session_key = str(self.request.session.session_key)
        if self.draft.is_account_only:
            submit_account(**facts, session_key=session_key)
        else:
            submit_draft(**facts, session_key=session_key, attestation=self.request.POST.get("attestation", ""))

    def too_often(self, minutes: int) -> HttpResponse:
        """Review again, with how long to wait; the draft stays as it is."""
        text = ngettext(
            "Too many Submits within an hour. Wait %(minutes)s minute, then press Submit again; nothing is lost.",
            "Too many Submits within an hour. Wait %(minutes)s minutes, then press Submit again; nothing is lost.",
            minutes,
        )
        answer = self.show_review(lines_of(self.draft), text % {"minutes": minutes}, None, 429)
        answer.headers["Retry-After"] = str(60 * minutes)
        return answer

    def show_changes(self, reviewed: str) -> HttpResponse:
        """What was and what is, and the way on: to submit it like this, or to repair what keeps it from that."""
        changes = changes_since(self.draft, reviewed)
        if not changes:
            # Nobody reviewed this draft, or all is again as it was: Review says what is missing, if anything is.
            messages.warning(self.request, _("Nothing was submitted. Check the order again."))
            return redirect("orders:review", draft=self.draft.public_id)
        possible = not changes.problems
        context = {
            "draft": self.draft,
            "differences": changes.differences,
            "problems": [(found.message, repair_address(self.draft, found)) for found in changes.problems],
            "form": AttestationForm(self.draft, fingerprint(self.draft, changes.lines)) if possible else None,
            "bill_totals": bill_totals(ordered(changes.lines)) if possible else [],
        }
        return render(self.request, "orders/changed.html", context, status=409)


class ConfirmCancelView(StepView):
    """The question before everything entered is removed."""

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Ask."""
        consequences = [_("The chosen offers and their numbers of licenses are removed.")]
        if self.draft.makes_customer:
            consequences.insert(0, _("The customer details that you entered are removed."))
        context = {
            "draft": self.draft,
            "consequences": consequences,
            "action": reverse("orders:cancel", args=[self.draft.public_id]),
            "back_url": self.back_url(),
        }
        return render(request, "orders/confirm_cancel.html", context)

    def back_url(self) -> str:
        """The step that is next for the draft."""
        if self.draft.makes_customer and not self.draft.details:
            return reverse("orders:details", args=[self.draft.public_id])
        wanted = self.draft.is_account_only or self.draft.lines.exists()
        step = "orders:review" if wanted else "orders:subscriptions"
        return reverse(step, args=[self.draft.public_id])


class CancelView(DraftView):
    """Cancels the entire operation."""

    http_method_names = ["post"]

    def answer_for_state(self) -> HttpResponse | None:
        """A submitted order is beyond this."""
        return after_submit(self.draft) if self.draft.state == OrderDraft.State.SUBMITTED else None

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Remove what was entered."""
        try:
            cancel_draft(draft=self.draft, by=self.actor)
        except InvalidTransition:
            # Submitted in another tab between the look and the lock.
            return after_submit(own_draft(self.actor, draft))
        return redirect("orders:canceled", draft=self.draft.public_id)


class CanceledView(DraftView):
    """That the operation was canceled, and the way to start over."""

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Only for a canceled draft; another goes on where it is."""
        if self.draft.state != OrderDraft.State.CANCELED:
            return redirect(self.draft)
        return self.canceled_page(200)


class ConfirmationView(DraftView):
    """*Confirmation*: what was made, and once, right after Submit, the administrator's temporary password."""

    def answer_for_state(self) -> HttpResponse | None:
        """Only a submitted draft of a new customer has one."""
        if self.draft.state == OrderDraft.State.CANCELED:
            return self.canceled_page(410)
        if self.draft.state == OrderDraft.State.OPEN:
            return redirect("orders:review", draft=self.draft.public_id)
        return None if self.draft.makes_customer else after_submit(self.draft)

    def get(self, request: HttpRequest, draft: UUID) -> HttpResponseBase:
        """Show it, with the password if this is the first look; Django answers HEAD here too, without the password."""
        if fetched_in_advance(request):
            # A browser throws a refused prefetch away, and asks again when the page is really opened.
            return HttpResponse(status=503)
        return ask_before_showing(request, self.issued) or self.show(StoredForm())

    def show(self, form: StoredForm) -> HttpResponse:
        """Render the page; `setup_info` decides whether this request may see the password."""
        order, customer, reseller = self.draft.order, self.customer, self.draft.reseller
        setup = setup_info(self.request, self.issued)
        context: dict[str, Any] = {
            "draft": self.draft,
            "order": order,
            "customer": customer,
            "being_set_up": customer.status == Customer.Status.PENDING,
            "agreement_to_come": not has_agreement(customer),
            "lines": ordered_lines(order) if order else [],
            "form": form,
            "setup": setup,
            "sheet": hand_over_sheet(
                setup,
                order_number=order.number if order else "",
                designated=order.support_contact if order else None,
            ),
            "again_with": reseller if reseller and not obstacles(self.draft.provider, reseller) else None,
            "portal_url": settings.PORTAL_BASE_URL,
            "customers_url": list_with_new(customer),
        }
        return render(self.request, "orders/confirmation.html", context)

    @property
    def customer(self) -> Customer:
        """Whom the draft made; one submitted long ago knows it by its order alone."""
        if self.draft.created_customer is not None:
            return self.draft.created_customer
        assert self.draft.order is not None
        return self.draft.order.customer

    @cached_property
    def issued(self) -> TemporaryPassword:
        """The password that came with the customer; later ones have a page of their own."""
        passwords = TemporaryPassword.objects.filter(administrator__customer=self.customer)
        related = ("administrator__user", "administrator__customer__provider", "issued_by")
        return passwords.select_related(*related).order_by("pk")[:1].get()


class DoneView(PostedHere, ConfirmationView):
    """Leaves the confirmation for the list of customers, once the person says that the password is stored."""

    def form_page(self) -> str:
        """The confirmation."""
        return reverse("orders:confirmation", args=[self.draft.public_id])

    def post(self, request: HttpRequest, draft: UUID) -> HttpResponse:
        """Note it and go to the list; without the tick say how to get another password: this one is not shown twice."""
        form = StoredForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            mark_stored(temporary_password=self.issued, by=self.actor)
        except InvalidTransition as refusal:
            messages.warning(request, str(refusal))
            return redirect("orders:confirmation", draft=self.draft.public_id)
        return redirect(list_with_new(self.customer))


def placed_words(order: Order) -> str:
    """That an order for a customer that existed was placed, and whether its subscriptions are there already."""
    if order.status == Order.Status.PENDING:
        text = _("Order %(number)s was placed. Its subscriptions are listed here once they are set up.")
    else:
        text = _("Order %(number)s was placed.")
    return text % {"number": order.number}


def list_with_new(customer: Customer) -> str:
    """The list of customers, with the new one marked."""
    return f"{reverse('customers:list')}?{urlencode({'new': customer.microsoft_id})}"


def ordered_lines(order: Order) -> list[dict[str, str]]:
    """The lines of an order in words, as they were ordered, and what became of each."""
    found = []
    for line in order.lines.select_related("price__sku"):
        words = [term_words(line.price), billing_words(line.price)]
        found.append(
            {
                "offer": line.offer_name,
                "licenses": number_text(line.quantity),
                "price": price_words(line.price),
                "term": ", ".join(word for word in words if word),
                "state": str(line.get_state_display()),
                "kind": LINE_KINDS[line.state],
                "reason": line.refusal,
            }
        )
    return found


def repair_address(draft: OrderDraft, problem: Problem) -> str:
    """The page on which a problem is repaired, and on which it is said again."""
    name = "orders:details" if problem.step == DETAILS else "orders:subscriptions"
    return f"{reverse(name, args=[draft.public_id])}?{CHECK}=1"
