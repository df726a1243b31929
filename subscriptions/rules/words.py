"""The answers in words: what a page says before a change is made."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.html import money_text, number_text
from subscriptions.rules.answers import Allowed, Cost, Effect, EffectKind, Undo
from subscriptions.rules.money import rounded

# How a page writes a moment; the lists of the portal use core.html.time_tag.
ShowMoment = Callable[[datetime], Any]

EFFECTS: dict[EffectKind, Any] = {
    EffectKind.USERS_BLOCKED: _("The users can no longer work with it; administrators still can."),
    EffectKind.DELETED_AT_ONCE: _("It is deleted at once with all its data: nobody can work with it any more."),
    EffectKind.USERS_RETURN: _("The users can work with it again at once."),
    EffectKind.BILLING_STOPS: _("The bills stop; what was paid ahead is credited."),
    EffectKind.BILLING_RESUMES: _("The bills begin again, for the rest of the term."),
    EffectKind.BILLING_CONTINUES: _("The bills go on all the same, until {when}."),
    EffectKind.ADD_ONS_SUSPENDED: _("Its add-ons are suspended with it."),
    EffectKind.AUTO_RENEW_OFF: _("It no longer renews by itself, also after it is reactivated."),
    EffectKind.AUTO_RENEW_STAYS_OFF: _("It does not renew by itself until you switch that on again."),
    EffectKind.SCHEDULE_DROPPED: _("The change that was scheduled for the renewal is dropped."),
    EffectKind.DELETED_AT: _("It is deleted with all its data on {when}."),
    EffectKind.DISABLED_AT: _("At the end of the term, on {when}, it is disabled, and later deleted."),
    EffectKind.EXPIRES_AT: _("It expires on {when}."),
    EffectKind.EXTENDED_AT: _("From {when} it goes on month by month, at a higher price, until it is canceled."),
    EffectKind.RENEWS_AT: _("It renews on {when}, at the price of that day."),
    EffectKind.BECOMES_PAID_AT: _("It becomes a paid subscription on {when}, at the price of that day."),
    EffectKind.IRREVERSIBLE: _("This cannot be undone."),
    EffectKind.NO_WINDOW: _("It cannot be canceled after this before the term ends."),
    EffectKind.NEW_WINDOW: _("It can be canceled until {when}."),
    EffectKind.NEW_TERM: _("A new term begins now and ends on {when}."),
    EffectKind.NEW_PRICE: _("Today’s price applies from now on."),
    EffectKind.SAME_END: _("The term still ends on {when}."),
    EffectKind.IN_EXTENDED_TERM: _(
        "The upgraded licenses are in an extended service term: they cost more month by month, and can be canceled at "
        "any time."
    ),
    EffectKind.NEW_SUBSCRIPTION: _("The upgraded licenses become a subscription of their own."),
    EffectKind.JOINS_OWNED: _(
        "The upgraded licenses join the subscription that the customer has of that offer, at its price; its term ends "
        "on {when}."
    ),
    EffectKind.OWNED_SCHEDULE_DROPPED: _("The change that was scheduled for the renewal of that one is dropped."),
    EffectKind.MATES_CHANGE: _("The bills of every subscription of the same order change with it: {who}."),
    EffectKind.BILLS_CHANGE_AT: _("The bills change with the next one, on {when}."),
    EffectKind.PROMOTIONS_END: _("Promotions on it end."),
    EffectKind.STARTS_BILLING: _("It is billed from now on."),
}


def effect_words(effect: Effect, show: ShowMoment) -> SafeString:
    """One sentence about what else happens."""
    sentence = str(EFFECTS[effect.kind])
    return format_html(sentence, when=show(effect.at) if effect.at else "–", who=", ".join(effect.who))


def cost_words(cost: Cost, *, new_term: bool = False) -> str:
    """What it costs or brings for the rest of the term; where a new one begins, what that costs more."""
    if not cost.amount:
        return str(_("Nothing is charged or credited for the present term."))
    amount = money_text(abs(cost.amount), cost.currency)
    values = {"amount": amount, "days": number_text(cost.days), "of": number_text(cost.of_days)}
    if cost.amount < 0 and new_term:
        text = _("%(amount)s are credited: %(days)s of %(of)s days of the present term cost more than the new one.")
        return str(text % values)
    if cost.amount < 0:
        return str(_("%(amount)s are credited for the rest of the term.") % values)
    if cost.days and new_term:
        text = _("%(amount)s are charged: the new term, less what %(days)s of %(of)s days of the present one cost.")
        return str(text % values)
    if cost.days:
        return str(_("%(amount)s are charged for the rest of the term: %(days)s of %(of)s days.") % values)
    return str(_("%(amount)s are charged.") % values)


def next_term_words(cost: Cost) -> str:
    """What the next term costs at today's price, or nothing where that is not known."""
    if cost.next_term is None:
        return ""
    amount = money_text(rounded(cost.next_term), cost.currency)
    return str(_("The next term costs %(amount)s at today’s price.") % {"amount": amount})


def undo_words(undo: Undo, show: ShowMoment) -> SafeString:
    """Until when it can be taken back."""
    if undo.any_time:
        return conditional_escape(_("It can be undone at any time."))
    if undo.until is not None:
        return format_html(str(_("It can be undone until {when}.")), when=show(undo.until))
    return conditional_escape(_("This cannot be undone."))


def consequences(allowed: Allowed, show: ShowMoment, *, prices: bool) -> list[SafeString]:
    """Everything a person should know before the change, one sentence each; amounts only for who may see prices."""
    sentences: list[Any] = [effect_words(effect, show) for effect in allowed.effects]
    if prices:
        new_term = any(effect.kind == EffectKind.NEW_TERM for effect in allowed.effects)
        costs = (cost_words(allowed.cost, new_term=new_term), next_term_words(allowed.cost))
        sentences += [text for text in costs if text]
    if not any(effect.kind == EffectKind.IRREVERSIBLE for effect in allowed.effects):
        sentences.append(undo_words(allowed.undo, show))
    return sentences
