"""The list of the reseller's side."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from core import clock
from resellers.models import PartnershipRequest
from tests.factories import PartnerFactory, PartnershipFactory
from tests.resellers.conftest import actor_of, signed_in
from tests.resellers.pages import checked, names, rows, words

State = PartnershipRequest.State
# What a list costs from the second request of a session on: who asks (session, person, memberships), count, rows.
QUERIES = {"providers": 5}
PROVIDERS = reverse("resellers:providers")


@pytest.fixture
def partners(northwind, tailwind):
    """Northwind's two resellers, one that has ended, and one of another provider."""
    now = clock.now()
    make = PartnerFactory
    return [
        PartnershipFactory(
            provider=northwind,
            reseller=make(reseller=True, legal_name="São Paulo Nuvem", mpn_id="0012345", country="BR"),
            began_at=now - timedelta(days=2),
        ),
        PartnershipFactory(
            provider=northwind,
            reseller=make(reseller=True, legal_name="Fabrikam Services", contact_email="info@fabrikam.example"),
            began_at=now - timedelta(days=1),
        ),
        PartnershipFactory(
            provider=northwind,
            reseller=make(reseller=True, legal_name="Ended Partner", country="FR"),
            began_at=now - timedelta(days=9),
            ended_at=now,
        ),
        PartnershipFactory(
            provider=tailwind.partner, reseller=make(reseller=True, legal_name="Secret Partner", country="DE")
        ),
    ]


# --- Indirect providers -----------------------------------------------------------------------------------------------
def test_a_reseller_sees_its_providers(riley, northwind, partners):
    ours = PartnershipFactory(provider=northwind, reseller=riley.partner)
    response = checked(signed_in(riley).get(PROVIDERS))
    (row,) = rows(response)
    assert row[:2] == ["Northwind Distribution", "United States of America"]
    assert row[3].startswith("Add customers and submit orders on your behalf")
    assert row[4] == "View customers Northwind Distribution"
    assert f'href="{reverse("customers:list")}?provider={ours.provider.microsoft_id}"' in response.content.decode()
    assert "Tailwind" not in words(response)


def test_every_role_of_a_reseller_sees_its_providers(fabrikam, northwind):
    PartnershipFactory(provider=northwind, reseller=fabrikam)
    for number, role in enumerate(Role):
        actor = actor_of(fabrikam, f"p{number}@fabrikam.example", role)
        assert names(signed_in(actor).get(PROVIDERS)) == ["Northwind Distribution"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_providers_cost_the_same_with_more_rows(riley, django_assert_num_queries, count):
    PartnershipFactory.create_batch(count, reseller=riley.partner)
    desk = signed_in(riley)
    desk.get(PROVIDERS)
    with django_assert_num_queries(QUERIES["providers"]):
        assert len(rows(desk.get(PROVIDERS))) == count


def test_no_providers_yet(riley):
    assert "No providers yet" in words(checked(signed_in(riley).get(PROVIDERS)))
