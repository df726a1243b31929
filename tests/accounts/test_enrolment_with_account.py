"""Somebody who has an account and no company enrolls one."""

from typing import Any

import pytest
from django.test import Client

from accounts.access import Actor
from accounts.models import Membership, Partner
from accounts.roles import Role
from accounts.services import AlreadyEnrolled, ProofMissing, enrol_company
from core.exceptions import Refused
from tests.accounts.enrolling import COMPANY, facts, url
from tests.contracts import html_faults
from tests.factories import MembershipFactory, UserFactory


def test_somebody_with_an_account_enrolls_without_a_second_one(client: Client, db: None) -> None:
    user = UserFactory(full_name="Al One")
    client.force_login(user)
    assert client.get(url("start", "/i/7/"))["Location"] == url("company", "/i/7/")
    page = client.get(url("company"))
    assert html_faults(page.content.decode()) == []
    assert "password1" not in page.context["form"].fields
    assert "Al One" in page.content.decode()
    response = client.post(url("company", "/i/7/"), COMPANY)
    assert (response.status_code, response["Location"]) == (302, "/i/7/")
    membership = Membership.objects.get()
    assert (membership.user, membership.role) == (user, Role.GLOBAL_ADMIN)
    assert (membership.partner.contact_name, membership.partner.contact_email) == ("Al One", user.email)
    assert client.post(url("company"), COMPANY)["Location"] == url("status")
    assert Partner.objects.count() == 1


def test_a_mailbox_that_is_not_proved_is_proved_first(client: Client, db: None) -> None:
    user = UserFactory(email_proved_at=None)
    client.force_login(user)
    for method in ("get", "post"):
        response = getattr(client, method)(url("company", "/i/7/"), COMPANY if method == "post" else {})
        assert response["Location"] == url("prove_email", url("company", "/i/7/"))
    with pytest.raises(ProofMissing):
        enrol_company(user=user, facts=facts(), by=Actor(user=user))
    assert not Partner.objects.exists()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ({"back_office": True}, "This is an account of the back office."),
        ({"customer_administrator": True}, "This account has no mailbox."),
        ({"sign_in_name": "ana@gmail.com"}, "This account has a private address."),
    ],
)
def test_accounts_that_no_company_is_enrolled_with(client: Client, db: None, kind: dict[str, Any], said: str) -> None:
    user = UserFactory(**kind)
    client.force_login(user)
    for method in ("get", "post"):
        page = getattr(client, method)(url("company"), COMPANY if method == "post" else {})
        assert page.status_code == 409
        assert said in page.content.decode()
        assert html_faults(page.content.decode()) == []
    with pytest.raises(Refused, match=said):
        enrol_company(user=user, facts=facts(), by=Actor(user=user))
    assert not Partner.objects.exists()


def test_whoever_has_a_company_enrolls_no_second_one(client: Client, db: None) -> None:
    membership = MembershipFactory()
    client.force_login(membership.user)
    assert client.post(url("company"), COMPANY)["Location"] == url("status")
    with pytest.raises(AlreadyEnrolled):
        enrol_company(user=membership.user, facts=facts(), by=Actor(user=membership.user))
    assert Partner.objects.count() == 1
