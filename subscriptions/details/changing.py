"""Before a change: what will happen, when, what it costs and until when it can be undone. Then *Submit*."""

from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from accounts.access import can
from accounts.roles import Permission
from activity.sentences import FIELDS, value_words
from core import clock, html
from core.pages import conflict
from core.posting import PostedHere
from customers.pages import CustomerPage
from subscriptions.changing import ChangedMeanwhile, ChangeRefused, rename_subscription
from subscriptions.delegation import Way, delegation_of
from subscriptions.details.forms import FORMS, INSTEAD, ChangeForm, MessageForm, NicknameForm
from subscriptions.details.making import answer_to, joined, make_change, refused_beforehand
from subscriptions.models import Subscription
from subscriptions.rules import Allowed, Refused
from subscriptions.rules.words import consequences

# What a page of one kind asks, and what its button says.
QUESTIONS: dict[str, tuple[Any, Any]] = {
    "licenses": (gettext_lazy("Change the number of licenses"), gettext_lazy("Submit")),
    "suspend": (gettext_lazy("Suspend this subscription?"), gettext_lazy("Suspend")),
    "reactivate": (gettext_lazy("Reactivate this subscription?"), gettext_lazy("Reactivate")),
    "cancel": (gettext_lazy("Cancel this subscription?"), gettext_lazy("Cancel subscription")),
    "end": (gettext_lazy("The end of the term"), gettext_lazy("Submit")),
    "schedule": (gettext_lazy("Schedule a change for the renewal"), gettext_lazy("Submit")),
    "drop-schedule": (gettext_lazy("Drop the scheduled change?"), gettext_lazy("Drop it")),
    "term": (gettext_lazy("Begin a longer term"), gettext_lazy("Submit")),
    "billing": (gettext_lazy("Change the billing"), gettext_lazy("Submit")),
    "upgrade": (gettext_lazy("Upgrade this subscription"), gettext_lazy("Upgrade")),
    "convert": (gettext_lazy("Convert the trial"), gettext_lazy("Convert")),
    "nickname": (gettext_lazy("Change the nickname"), gettext_lazy("Submit")),
}
DANGEROUS = {"suspend", "cancel"}
# The programme's code of a number of licenses that an offer is not sold in.
OUTSIDE_LIMITS = "2002"
COMPARED = ("status", "quantity", "nickname", "offer_name", "term_duration", "billing_plan", "at_end")


class SubscriptionPage(CustomerPage):
    """A page about one subscription of a customer that the actor sees."""

    permission = Permission.MANAGE_SUBSCRIPTION
    subscription: Subscription

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find it among what the actor sees of this customer; whoever lacks the permission is refused first."""
        if can(self.actor, self.permission):
            rows = Subscription.objects.visible_to(self.actor).select_related(
                "customer__provider", "sku__product", "parent"
            )
            mine = rows.filter(customer__microsoft_id=kwargs["microsoft_id"])
            self.subscription = get_object_or_404(mine, subscription_id=kwargs["subscription_id"])
        return super().dispatch(request, *args, **kwargs)


class ChangeView(SubscriptionPage, TemplateView):
    """GET shows the form, and with values what they would do; POST does it, for who need not ask for it."""

    template_name = "subscriptions/change.html"
    kind: str

    @property
    def permission(self) -> Permission:  # type: ignore[override]
        """A reseller may ask for every change, and makes some itself; staff make them all."""
        return Permission.REQUEST_CHANGE if self.actor.is_reseller else Permission.MANAGE_SUBSCRIPTION

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only kinds that there are."""
        self.kind = kwargs["kind"]
        if self.kind not in FORMS:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def way(self) -> Way:
        """Whether the actor makes this change or asks for it."""
        found = delegation_of(self.actor, self.subscription.customer).way(self.kind)
        if found is None:
            raise PermissionDenied
        return found

    @cached_property
    def prices(self) -> bool:
        """Whether the page may speak of money."""
        return can(self.actor, Permission.VIEW_PRICES)

    def form(self, data: Any) -> ChangeForm:
        """The form of this kind of change."""
        return FORMS[self.kind](data, subscription=self.subscription, prices=self.prices)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What would happen; nothing is changed by looking."""
        blank = self.form(None)
        asked = not blank.fields or any(name in request.GET for name in blank.fields)
        return self.show(self.form(request.GET) if asked else blank)

    def post(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID, kind: str) -> HttpResponse:
        """Change it, if it is still what the page spoke of."""
        if self.way != Way.CHANGE:
            raise PermissionDenied
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            make_change(form, version=version_of(request), by=self.actor)
        except ChangeRefused as refusal:
            return self.show(form, refusal.answer)
        except ChangedMeanwhile as meanwhile:
            return self.meanwhile(meanwhile.current)
        messages.success(request, _("%(name)s was changed.") % {"name": self.subscription.nickname})
        return redirect(self.subscription)

    def show(self, form: ChangeForm, refused: Refused | None = None, **context: Any) -> HttpResponse:
        """The form, and for values that can be read what they would do or why not."""
        answer = refused or refused_beforehand(form)
        if answer is None and form.is_bound and form.is_valid():
            found = answer_to(form, clock.now(), self.actor if self.way == Way.CHANGE else None)
            answer = found if isinstance(found, Refused) else None
            if isinstance(found, Allowed):
                return self.render_to_response(self.get_context_data(form=form, allowed=found, **context))
        if answer is not None and answer.code == OUTSIDE_LIMITS and form.is_bound and "quantity" in form.fields:
            # A number that can be corrected is an error of its field, no refusal of the change.
            form.add_error("quantity", answer.text)
            answer = None
        return self.render_to_response(self.get_context_data(form=form, refused=answer, **context))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title, button = QUESTIONS[self.kind]
        allowed, refused = kwargs.pop("allowed", None), kwargs.pop("refused", None)
        form: ChangeForm = kwargs["form"]
        asks = self.way == Way.ASK
        return super().get_context_data(
            subscription=self.subscription,
            question=title,
            button=_("Ask for this change") if asks else button,
            danger=self.kind in DANGEROUS and not asks,
            message_form=(kwargs.pop("message_form", None) or MessageForm(None)) if asks else None,
            decider=self.subscription.customer.provider if asks else None,
            ask_url=change_url(self.subscription, self.kind, "ask_change") if asks else "",
            draft_url=change_url(self.subscription, self.kind, "draft_change") if asks else "",
            consequences=consequences(allowed, absolute, prices=self.prices) if allowed else [],
            chosen=self.chosen(form) if allowed else [],
            hidden=[(name, form.data.get(name, "")) for name in form.fields] if allowed else [],
            allowed=allowed is not None,
            refused=refused,
            instead=self.instead(refused),
            has_fields=bool(form.fields) and refused_beforehand(form) is None,
            address=change_url(self.subscription, self.kind),
            back_url=self.subscription.get_absolute_url(),
            **kwargs,
        )

    def chosen(self, form: ChangeForm) -> list[tuple[Any, Any]]:
        """What was chosen, and which subscription the licenses join."""
        rows: list[tuple[Any, Any]] = [(form.fields[name].label, chosen_words(form, name)) for name in form.fields]
        if owned := joined(form, clock.now()):
            owned.customer = self.subscription.customer
            link = format_html('<a href="{}"><bdi>{}</bdi></a>', owned.get_absolute_url(), owned)
            rows.append((_("Subscription to join"), link))
        return rows

    def instead(self, refused: Refused | None) -> tuple[Any, str] | None:
        """What the rules would allow, and its page."""
        if refused is None or refused.instead not in INSTEAD:
            return None
        kind, words = INSTEAD[refused.instead]
        if kind == self.kind:
            return None
        return words, change_url(self.subscription, kind)

    def meanwhile(self, current: Subscription) -> HttpResponse:
        """Somebody else's change beside mine."""
        rows = [(FIELDS[name], value_words(name, getattr(current, name)), self.mine(name)) for name in COMPARED]
        again = [
            (name, value) for name, value in self.request.POST.items() if name not in ("version", "csrfmiddlewaretoken")
        ]
        # What mine would do or cost may be another thing by now; a request is read by the provider anyway.
        says_first = self.way == Way.CHANGE
        return conflict(
            self.request,
            rows=rows,
            again=again if says_first else [*again, ("version", str(current.version))],
            again_url=self.request.path,
            asks_first=says_first,
            discard_url=current.get_absolute_url(),
        )

    def mine(self, name: str) -> Any:
        """What I wanted of a field, or a dash."""
        wanted = {"licenses": "quantity", "end": "at_end", "nickname": "nickname"}.get(self.kind)
        states = {"suspend": "suspended", "reactivate": "active", "cancel": "deleted"}
        if name == wanted:
            value = self.request.POST.get(name, "")
            return value_words(name, int(value) if value.isdigit() and len(value) < 10 else value)
        if name == "status" and self.kind in states:
            return value_words(name, states[self.kind])
        return html.missing(_("Not changed by you"))


