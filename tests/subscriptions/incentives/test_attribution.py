"""Attribution: the three relations side by side, what is wrong first, and the way to its repair."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from core import clock
from resellers.models import Partnership
from resellers.readiness import obstacles
from subscriptions.incentives.attribution import attribute, attributed, problems
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.reading import checked, rows, words

PAGE = reverse("incentives:attribution")
# From the second request of a session on: who asks (session, person, memberships), the resellers to choose from; for
# each of the kinds and for the rows themselves who is known and who is ready; the kinds' numbers; count and rows;
# managers, resellers of record now and before, support contacts, active partnerships.
QUERIES = 16


@pytest.fixture
def desk(admin: Actor) -> Client:
    """An Admin agent of the provider, signed in."""
    client = Client()
    assert admin.user is not None
    client.force_login(admin.user)
    return client


def subscription(name: str, provider: Partner, by: Actor, **named: Partner | None) -> Subscription:
    """Of a customer of the same name, with the resellers that are named for it."""
    customer = CustomerFactory(provider=provider, managed_by=named.get("manager"), company_name=f"{name} Ltd.")
    made: Subscription = SubscriptionFactory(customer=customer, nickname=name)
    if record := named.get("record"):
        ResellerOfRecord.objects.create(subscription=made, reseller=record, mpn_id=record.mpn_id, set_by=by.user)
    if support := named.get("support"):
        SupportContact.objects.create(subscription=made, reseller=support, set_by=by.user)
    return made


@pytest.fixture
def cast(provider: Partner, reseller: Partner, admin: Actor) -> dict[str, Subscription]:
    """One of each kind, one that is fine, one that is sold directly, one that is over, and a stranger's."""
    other = PartnerFactory(reseller=True, legal_name="Othersoft", mpn_id="0077777")
    PartnershipFactory(provider=provider, reseller=other)
    suspended = PartnerFactory(reseller=True, suspended=True, legal_name="Wide World")
    PartnershipFactory(provider=provider, reseller=suspended)
    left = PartnerFactory(reseller=True, legal_name="Ended Partner")
    PartnershipFactory(provider=provider, reseller=left, began_at=clock.now() - timedelta(days=9), ended_at=clock.now())
    stranger = PartnerFactory(legal_name="Tailwind")
    PartnershipFactory(provider=stranger, reseller=other)
    named: dict[str, dict[str, Any]] = {
        "fine": {"manager": reseller, "record": reseller, "support": reseller},
        "direct": {},
        "gap": {"manager": reseller},
        "mismatch": {"manager": reseller, "record": other},
        "unmanaged": {"record": other},
        "answers": {"manager": reseller, "record": reseller, "support": other},
        "refused": {"manager": suspended, "record": suspended},
        "left": {"manager": reseller, "record": left},
    }
    made = {name: subscription(name, provider, admin, **values) for name, values in named.items()}
    made["over"] = subscription("over", provider, admin, manager=reseller)
    Subscription.objects.filter(pk=made["over"].pk).update(status="disabled")
    subscription("secret", stranger, admin, manager=other, record=None)
    return made


def listed(client: Client, query: str = "") -> list[str]:
    return sorted(row[0].split()[0] for row in rows(checked(client.get(f"{PAGE}{query}"))))


def test_what_is_wrong_is_listed_unless_something_else_is_asked_for(desk: Client, cast: Any) -> None:
    assert listed(desk) == ["answers", "gap", "left", "mismatch", "refused", "unmanaged"]
    assert listed(desk, "?problem=gap") == ["gap"]
    assert listed(desk, "?problem=mismatch") == ["answers", "left", "mismatch", "unmanaged"]
    assert listed(desk, "?problem=refused") == ["left", "refused"]
    assert listed(desk, "?problem=direct") == ["direct"]
    assert listed(desk, "?problem=all") == sorted(cast.keys() - {"over"})


