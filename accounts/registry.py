"""What the apps above this one add to it: they register when they are ready, and this app knows none of them."""

from collections.abc import Callable

from accounts.access import Actor
from accounts.models import Partner

# Called with the company and who decided, in the transaction of each decision about an enrolment.
enrolment_followers: list[Callable[[Partner, Actor], object]] = []
