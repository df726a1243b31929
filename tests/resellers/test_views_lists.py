"""The lists of both sides."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from accounts.roles import Role
from core import clock
from core.html import date_text
from resellers.models import PartnershipRequest
from resellers.services import accept_request, decline_request, draft_request, revoke_request
from resellers.tokens import link_token
from tests.contracts import header_faults, html_faults
from tests.factories import PartnerFactory, PartnershipFactory, PartnershipRequestFactory
from tests.resellers.conftest import actor_of, make_draft, make_sent, signed_in

State = PartnershipRequest.State
# What a list costs from the second request of a session on: who asks (session, person, memberships), then count and
# rows; on Requested the number that waits, how the mails of the visible requests came, and who has accepted them.
QUERIES = {"requested": 8, "providers": 5}
RESELLERS, REQUESTED, PROVIDERS = (reverse(f"resellers:{name}") for name in ("list", "requested", "providers"))


def words(response) -> str:
    """The page without entities, with single spaces."""
    return " ".join(unescape(response.content.decode()).split())


def rows(response) -> list[list[str]]:
    """The cells of the table's body as text."""
    body = re.search(r"<tbody.*?</tbody>", response.content.decode().replace("<wbr>", ""), re.S)
    if body is None:
        return []
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in re.findall(r"<tr.*?</tr>", body[0], re.S)]
    return [[" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def names(response) -> list[str]:
    """The first cell of each row."""
    return [row[0] for row in rows(response)]


def checked(response):
    """The response, found to keep the promises of every page."""
    assert response.status_code == 200
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return response


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


# --- Requested --------------------------------------------------------------------------------------------------------
def test_the_requests_with_how_they_left_and_where_they_stand(sender, northwind, riley, tailwind):
    make_sent(tailwind, "theirs@contoso.example")
    draft_request(by=sender)
    make_draft(sender, "draft@fabrikam.example")
    shared = PartnershipRequestFactory(
        provider=northwind, created_by=sender.user, sent=True, recipient="", channel="clipboard"
    )
    declined = make_sent(sender, "declined@fabrikam.example")
    decline_request(request=declined, nonce=declined.nonce, by=riley)
    revoke_request(request=make_sent(sender, "revoked@fabrikam.example"), by=sender)
    expired = make_sent(sender, "expired@fabrikam.example")
    PartnershipRequest.objects.filter(pk=expired.pk).update(expires_at=clock.now())
    make_sent(sender, "open@fabrikam.example")
    accepted = make_sent(sender, "riley@fabrikam.example")
    accept_request(request=accepted, nonce=accepted.nonce, by=riley)
    response = checked(signed_in(sender).get(REQUESTED))
    listed = {row[0]: (row[1], row[4], row[5], row[6]) for row in rows(response)}
    waiting, sasha = "Waiting to be sent", "Sasha Berg"
    opened = f"{waiting} Opened by a person on {date_text(clock.now())}"
    assert listed == {
        "riley@fabrikam.example": (sasha, opened, "Accepted", "View riley@fabrikam.example"),
        "open@fabrikam.example": (
            sasha,
            waiting,
            "Awaiting reply",
            "Copy link open@fabrikam.example Resend open@fabrikam.example Extend open@fabrikam.example "
            "Revoke open@fabrikam.example",
        ),
        "expired@fabrikam.example": (sasha, waiting, "Expired", "Resend expired@fabrikam.example"),
        "revoked@fabrikam.example": (sasha, waiting, "Revoked", "View revoked@fabrikam.example"),
        "declined@fabrikam.example": (
            sasha,
            opened,
            "Declined",
            "Copy link declined@fabrikam.example Resend declined@fabrikam.example Revoke declined@fabrikam.example",
        ),
        "Personal link": (
            sasha,
            "Copied",
            "Awaiting reply",
            "Copy link Personal link Make a new link Personal link Extend Personal link Revoke Personal link",
        ),
        "draft@fabrikam.example": ("— None", "— None", "Draft", "Continue draft@fabrikam.example"),
    }
    assert f'href="{shared.get_absolute_url()}#link"' in response.content.decode()
    for request in PartnershipRequest.objects.all():
        assert link_token(request) not in response.content.decode()


def test_the_tab_counts_what_waits_for_an_answer(sender, riley):
    make_sent(sender, "open@fabrikam.example")
    revoke_request(request=make_sent(sender, "revoked@fabrikam.example"), by=sender)
    page = words(signed_in(sender).get(RESELLERS))
    assert re.search(r'Requested <span class="tab-count">1</span>', page)
    assert 'aria-current="page">Active' in page
    assert re.search(r'aria-current="page">Requested', words(signed_in(sender).get(REQUESTED)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=open", ["open@fabrikam.example"]),
        ("state=revoked", ["revoked@fabrikam.example"]),
        ("sort=recipient", ["open@fabrikam.example", "revoked@fabrikam.example"]),
        ("sort=nonce", ["revoked@fabrikam.example", "open@fabrikam.example"]),
    ],
)
def test_searching_requests(sender, tailwind, query, found):
    make_sent(sender, "open@fabrikam.example")
    revoke_request(request=make_sent(sender, "revoked@fabrikam.example"), by=sender)
    make_sent(tailwind, "open@contoso.example")
    assert names(checked(signed_in(sender).get(f"{REQUESTED}?{query}"))) == found


@pytest.mark.parametrize("count", [1, 3])
def test_the_requests_cost_the_same_with_more_rows(sender, django_assert_num_queries, count):
    for number in range(count):
        make_sent(sender, f"p{number}@fabrikam.example")
    desk = signed_in(sender)
    desk.get(REQUESTED)
    with django_assert_num_queries(QUERIES["requested"]):
        assert len(rows(desk.get(REQUESTED))) == count


def test_no_requests_yet(sender):
    assert "No requests yet" in words(checked(signed_in(sender).get(REQUESTED)))


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
