"""Random walks over dated relations, after each step of which a column must say what the relations say."""

from collections.abc import Callable
from random import Random

from django.db import IntegrityError, connection, transaction

from accounts.access import Actor
from accounts.models import Partner
from core.exceptions import Refused
from tests.factories import PartnerFactory, PartnershipFactory


def three_resellers(provider: Partner, reseller: Partner) -> list[Partner]:
    """Three that are ready for business with the provider: one that is already, and two more."""
    others = [PartnerFactory(reseller=True, mpn_id=f"77{number}") for number in range(2)]
    for one in others:
        PartnershipFactory(provider=provider, reseller=one)
    return [reseller, *others]


def execute(sql: str, *parameters: object) -> None:
    """A statement that nobody's code has seen."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


class Walk:
    """Does one thing after another, by services and behind their back; `steps()` says which there are."""

    def __init__(self, seed: int, resellers: list[Partner], by: Actor) -> None:
        self.random, self.resellers, self.by = Random(seed), resellers, by
        self.done = {step.__name__: 0 for step in self.steps()}

    def steps(self) -> list[Callable[[], object]]:
        """What can be done."""
        raise NotImplementedError

    def take(self) -> None:
        """One step; what services or constraints refuse is no step."""
        step = self.random.choice(self.steps())
        try:
            with transaction.atomic():
                step()
                self.done[step.__name__] += 1
        except (Refused, IntegrityError, IndexError):
            pass

    def reseller(self) -> Partner:
        """One of them."""
        return self.random.choice(self.resellers)
