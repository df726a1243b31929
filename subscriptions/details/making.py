"""From a valid form of Subscription details: what it would do now, and doing it."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.access import Actor
from subscriptions.changing import change_subscription, not_ready, rename_subscription
from subscriptions.details.forms import ChangeForm, PricedForm, RenameForm
from subscriptions.facts import facts_of
from subscriptions.intents import Kind, path_of, preview, resolve
from subscriptions.models import Subscription
from subscriptions.rules import Allowed, Answer, Refused, Undo
from subscriptions.rules.refusals import not_a_trial


def answer_to(form: ChangeForm, now: datetime, maker: Actor | None = None) -> Answer:
    """What the rules say to a valid form at this moment; a name is whatever somebody calls it.

    Who is about to make the change also hears what else stands against it; who only asks leaves that to who decides.
    """
    subscription = form.subscription
    if not isinstance(form, RenameForm):
        change = resolve(subscription, form.intent(), now)
        answer = change if isinstance(change, Refused) else preview(subscription, change, now)
        if maker is None or isinstance(answer, Refused) or isinstance(change, Refused):
            return answer
        return not_ready(subscription, change, maker) or answer
    if form.cleaned_data["nickname"] == subscription.nickname:
        return Refused("", _("It is called so already. Enter another nickname."))
    return Allowed(after=facts_of(subscription), effective_at=now, undo=Undo(any_time=True))


def refused_beforehand(form: ChangeForm) -> Refused | None:
    """Why a form that has nothing to choose from cannot be filled in."""
    if not isinstance(form, PricedForm) or not form.offers_nothing:
        return None
    if form.kind == Kind.CONVERT and not form.subscription.is_trial:
        return not_a_trial()
    return Refused("2091", _("Nothing of this kind is offered for this subscription today."))


def joined(form: ChangeForm, now: datetime) -> Subscription | None:
    """Which subscription the upgraded licenses of a valid form would join."""
    if not isinstance(form, PricedForm) or form.kind != Kind.UPGRADE:
        return None
    path = path_of(form.subscription, form.cleaned_data["price"], now, form.cleaned_data.get("quantity"))
    return path.owned if path else None


def make_change(form: ChangeForm, *, version: int | None, by: Actor) -> Subscription:
    """Do it through the service of its kind, which asks the rules again under its lock."""
    if isinstance(form, RenameForm):
        nickname = form.cleaned_data["nickname"]
        return rename_subscription(subscription=form.subscription, nickname=nickname, version=version, by=by)
    return change_subscription(subscription=form.subscription, intent=form.intent(), version=version, by=by)
