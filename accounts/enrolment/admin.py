"""The queue of enrolments in the back office: what a company said, whom it resembles, and the decision."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, DateTimeField, Prefetch, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.back_office import ReasonActionForm, ReasonField, RecordedAdmin, clean_reason
from accounts.enrolment.admin_forms import PartnerAddForm
from accounts.look_alikes import look_alikes, mixes_alphabets
from accounts.models import Membership, Partner
from core import clock
from core.exceptions import Refused

State = Partner.EnrolmentState


@dataclass(frozen=True)
class Decision:
    """One way in which the back office can decide, from one state to another."""

    name: str
    before: str
    after: str
    label: Any
    consequence: Any
    is_hard: bool = False

    @property
    def needs_reason(self) -> bool:
        """Whether the company must be told why."""
        return self.after in services.REASON_NEEDED


DECISIONS = {
    one.name: one
    for one in (
        Decision(
            "approve", State.PENDING, State.ACTIVE, _("Approve the enrolment"),
            _("The company may act at once. Partnership requests that it has accepted complete themselves."),
        ),
        Decision(
            "reject", State.PENDING, State.REJECTED, _("Reject the enrolment"),
            _("The company reads the reason, can correct its facts and apply again."), True,
        ),
        Decision(
            "suspend", State.ACTIVE, State.SUSPENDED, _("Suspend the company"),
            _("Nobody can act for the company until it is reinstated. Nothing is deleted."), True,
        ),
        Decision(
            "reinstate", State.SUSPENDED, State.ACTIVE, _("Reinstate the company"),
            _("Everybody in the company can act again, with the same roles as before."),
        ),
        Decision(
            "reconsider", State.REJECTED, State.PENDING, _("Reconsider the enrolment"),
            _("The application waits for a decision again."),
        ),
    )
}  # fmt: skip


class DecisionForm(forms.Form):
    """The words that the company will read."""

    reason = ReasonField(required=False)

    def __init__(self, data: Any = None, *, decision: Decision) -> None:
        super().__init__(data, auto_id=f"{decision.name}_%s")
        self.decision = decision
        needed = _("Reason, as the company will read it")
        self.fields["reason"].label = needed if decision.needs_reason else _("Words to the company (optional)")
        self.fields["reason"].required = decision.needs_reason
        self.fields["reason"].error_messages["required"] = _("Give a reason: the company will ask for it.")
        self.use_required_attribute = False

    def clean_reason(self) -> str:
        """The normal form."""
        return clean_reason(self.cleaned_data["reason"])


@admin.register(Partner)
class PartnerAdmin(RecordedAdmin):
    """Companies: those whose application waits come first, the oldest on top, and are decided on their own page."""

    list_display = ("legal_name", "enrolment_state", "waiting", "applicant", "country", "mpn_id", "program")
    list_filter = ("enrolment_state", "program")
    search_fields = ("search_text", "mpn_id")
    state_field = "enrolment_state"
    action_form = ReasonActionForm
    actions = ("approve", "reject", "suspend", "reinstate", "reconsider")
    change_list_template = "admin/accounts/partner_list.html"
    change_form_template = "admin/accounts/partner.html"
    fields = (
        "program", "legal_name", "mpn_id", "country", "address_line_1", "address_line_2", "city", "state",
        "postal_code", "contact_name", "contact_email", "contact_phone", "language", "agreement_accepted_on",
    )  # fmt: skip
    enrolment_fields = ("enrolment_state", "waiting", "enrolment_reason", "enrolment_decided_at", "applicant", "alike")
    readonly_fields = ("waiting", "applicant", "alike", "microsoft_id", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Partner]:
        """With the person who applied: the first who worked there."""
        first = Membership.objects.select_related("user").order_by("pk")
        return super().get_queryset(request).prefetch_related(Prefetch("memberships", first))

    def get_ordering(self, request: HttpRequest) -> Any:
        """What waits comes first, and of that what has waited longest."""
        waiting = Case(When(enrolment_state=State.PENDING, then="created_at"), output_field=DateTimeField())
        return (waiting.asc(nulls_last=True), "legal_name", "pk")

    def get_fieldsets(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        """The decision's ground first; what the portal decides itself is not asked for."""
        if obj is None:
            return [(None, {"fields": self.fields})]
        return [
            (_("Enrolment"), {"fields": self.enrolment_fields}),
            (_("What the company said"), {"fields": (*self.fields, "microsoft_id", "created_at")}),
        ]

    def get_form(self, request: HttpRequest, obj: Partner | None = None, **kwargs: Any) -> Any:
        """What is taken down is held to what companies themselves are."""
        return super().get_form(request, obj, **(kwargs if obj else {**kwargs, "form": PartnerAddForm}))

    def save_model(self, request: HttpRequest, obj: Partner, form: Any, change: bool) -> None:
        """Enroll through the service."""
        facts = {name: getattr(obj, name) for name in self.fields}
        created = services.enrol_partner(by=request.actor, **facts)
        obj.__dict__.update(created.__dict__)

    # --- what is shown -----------------------------------------------------------------------------------------------
    @admin.display(description=_("applicant"))
    def applicant(self, partner: Partner) -> str:
        """The person who applied, if it was not the back office itself."""
        first = next(iter(partner.memberships.all()), None)
        return f"{first.user.full_name}, {first.user.sign_in_name}" if first else "–"

    @admin.display(description=_("waiting for"))
    def waiting(self, partner: Partner) -> str:
        """How long the application has waited."""
        if partner.enrolment_state != State.PENDING:
            return "–"
        return timesince(partner.created_at, clock.now(), depth=1)

    @admin.display(description=_("look-alikes"))
    def alike(self, partner: Partner) -> SafeString:
        """Companies to compare with before deciding."""
        context = {"found": look_alikes(partner), "mixed": mixes_alphabets(partner.legal_name)}
        return SafeString(render_to_string("admin/accounts/_look_alikes.html", context))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With how many wait, and since when."""
        pending = Partner.objects.filter(enrolment_state=State.PENDING).order_by("created_at")
        oldest = pending.values_list("created_at", flat=True).first()
        extra = {"waiting_count": pending.count(), "oldest": oldest} if oldest else {"waiting_count": 0, "oldest": None}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With a form for each decision that the state allows."""
        partner = Partner.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        open_to = [one for one in DECISIONS.values() if partner and one.before == partner.enrolment_state]
        extra = {"decisions": [DecisionForm(decision=one) for one in open_to] if self.may_act(request) else []}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    # --- decisions, on the page of one company -----------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """An address for each decision; what is none is not found."""
        decide = self.admin_site.admin_view(self.decide)
        return [path("<int:pk>/decide/<slug:name>/", decide, name="accounts_partner_decide"), *super().get_urls()]

    def decide(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask for the words, then decide, and go back to the queue; what was refused says why and keeps the words."""
        if not self.may_act(request):
            raise PermissionDenied
        partner, decision = get_object_or_404(Partner, pk=pk), DECISIONS.get(name)
        if decision is None:
            raise Http404
        form = DecisionForm(request.POST if request.method == "POST" else None, decision=decision)
        if partner.enrolment_state == decision.before and form.is_valid():
            try:
                self.move(request, partner, decision, form.cleaned_data["reason"])
            except Refused as refusal:
                form.add_error(None, str(refusal))
                partner.refresh_from_db()
            else:
                self.message_user(request, _("Decided. The company is told by e-mail."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:accounts_partner_changelist"))
        is_open = partner.enrolment_state == decision.before
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": partner,
            "happened": None if is_open else self.happened(partner, form),
            "title": decision.label,
            "form": form if is_open else DecisionForm(decision=decision),
        }
        return TemplateResponse(request, "admin/accounts/partner_decision.html", context)

    def move(self, request: HttpRequest, partner: Partner, decision: Decision, reason: str) -> None:
        """Decide, if the company is still in the state that the decision is for."""
        if partner.enrolment_state != decision.before:
            raise Refused(_("This enrolment is not in the state that the action is for."))
        services.set_enrolment_state(partner=partner, state=decision.after, reason=reason, by=request.actor)

    # --- decisions, in the list --------------------------------------------------------------------------------------
    def move_each(self, request: HttpRequest, queryset: QuerySet, decision: Decision) -> None:
        """The same for the selected rows, with one reason for all."""
        try:
            reason = clean_reason(request.POST.get("reason", ""))
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return
        self.call_for_each(request, queryset, lambda partner: self.move(request, partner, decision, reason))

    @admin.action(description=_("Approve the enrolment"))
    def approve(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Pending becomes active."""
        self.move_each(request, queryset, DECISIONS["approve"])

    @admin.action(description=_("Reject the enrolment (give a reason)"))
    def reject(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Pending becomes rejected."""
        self.move_each(request, queryset, DECISIONS["reject"])

    @admin.action(description=_("Suspend (give a reason)"))
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Active becomes suspended."""
        self.move_each(request, queryset, DECISIONS["suspend"])

    @admin.action(description=_("Reinstate"))
    def reinstate(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Suspended becomes active."""
        self.move_each(request, queryset, DECISIONS["reinstate"])

    @admin.action(description=_("Reconsider a rejected enrolment"))
    def reconsider(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Rejected becomes pending."""
        self.move_each(request, queryset, DECISIONS["reconsider"])
