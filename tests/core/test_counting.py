"""Counts go no further than anybody reads, and what is more is not counted twice in a minute."""

from collections.abc import Callable

import pytest

from accounts.models import Partner
from core import counting
from core.counting import count_up_to
from core.paging import KeysetPaginator, Sort
from tests.core.test_lists import make_companies

pytestmark = pytest.mark.django_db


def test_several_are_counted_in_one_query(django_assert_num_queries: Callable) -> None:
    make_companies(5)
    partners = Partner.objects.all()
    with django_assert_num_queries(1):
        found = count_up_to(4, partners, partners.filter(city="Recife"), partners.none(), partners.filter(pk__in=[]))
    assert found == [4, 2, 0, 0]
    with django_assert_num_queries(0):
        assert count_up_to(4) == []
        assert count_up_to(4, partners.none()) == [0]


def test_only_what_reached_the_cap_is_remembered(django_assert_num_queries: Callable) -> None:
    make_companies(5)
    partners = Partner.objects.all()
    some = partners.exclude(city="Recife")
    assert count_up_to(4, partners, some) == [4, 3]
    with django_assert_num_queries(0):
        assert count_up_to(4, partners.order_by("city")) == [4]
    partners.filter(mpn_id="1001").update(city="Olinda")
    with django_assert_num_queries(1):
        assert count_up_to(4, some, partners) == [4, 4]


def test_another_cap_or_another_value_is_another_count() -> None:
    make_companies(6)
    partners = Partner.objects.all()
    assert count_up_to(2, partners.filter(city="Recife")) == [2]
    assert count_up_to(3, partners.filter(city="Recife")) == [2]
    Partner.objects.filter(city="Curitiba").first().delete()
    assert count_up_to(2, partners.filter(city="Curitiba")) == [1]


def test_after_a_minute_it_is_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, now = make_companies(3), [1000.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: now[0])
    partners = Partner.objects.all()
    assert count_up_to(2, partners) == [2]
    rows[0].delete()
    rows[1].delete()
    now[0] += counting.REMEMBERED - 1
    assert count_up_to(2, partners) == [2]
    now[0] += 2
    assert count_up_to(2, partners) == [1]


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    make_companies(3)
    monkeypatch.setattr(counting, "MOST_REMEMBERED", 2)
    for number in range(5):
        count_up_to(1, Partner.objects.filter(pk__gte=-number))
    assert 1 <= len(counting._too_many_until) <= 2


def test_a_page_that_shows_all_says_how_many_there_are() -> None:
    rows = make_companies(6)
    paginator = KeysetPaginator(Partner.objects.all(), Sort("pk"), descending=False, per_page=3, cap=4)
    assert (paginator.page().count, paginator.page().capped) == (4, True)
    for row in rows[2:]:
        row.delete()
    page = paginator.page()
    assert (page.count, page.capped, page.next) == (2, False, "")
    for row in rows[:2]:
        row.delete()
    assert (paginator.page().count, paginator.page().rows) == (0, [])
