"""End partnership, the provider's side: what it means, who takes over, the last word, the result."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import can
from accounts.permitted import PermittedView
from accounts.roles import Permission
from accounts.step_up import step_up_required
from core.exceptions import Refused
from orders.partnerships.choices import Choices, Takeover, resolved
from orders.partnerships.consequences import Consequences, Relation
from orders.partnerships.forms import ChooseForm, ConfirmForm, choose_address
from orders.partnerships.results import handed_over_then, plan_sections
from orders.partnerships.reviewing import SomethingChanged, fingerprint
from orders.partnerships.services import NotChosen, TakeoverRefused, end_partnership
from orders.partnerships.takers import Takers, objections, wanted_by
from resellers.models import Partnership
from subscriptions.reseller_pages.access import own_partnership

# The parameter with the choices made until now, and the one of who is sent back because one of them is missing.
PLAN, CHECK = "plan", "check"


class EndingPage(PermittedView):
    """A page on the way to the end of a partnership of the actor's provider; once it has ended, all show the result."""

    permission = Permission.END_PARTNERSHIP
    shows_the_end = False
    partnership: Partnership

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the partnership once the permission is sure; a reseller ends from its own pages."""
        if not can(self.actor, Permission.VIEW_RESELLERS) or not can(self.actor, self.permission):
            raise PermissionDenied
        self.partnership = own_partnership(self.actor, kwargs["public_id"])
        if (self.partnership.ended_at is not None) != self.shows_the_end:
            name = "end" if self.shows_the_end else "end_done"
            return redirect(f"resellers:{name}", self.partnership.public_id)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def consequences(self) -> Consequences:
        """What rests on the partnership now."""
        return Consequences(self.partnership)

    @cached_property
    def choices(self) -> Choices:
        """What was chosen until now."""
        return Choices.read(self.request.GET.get(PLAN, ""), self.partnership)

    def address(self, name: str, choices: Choices, *arguments: str, **more: str) -> str:
        """Another page of this way, with these choices."""
        query = urlencode({PLAN: choices.token(self.partnership), **more})
        return f"{reverse(f'resellers:{name}', args=[self.partnership.public_id, *arguments])}?{query}"

    def page(self, template: str, **context: Any) -> HttpResponse:
        """Render with what all of these pages show."""
        shown = {"partnership": self.partnership, "reseller": self.partnership.reseller, **context}
        return render(self.request, f"resellers/{template}.html", shown)


class ConsequencesView(EndingPage):
    """1 of 3: what the end means, counted."""

    http_method_names = ("get", "head", "options")

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Count, with ways to look at what is counted."""
        step = "end_choose" if self.consequences.moves_anything else "end_check"
        return self.page(
            "ending_consequences",
            counts=self.consequences.counts(),
            owners=sorted({draft.owner for draft in self.consequences.drafts}),
            next_url=reverse(f"resellers:{step}", args=[public_id]),
        )


class ChooseView(EndingPage):
    """2 of 3: who takes over, for all of a kind."""

    def form(self, data: Any) -> ChooseForm:
        """The form over the choices made before."""
        return ChooseForm(
            data,
            consequences=self.consequences,
            choices=self.choices,
            takers=Takers(self.partnership),
            address=choose_address(self.partnership, self.choices),
        )

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """The choices made until now; with `check`, also what is missing."""
        if not self.consequences.moves_anything:
            return redirect(self.address("end_check", self.choices))
        form = self.form(None)
        return self.show(self.form(form.as_if_sent()) if CHECK in request.GET else form)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Take the choices along to the next page; nothing is written."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        wanted = request.GET.get("to", "")
        if wanted in Relation.values:
            return redirect(self.address("end_rows", form.chosen(), wanted))
        return redirect(self.address("end_check", form.chosen()))

    def show(self, form: ChooseForm) -> HttpResponse:
        """Render the page."""
        return self.page("ending_choose", form=form, action=choose_address(self.partnership, self.choices))


@step_up_required
class CheckView(EndingPage):
    """3 of 3: everything that will happen, the reason, the name; then it happens."""

    @cached_property
    def takeover(self) -> Takeover:
        """What the choices come to now."""
        return resolved(self.choices, self.consequences)

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Show it; where a choice is missing, ask for it first."""
        if self.takeover.missing:
            return redirect(self.address("end_choose", self.choices, check="1"))
        return self.show(ConfirmForm(company=self.partnership.reseller), self.consequences)

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """End it; what stands in the way is said, with what was typed still there."""
        form, differences = ConfirmForm(request.POST, company=self.partnership.reseller), []
        if form.is_valid():
            try:
                self.end(form.cleaned_data["reason"])
            except SomethingChanged as change:
                again = _("Read it again; if it is still right, confirm it once more.")
                form.add_error(None, f"{change} {again}")
                differences = change.differences
            except (NotChosen, TakeoverRefused) as refusal:
                # The page below says which, with the way to change it.
                form.add_error(None, str(refusal) if isinstance(refusal, NotChosen) else _("Choose somebody else."))
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("resellers:end_done", public_id)
        # Read anew: the service may have found other things than we had.
        return self.show(form, Consequences(self.partnership), differences)

    def end(self, reason: str) -> None:
        """Everything or nothing."""
        end_partnership(
            partnership=self.partnership,
            choices=self.choices,
            reason=reason,
            reviewed=self.request.POST.get("reviewed", ""),
            by=self.actor,
        )

    def show(self, form: ConfirmForm, consequences: Consequences, differences: list[str] | None = None) -> HttpResponse:
        """Render the page over what there is now."""
        takeover = resolved(self.choices, consequences)
        wanted = wanted_by(self.choices, takeover, consequences)
        return self.page(
            "ending_check",
            form=form,
            differences=differences or [],
            sections=plan_sections(consequences, self.choices, takeover),
            is_missing=bool(takeover.missing),
            objections=[one.text for one in objections(self.partnership, wanted)],
            requests=consequences.requests,
            reviewed=fingerprint(consequences, takeover),
            choose_url=self.address("end_choose", self.choices, **({CHECK: "1"} if takeover.missing else {})),
            moves_anything=consequences.moves_anything,
        )


class EndedView(EndingPage):
    """The result, for whoever pressed and for whoever pressed again."""

    http_method_names = ("get", "head", "options")
    shows_the_end = True

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Who took over what, from the dated relations themselves."""
        return self.page("ending_done", happened=handed_over_then(self.partnership))
