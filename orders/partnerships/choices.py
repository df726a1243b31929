"""Who takes over what: choices for all of a kind in a region, exceptions by row, and both as words of an address."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from django.core import signing
from django.utils.translation import gettext as _

from core.exceptions import Refused
from core.html import number_text
from orders.partnerships.consequences import Consequences, Held, Relation
from resellers.models import Partnership

SALT = "orders.partnerships.choices"
# As many still fit into an address that every server takes: 4,094 characters for its first line.
MOST_EXCEPTIONS = 500

# A choice is the key of a reseller or one of these words.
NOBODY = "none"
MANAGER = "manager"  # whoever manages the customer from then on
OWNER = "owner"  # of a draft: its owner chooses, and Review asks for it
Choice = int | str


class TooManyExceptions(Refused):
    """More was chosen row by row than the choices can hold."""

    def __init__(self) -> None:
        text = _(
            "You can choose for %(number)s at most one by one. Choose the reseller that takes most of them for all, "
            "and only the others one by one."
        )
        super().__init__(text % {"number": number_text(MOST_EXCEPTIONS)})


class Missing(NamedTuple):
    """Something for which nobody was chosen yet."""

    relation: Relation
    region: str


@dataclass(frozen=True)
class Choices:
    """What a person chose on the way to the end of a partnership."""

    for_all: Mapping[Relation, Mapping[str, Choice]] = field(default_factory=dict)
    exceptions: Mapping[Relation, Mapping[int, Choice]] = field(default_factory=dict)
    drafts: Choice = OWNER

    def of(self, relation: Relation, region: str) -> Choice | None:
        """The choice for everything of this kind in the region, if there is one."""
        return self.for_all.get(relation, {}).get(region)

    def by_row(self, relation: Relation) -> Mapping[int, Choice]:
        """The exceptions of this kind."""
        return self.exceptions.get(relation, {})

    def with_exceptions(self, relation: Relation, changed: Mapping[int, Choice | None]) -> "Choices":
        """The same with some exceptions more, others, or fewer (None); raises TooManyExceptions."""
        merged = {**self.by_row(relation), **changed}
        kept = {key: choice for key, choice in merged.items() if choice is not None}
        choices = replace(self, exceptions={**self.exceptions, relation: kept})
        if sum(len(rows) for rows in choices.exceptions.values()) > MOST_EXCEPTIONS:
            raise TooManyExceptions
        return choices

    # --- as one parameter of an address -----------------------------------------------------------------------------
    def token(self, partnership: Partnership) -> str:
        """The choices, signed and packed, for the pages of this partnership."""
        content = {
            "all": {relation.value: dict(regions) for relation, regions in self.for_all.items()},
            "rows": {relation.value: _packed(rows) for relation, rows in self.exceptions.items() if rows},
            "drafts": self.drafts,
        }
        return _signer(partnership).sign_object(content, compress=True)

    @classmethod
    def read(cls, token: str, partnership: Partnership) -> "Choices":
        """The choices of a token of ours; no choices if it is none."""
        try:
            content = _signer(partnership).unsign_object(token)
        except (signing.BadSignature, ValueError):
            return cls()
        return cls(
            for_all={Relation(name): regions for name, regions in content["all"].items()},
            exceptions={Relation(name): _unpacked(rows) for name, rows in content["rows"].items()},
            drafts=content["drafts"],
        )


def _signer(partnership: Partnership) -> signing.Signer:
    return signing.Signer(salt=f"{SALT}.{partnership.public_id}")


def _packed(rows: Mapping[int, Choice]) -> list[list[Any]]:
    """[choice, first key, steps to the next keys …] for each choice: small numbers pack well."""
    found: dict[Choice, list[int]] = {}
    for key, choice in sorted(rows.items()):
        found.setdefault(choice, []).append(key)
    return [[choice, *steps(keys)] for choice, keys in found.items()]


def _unpacked(packed: list[list[Any]]) -> dict[int, Choice]:
    return {key: choice for choice, *rest in packed for key in accumulate(rest)}


def steps(keys: list[int]) -> list[int]:
    """Ascending numbers as the first of them and the steps between them."""
    return [*keys[:1], *(after - before for before, after in pairwise(keys))]


# --- what the choices mean for what there is --------------------------------------------------------------------------
@dataclass
class Takeover:
    """For each row of each relation the key of the reseller that takes it over, or None for nobody."""

    to: dict[Relation, dict[int, int | None]]
    missing: list[Missing]

    def counts(self) -> dict[Relation, Counter[int | None]]:
        """How much of each kind goes to whom; None is nobody."""
        return {relation: Counter(rows.values()) for relation, rows in self.to.items() if rows}

    def resellers(self) -> set[int]:
        """Everybody who takes over something."""
        return {key for rows in self.to.values() for key in rows.values() if key is not None}


def resolved(choices: Choices, consequences: Consequences) -> Takeover:
    """What the choices come to, row by row."""
    takeover = Takeover(to={}, missing=[])
    managers: dict[int, int | None] = {}
    for relation in Relation:
        rows: dict[int, int | None] = {}
        missing: set[str] = set()
        for held in consequences.rows(relation):
            choice = choices.by_row(relation).get(held.key, choices.of(relation, held.region))
            if choice is None:
                missing.add(held.region)
            else:
                rows[held.key] = _taker(choice, held, managers)
                if relation == Relation.MANAGING:
                    managers[held.customer] = rows[held.key]
        takeover.to[relation] = rows
        takeover.missing += [Missing(relation, region) for region in sorted(missing)]
    return takeover


def let_go(consequences: Consequences) -> Takeover:
    """Everything goes to nobody."""
    return Takeover(
        to={relation: {held.key: None for held in consequences.rows(relation)} for relation in Relation}, missing=[]
    )


def _taker(choice: Choice, held: Held, managers: Mapping[int, int | None]) -> int | None:
    """The reseller that is meant; a customer that another one manages stays with that one."""
    if choice == MANAGER:
        return managers.get(held.customer) if held.customer in managers else held.manager
    return choice if isinstance(choice, int) else None