class RenameView(PostedHere, SubscriptionPage, TemplateView):
    """Gives the subscription another nickname."""

    template_name = "subscriptions/rename.html"

    def form_page(self) -> Subscription:
        """The subscription's own page."""
        return self.subscription

    def post(self, request: HttpRequest, microsoft_id: UUID, subscription_id: UUID) -> HttpResponse:
        """Save it; a name that cannot be one comes back with its error."""
        form = NicknameForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form, subscription=self.subscription))
        nickname = form.cleaned_data["nickname"]
        if nickname == self.subscription.nickname:
            messages.info(request, _("This is how it is already. Nothing was changed."))
            return redirect(self.subscription)
        try:
            rename_subscription(
                subscription=self.subscription, nickname=nickname, version=version_of(request), by=self.actor
            )
        except ChangedMeanwhile as meanwhile:
            current = meanwhile.current
            return conflict(
                request,
                rows=[(FIELDS["nickname"], html.name(current.nickname), html.name(nickname))],
                again=[("nickname", nickname), ("version", str(current.version))],
                again_url=request.path,
                discard_url=current.get_absolute_url(),
            )
        messages.success(request, _("The nickname was changed."))
        return redirect(self.subscription)


def version_of(request: HttpRequest) -> int:
    """The version that the page was about; one that is none is never the present one."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def chosen_words(form: ChangeForm, name: str) -> Any:
    """A chosen value as people read it, after what it replaces."""
    field = form.fields[name]
    if getattr(field, "choices", None) is None:
        old, new = (_plain_words(value) for value in (field.initial, form.cleaned_data[name]))
    else:
        old, new = (_choice_words(field, value) for value in (field.initial, form.data.get(name, "")))
    return new if name not in form.replaces or old in ("", new) else format_html("{} → {}", old, new)


def _plain_words(value: Any) -> Any:
    return html.number_text(value) if isinstance(value, int) else html.name(value)


def _choice_words(field: Any, value: Any) -> Any:
    """The words of a choice; none for a state that nobody can choose."""
    return {str(code): label for code, label in field.choices}.get(str(value), "")


def absolute(moment: datetime) -> SafeString:
    """A moment as these pages write it."""
    return html.time_tag(moment, "absolute")


def change_url(subscription: Subscription, kind: str, name: str = "change") -> str:
    """The page of one kind of change, or the address that takes a request for it."""
    arguments = [subscription.customer.microsoft_id, subscription.subscription_id, kind]
    return reverse(f"subscriptions:{name}", args=arguments)
