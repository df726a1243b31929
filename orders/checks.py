"""What a draft still lacks before it can be submitted, and what its Review page showed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.access import Actor
from catalogue.models import Policy, Price, Sku
from core.html import money_text, number_text
from customers import rules
from customers.details import CustomerDetails
from customers.models import TENANT_DOMAIN
from customers.requirements import account_refusals
from customers.services import domain_is_free
from orders.models import OrderDraft, OrderDraftLine
from orders.money import (
    Ordered,
    bill_amount,
    bill_label,
    billing_words,
    price_words,
    term_amount,
    term_words,
)
from orders.offers import Market, Offer, offers_of_skus, same_offer
from orders.owned import (
    NOTHING_OWNED,
    Owned,
    Standing,
    counted_by_limit,
    limit_words,
    owned_subscriptions,
    repeat_problem,
    standing_of,
)
from orders.supporting import support_problem
from resellers.readiness import Obstacle, obstacles, reasons
from subscriptions.models import Subscription
from subscriptions.of_record import reseller_refused

DETAILS, SUBSCRIPTIONS, REVIEW = "details", "subscriptions", "review"


class Problem(NamedTuple):
    """What stands in the way of Submit, and the step on which it is repaired."""

    step: str
    message: str


# --- what the draft says ----------------------------------------------------------------------------------------------
def details_of(draft: OrderDraft) -> CustomerDetails:
    """The details as far as they are known; an older draft may lack some."""
    return CustomerDetails.from_json(draft.details)[0]


def market_of(draft: OrderDraft) -> Market:
    """Where the customer of the draft is and what it may buy."""
    if draft.customer is not None:
        return Market.of(str(draft.customer.country), draft.customer.qualification)
    details = details_of(draft)
    return Market.of(details.country, details.qualification)


@dataclass(frozen=True)
class Line:
    """A chosen offer at today's price; without an offer it is no longer on sale for this customer."""

    quantity: int
    chosen: Price
    offer: Offer | None
    # Beside how many subscriptions of the offer a person said that it is to be ordered once more.
    confirmed_beside: int = 0
    # What the customer has of the offer already.
    standing: Standing = NOTHING_OWNED
    # What it has of all the chosen offers and of their bases: the same for every line of an order.
    owned: tuple[Owned, ...] = ()

    @property
    def price(self) -> Price | None:
        """Today's price for this many licenses."""
        return self.offer.price_for(self.quantity) if self.offer else None

    @property
    def sku(self) -> Sku:
        """What is bought; of an offer on sale with its prerequisites at hand."""
        return self.offer.sku if self.offer else self.chosen.sku

    @property
    def name(self) -> str:
        """The offer's title."""
        return self.chosen.sku.title

    @property
    def price_changed(self) -> bool:
        """Whether a license costs something else than when it was chosen."""
        now = self.price
        return now is not None and (now.unit_price, now.currency) != (self.chosen.unit_price, self.chosen.currency)

    @property
    def bill_amount(self) -> Decimal:
        """What the licenses cost on each bill; nothing when the offer is gone."""
        return bill_amount(self.price, self.quantity) if self.price else Decimal(0)

    @property
    def price_words(self) -> str:
        """What one license costs on one bill."""
        return price_words(self.price) if self.price else ""

    @property
    def chosen_words(self) -> str:
        """What it cost when it was chosen."""
        return price_words(self.chosen)

    @property
    def amount_words(self) -> str:
        """What the licenses cost on one bill."""
        price = self.price
        if price is None or price.sku.is_usage_based:
            return price_words(price) if price else ""
        return f"{money_text(self.bill_amount, price.currency)} {bill_label(price.billing_plan)}"

    @property
    def term_amount(self) -> Decimal:
        """What the licenses cost over the whole term; nothing when the offer is gone."""
        return term_amount(self.price, self.quantity) if self.price else Decimal(0)


def lines_of(draft: OrderDraft) -> list[Line]:
    """The chosen offers at today's prices, in the order in which they were chosen (three queries).

    For a customer that exists each knows what the customer has of it (two more).
    """
    return with_standing(draft, priced_lines(draft))


def priced_lines(draft: OrderDraft) -> list[Line]:
    """The same without what the customer has: enough to be shown, and too little to be judged (three queries)."""
    return resolved(market_of(draft), list(draft.lines.select_related("price__sku__product")))


def with_standing(draft: OrderDraft, lines: Sequence[Line], reader: Actor | None = None) -> list[Line]:
    """Lines that know what their customer has, as far as a reader sees it (two queries for one that exists)."""
    if draft.customer is None:
        return list(lines)
    owned = tuple(owned_subscriptions(draft.customer, [line.sku for line in lines], reader))
    return [replace(line, standing=standing_of(line.sku, owned, draft.customer), owned=owned) for line in lines]


