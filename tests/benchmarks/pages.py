"""What pages cost: lists, their filters, searches and far pages, and the pages of one thing (P1 to P6, P11)."""

import re
import zlib
from collections.abc import Iterator
from html import unescape

from django.urls import reverse

from accounts.models import Partner
from tests.benchmarks.ground import FIRST_RESELLER, RARE, Ground
from tests.benchmarks.measure import Result, Visitor, at_most, benchmark, side_by_side

OPENS = re.compile(r'id="row-([^"]+)"')
NEXT = re.compile(r'<a rel="next" href="([^"]*)"')


def flat(goal_id: str, what: str, path: str, ground: Ground, limit: float) -> Iterator[Result]:
    """A list against the constant page, and against the same list of a provider with a thousand rows."""
    [cost] = ground.large.in_k(path)
    yield at_most(goal_id, what, cost, limit)
    large, small = side_by_side(lambda: ground.large.get(path), lambda: ground.small.get(path))
    yield at_most(goal_id, f"{what}, against its time at 1 k", large / small, 1.15, "×")


def opened(goal_id: str, what: str, path: str, visitor: Visitor, limit: float) -> Result:
    """What a press on the down arrow of the first row costs, which fetches what the row opens."""
    found = OPENS.search(visitor.get(path).decode())
    assert found
    [cost] = visitor.in_k(f"{path}?row={found[1]}")
    return at_most(goal_id, f"{what}, a row opened", cost, limit)


def each(
    goal_id: str, what: str, base: str, queries: dict[str, str], visitor: Visitor, limit: float
) -> Iterator[Result]:
    """The same list with other parameters."""
    costs = visitor.in_k(*[f"{base}?{query}" for query in queries.values()])
    for name, cost in zip(queries, costs, strict=True):
        yield at_most(goal_id, f"{what}, {name}", cost, limit)


def far_page(visitor: Visitor, path: str, steps: int) -> str:
    """The address so many pages forward, found as a person finds it."""
    for _ in range(steps):
        found = NEXT.search(visitor.get(path).decode())
        if not found:
            return path
        query = unescape(found[1])
        path = query if query.startswith("/") else path.partition("?")[0] + query
    return path


def thousandth(what: str, path: str, ground: Ground) -> Iterator[Result]:
    """The thousandth page forward, or the last one before it, against the first."""
    far = far_page(ground.large, f"{path}?per_page=25", 1000)
    near, distant = side_by_side(lambda: ground.large.get(path), lambda: ground.large.get(far))
    yield at_most("P5", f"{what}, the thousandth page", distant / near, 1.1, "×")


@benchmark
def resellers_list(ground: Ground) -> Iterator[Result]:
    """The Indirect resellers list."""
    path = reverse("resellers:list")
    yield from flat("P2", "Indirect resellers", path, ground, 5)
    yield opened("P2", "Indirect resellers", path, ground.large, 5)
    sorts = {f"by {key}": f"sort={key}" for key in ("reseller", "-reseller", "country", "since", "status")}
    filters = {
        "one country": "country=US",
        "another country": "country=elsewhere",
        "without customers": "customers=none",
        "with customers": "customers=some",
        "refused today": "today=refused",
        "one country by name": "country=US&sort=reseller",
    }
    yield from each("P3", "Indirect resellers", path, sorts | filters, ground.large, 7)
    searches = {"rare term": f"q={RARE}", "common term": "q=services", "no hit": "q=xyzzyx"}
    yield from each("P4", "Indirect resellers", path, searches, ground.large, 20)
    far = far_page(ground.large, f"{path}?per_page=25", 300)
    near, distant = side_by_side(lambda: ground.large.get(path), lambda: ground.large.get(far))
    yield at_most("P5", "Indirect resellers, 300 pages on", distant / near, 1.1, "×")


def busy_reseller(ground: Ground) -> Partner:
    """The one that has every fiftieth customer."""
    return Partner.objects.get(legal_name=FIRST_RESELLER, partnerships_as_reseller__provider=ground.world.ours.provider)


