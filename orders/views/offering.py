"""The offers for a customer with a number of licenses each: one page for all who choose, whatever they choose for."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_countries import countries

from accounts.access import Actor
from catalogue.models.products import LARGEST_QUANTITY
from core.exceptions import Refused
from orders.catalogue import arranged, page_of_offers
from orders.checks import SUBSCRIPTIONS, Line, market_of, order_problems, ordered, with_standing
from orders.editions import as_typed_on
from orders.forms import AGAIN, LICENSES, OfferFilterForm, OffersForm, TypedLicenses, again_name, licenses_name
from orders.models import OrderDraft
from orders.money import summary_words
from orders.offer_rows import Counter, counter, kept_numbers, offer_rows
from orders.offers import Offer
from orders.partners_form import NAMES as PARTNERS
from orders.partners_form import SupportForm
from orders.partners_form import sent as partners_sent
from orders.refusals import EditedMeanwhile, OffersRefused
from orders.views.comparing import compared, comparison


class OffersPage:
    """What is chosen, kept and shown; where it is kept, and what comes next, the page itself knows.

    `draft` says for whom, and may be one that is never saved.
    """

    template_name = "orders/subscriptions.html"
    # Whether the reader may see any.
    prices = True
    # On top of which edition something is saved; empty for the one that the page sends back.
    opened = ""
    request: HttpRequest
    actor: Actor
    draft: OrderDraft

    # --- what each page knows ----------------------------------------------------------------------------------------
    def lines(self) -> list[Line]:
        """The chosen offers at today's prices; what the customer has of them is said where all offers are."""
        raise NotImplementedError

    def edition(self, lines: list[Line] | None = None) -> str:
        """What the page sends back, so that nothing is overwritten unseen."""
        raise NotImplementedError

    def store(self, form: OffersForm, partners: SupportForm | None) -> None:
        """Keep what valid forms say; EditedMeanwhile, OffersRefused or another refusal says why not."""
        raise NotImplementedError

    def store_typed(self, sent: Mapping[str, str]) -> None:
        """Keep what cannot be taken, as it was typed; EditedMeanwhile where something else came first."""
        raise NotImplementedError

    def go_on(self) -> HttpResponse:
        """Where one comes to once everything is kept."""
        raise NotImplementedError

    def addresses(self) -> dict[str, str]:
        """Those of the page: here, update, all, and cancel."""
        raise NotImplementedError

    def partners(self, data: Mapping[str, Any] | None, checked: bool = False) -> SupportForm | None:
        """Who earns and answers, where that is chosen on the page."""
        return None

    def context(self) -> dict[str, Any]:
        """What the template shows besides."""
        return {}

    def judged_lines(self) -> list[Line]:
        """The chosen offers, each with what the customer has of it."""
        return with_standing(self.draft, self.lines(), self.actor)

    # --- keeping -----------------------------------------------------------------------------------------------------
    def keep(self) -> HttpResponse | None:
        """Save what was typed; the page again with the errors, if there are any."""
        lines, sent = self.lines(), self.request.POST
        typed = self.typed(sent, lines)
        form, _shown = self.form(self.values(typed, lines), typed, lines, ())
        partners = self.partners(sent)
        problems = []
        if typed.unknown:
            problems.append(_("An offer that you chose is not on sale for this customer."))
        try:
            if form.is_valid() and (partners is None or partners.is_valid()) and not problems:
                problems += self.refusals(form, partners)
                if not problems:
                    return None
            self.store_typed(as_typed_on(sent, self.telling(lines)))
        except EditedMeanwhile:
            return self.compare(form, partners)
        return self.show(sent, typed, lines, problems=problems, partners=partners)

    def refusals(self, form: OffersForm, partners: SupportForm | None) -> list[str]:
        """Save what valid forms say; what keeps it from being saved."""
        try:
            self.store(form, partners)
        except EditedMeanwhile:
            raise
        except OffersRefused as refusal:
            return list(refusal.errors.values())
        except Refused as refusal:
            return [str(refusal)]
        return []

    def compare(self, form: OffersForm, partners: SupportForm | None) -> HttpResponse | None:
        """What is saved now beside what was sent; where both say the same, it goes on top."""
        lines, sent = self.lines(), self.request.POST
        kept = self.draft.typed.get(SUBSCRIPTIONS, {})
        mine = {name: value for name, value in self.values(self.typed(sent, lines), lines).items() if name in sent}
        numbers = {name: value for name, value in mine.items() if name.startswith(LICENSES)}
        rows = compared(form, {**kept_numbers(lines), **kept}, numbers)
        if partners is not None:
            rows += compared(partners, {**partners.kept(), **kept}, partners_sent(sent))
        self.opened = self.edition()
        return comparison(self.request, rows, self.opened) if rows else self.keep()

    # --- the page ----------------------------------------------------------------------------------------------------
    def typed(self, sent: Mapping[str, Any], lines: list[Line]) -> TypedLicenses:
        """The numbers that were sent, now or before."""
        gone = {line.chosen.pk for line in lines if line.offer is None}
        return TypedLicenses(sent, market_of(self.draft), gone)

    def telling(self, lines: list[Line]) -> list[str]:
        """The fields that say something: numbers, blanks where a number was kept, boxes, who earns and answers."""
        kept, sent = kept_numbers(lines), self.request.POST
        said = [name for name in sent if sent[name].strip() or name in kept]
        return [*PARTNERS, *(name for name in said if name.startswith((LICENSES, AGAIN)))]

    def values(self, typed: TypedLicenses, lines: list[Line]) -> dict[str, Any]:
        """What was typed, under the names that the fields have today."""
        values = dict(typed.data)
        for line in lines:
            for name in (licenses_name, again_name):
                before = name(line.chosen)
                if line.offer and before in values:
                    values.setdefault(name(line.offer.price), values[before])
        return values

    def form(
        self,
        data: Mapping[str, Any] | None,
        typed: TypedLicenses | None,
        lines: list[Line],
        listed: Sequence[Offer],
        checked: bool = False,
    ) -> tuple[OffersForm, Counter]:
        """One field per chosen, typed and listed offer, and what is said of each."""
        chosen = {line.offer.key: line.offer for line in lines if line.offer}
        chosen |= typed.offers if typed else {}
        offers = arranged(list(chosen.values()), listed)
        shown = counter(market_of(self.draft), self.draft.customer, offers, self.actor)
        form = OffersForm(
            data,
            offers=offers,
            gone=[Offer((line.chosen,)) for line in lines if line.offer is None],
            kept=kept_numbers(lines),
            standings=shown.standings,
            checked=checked,
        )
        return form, shown

    def show_kept(self, *, checked: bool = False) -> HttpResponse:
        """The page as it was left: what could not be taken stands as it was typed; `checked` says what is missing."""
        lines, query = self.judged_lines() if checked else self.lines(), self.request.GET
        if kept := self.draft.typed.get(SUBSCRIPTIONS):
            return self.show(query, self.typed(kept, lines), lines, partners=self.partners(kept))
        return self.show(query, None, lines, checked=checked)

    def show(
        self,
        data: Mapping[str, Any],
        typed: TypedLicenses | None,
        lines: list[Line],
        problems: Sequence[str] = (),
        checked: bool = False,
        partners: SupportForm | None = None,
    ) -> HttpResponse:
        """Render the page with the numbers typed, or else those kept; `checked` says what judged lines lack."""
        market = market_of(self.draft)
        filter_form = OfferFilterForm(data, market=market)
        found = page_of_offers(market, filter_form.filters, page_number(data))
        values: Mapping[str, Any] | None = self.values(typed, lines) if typed else None
        if checked:
            values = kept_numbers(lines)
            problems = order_problems(self.draft, lines, self.actor)
        form, shown = self.form(values, typed, lines, found.offers, checked)
        for problem in problems:
            form.add_error(None, problem)
        partners = partners or self.partners(None, checked)
        forms = [form, partners] if partners else [form]
        context = {
            "draft": self.draft,
            "edition": self.edition(lines),
            # The first of the forms in which something is wrong: the frame of the page says so in its title.
            "form": next((one for one in forms if one.errors), form),
            "forms": forms,
            "partners": partners,
            "filter_form": filter_form,
            "rows": offer_rows(form, lines, shown, prices=self.prices),
            "found": found,
            "filtered": bool(filter_form.filters),
            "customer_name": str(self.draft),
            "country_name": countries.name(market.country),
            "most_licenses": LARGEST_QUANTITY,
            "prices": self.prices,
            "summary": summary_words(form.typed() if form.is_bound else ordered(lines), prices=self.prices),
            "addresses": self.addresses(),
        }
        return render(self.request, self.template_name, {**context, **self.context()})

    def filtered_address(self, *, keeps_filters: bool) -> str:
        """The page under an address that says the filters that were sent, or none of them."""
        words: dict[str, str] = {}
        if keeps_filters:
            filters = OfferFilterForm(self.request.POST, market=market_of(self.draft)).filters
            words = {name: value for name, value in vars(filters).items() if value}
            if (number := page_number(self.request.POST)) > 1:
                words["page"] = str(number)
        here = self.addresses()["here"]
        return f"{here}?{urlencode(words)}" if words else here


def page_number(data: Mapping[str, Any]) -> int:
    """Which page of offers is asked for: that of the button, else the one that was open; what is no number is 1."""
    text = str(data.get("page") or data.get("at") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