def resolved(market: Market, kept: Sequence[OrderDraftLine]) -> list[Line]:
    """Stored lines with what their offers cost now."""
    offers = offers_of_skus(market, (line.price.sku_id for line in kept))
    return [
        Line(line.quantity, line.price, same_offer(offers, line.price), line.confirmed_beside or 0) for line in kept
    ]


def ordered(lines: Iterable[Line]) -> list[Ordered]:
    """Prices and quantities of the lines that can be bought."""
    return [(line.price, line.quantity) for line in lines if line.price]


# --- what is wrong with it --------------------------------------------------------------------------------------------
def draft_problems(draft: OrderDraft) -> list[Problem]:
    """Everything that keeps the draft from being submitted, in the order of the steps."""
    lines = lines_of(draft)
    return [*customer_problems(draft), *typed_problems(draft), *line_problems(draft, lines)]


def typed_problems(draft: OrderDraft) -> list[Problem]:
    """That something was typed last which could not be taken: what stands beneath it is not what the person wants."""
    words = {
        DETAILS: _("What you typed last in Customer details could not be used yet. Correct it there."),
        SUBSCRIPTIONS: _("What you typed last in New subscription could not be used yet. Correct it there."),
    }
    return [Problem(step, text) for step, text in words.items() if draft.typed.get(step)]


def customer_problems(draft: OrderDraft) -> list[Problem]:
    """What is wrong with the customer's details, its domain, its agreement or its reseller."""
    problems: list[Problem] = []
    step = DETAILS if draft.makes_customer else SUBSCRIPTIONS
    if draft.makes_customer:
        problems += details_problems(draft)
    elif draft.customer is not None:
        problems += [Problem(step, str(refusal)) for refusal in account_refusals(draft.customer)]
    problems += [Problem(step, reasons([obstacle])) for obstacle in reseller_obstacles(draft)]
    if draft.reseller_is_suggested:
        problems.append(Problem(step, unchosen_words()))
    if problem := support_problem(draft):
        problems.append(Problem(step, problem))
    return problems


def unchosen_words() -> str:
    """That somebody has to say who earns with the order; a suggestion is nobody's word."""
    return _("Choose the reseller for these subscriptions, or No reseller.")


def details_problems(draft: OrderDraft) -> list[Problem]:
    """What is wrong with the details of a customer to be made."""
    if not draft.details:
        return [Problem(DETAILS, _("Enter the customer details."))]
    try:
        details = rules.clean_details(details_of(draft), provider=draft.provider)
    except ValidationError as error:
        return [Problem(DETAILS, message) for message in error.messages]
    if not domain_is_free(details.domain_prefix):
        domain = f"{details.domain_prefix}.{TENANT_DOMAIN}"
        return [Problem(DETAILS, _("%(domain)s is taken. Enter another primary domain name.") % {"domain": domain})]
    return []


def reseller_obstacles(draft: OrderDraft) -> list[Obstacle]:
    """What keeps the draft's reseller from being named for its customer today; nothing without a reseller."""
    if draft.reseller is None:
        return []
    country = draft.customer.country_code if draft.customer else details_of(draft).country
    return obstacles(draft.provider, draft.reseller, customer_country=country)


def line_problems(draft: OrderDraft, lines: Sequence[Line], reader: Actor | None = None) -> list[Problem]:
    """What is wrong with the chosen offers, each alone and all together; where none are wanted, none are missing.

    In words for the reader, or else for the provider.
    """
    if draft.is_account_only and not lines:
        return []
    if draft.makes_customer and details_of(draft).agreement_to_come:
        return [Problem(SUBSCRIPTIONS, agreement_first_words())]
    messages = [message for line in lines if (message := line_problem(line))]
    return [Problem(SUBSCRIPTIONS, message) for message in [*messages, *order_problems(draft, lines, reader)]]


def agreement_first_words() -> str:
    """Why nothing can be ordered for a customer that has not accepted its agreement, and what can be done."""
    return _(
        "The customer has not accepted its agreement yet, so nothing can be ordered. Add it without subscriptions, "
        "or confirm in Customer details that it accepted."
    )


def order_problems(draft: OrderDraft, lines: Sequence[Line], reader: Actor | None = None) -> list[str]:
    """What is wrong with the chosen offers together: none at all, currencies, limits per customer, bases."""
    if not lines:
        return [_("Enter the number of licenses for at least one offer.")]
    messages = []
    currencies = sorted({line.price.currency for line in lines if line.price})
    if len(currencies) > 1:
        found = ", ".join(currencies)
        messages.append(_("An order is in one currency; these offers are in %(currencies)s.") % {"currencies": found})
    owned = lines[0].owned
    messages += limit_problems(lines, owned)
    waves, homeless = with_parents(lines, owned)
    messages += [base_missing(line) for line in homeless]
    return [*messages, *joining_problems(draft, [placed for wave in waves for placed in wave], reader)]


