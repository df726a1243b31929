"""The offers of New subscription as rows: words, field, what was typed, what is wrong, and why one cannot be chosen."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Actor
from catalogue.models import BillingPlan, Sku
from core.html import number_text
from customers.models import Customer
from orders.catalogue import on_sale
from orders.checks import Line
from orders.forms import LicensesField, OffersForm, again_name, licenses_name
from orders.money import bill_label, licenses_words
from orders.offers import Market, Offer, OfferKey
from orders.owned import NOTHING_OWNED, Barrier, Standing, owned_subscriptions, standing_of

MOST_BASES = 4


@dataclass(frozen=True)
class Counter:
    """What is said of offers at the place where they are chosen: what the customer has of them, and their bases.

    `bases` are the titles of what may be bought here with an add-on, by code.
    """

    customer: Customer | None
    standings: Mapping[OfferKey, Standing]
    bases: Mapping[str, str]

    def standing(self, offer: Offer) -> Standing:
        """What the customer has of this one."""
        return self.standings.get(offer.key, NOTHING_OWNED)

    def bases_of(self, offer: Offer) -> list[str]:
        """What can be bought here to carry this add-on, by title."""
        return sorted(self.bases[code] for code in offer.sku.prerequisite_codes if code in self.bases)


def counter(market: Market, customer: Customer | None, offers: Iterable[Offer], reader: Actor) -> Counter:
    """Read it for all of these offers at once (two queries, two more for a customer that exists)."""
    offers = list(offers)
    codes = {code for offer in offers for code in offer.sku.prerequisite_codes}
    named = on_sale(market).filter(sku__code__in=codes).order_by()
    bases = dict(named.values_list("sku__code", "sku__title").distinct()) if codes else {}
    titles = dict(bases)
    at_hand = {*bases, *(offer.sku.code for offer in offers)}
    owned = owned_subscriptions(customer, [offer.sku for offer in offers], reader)
    standings = {offer.key: standing_of(offer.sku, owned, customer) for offer in offers}
    out_of_reach = [
        offer
        for offer in offers
        if (needed := offer.sku.prerequisite_codes) and not standings[offer.key].base and at_hand.isdisjoint(needed)
    ]
    if out_of_reach:
        lost = {code for offer in out_of_reach for code in offer.sku.prerequisite_codes}
        titles |= dict(Sku.objects.filter(code__in=lost).values_list("code", "title"))
    for offer in out_of_reach:
        standings[offer.key] = replace(standings[offer.key], baseless=baseless(offer, titles))
    return Counter(customer, standings, bases)


def baseless(offer: Offer, titles: Mapping[str, str]) -> Barrier:
    """That nothing the add-on needs can be bought for this customer, nor does the customer have it."""
    needed = [titles.get(code, code) for code in offer.sku.prerequisite_codes]
    text = _("%(offer)s is an add-on of %(bases)s, which the customer does not have and cannot buy here.")
    return Barrier(text % {"offer": offer.sku.title, "bases": named_bases(sorted(needed))})


def named_bases(titles: Sequence[str]) -> str:
    """The first titles, and how many more there are."""
    if len(titles) <= MOST_BASES:
        return ", ".join(titles)
    text = _("%(bases)s and %(number)s more")
    return text % {"bases": ", ".join(titles[:MOST_BASES]), "number": number_text(len(titles) - MOST_BASES)}


class OfferRow:
    """An offer as the table shows it."""

    def __init__(
        self, form: OffersForm, name: str, field: LicensesField, line: Line | None, shown: Counter, *, prices: bool
    ) -> None:
        offer = field.offer
        self.offer = offer
        self.name = name
        self.label = field.label
        self.value = form[name].value()
        self.errors = list(form.errors.get(name, [])) if form.is_bound else []
        # The same offer as in the row above, for another term or billing plan.
        self.is_variant = False
        self.is_chosen = bool(self.value)
        self.is_gone = line is not None and line.offer is None
        self.old_words = line.chosen_words if line is not None and line.price_changed else ""
        price = offer.price
        self.bill_label = bill_label(price.billing_plan)
        self.plan_order = BillingPlan.values.index(price.billing_plan)
        # For the running summary in the browser: "1:150.0000 100:140.0000", first quantity and price of each tier.
        self.tiers = " ".join(f"{tier.pricing_tier_min}:{tier.unit_price:.4f}" for tier in offer.prices)
        self.standing = shown.standing(offer)
        self.barrier = self.standing.barrier
        self.owned_words, self.owned_url, self.owned_action = owned_words(offer, shown)
        self.again = again_name(offer.price) if self.standing.having else ""
        # The box says beside how many subscriptions: with one more of them it has to be ticked again.
        self.again_value = len(self.standing.having)
        self.is_again = bool(self.again) and str(form[self.again].value() or "") == str(self.again_value)
        self.base_words = base_words(offer, shown)
        self.hints = offer.hints if prices else offer.number_hints

    @property
    def takes_a_number(self) -> bool:
        """Whether there is a field: for what can be chosen, and for what is to be taken out again."""
        return self.barrier is None or self.is_chosen

    @property
    def described_by(self) -> str:
        """The ids of what explains the field."""
        ids = [f"barrier-{self.name}"] if self.barrier else []
        ids += [f"hint-{self.name}"] if self.hints else []
        return " ".join([*ids, f"error-{self.name}"] if self.errors else ids)


def owned_words(offer: Offer, shown: Counter) -> tuple[str, str, str]:
    """What the customer has of the offer already, and the page on which that is changed instead, with its words."""
    standing = shown.standing(offer)
    if not standing.having or shown.customer is None:
        return "", "", ""
    licenses = licenses_words(standing.licenses)
    active = [one for one in standing.having if one.subscription_id]
    if not active:
        return _("Ordered already and not set up yet: %(licenses)s.") % {"licenses": licenses}, "", ""
    if offer.sku.is_usage_based:
        words = _("The customer has it already.")
    else:
        words = _("The customer has %(licenses)s of it already.") % {"licenses": licenses}
    ids = [shown.customer.microsoft_id, active[-1].subscription_id]
    if offer.sku.is_usage_based or offer.sku.is_trial:
        return words, reverse("subscriptions:detail", args=ids), _("See the subscription")
    return words, reverse("subscriptions:change", args=[*ids, "licenses"]), _("Change its licenses instead")


def base_words(offer: Offer, shown: Counter) -> str:
    """What an add-on goes with; nothing for other offers."""
    if not offer.is_add_on:
        return ""
    if base := shown.standing(offer).base:
        return _("Add-on: goes with %(base)s, which the customer has") % {"base": base}
    bases = shown.bases_of(offer)
    if not bases:
        return _("Add-on")
    text = _("Add-on: needs %(bases)s") if len(bases) == 1 else _("Add-on: needs one of %(bases)s")
    return text % {"bases": named_bases(bases)}


def offer_rows(form: OffersForm, lines: Sequence[Line], shown: Counter, *, prices: bool = True) -> list[OfferRow]:
    """The rows in the order of the form's fields; chosen offers that are gone come first."""
    by_name = {licenses_name(line.offer.price if line.offer else line.chosen): line for line in lines}
    fields = [(name, field) for name, field in form.fields.items() if isinstance(field, LicensesField)]
    rows = [OfferRow(form, name, field, by_name.get(name), shown, prices=prices) for name, field in fields]
    rows.sort(key=lambda row: not row.is_gone)
    for above, row in itertools.pairwise(rows):
        row.is_variant = above.offer.sku.pk == row.offer.sku.pk and above.is_chosen == row.is_chosen
    return rows


def kept_numbers(lines: Iterable[Line]) -> dict[str, int]:
    """The numbers of licenses in the draft, and what was confirmed with them, by the names of their fields."""
    found = {}
    for line in lines:
        price = line.offer.price if line.offer else line.chosen
        found[licenses_name(price)] = line.quantity
        if line.confirmed_beside:
            found[again_name(price)] = line.confirmed_beside
    return found
