"""What somebody has open who leaves a company: shown, and settled in the transaction of the leaving."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Membership, Partner
from accounts.people.open_work import open_work_of
from accounts.roles import Role
from accounts.services.colleagues import WorkUndecided, deactivate_colleague
from activity.models import ActivityRecord
from core import clock
from customers.models import RelationshipRequest
from mail.models import OutgoingEmail
from orders.models import OrderDraft
from resellers.models import PartnershipRequest
from resellers.tokens import link_token
from tests.factories import (
    CustomerFactory,
    MembershipFactory,
    OrderDraftFactory,
    PartnerFactory,
    PartnershipRequestFactory,
)

KEYS = ["partnership_requests", "relationship_requests", "drafts"]


class Cast:
    """A provider in which somebody leaves much behind, and another in which the same person works too."""

    def __init__(self) -> None:
        self.company: Partner = PartnerFactory()
        self.admin: Membership = MembershipFactory(partner=self.company)
        self.leaver: Membership = MembershipFactory(partner=self.company, role=Role.SALES_AGENT)
        self.taker: Membership = MembershipFactory(partner=self.company, role=Role.SALES_AGENT)
        self.helpdesk: Membership = MembershipFactory(partner=self.company, role=Role.HELPDESK_AGENT)
        self.elsewhere: Membership = MembershipFactory(user=self.leaver.user, role=Role.SALES_AGENT)
        user = self.leaver.user
        self.sent = PartnershipRequestFactory(provider=self.company, created_by=user, sent=True)
        self.draft_request = PartnershipRequestFactory(provider=self.company, created_by=user, recipient="x@y.example")
        self.asked = self.relationship_request("sent", sent_at=clock.now(), expires_at=clock.now().replace(year=2099))
        self.asking = self.relationship_request("draft")
        self.draft = OrderDraftFactory(provider=self.company, owner=user, details={"company_name": "Bakery"})
        # What must be left alone: another company's, a colleague's, and what is over.
        self.others = [
            PartnershipRequestFactory(provider=self.elsewhere.partner, created_by=user, sent=True),
            PartnershipRequestFactory(
                provider=self.company, created_by=self.taker.user, sent=True, recipient="z@y.example"
            ),
            OrderDraftFactory(provider=self.elsewhere.partner, owner=user, details={"company_name": "Foreign"}),
            OrderDraftFactory(provider=self.company, owner=user),
        ]

    def relationship_request(self, state: str, **fields: Any) -> RelationshipRequest:
        """Something asked of a customer of its own."""
        customer = CustomerFactory(provider=self.company)
        reseller = PartnerFactory(reseller=True)
        return RelationshipRequest.objects.create(
            customer=customer, reseller=reseller, state=state, created_by=self.leaver.user, **fields
        )

    @property
    def by(self) -> Actor:
        """The Global admin at work."""
        return Actor(user=self.admin.user, partner=self.company, role=Role.GLOBAL_ADMIN)


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


def test_everything_open_and_nothing_else_is_listed(cast: Cast) -> None:
    works = {work.key: work for work in open_work_of(cast.leaver)}
    assert list(works) == ["colleague_invitations", *KEYS]
    assert [name for name, _url in works["partnership_requests"].rows()] == [
        "riley@fabrikam.example (Awaiting reply)",
        "x@y.example (Draft)",
    ]
    assert [name for name, _url in works["relationship_requests"].rows()] == [
        f"{cast.asked} (Sent)",
        f"{cast.asking} (Draft)",
    ]
    assert [name for name, _url in works["drafts"].rows()] == ["Bakery"]
    for work in (works[key] for key in KEYS):
        assert {taker.pk for taker in work.takers()} == {cast.admin.pk, cast.taker.pk}
    assert all(work.rows() == [] for work in open_work_of(cast.helpdesk))


def test_the_page_lists_it_and_asks_about_each_kind(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.admin.user)
    address = reverse("people:deactivate", args=[cast.leaver.pk])
    page = client.get(address).content.decode()
    for text in ("riley@fabrikam.example", str(cast.asked), "Bakery", "Partnership requests", "Drafts of orders"):
        assert text in page
    assert "Foreign" not in page
    answer = client.post(address, {"drafts": "close"})
    assert answer.status_code == 200
    cast.leaver.refresh_from_db()
    assert cast.leaver.ended_at is None
    answer = client.post(address, dict.fromkeys(KEYS, str(cast.taker.pk)))
    assert answer.status_code == 302
    cast.draft.refresh_from_db()
    assert cast.draft.owner == cast.taker.user


def test_handed_over_it_is_the_colleagues(cast: Cast) -> None:
    deactivate_colleague(membership=cast.leaver, choices=dict.fromkeys(KEYS, str(cast.taker.pk)), by=cast.by)
    for one, field in (
        (cast.sent, "sent_by"), (cast.draft_request, "created_by"), (cast.asked, "created_by"),
        (cast.asking, "created_by"), (cast.draft, "owner"),
    ):  # fmt: skip
        one.refresh_from_db()
        assert getattr(one, field) == cast.taker.user, one
    assert [one.state for one in (cast.sent, cast.draft_request, cast.asked)] == ["sent", "draft", "sent"]
    assert list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True)) == [
        "partnership_request.handed_over",
        "partnership_request.handed_over",
        "relationship_request.handed_over",
        "relationship_request.handed_over",
        "order_draft.handed_over",
        "membership.ended",
    ]
    told = OutgoingEmail.objects.filter(kind="draft_handed_over").values_list("recipient", flat=True)
    assert list(told) == [cast.taker.user.email]
    assert untouched(cast)


def test_revoked_its_links_are_dead(cast: Cast) -> None:
    before = link_token(cast.sent)
    deactivate_colleague(membership=cast.leaver, choices=dict.fromkeys(KEYS, "close"), by=cast.by)
    for one in (cast.sent, cast.asked, cast.draft):
        one.refresh_from_db()
    assert (cast.sent.state, cast.asked.state, cast.draft.state) == ("revoked", "revoked", "canceled")
    assert cast.asked.answered_by == cast.admin.user
    assert link_token(cast.sent) != before
    assert Client().get(reverse("resellers:landing", args=[cast.sent.public_id, before])).status_code == 404
    assert not PartnershipRequest.objects.filter(pk=cast.draft_request.pk).exists()
    assert not RelationshipRequest.objects.filter(pk=cast.asking.pk).exists()
    assert (cast.draft.details, cast.draft.owner) == ({}, cast.leaver.user)
    assert untouched(cast)


def test_kept_it_stays_with_the_company(cast: Cast) -> None:
    choices = {"partnership_requests": "keep", "relationship_requests": "close", "drafts": "keep"}
    deactivate_colleague(membership=cast.leaver, choices=choices, by=cast.by)
    cast.sent.refresh_from_db()
    assert (cast.sent.state, cast.sent.sent_by) == ("sent", cast.leaver.user)
    client = Client()
    client.force_login(cast.admin.user)
    assert "Bakery" in client.get(reverse("orders:left_drafts")).content.decode()


@pytest.mark.parametrize(
    "wrong", [{}, {"drafts": ""}, {"relationship_requests": "keep"}, {"drafts": "helpdesk"}, {"drafts": "outsider"}]
)
def test_without_a_fit_choice_nothing_happens_at_all(cast: Cast, wrong: dict[str, str]) -> None:
    """Not even what was settled before the wrong choice was met; nor may a foreign colleague take anything over."""
    names = {"helpdesk": str(cast.helpdesk.pk), "outsider": str(cast.elsewhere.pk)}
    choices = {**dict.fromkeys(KEYS, "close"), **{key: names.get(value, value) for key, value in wrong.items()}}
    if not wrong:
        choices = {}
    with pytest.raises(WorkUndecided):
        deactivate_colleague(membership=cast.leaver, choices=choices, by=cast.by)
    for one in (cast.leaver, cast.sent, cast.draft):
        one.refresh_from_db()
    assert (cast.leaver.ended_at, cast.sent.state, cast.draft.state) == (None, "sent", "open")
    assert not ActivityRecord.objects.exists()


def test_who_leaves_settles_it_too(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.leaver.user)
    client.post(reverse("accounts:switch"), {"membership": cast.leaver.pk})
    assert client.post(reverse("people:leave"), dict.fromkeys(KEYS, str(cast.taker.pk))).status_code == 302
    cast.leaver.refresh_from_db()
    cast.draft.refresh_from_db()
    assert cast.leaver.ended_at is not None
    assert cast.draft.owner == cast.taker.user
    assert Membership.objects.current().filter(user=cast.leaver.user).get() == cast.elsewhere


def untouched(cast: Cast) -> bool:
    """Whether what is not the leaver's, or not this company's, is as it was."""
    for one in cast.others:
        state, owner = one.state, getattr(one, "owner", None) or one.sent_by
        one.refresh_from_db()
        if (one.state, getattr(one, "owner", None) or one.sent_by) != (state, owner):
            return False
    return OrderDraft.objects.count() == 3