def joining_problems(draft: OrderDraft, placed: Iterable["Placed"], reader: Actor | None) -> list[str]:
    """Add-ons whose base lets nothing be bought under its own reseller of record.

    Under the legacy rules they change the order of the base; under new commerce they are subscriptions of their own.
    """
    legacy = {one.base_subscription: one.line for one in placed if one.line.sku.policy == Policy.LEGACY}
    keys = [key for key in legacy if key is not None]
    if draft.customer is None or not keys:
        return []
    bases = Subscription.objects.filter(pk__in=keys, policy=Policy.LEGACY).exclude(reseller_of_record=draft.reseller_id)
    messages = []
    for base in bases.filter(reseller_of_record__isnull=False).select_related("reseller_of_record").order_by("pk"):
        if refused := reseller_refused(base.reseller_of_record, draft.customer, reader):
            text = _("%(offer)s is an add-on of %(base)s: %(text)s")
            messages.append(text % {"offer": legacy[base.pk].name, "base": base.nickname, "text": refused.text})
    return messages


def line_problem(line: Line) -> str:
    """What is wrong with one line alone."""
    if line.offer is None:
        text = _("%(offer)s is no longer on sale for this customer. Remove it or choose another offer.")
        words = [line.name, term_words(line.chosen), billing_words(line.chosen)]
        return text % {"offer": ", ".join(word for word in words if word)}
    if line.standing.suspension:
        return line.standing.suspension.text
    return quantity_problem(line.offer, line.quantity) or repeat_problem(line.sku, line.standing, line.confirmed_beside)


def quantity_problem(offer: Offer, quantity: int) -> str:
    """What is wrong with this number of licenses, or nothing."""
    least, most = offer.sku.quantity_limits
    if least <= quantity <= most and offer.price_for(quantity) is not None:
        return ""
    if least == most:
        return _("Enter %(number)s for %(offer)s: it comes with that many licenses.") % {
            "number": number_text(least),
            "offer": offer.sku.title,
        }
    return _("Enter the number of licenses for %(offer)s, %(least)s to %(most)s.") % {
        "offer": offer.sku.title,
        "least": number_text(least),
        "most": number_text(most),
    }


def limit_problems(lines: Iterable[Line], owned: Sequence[Owned]) -> list[str]:
    """Offers of which a customer may have only so many, at the same time or ever."""
    wanted: dict[str, list[Line]] = {}
    for line in lines:
        wanted.setdefault(line.sku.code, []).append(line)
    messages = []
    for same in wanted.values():
        sku = same[0].sku
        if same[0].standing.suspension:
            continue
        if sku.asset_ownership_limit is None or sku.asset_ownership_limit_type == Sku.OwnershipLimitType.NONE:
            continue
        counted = len(counted_by_limit(sku, owned))
        if counted + len(same) > sku.asset_ownership_limit:
            messages.append(limit_words(sku, counted))
    return messages


class Placed(NamedTuple):
    """A line with the base under which it goes: another line, a subscription's key, or none."""

    line: Line
    base_line: Line | None
    base_subscription: int | None


def with_parents(lines: Sequence[Line], owned: Iterable[Owned]) -> tuple[list[list[Placed]], list[Line]]:
    """Lines in waves, each add-on in a later wave than its base; and the add-ons that have none.

    A base in the same order comes before one that the customer already has.
    """
    active = {have.sku_code: have.pk for have in reversed(list(owned)) if have.status == Subscription.Status.ACTIVE}
    in_order = {line.sku.code for line in lines}
    waves: list[list[Placed]] = []
    placed: dict[str, Line] = {}
    waiting = list(lines)
    while waiting:
        wave = []
        for line in waiting:
            codes = line.sku.prerequisite_codes
            base = next((placed[code] for code in codes if code in placed), None)
            having = None if in_order.intersection(codes) else next((active[c] for c in codes if c in active), None)
            if base is not None or having is not None or not codes:
                wave.append(Placed(line, base, having))
        if not wave:
            return waves, waiting
        waves.append(wave)
        placed = {one.line.sku.code: one.line for one in reversed(wave)} | placed
        done = {id(one.line) for one in wave}
        waiting = [line for line in waiting if id(line) not in done]
    return waves, []


def base_missing(line: Line) -> str:
    """What to say of an add-on without its base."""
    codes = line.sku.prerequisite_codes
    titles = list(Sku.objects.filter(code__in=codes).order_by("title").values_list("title", flat=True)[:4])
    return _("%(offer)s is an add-on. Choose one of these with it: %(bases)s.") % {
        "offer": line.name,
        "bases": ", ".join(titles or codes),
    }
