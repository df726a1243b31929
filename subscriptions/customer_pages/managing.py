"""Pages that change who manages a customer: establish, change, narrow, widen, end."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import FormView

from accounts.access import can
from accounts.roles import Permission
from core.exceptions import NotPermitted, Refused
from customers.models import Customer, ResellerRelationship, TenantOwner
from customers.pages import CustomerPage, account_url
from customers.relationships import change_scope, end_reseller_relationship
from customers.services import PartnershipRequired
from subscriptions.associating import associate_reseller, change_managing_reseller
from subscriptions.customer_pages.forms import ChangeManagingForm, ManagingForm, ReasonForm
from subscriptions.customer_pages.relations import scope_words
from subscriptions.models import Subscription
from subscriptions.wording import subscriptions_text

Scope = ResellerRelationship.Scope


class ManagingPage(CustomerPage, FormView):
    """Asks, with the consequences in words, then does it; where it does not apply any more, leads back."""

    template_name = "customers/managing.html"
    submit_label: Any = ""
    danger = False

    @cached_property
    def relationship(self) -> ResellerRelationship | None:
        """Who manages the customer now."""
        found = self.customer.managing_relationship()
        if found is not None:
            found.customer = self.customer
        return found

    @cached_property
    def number(self) -> int:
        """How many subscriptions the customer has."""
        return Subscription.objects.listed().filter(customer=self.customer).count()

    @property
    def names(self) -> dict[str, str]:
        """Whom the sentences speak of."""
        reseller = self.relationship.reseller.legal_name if self.relationship else ""
        provider = self.customer.provider.legal_name
        number = subscriptions_text(self.number)
        return {"reseller": reseller, "customer": str(self.customer), "provider": provider, "number": number}

    @property
    def back_url(self) -> str:
        """Where it was asked, and where the answer is seen."""
        return relations_url(self.customer, self.actor)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().get(request, *args, **kwargs) if self.applies() else redirect(self.back_url)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Pressed twice, the second press finds it done."""
        if not self.applies():
            messages.info(request, self.done_already())
            return redirect(self.back_url)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        back_url = self.back_url
        try:
            self.act(form)
        except NotPermitted:
            raise
        except Refused as refusal:
            field = "reseller" if "reseller" in form.fields and isinstance(refusal, PartnershipRequired) else None
            form.add_error(field, str(refusal))
            return self.form_invalid(form)
        messages.success(self.request, self.done())
        return redirect(back_url if self.still_visible() else "customers:list")

    def still_visible(self) -> bool:
        """Whether the actor sees the customer after what was done."""
        return Customer.objects.visible_to(self.actor).filter(pk=self.customer.pk).exists()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            own=self.actor.is_customer,
            title=self.title(),
            consequences=self.consequences(),
            submit_label=self.submit_label,
            danger=self.danger,
            back_url=self.back_url,
            **kwargs,
        )

    def applies(self) -> bool:
        """Whether there is still something to do."""
        return self.relationship is not None

    def done_already(self) -> str:
        """What is said when there is not."""
        return _("This was changed already. Look at who manages the customer now.")

    def title(self) -> str:
        """The question."""
        raise NotImplementedError

    def consequences(self) -> list[str]:
        """What happens at once and what stays, one sentence each."""
        raise NotImplementedError

    def act(self, form: Any) -> None:
        """Call the service."""
        raise NotImplementedError

    def done(self) -> str:
        """What was done."""
        raise NotImplementedError


class EstablishView(ManagingPage):
    """Establish a reseller relationship with an existing customer."""

    permission = Permission.ASSIGN_RESELLER
    form_class: type[ManagingForm] = ManagingForm
    chosen: Any = None

    def get_form_kwargs(self) -> dict[str, Any]:
        about = {"customer": self.customer, "actor": self.actor, "number": self.number}
        return {**super().get_form_kwargs(), **about}

    def applies(self) -> bool:
        return self.relationship is None

    def title(self) -> str:
        return _("Establish a reseller relationship")

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return _("Establish relationship")

    def consequences(self) -> list[str]:
        texts = [
            _(
                "The reseller you choose gets access to the account of %(customer)s and %(number)s at once; with "
                "“Manage”, administrator access: it can manage them on the customer’s behalf."
            ),
            _("It is told by e-mail."),
            *_staying(self.number),
        ]
        return [text % self.names for text in texts]

    def act(self, form: Any) -> None:
        self.chosen = form.cleaned_data["reseller"]
        associate_reseller(customer=self.customer, reseller=self.chosen, by=self.actor, **form.wanted())

    def done(self) -> str:
        return _("%(reseller)s has access to %(customer)s from now on.") % {**self.names, "reseller": self.chosen}


class ChangeView(EstablishView):
    """Let another reseller manage the customer."""

    form_class = ChangeManagingForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "present": self.relationship}

    def applies(self) -> bool:
        return self.relationship is not None

    def title(self) -> str:
        return _("Change the managing reseller")

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return _("Change reseller")

    def consequences(self) -> list[str]:
        texts = [
            _("%(reseller)s loses its access to the account of %(customer)s and %(number)s at once."),
            *_with_tenant_owner(self.customer, self.relationship),
            _("The reseller you choose gets the access you select below at the same moment."),
            _("Both are told by e-mail, and neither reads who the other is."),
            *_staying(self.number),
        ]
        return [text % self.names for text in texts]

    def act(self, form: Any) -> None:
        assert self.relationship is not None
        self.chosen = form.cleaned_data["reseller"]
        reason = form.cleaned_data["reason"]
        change_managing_reseller(
            relationship=self.relationship, to=self.chosen, reason=reason, by=self.actor, **form.wanted()
        )


