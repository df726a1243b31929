"""Who takes over, for all and one by one; and the last word before a partnership ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from crispy_forms.layout import HTML, Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Partner
from core.forms import PortalForm
from core.html import number_text
from core.text import fold
from orders.partnerships import wording
from orders.partnerships.choices import MANAGER, NOBODY, OWNER, Choice, Choices, resolved
from orders.partnerships.consequences import Consequences, Held, Relation, region_label
from orders.partnerships.takers import ENTERED, Options, Takers, find_taker, objections, wanted_by
from resellers.models import Partnership

DRAFTS = "drafts"


class ChooseForm(PortalForm):
    """For each kind, and each region where there are several, who takes over; `choices` are those made before."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        consequences: Consequences,
        choices: Choices,
        takers: Takers,
        address: str = "",
    ) -> None:
        self.consequences, self.choices, self.takers, self.address = consequences, choices, takers, address
        super().__init__(data)
        # Return in a text field presses the first button of a form: let that be the one which goes on.
        parts: list[Any] = [HTML(f'<button type="submit" hidden tabindex="-1">{_("Continue")}</button>')]
        parts += [self._section(relation) for relation in Relation if consequences.rows(relation)]
        if consequences.drafts:
            parts.append(self._drafts())
        self.helper.layout = Layout(*parts)

    # --- fields -----------------------------------------------------------------------------------------------------
    def _section(self, relation: Relation) -> Fieldset:
        regions = self.consequences.regions(relation)
        names: list[Any] = []
        for region in regions:
            label = str(LABELS[relation])
            if len(regions) > 1:
                label = _("%(what)s, customers in %(region)s") % {"what": label, "region": region_label(region)}
            names += self._add(field_name(relation, region), label, self._options(relation))
            self._begin(field_name(relation, region), self._initial(relation, region))
        number = len(self.consequences.rows(relation))
        return Fieldset(LEGENDS[relation](number), *names, *self._one_by_one(relation))

    def _options(self, relation: Relation) -> Options:
        follow = [] if relation == Relation.MANAGING else [(MANAGER, _("Whoever manages the customer from then on"))]
        return [("", _("Select")), *follow, *self.takers.options(), (NOBODY, wording.nobody_text(relation))]

    def _add(self, name: str, label: str, options: Options, help_text: str = "") -> list[str]:
        """A list, and where resellers are typed a field for that."""
        self.fields[name] = forms.ChoiceField(label=label, choices=options, help_text=help_text)
        self._dress(name, self.fields[name])
        if not self.takers.are_typed:
            return [name]
        typed = typed_name(name)
        self.fields[typed] = forms.CharField(
            label=_("Its MPN ID or name"),
            max_length=200,
            required=False,
            help_text=_("For “%(option)s”.") % {"option": _("The reseller entered below")},
        )
        self._dress(typed, self.fields[typed])
        return [name, typed]

    def _begin(self, name: str, choice: Choice | None) -> None:
        """What the fields begin with: the choice made before."""
        if isinstance(choice, int):
            taker = self.takers.named(choice)
            if self.takers.are_typed and taker:
                self.initial[name], self.initial[typed_name(name)] = ENTERED, taker.name_and_mpn
            else:
                self.initial[name] = str(taker.microsoft_id) if taker else ""
        else:
            self.initial[name] = choice or ""

    def _initial(self, relation: Relation, region: str) -> Choice | None:
        before = self.choices.of(relation, region)
        # What most want; who is to manage a customer is nobody's guess.
        return before if before is not None or relation == Relation.MANAGING else MANAGER

    def _one_by_one(self, relation: Relation) -> list[Any]:
        """The way to exceptions, and away from them."""
        if len(self.consequences.rows(relation)) < 2:
            return []
        label = _("Choose one by one") if relation == Relation.MANAGING else _("Choose subscription by subscription")
        button = format_html(
            '<div class="field"><button type="submit" formaction="{}&amp;{}" class="btn btn-secondary btn-sm">{}'
            '<span class="visually-hidden"> – {}</span></button></div>',
            self.address,
            urlencode({"to": relation.value}),
            label,
            relation.label,
        )
        parts: list[Any] = [HTML(button)]
        if number := len(self.choices.by_row(relation)):
            text = ngettext(
                "Forget the choice of %(number)s that was chosen one by one",
                "Forget the choices of %(number)s that were chosen one by one",
                number,
            )
            self.fields[f"forget-{relation.value}"] = forms.BooleanField(
                label=text % {"number": number_text(number)}, required=False
            )
            parts.insert(0, f"forget-{relation.value}")
        return parts

    def _drafts(self) -> Fieldset:
        options = [
            (OWNER, _("Its owner chooses: Review asks for another reseller before Submit")),
            *self.takers.options(),
            (NOBODY, _("No reseller")),
        ]
        names = self._add(DRAFTS, _("Reseller of the drafts"), options)
        self._begin(DRAFTS, self.choices.drafts)
        number = len(self.consequences.drafts)
        text = ngettext("Open draft that names it (%(number)s)", "Open drafts that name it (%(number)s)", number)
        return Fieldset(text % {"number": number_text(number)}, *names)

    # --- what was answered ------------------------------------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        """Find the resellers that are meant, and refuse those that cannot take over."""
        super().clean()
        for relation in Relation:
            for region in self.consequences.regions(relation):
                held = [one for one in self.consequences.rows(relation) if one.region == region]
                self._resolve(field_name(relation, region), {one.country for one in held})
        self._resolve(DRAFTS, {draft.country for draft in self.consequences.drafts})
        if not self.errors:
            self._object_to_others()
        return self.cleaned_data

    def _resolve(self, name: str, countries: set[str]) -> None:
        """Put the key of the reseller in the place of what stands for it."""
        value = self.cleaned_data.get(name)
        if value is None or name not in self.fields:
            return
        typed = self.cleaned_data.get(typed_name(name), "")
        if value == ENTERED and not typed:
            self.add_error(typed_name(name), _("Enter the MPN ID or the name of the reseller."))
        elif value != ENTERED and typed:
            self.add_error(name, _("Choose “The reseller entered below”, or clear its MPN ID or name."))
        elif value not in (MANAGER, NOBODY, OWNER):
            self._take(name, value, typed, countries)

    def _take(self, name: str, value: str, typed: str, countries: set[str]) -> None:
        place = typed_name(name) if value == ENTERED else name
        try:
            key = find_taker(self.takers.queryset, typed).pk if value == ENTERED else self.takers.key_of(value)
        except ValidationError as error:
            self.add_error(place, error)
            return
        self.cleaned_data[name] = key
        for objection in objections(self.consequences.partnership, ((key, country) for country in countries)):
            self.add_error(place, objection.text)

    def _object_to_others(self) -> None:
        """Whoever takes over without being named: the manager of a customer, and those chosen one by one."""
        choices = self.chosen()
        takeover = resolved(choices, self.consequences)
        wanted = wanted_by(choices, takeover, self.consequences)
        for objection in objections(self.consequences.partnership, wanted):
            self.add_error(None, objection.text)

    def chosen(self) -> Choices:
        """The choices, with the exceptions made before; only after `is_valid()`."""
        for_all = {
            relation: {
                region: self.cleaned_data[field_name(relation, region)]
                for region in self.consequences.regions(relation)
            }
            for relation in Relation
            if self.consequences.rows(relation)
        }
        kept = {
            relation: rows
            for relation, rows in self.choices.exceptions.items()
            if not self.cleaned_data.get(f"forget-{relation.value}")
        }
        return Choices(for_all, kept, self.cleaned_data.get(DRAFTS, OWNER))

    def as_if_sent(self) -> dict[str, Any]:
        """What the fields begin with, as data: a form bound to it says what is missing."""
        return {name: self.initial.get(name, "") for name in self.fields}