@benchmark
def customers_list(ground: Ground) -> Iterator[Result]:
    """The Customers list."""
    path = reverse("customers:list")
    yield from flat("P1", "Customers", path, ground, 5)
    yield opened("P1", "Customers", path, ground.large, 5)
    sorts = {f"by {key}": f"sort={key}" for key in ("company_name", "-company_name", "changed", "-changed")}
    filters = {
        "of a reseller": f"reseller={busy_reseller(ground).microsoft_id}",
        "of a reseller, by name": f"reseller={busy_reseller(ground).microsoft_id}&sort=company_name",
        "without a reseller": "reseller=none",
        "without agreement": "agreement=none",
        "country and status": "country=BR&status=under_review",
        "country and status, by name": "country=BR&status=under_review&sort=company_name",
    }
    yield from each("P3", "Customers", path, sorts | filters, ground.large, 7)
    subscription = ground.world.ours.subscription.subscription_id
    searches = {
        "rare term": f"q={RARE}",
        "common term": "q=bakery",
        "two words": "q=bakery+alpine",
        "no hit": "q=xyzzyx",
        "a subscription ID": f"q={subscription}",
    }
    yield from each("P4", "Customers", path, searches, ground.large, 20)
    yield from thousandth("Customers", path, ground)


@benchmark
def orders_list(ground: Ground) -> Iterator[Result]:
    """The Orders list."""
    path = reverse("orders:list")
    yield from flat("P2", "Orders", path, ground, 5)
    reseller = busy_reseller(ground).microsoft_id
    filters = {
        "oldest first": "sort=placed",
        "of a reseller": f"reseller={reseller}",
        "direct ones": "reseller=none",
        "pending": "status=pending",
        "of a month": "since=2026-03-01&until=2026-03-31",
        "of a reseller and a status": f"reseller={reseller}&status=completed",
    }
    yield from each("P3", "Orders", path, filters, ground.large, 7)
    searches = {"number": "q=2026-1077", "rare term": f"q={RARE}", "common term": "q=bakery", "no hit": "q=xyzzyx"}
    yield from each("P4", "Orders", path, searches, ground.large, 20)
    yield from thousandth("Orders", path, ground)


@benchmark
def subscriptions_list(ground: Ground) -> Iterator[Result]:
    """The list of subscriptions across all customers."""
    path = reverse("subscriptions:all")
    yield from flat("P2", "Subscriptions", path, ground, 5)
    reseller = busy_reseller(ground).microsoft_id
    queries = {
        "by the end of the term": "sort=ends",
        "by the end of the term, last first": "sort=-ends",
        "renewing": "term=renews",
        "that can be canceled": "term=cancelable",
        "trials": "kind=trial",
        "suspended": "status=suspended",
        "deleted too": "status=all",
        "of a reseller": f"reseller={reseller}",
        "without a reseller": "reseller=none",
        "of ended partnerships": "reseller=ended",
    }
    yield from each("P3", "Subscriptions", path, queries, ground.large, 7)
    searches = {"rare term": f"q={RARE}", "common term": "q=bakery", "offer": "q=business", "no hit": "q=xyzzyx"}
    yield from each("P4", "Subscriptions", path, searches, ground.large, 20)
    yield from thousandth("Subscriptions", path, ground)


@benchmark
def single_pages(ground: Ground) -> Iterator[Result]:
    """Home and the pages of one thing."""
    ours = ground.world.ours
    names = (
        "detail",
        "detail_customers",
        "detail_subscriptions",
        "detail_incentives",
        "detail_access",
        "detail_activity",
    )
    busy = ours.provider.partnerships_as_provider.exclude(pk=ours.partnership.pk).earliest("pk")
    pages = {
        "Home": reverse("home"),
        "Customer, subscriptions": ours.customer.get_absolute_url(),
        "Customer, account": reverse("customers:detail", args=[ours.customer.microsoft_id]),
        "Subscription": ours.subscription.get_absolute_url(),
        "Order": reverse("orders:detail", args=[ours.order.public_id]),
    }
    pages |= {f"Reseller, {name}": reverse(f"resellers:{name}", args=[busy.public_id]) for name in names}
    costs = ground.large.in_k(*pages.values())
    for (name, path), cost in zip(pages.items(), costs, strict=True):
        queries = ground.large.queries(path)
        result = at_most("P6", name, cost, 8, note=f"{queries} queries")
        yield Result("P6", name, "≤ 8 K, 12 queries", result.measured, result.reached and queries <= 12)


@benchmark
def weight(ground: Ground) -> Iterator[Result]:
    """How heavy the HTML of a list is, compressed as servers do it."""
    for name in ("resellers:list", "customers:list", "orders:list", "subscriptions:all"):
        page = ground.large.get(reverse(name))
        size = len(zlib.compress(page, 6)) / 1024
        yield at_most("P11", f"HTML of {name}, compressed", size, 5, "kB", f"{len(page) / 1024:.0f} kB plain")
