"""The Export button of Indirect resellers: exactly what is filtered, as a file."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from resellers.models import Partnership
from subscriptions.models import ResellerOfRecord
from tests.contracts import header_faults
from tests.factories import CustomerFactory, PartnerFactory, PartnershipFactory, SubscriptionFactory
from tests.resellers.conftest import actor_of, signed_in

LIST, EXPORT = reverse("resellers:list"), reverse("resellers:export")


def read(response, separator: str = ",") -> list[list[str]]:
    """The lines of the file."""
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator))


@pytest.fixture
def partners(northwind, tailwind):
    """Three that last, one that is over, one of somebody else."""
    day = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
    make = PartnerFactory
    PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="=cmd|' /C calc'!A0", mpn_id="0012345"),
        began_at=day,
    )
    PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="São Paulo Nuvem; Ltda.", mpn_id="777", country="BR"),
        began_at=day - timedelta(days=1),
    )
    PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="Wide World", mpn_id="888", suspended=True),
        began_at=day - timedelta(days=2),
    )
    PartnershipFactory(
        provider=northwind,
        reseller=make(reseller=True, legal_name="Ended Partner", mpn_id="999"),
        began_at=day - timedelta(days=9),
        ended_at=day,
        ended_side="provider",
        ended_by=actor_of(northwind, "eve@northwind.example", name="+Eve").user,
    )
    PartnershipFactory(provider=tailwind.partner, reseller=make(reseller=True, legal_name="Secret Partner"))
    return list(Partnership.objects.filter(provider=northwind).select_related("reseller").order_by("-began_at"))


def test_the_file_holds_the_list(sender, northwind, partners):
    reseller = partners[0].reseller
    customer = CustomerFactory(provider=northwind, managed_by=reseller)
    subscription = SubscriptionFactory(customer=customer)
    ResellerOfRecord.objects.create(subscription=subscription, reseller=reseller, mpn_id="0012345", set_by=sender.user)
    response = signed_in(sender).post(EXPORT)
    assert header_faults(response) == []
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = response.headers["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename\*=UTF-8''Indirect%20resellers%20\d{4}-\d\d-\d\d\.csv", name)
    ids = [str(partnership.reseller.microsoft_id) for partnership in partners]
    country, other = "United States", "Brazil"
    refused = "The enrolment of Wide World is not active: Suspended."
    region = "São Paulo Nuvem; Ltda. is enrolled for Brazil, and your company for United States."
    assert read(response) == [
        [
            "Indirect reseller",
            "MPN ID",
            "Microsoft ID",
            "Country or region",
            "Customers",
            "Subscriptions",
            "Since",
            "Status",
            "Would be refused today",
        ],
        ["'=cmd|' /C calc'!A0", "0012345", ids[0], country, "1", "1", "2026-03-14", "Active", ""],
        ["São Paulo Nuvem; Ltda.", "777", ids[1], other, "0", "0", "2026-03-13", "Active", region],
        ["Wide World", "888", ids[2], country, "0", "0", "2026-03-12", "Suspended", refused],
    ]


@pytest.mark.parametrize(
    "query",
    [
        "q=nuvem",
        "q=00777",
        "country=elsewhere",
        "customers=some",
        "customers=none&sort=reseller",
        "today=refused&sort=-status",
        "today=possible",
        "sort=-country&per_page=100",
        "sort=nothing",
        "q=nobody",
    ],
)
def test_exactly_what_is_filtered_and_in_its_order(sender, northwind, partners, query):
    CustomerFactory(provider=northwind, managed_by=partners[0].reseller)
    desk = signed_in(sender)
    shown = desk.get(f"{LIST}?{query}").context["listing"].page.rows
    exported = read(desk.post(f"{EXPORT}?{query}"))[1:]
    assert [line[2] for line in exported] == [str(row.reseller.microsoft_id) for row in shown]


def test_the_button_carries_the_filters_and_not_the_place(sender, partners):
    page = signed_in(sender).get(f"{LIST}?q=a&sort=reseller&after=abc&open=x&new=y&tab=ended").content.decode()
    action = re.search(rf'<form method="post" action="({EXPORT}[^"]*)"', page)[1]
    assert action == f"{EXPORT}?q=a&amp;sort=reseller"
    ended = signed_in(sender).get(reverse("resellers:ended")).content.decode()
    assert f'action="{EXPORT}?tab=ended"' in ended


def test_the_place_in_the_list_cuts_nothing_off(sender, northwind):
    PartnershipFactory.create_batch(30, provider=northwind)
    desk = signed_in(sender)
    second = desk.get(desk.get(LIST).context["listing"].next_url)
    assert len(second.context["listing"].page.rows) == 5
    assert len(read(desk.post(f"{EXPORT}?{second.wsgi_request.GET.urlencode()}"))) == 31


def test_the_ended_say_when_and_by_whom(sender, partners):
    header, line = read(signed_in(sender).post(f"{EXPORT}?tab=ended"))
    assert header[-2:] == ["Ended", "Ended by"]
    assert (line[0], line[6], line[-2:]) == (
        "Ended Partner",
        "2026-03-05",
        ["2026-03-14", "Indirect provider: +Eve"],
    )


def test_brazilians_get_semicolons_and_their_own_words_and_days(sender, partners):
    type(sender.user).objects.filter(pk=sender.user.pk).update(language="pt-br", time_zone="Asia/Tokyo")
    lines = read(signed_in(sender).post(EXPORT), ";")
    assert lines[0][:3] == ["Revendedor indireto", "ID MPN", "ID da Microsoft"]
    assert [line[3] for line in lines[1:]] == ["Estados Unidos", "Brasil", "Estados Unidos"]
    assert lines[1][6] == "2026-03-15"
    assert {len(line) for line in lines} == {9}


def test_a_filter_that_is_not_understood_exports_nothing(sender, partners):
    response = signed_in(sender).post(f"{EXPORT}?country=DE&q=a")
    assert (response.status_code, response.url) == (302, f"{LIST}?country=DE&q=a")
    assert not ActivityRecord.objects.filter(action="resellers.exported").exists()


def test_the_export_is_recorded_without_what_was_in_it(sender, northwind, partners):
    desk = signed_in(sender)
    desk.post(f"{EXPORT}?q=fabrikam&country=elsewhere&sort=reseller&today=")
    desk.post(f"{EXPORT}?tab=ended")
    first, second = ActivityRecord.objects.filter(action="resellers.exported").order_by("pk")
    assert (first.actor_user_id, first.provider_id) == (sender.user.pk, northwind.microsoft_id)
    assert (first.changes, second.changes) == ({"tab": "active", "filters": 2}, {"tab": "ended", "filters": 0})


def test_who_may_export(sender, helpdesk, riley, tailwind, northwind, partners, client):
    sales = actor_of(northwind, "sam@northwind.example", Role.SALES_AGENT)
    for actor, status in {sender: 200, sales: 200, tailwind: 200, helpdesk: 403, riley: 403}.items():
        assert (signed_in(actor).post(EXPORT).status_code, actor) == (status, actor)
    assert [line[0] for line in read(signed_in(tailwind).post(EXPORT))[1:]] == ["Secret Partner"]
    assert client.post(EXPORT).status_code == 302
    assert signed_in(sender).get(EXPORT).status_code == 405


def test_a_long_file_asks_for_some_hundred_at_a_time(sender, northwind, django_assert_num_queries):
    resellers = PartnerFactory.build_batch(1_100, reseller=True)
    for number, reseller in enumerate(resellers):
        reseller.mpn_key = f"9{number}"
    Partner.objects.bulk_create(resellers)
    Partnership.objects.bulk_create(Partnership(provider=northwind, reseller=reseller) for reseller in resellers)
    response = signed_in(sender).post(EXPORT)
    # The rows, then their numbers for each five hundred.
    with django_assert_num_queries(1 + 3):
        assert len(read(response)) == 1_101