def test_the_page_is_told_from_the_others_of_its_section_by_its_title(desk: Client, cast: Any) -> None:
    page = words(desk.get(PAGE))
    assert "<title>Attribution" in page
    assert '<p class="caption">Incentives</p> <h1>Attribution</h1>' in page


def test_month_and_reseller_stay_chosen_through_the_section(desk: Client, reseller: Partner) -> None:
    kept = f"month=2026-09&reseller={reseller.microsoft_id}"
    pages = [reverse(f"incentives:{name}") for name in ("list", "entries", "attribution")]
    for page in pages:
        shown = desk.get(f"{page}?{kept}&problem=gap&q=x&sort=name&after=abc")
        assert [tab["url"] for tab in shown.context["tabs"]] == [f"{one}?{kept}" for one in pages]
        assert [tab["url"] for tab in desk.get(page).context["tabs"]] == pages
    # The filters of the page that knows no month send it on, too.
    assert '<input type="hidden" name="month" value="2026-09">' in shown.content.decode()


def test_the_three_relations_stand_side_by_side_with_what_is_wrong(desk: Client, cast: Any) -> None:
    (row,) = rows(desk.get(f"{PAGE}?q=mismatch"))
    assert row[:4] == ["mismatch mismatch Ltd.", "Fabrikam", "Othersoft MPN ID 0077777", "Northwind"]
    assert row[4] == (
        "Do not fit together Othersoft earns, and does not manage the customer. Change reseller of record mismatch"
    )
    (row,) = rows(desk.get(f"{PAGE}?problem=refused&q=refused"))
    assert row[4] == (
        "Would be refused today The enrolment of Wide World is not active: Suspended. "
        "Change reseller of record refused Change managing reseller refused"
    )


def test_a_reseller_that_was_removed_is_told_from_none(desk: Client, cast: Any) -> None:
    for year in (2025, 2026):
        begin = datetime(year, 1, 1, tzinfo=UTC)
        ResellerOfRecord.objects.create(
            subscription=cast["gap"],
            reseller=PartnerFactory(reseller=True, legal_name=f"Former {year}"),
            mpn_id="1",
            begins_at=begin,
            ends_at=begin + timedelta(days=30, hours=12),
            set_by=cast["gap"].customer.created_by,
        )
    (row,) = rows(desk.get(f"{PAGE}?q=gap"))
    assert row[2].endswith("No reseller Former 2026 until 31 Jan 2026")
    (row,) = rows(desk.get(f"{PAGE}?problem=direct&q=direct"))
    assert row[2].endswith("No reseller")


def test_each_row_leads_to_its_repair(desk: Client, cast: Any) -> None:
    page = words(desk.get(PAGE))
    assert f'href="{cast["gap"].get_absolute_url()}#reseller-of-record"' in page
    assert f'href="{cast["answers"].get_absolute_url()}#support-contact"' in page
    account = reverse("customers:detail", args=[cast["refused"].customer.microsoft_id])
    assert f'href="{account}"' in page
    details = words(desk.get(cast["answers"].get_absolute_url()))
    assert 'id="reseller-of-record"' in details
    assert 'id="support-contact"' in details


def test_the_rows_of_a_page_are_changed_together(desk: Client, cast: Any) -> None:
    response = desk.get(f"{PAGE}?problem=mismatch")
    assert "Change these 4 together" in words(response)
    page = words(checked(desk.get(response.context["bulk_url"])))
    assert [name in page for name in ("answers", "left", "mismatch", "unmanaged")] == [True] * 4
    assert "Change these" not in words(desk.get(f"{PAGE}?q=nobody"))


def test_the_kinds_are_counted(desk: Client, cast: Any) -> None:
    kinds = desk.get(PAGE).context["kinds"]
    assert [(name, count) for name, _kind, _label, count in kinds] == [("refused", 2), ("gap", 1), ("mismatch", 4)]


