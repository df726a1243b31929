"""*Requests*: the provider's queue and the reseller's own list, one request, and each step of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Exists, OuterRef, QuerySet, Value
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from django.views.generic.base import ContextMixin

from accounts.permitted import PermittedView
from accounts.roles import Permission
from core.exceptions import Refused
from core.lists import ListPage
from core.paging import Sort
from core.posting import PostedHere
from subscriptions.change_requests import services
from subscriptions.change_requests.forms import AnswerForm, QuestionForm, ReasonForm
from subscriptions.change_requests.matters import NotConfirmed, matter_of
from subscriptions.change_requests.shown import page_of
from subscriptions.change_requests.states import State
from subscriptions.change_requests.tables import ChangeRequestFilter, ChangeRequestTable
from subscriptions.changing import ChangedMeanwhile, ChangeRefused
from subscriptions.details.changing import version_of
from subscriptions.details.forms import MessageForm
from subscriptions.models import ChangeRequest


class RequestsPage(PermittedView):
    """For those who ask and those who decide."""

    @property
    def permission(self) -> Permission:  # type: ignore[override]
        """What each side needs."""
        return Permission.REQUEST_CHANGE if self.actor.is_reseller else Permission.MANAGE_SUBSCRIPTION


class ChangeRequestList(RequestsPage, ListPage):
    """Every request that the actor's company was asked, or asks."""

    table_class = ChangeRequestTable
    filterset_class = ChangeRequestFilter
    title = gettext_lazy("Requests")
    sorts = {"changed": Sort("changed_at", descending_first=True)}
    default_sort = "-changed"
    empty_icon = "inbox"
    empty_title = gettext_lazy("No requests yet")

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        """What brings the first one."""
        if self.actor.is_provider:
            return _("What your resellers ask you to change for their customers appears here.")
        return _("What you ask a provider for appears here. Open a customer or a subscription, and choose the change.")

    def get_queryset(self) -> QuerySet:
        rows = ChangeRequest.objects.visible_to(self.actor).with_people()
        if self.actor.is_reseller:
            # What it sees, it still looks after.
            return rows.annotate(is_possible=Value(True, output_field=BooleanField()))
        possible = ChangeRequest.objects.possible().filter(pk=OuterRef("pk"))
        return rows.annotate(is_possible=Exists(possible))


class ChangeRequestPage(ContextMixin, RequestsPage):
    """One request that the actor sees; another's is not found."""

    asked: ChangeRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Look it up among the actor's own."""
        rows = ChangeRequest.objects.visible_to(self.actor).with_people()
        self.asked = get_object_or_404(rows, public_id=kwargs["public_id"])
        return super().dispatch(request, *args, **kwargs)


class ChangeRequestView(ChangeRequestPage, TemplateView):
    """What is asked, what would happen now, what was said, and what the actor can do about it."""

    template_name = "subscriptions/change_request.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        forms = {
            "question_form": QuestionForm(),
            "reason_form": ReasonForm(),
            "answer_form": AnswerForm(),
            "message_form": MessageForm(initial={"message": self.asked.message}),
        }
        page = page_of(self.asked, self.actor, kwargs.pop("problem", ""))
        return super().get_context_data(**{**forms, **page, **kwargs})


class StepView(PostedHere, ChangeRequestView):
    """A step of a request, and back to its page."""

    form_class: type[Form] | None = None
    form_name = ""
    said: Any = ""

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Do it; what is missing or refused is said on the page."""
        form = self.form_class(request.POST) if self.form_class else None
        if form is not None and not form.is_valid():
            return self.show(**{self.form_name: form, "form": form, "form_with_errors": form})
        try:
            moved = self.step(form.cleaned_data if form else {})
        except ChangeRefused as refusal:
            return self.show(refused=refusal.answer.text, allowed=False)
        except NotConfirmed as refusal:
            context = self.get_context_data(problem=str(refusal))
            wrong = context["approval_form"]
            return self.render_to_response({**context, "form": wrong, "form_with_errors": wrong})
        except ChangedMeanwhile:
            text = _("The subscription was changed after you opened this page. Read again what would happen now.")
            messages.warning(request, text)
            return redirect(self.asked)
        except PermissionDenied:
            raise
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(self.asked)
        return self.done(moved)

    def form_page(self) -> ChangeRequest:
        """The request's page."""
        return self.asked

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        """Call the service."""
        raise NotImplementedError

    def show(self, **context: Any) -> HttpResponse:
        """The page once more, with what stands in the way."""
        return self.render_to_response(self.get_context_data(**context))

    def done(self, moved: ChangeRequest) -> HttpResponse:
        """Say it, and show the request."""
        messages.success(self.request, str(self.said))
        return redirect(moved)


class ApproveView(StepView):
    """Makes the change."""

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        return services.approve_change_request(
            request=self.asked, version=version_of(self.request), said=self.request.POST.dict(), by=self.actor
        )

    def done(self, moved: ChangeRequest) -> HttpResponse:
        """Approved; or closed, where it was too late for that."""
        if moved.state == State.APPROVED:
            messages.success(self.request, matter_of(moved).approved_words(moved))
        else:
            messages.warning(self.request, _("This request is no longer possible. Nothing was changed."))
        return redirect(moved)


class RejectView(StepView):
    """Says no, and why."""

    form_class, form_name = ReasonForm, "reason_form"
    said = gettext_lazy("Rejected. The reseller is told why.")

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        return services.reject_change_request(request=self.asked, reason=cleaned["text"], by=self.actor)


class AskView(StepView):
    """Asks the reseller something."""

    form_class, form_name = QuestionForm, "question_form"
    said = gettext_lazy("Your question was sent. The request waits for the answer.")

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        return services.ask_about_change_request(request=self.asked, text=cleaned["text"], by=self.actor)


class AnswerView(StepView):
    """Answers the provider."""

    form_class, form_name = AnswerForm, "answer_form"
    said = gettext_lazy("Your answer was sent. The provider decides now.")

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        return services.answer_change_request(request=self.asked, text=cleaned["text"], by=self.actor)


class WithdrawView(StepView):
    """Takes the request back."""

    said = gettext_lazy("Withdrawn. The provider is told, and nothing is changed.")

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        return services.withdraw_change_request(request=self.asked, by=self.actor)


class SubmitDraftView(StepView):
    """Asks what a draft says."""

    form_class, form_name = MessageForm, "message_form"
    said = gettext_lazy("The provider was asked. You are told of its decision by e-mail.")

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        if self.asked.state != State.DRAFT:
            return self.asked
        return matter_of(self.asked).submit(
            self.asked, message=cleaned["message"], version=version_of(self.request), by=self.actor
        )


class SaveDraftView(StepView):
    """Keeps the words of a draft."""

    form_class, form_name = MessageForm, "message_form"
    said = gettext_lazy("The draft is saved. Nobody was told.")

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        return services.reword_change_request(request=self.asked, message=cleaned["message"], by=self.actor)


class DiscardView(StepView):
    """Removes a draft."""

    def step(self, cleaned: dict[str, Any]) -> ChangeRequest:
        services.discard_change_request(request=self.asked, by=self.actor)
        return self.asked

    def done(self, moved: ChangeRequest) -> HttpResponse:
        """Back to where it was chosen."""
        messages.success(self.request, _("The draft is discarded."))
        return redirect(matter_of(moved).back_url(moved))