def field_name(relation: Relation, region: str) -> str:
    """The name of the field for all of a kind in a region."""
    return f"{relation.value}-{region}"


def typed_name(name: str) -> str:
    """The name of the field beside, into which a reseller is typed."""
    return f"{name}-name"


LABELS = {
    Relation.MANAGING: gettext_lazy("New managing reseller"),
    Relation.OF_RECORD: gettext_lazy("New reseller of record"),
    Relation.SUPPORT: gettext_lazy("New designated support contact"),
}
LEGENDS = {
    Relation.MANAGING: lambda number: _("Customers it manages (%(number)s)") % {"number": number_text(number)},
    Relation.OF_RECORD: lambda number: (
        _("Subscriptions on which it is reseller of record (%(number)s)") % {"number": number_text(number)}
    ),
    Relation.SUPPORT: lambda number: (
        _("Subscriptions of which it is the support contact (%(number)s)") % {"number": number_text(number)}
    ),
}


class RowsForm(PortalForm):
    """For each of some rows who takes it over; empty is as for all."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        rows: Sequence[Held],
        relation: Relation,
        choices: Choices,
        takers: Takers,
        partnership: Partnership,
    ) -> None:
        super().__init__(data)
        self.rows, self.relation, self.takers, self.partnership = rows, relation, takers, partnership
        for held in rows:
            as_for_all = _("As for all: %(taker)s") % {
                "taker": choice_text(choices.of(relation, held.region), relation, takers)
            }
            name = row_name(held.key)
            self.fields[name] = self._field(held, as_for_all)
            self._dress(name, self.fields[name])
            self.initial[name] = self._value(choices.by_row(relation).get(held.key))

    def _field(self, held: Held, as_for_all: str) -> forms.Field:
        label = _("New reseller for %(name)s") % {"name": held.name}
        if self.takers.are_typed:
            widget = forms.TextInput(attrs={"placeholder": as_for_all})
            return forms.CharField(label=label, max_length=200, required=False, widget=widget)
        follow = [] if self.relation == Relation.MANAGING else [(MANAGER, _("Whoever manages the customer"))]
        options = [("", as_for_all), *follow, *self.takers.options(), (NOBODY, _("No reseller"))]
        return forms.ChoiceField(label=label, choices=options, required=False)

    def _value(self, choice: Choice | None) -> str:
        """A choice made before as the field says it."""
        if isinstance(choice, int):
            taker = self.takers.named(choice)
            if taker is None:
                return ""
            return taker.name_and_mpn if self.takers.are_typed else str(taker.microsoft_id)
        if choice == NOBODY and self.takers.are_typed:
            return _("none")
        return str(choice or "")

    def clean(self) -> dict[str, Any]:
        """Find the resellers that are meant, and refuse those that cannot take over."""
        super().clean()
        for held in self.rows:
            name = row_name(held.key)
            try:
                self.cleaned_data[name] = self._choice(self.cleaned_data.get(name) or "")
            except ValidationError as error:
                self.add_error(name, error)
        self._object()
        return self.cleaned_data

    def _object(self) -> None:
        """Say beside each row why its reseller cannot take it over; one look for each reseller and country."""
        found: dict[tuple[int, str], list[str]] = {}
        for held in self.rows:
            choice = self.cleaned_data.get(row_name(held.key))
            if isinstance(choice, int):
                pair = (choice, held.country)
                if pair not in found:
                    found[pair] = [objection.text for objection in objections(self.partnership, [pair])]
                for text in found[pair]:
                    self.add_error(row_name(held.key), text)

    def _choice(self, value: str) -> Choice | None:
        if not value or value in (MANAGER, NOBODY):
            return value or None
        if not self.takers.are_typed:
            return self.takers.key_of(value)
        if fold(value) in (NOBODY, fold(_("none"))):
            return NOBODY
        return find_taker(self.takers.queryset, value).pk

    def chosen(self) -> dict[int, Choice | None]:
        """The choice for each row, None where it is as for all; only after `is_valid()`."""
        return {held.key: self.cleaned_data[row_name(held.key)] for held in self.rows}


def row_name(key: int) -> str:
    """The name of the field of a row."""
    return f"row-{key}"


def choice_text(choice: Choice | None, relation: Relation, takers: Takers) -> str:
    """A choice in words."""
    if isinstance(choice, int):
        taker = takers.named(choice)
        return taker.legal_name if taker else "–"
    if choice == MANAGER:
        return _("whoever manages the customer")
    return wording.nobody_text(relation) if choice == NOBODY else "–"


class ConfirmForm(PortalForm):
    """Why it ends, and the name of the other company as proof that the right one is meant."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Both companies read it in the e-mail and on the page of the partnership."),
        widget=forms.Textarea(attrs={"rows": "3"}),
        max_length=500,
        required=False,
    )
    typed_name = forms.CharField(label="", max_length=400)

    def __init__(self, data: Mapping[str, Any] | None = None, *, company: Partner) -> None:
        self.company = company
        super().__init__(data)
        field = self.fields["typed_name"]
        field.label = _("Type the name of the company: %(name)s") % {"name": company.legal_name}
        field.help_text = _("Capital letters and accents do not matter.")
        field.error_messages["required"] = _("Type the name of the company, “%(name)s”.") % {"name": company.legal_name}

    def clean_typed_name(self) -> str:
        """The name as somebody types it who means this company."""
        typed: str = self.cleaned_data["typed_name"]
        if fold(typed) != fold(self.company.legal_name):
            text = _("This is not the name of the company. Type “%(name)s”.")
            raise ValidationError(text % {"name": self.company.legal_name}, code="wrong_name")
        return typed


def choose_address(partnership: Partnership, choices: Choices) -> str:
    """The page of the choices, with those made until now."""
    plan = urlencode({"plan": choices.token(partnership)})
    return f"{reverse('resellers:end_choose', args=[partnership.public_id])}?{plan}"