def test_a_reseller_is_found_whatever_it_is(desk: Client, cast: Any) -> None:
    other = Partner.objects.get(legal_name="Othersoft")
    assert listed(desk, f"?problem=all&reseller={other.microsoft_id}") == ["answers", "mismatch", "unmanaged"]


def test_where_nothing_is_wrong_all_can_still_be_shown(desk: Client, provider: Partner, admin: Actor) -> None:
    subscription("direct", provider, admin)
    page = words(checked(desk.get(PAGE)))
    assert "Everything fits together" in page
    assert 'href="?problem=all"' in page
    assert listed(desk, "?problem=all") == ["direct"]


def test_nothing_of_another_provider(desk: Client, cast: Any) -> None:
    assert "secret" not in words(desk.get(f"{PAGE}?problem=all"))


@pytest.mark.parametrize("country", ["US", "BR", "PT", "SE", "AR"])
@pytest.mark.parametrize("further", [[], ["europe"], ["brazil", "latin_america"]])
def test_the_database_refuses_whom_the_gate_refuses(
    provider: Partner, admin: Actor, country: str, further: list[str]
) -> None:
    """The same answer for each row, in SQL and in sentences, for every way in which a reseller can be unready."""
    Partner.objects.filter(pk=provider.pk).update(further_regions=["europe"])
    provider.refresh_from_db()
    kinds: list[dict[str, Any]] = [
        {},
        {"suspended": True},
        {"pending": True},
        {"mpn_id": ""},
        {"agreement_accepted_on": None},
        {"country": "BR"},
        {"country": "DE"},
    ]
    for number, values in enumerate(kinds):
        company = PartnerFactory(reseller=True, further_regions=further, **values)
        PartnershipFactory(provider=provider, reseller=company)
        made = subscription(f"one {number}", provider, admin, record=company)
        type(made.customer).objects.filter(pk=made.customer_id).update(country=country)
    left = PartnerFactory(reseller=True, further_regions=further)
    PartnershipFactory(provider=provider, reseller=left, began_at=clock.now() - timedelta(days=9), ended_at=clock.now())
    subscription("left", provider, admin, record=left)
    rows_ = list(attributed(admin).select_related("customer", "provider"))
    attribute(rows_, provider)
    refused = set(attributed(admin).filter(problems(provider)["refused"]).values_list("pk", flat=True))
    assert refused == {row.pk for row in rows_ if "refused" in row.attribution.kinds}
    for row in rows_:
        found = obstacles(provider, row.attribution.record.reseller, customer_country=row.customer.country_code)
        assert bool(found) == (row.pk in refused)
    assert Partnership.objects.count() == len(kinds) + 1


def test_sentences_and_filters_agree(admin: Actor, provider: Partner, cast: Any) -> None:
    rows_ = list(attributed(admin).select_related("customer", "provider"))
    attribute(rows_, provider)
    for name, condition in problems(provider).items():
        found = set(attributed(admin).filter(condition).values_list("pk", flat=True))
        assert found == {row.pk for row in rows_ if name in row.attribution.kinds}, name


@pytest.mark.parametrize("role", [Role.HELPDESK_AGENT])
def test_who_does_not_name_resellers_is_refused(provider: Partner, reseller: Partner, role: Role) -> None:
    for actor in (actor_of(provider, role), actor_of(reseller)):
        client = Client()
        assert actor.user is not None
        client.force_login(actor.user)
        assert client.get(PAGE).status_code == 403


def test_three_rows_take_as_many_queries_as_one(
    desk: Client, provider: Partner, reseller: Partner, admin: Actor, django_assert_num_queries: Any
) -> None:
    subscription("first", provider, admin, manager=reseller)
    desk.get(PAGE)
    with django_assert_num_queries(QUERIES):
        desk.get(PAGE)
    subscription("second", provider, admin, manager=reseller)
    subscription("third", provider, admin, record=reseller)
    with django_assert_num_queries(QUERIES):
        assert len(rows(desk.get(PAGE))) == 3
