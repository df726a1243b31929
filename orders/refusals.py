"""Why a draft is not changed or not submitted, as its pages tell it."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from core.exceptions import InvalidTransition, Refused
from orders.checks import Problem
from orders.reviewed import Difference


class DraftCanceled(InvalidTransition):
    """The draft was canceled: nothing more happens to it."""


class EditedMeanwhile(InvalidTransition):
    """The draft is no longer the one that was opened: another tab, or who had it before, changed it first."""


class NotReady(Refused):
    """The draft cannot be submitted; `problems` says what to repair and on which step."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = list(problems)


class SomethingChanged(Refused):
    """The draft is no longer what its Review page showed; `differences` says what changed, as far as it is known."""

    def __init__(self, found: Sequence[Difference]) -> None:
        super().__init__(_("Something changed since you reviewed the order."))
        self.differences = list(found)


class OffersRefused(Refused):
    """Chosen offers cannot be kept; `errors` says for each price row why."""

    def __init__(self, errors: Mapping[int, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)
