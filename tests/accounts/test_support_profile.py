"""What customers see of a company's support, and who may change it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Partner, ProviderProfile, SupportProfile
from accounts.roles import Role
from accounts.services.support import RELATED, Support, change_support_profile, support_of
from activity.models import ActivityRecord
from core import clock
from core.exceptions import NotPermitted
from tests.customers.conftest import actor_of
from tests.factories import PartnerFactory
from tests.faults import fail_at_each_statement
from tests.reading import checked, words

URL = "/support-profile/"
ENTERED = {"email": "Help@Fabrikam.example", "phone": "(206) 555-0142", "website": "help.fabrikam.example"}
KEPT = Support("help@fabrikam.example", "+12065550142", "https://help.fabrikam.example")


@pytest.fixture
def company(db: None) -> Partner:
    return PartnerFactory(reseller=True, contact_email="hello@fabrikam.example", contact_phone="+12065550100")


@pytest.fixture
def window(company: Partner) -> Client:
    client = Client()
    client.force_login(actor_of(company, Role.ADMIN_AGENT).user)
    return client


def test_what_is_entered_is_what_customers_see(company: Partner, window: Client) -> None:
    page = checked(window.get(URL))
    assert "customers see your company’s contact" in words(page)
    assert 'value="hello@fabrikam.example"' in page.content.decode()
    assert window.post(URL, ENTERED, follow=True).status_code == 200
    assert support_of(Partner.objects.get(pk=company.pk)) == KEPT
    record = ActivityRecord.objects.about(company).get(action="partner.support_profile_changed")
    assert record.changes["email"] == [None, "help@fabrikam.example"]
    again = checked(window.get(URL))
    assert "customers see your company’s contact" not in words(again)
    window.post(URL, ENTERED)
    assert ActivityRecord.objects.about(company).filter(action="partner.support_profile_changed").count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"phone": ""}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"website": "javascript:alert(1)"}, "website"),
    ],
)
def test_what_nobody_could_reach_is_refused(window: Client, wrong: dict[str, str], field: str) -> None:
    page = checked(window.post(URL, {**ENTERED, **wrong}))
    assert list(page.context["form"].errors) == [field]
    assert not SupportProfile.objects.exists()


def test_who_entered_nothing_is_reached_as_far_as_is_known(
    company: Partner, django_assert_num_queries: Callable
) -> None:
    provider = PartnerFactory(contact_email="office@northwind.example", contact_phone="")
    assert support_of(company) == Support("hello@fabrikam.example", "+12065550100")
    profile = ProviderProfile.objects.create(partner=provider, website="https://northwind.example")
    assert support_of(provider) == Support("office@northwind.example", "")
    profile.published_at = clock.now()
    profile.save()
    fresh = Partner.objects.select_related(*RELATED).get(pk=provider.pk)
    with django_assert_num_queries(0):
        assert support_of(fresh) == Support("office@northwind.example", "", "https://northwind.example")


@pytest.mark.parametrize("role", [Role.SALES_AGENT, Role.HELPDESK_AGENT])
def test_others_may_not_change_it(company: Partner, role: Role, signed_in: Callable[..., Client]) -> None:
    actor = actor_of(company, role)
    assert signed_in(actor.user).post(URL, ENTERED).status_code == 403
    with pytest.raises(NotPermitted):
        change_support_profile(support=KEPT, by=actor)
    assert not SupportProfile.objects.exists()


def test_nothing_is_kept_when_it_cannot_be_recorded(company: Partner) -> None:
    actor = actor_of(company)

    def check() -> None:
        assert not SupportProfile.objects.exists()

    fail_at_each_statement(lambda: change_support_profile(support=KEPT, by=actor), check)
    assert SupportProfile.objects.count() == 1


@pytest.fixture
def signed_in() -> Callable[..., Client]:
    """A window of its own for each person."""

    def open_browser(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return open_browser
