"""*Why can this person see this?*: a page for a company's Global admins and for the back office."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from accounts.access import Actor, can
from accounts.models import Membership, User
from accounts.roles import Permission, Role
from core.fence import beyond_the_fence
from core.forms import PortalForm
from core.text import email_key
from csp_portal.why.explaining import (
    Explanation,
    Thing,
    explain,
    explain_administrator,
    find_thing,
    is_seen,
    was_delegated,
)
from customers.models import CustomerAdministrator

# What the back office's people need who may ask about everybody.
BACK_OFFICE = "accounts.view_membership"


class WhyForm(PortalForm):
    """A person and an object."""

    person = forms.CharField(label=_("Person"), max_length=254)
    object = forms.UUIDField(
        label=_("Object"),
        help_text=_(
            "The ID of a customer (Microsoft ID), a subscription, an order or a partnership, as its page or address "
            "shows it."
        ),
        error_messages={"invalid": _("Enter an ID like 1f0c8a52-0b1d-4a5c-9f3e-2d7b6c5a4e30.")},
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        self.actor = actor
        super().__init__(*args, **kwargs)
        if actor.partner is not None:
            people = Membership.objects.visible_to(actor).select_related("user").order_by("user__full_name", "pk")
            names = {one.user.sign_in_name: person_words(one) for one in people}
            self.fields["person"] = forms.ChoiceField(
                label=_("Person"), choices=[("", _("Select a person")), *names.items()]
            )
        else:
            self.fields["person"].label = _("The person’s e-mail address or user name")
        self._dress("person", self.fields["person"])
        self.order_fields(["person", "object"])

    def clean_person(self) -> User:
        """The person; the choices of a company are its own people."""
        try:
            user = User.objects.filter(sign_in_name=email_key(self.cleaned_data["person"])).first()
        except ValidationError:
            user = None
        if user is None:
            raise ValidationError(_("Nobody signs in with this address."))
        return user

    def clean_object(self) -> Thing:
        """The object; one of another company is as if it were not there."""
        thing = find_thing(self.cleaned_data["object"])
        partner = self.actor.partner
        if thing is not None and partner is not None:
            own = is_seen(self.actor, thing) or (self.actor.is_reseller and was_delegated(thing, partner.pk))
            thing = thing if own else None
        if thing is None:
            raise ValidationError(_("Nothing that you may ask about has this ID."))
        return thing


def person_words(membership: Membership) -> str:
    """A person in the list of choices."""
    return f"{membership.user} – {Role(membership.role).label} ({membership.user.sign_in_name})"


class WhyView(View):
    """Answers by GET alone: nothing changes, and an answer can be kept as an address."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A company's Global admin, or the back office."""
        if not (can(self.actor, Permission.EXPLAIN_ACCESS) or self.is_back_office()):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        """Who asks, for whom."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]
        return actor

    def is_back_office(self) -> bool:
        """Whether somebody of the back office asks, who acts for no company."""
        user, actor = self.actor.user, self.actor
        return (
            user is not None
            and actor.acting_for is None
            and user.is_staff
            and user.is_active
            and user.has_perm(BACK_OFFICE)
        )

    def get(self, request: HttpRequest) -> HttpResponse:
        """The question, and its answer once both halves are given; one half alone is filled in."""
        given = {name: request.GET[name] for name in ("person", "object") if request.GET.get(name)}
        if len(given) < 2:
            return self.page(WhyForm(initial=given, actor=self.actor))
        with beyond_the_fence("The question is what somebody else sees; what may be asked about, the form decides."):
            return self.answer(WhyForm(given, actor=self.actor))

    def answer(self, form: WhyForm) -> HttpResponse:
        """The explanations, or what is wrong with the question."""
        if not form.is_valid():
            return self.page(form)
        user, thing = form.cleaned_data["person"], form.cleaned_data["object"]
        return self.page(form, person=user, thing=thing, explanations=self.explanations(user, thing))

    def explanations(self, user: User, thing: Thing) -> list[Explanation]:
        """What the asker may know: of its own company alone, or of every way in which the person acts."""
        rows = Membership.objects.filter(user=user).select_related("partner")
        if self.actor.partner is not None:
            return explain(user, thing, latest_of(rows.filter(partner=self.actor.partner)))
        found = explain(user, thing, latest_of(rows))
        administrator = CustomerAdministrator.objects.select_related("customer__provider", "user").filter(user=user)
        return found + [explain_administrator(one, thing) for one in administrator]

    def page(self, form: WhyForm, **context: Any) -> HttpResponse:
        """The form and perhaps an answer."""
        context = {"form": form, "person": None, "thing": None, "explanations": []} | context
        return render(self.request, "why.html", context)


def latest_of(rows: Any) -> list[Membership]:
    """The present or last membership in each company."""
    return list({one.partner_id: one for one in rows.order_by("pk")}.values())