class NarrowView(ManagingPage):
    """Narrow the reseller's access to view and request."""

    permission = Permission.END_RELATIONSHIP
    form_class = ReasonForm
    scope = Scope.VIEW_AND_REQUEST

    def applies(self) -> bool:
        return self.relationship is not None and self.relationship.scope != self.scope

    def title(self) -> str:
        if self.actor.is_reseller:
            return _("Narrow your access to view and request?")
        if self.actor.is_customer:
            return _("Remove the delegated administration of %(reseller)s?") % self.names
        return _("Narrow the access of %(reseller)s to view and request?") % self.names

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return _("Remove delegated administration") if self.actor.is_customer else _("Narrow to view and request")

    def consequences(self) -> list[str]:
        names = self.names
        words = scope_words(self.scope, names["reseller"], names["provider"], self.actor)
        if self.actor.is_reseller:
            widening = _("Only %(provider)s can widen it again.") % names
        elif self.actor.is_customer:
            widening = _("Only %(provider)s can widen it again; it may ask you before.") % names
        else:
            widening = _("You can widen it again.")
        return [words, _("This takes effect at once, for the account and %(number)s.") % names, widening, self.told()]

    def told(self) -> str:
        """Who hears of it."""
        if self.actor.is_reseller:
            return _("%(provider)s is told by e-mail.") % self.names
        if self.actor.is_customer:
            return _("%(provider)s and %(reseller)s are told by e-mail.") % self.names
        return _("%(reseller)s is told by e-mail.") % self.names

    def act(self, form: ReasonForm) -> None:
        assert self.relationship is not None
        reason = form.cleaned_data["reason"]
        change_scope(relationship=self.relationship, scope=self.scope, reason=reason, by=self.actor)

    def done(self) -> str:
        return _("%(reseller)s sees %(customer)s and requests changes from now on.") % self.names


class WidenView(NarrowView):
    """Give the reseller administrator access again."""

    permission = Permission.ASSIGN_RESELLER
    scope = Scope.MANAGE

    def title(self) -> str:
        return _("Widen the access of %(reseller)s to manage?") % self.names

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return _("Widen to manage")

    def consequences(self) -> list[str]:
        names = self.names
        words = scope_words(self.scope, names["reseller"], names["provider"], self.actor)
        return [words, _("This takes effect at once, for the account and %(number)s.") % names, self.told()]

    def done(self) -> str:
        return _("%(reseller)s manages %(customer)s from now on.") % self.names


class EndView(ManagingPage):
    """End the relationship: for the provider, for the reseller that gives the customer up, and for the customer."""

    permission = Permission.END_RELATIONSHIP
    form_class = ReasonForm
    danger = True

    def title(self) -> str:
        if self.actor.is_reseller:
            return _("Give up %(customer)s?") % self.names
        return _("End the relationship with %(reseller)s?") % self.names

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return _("Give up customer") if self.actor.is_reseller else _("End relationship")

    def consequences(self) -> list[str]:
        if self.actor.is_reseller:
            texts = [
                _("You lose your access to the account of %(customer)s and %(number)s at once."),
                *_with_tenant_owner(self.customer, self.relationship),
                _("%(customer)s stays a customer of %(provider)s and keeps its subscriptions."),
                _("Where you are reseller of record or support contact, you stay it until %(provider)s changes that."),
                _("Only %(provider)s can give you access again. It is told by e-mail."),
            ]
        elif self.actor.is_customer:
            texts = [
                _("%(reseller)s loses its access to your account and %(number)s at once."),
                *_with_tenant_owner(self.customer, self.relationship),
                _("You keep your subscriptions and prices; %(provider)s looks after your account itself."),
                _("Who supports your subscriptions does not change."),
                _("%(provider)s and %(reseller)s are told by e-mail."),
            ]
        else:
            texts = [
                _("%(reseller)s loses its access to the account of %(customer)s and %(number)s at once."),
                *_with_tenant_owner(self.customer, self.relationship),
                _("%(customer)s stays your customer and keeps its subscriptions."),
                _("Who is reseller of record and who is support contact does not change."),
                _("%(reseller)s is told by e-mail."),
            ]
        return [text % self.names for text in texts]

    def act(self, form: ReasonForm) -> None:
        assert self.relationship is not None
        reason = form.cleaned_data["reason"]
        end_reseller_relationship(relationship=self.relationship, reason=reason, by=self.actor)

    def done(self) -> str:
        if self.actor.is_reseller:
            return _("You no longer manage %(customer)s.") % self.names
        return _("%(reseller)s no longer manages %(customer)s.") % self.names


def relations_url(customer: Customer, actor: Any) -> str:
    """Where this reader sees who manages the customer."""
    if can(actor, Permission.ANSWER_RELATIONSHIP):
        return reverse("customers:partners", args=[customer.microsoft_id])
    return account_url(customer.microsoft_id)


def _staying(number: int) -> list[str]:
    text = _("Who is reseller of record and who is support contact does not change, unless you select it below.")
    return [text] if number else []


def _with_tenant_owner(customer: Customer, relationship: ResellerRelationship | None) -> list[str]:
    """What else ends with the relationship."""
    if relationship is None:
        return []
    owned = TenantOwner.objects.current().filter(customer=customer, reseller=relationship.reseller)
    return [_("%(reseller)s is no longer tenant owner either.")] if owned.exists() else []
