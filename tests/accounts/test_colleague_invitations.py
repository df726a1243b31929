"""Invitations of colleagues: bound to a mailbox, a company and a role; once, in time, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.invitation_links import invitation_link, invitation_token, late_link
from accounts.models import ColleagueInvitation, Membership, Partner, User
from accounts.people.open_work import open_work_of
from accounts.roles import Role
from accounts.services import invitations as services
from accounts.services.colleagues import deactivate_colleague
from accounts.services.invitations import accept_invitation, invite_colleague, resend_invitation, revoke_invitation
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from mail.models import OutgoingEmail
from tests.factories import PASSWORD, CustomerAdministratorFactory, MembershipFactory, PartnerFactory, UserFactory
from tests.races import run_parallel

NEWCOMER = {"full_name": "Rui Silva", "language": "en", "password1": "four green bottles sing", "password2": "four green bottles sing"}  # fmt: skip # noqa: E501


@pytest.fixture
def company(db: None) -> Partner:
    return PartnerFactory(legal_name="Northwind")


@pytest.fixture
def admin(company: Partner) -> Membership:
    return MembershipFactory(partner=company, user__full_name="Ana Lima", user__sign_in_name="ana@northwind.example")


def actor(membership: Membership) -> Actor:
    return Actor(user=membership.user, partner=membership.partner, role=Role(membership.role))


def invite(by: Membership, email: str = "rui@northwind.example", role: str = Role.SALES_AGENT) -> ColleagueInvitation:
    return invite_colleague(email=email, role=role, language="en", by=actor(by))


def opened(invitation: ColleagueInvitation, user: User | None = None) -> Client:
    """A browser that has followed the link."""
    client = Client()
    if user is not None:
        client.force_login(user)
    answer = client.get(reverse("people:join_landing", args=[invitation.public_id, invitation_token(invitation)]))
    assert answer.url == join(invitation)
    return client


def join(invitation: ColleagueInvitation) -> str:
    return reverse("people:join", args=[invitation.public_id])


def mails() -> list[tuple[str, str]]:
    return list(OutgoingEmail.objects.order_by("created_at").values_list("kind", "recipient"))


def later(invitation: ColleagueInvitation, **ago: Any) -> None:
    """Let time pass for this invitation and its mails."""
    moment = clock.now() - timedelta(**ago)
    ColleagueInvitation.objects.filter(pk=invitation.pk).update(sent_at=moment, expires_at=moment + timedelta(days=10))
    OutgoingEmail.objects.update(created_at=moment)


# --- inviting ---------------------------------------------------------------------------------------------------------
def test_an_invitation_is_mailed_and_recorded_and_keeps_no_secret(admin: Membership) -> None:
    client = Client()
    client.force_login(admin.user)
    data = {"email": " Rui@Northwind.example", "role": "sales_agent", "language": "pt-br"}
    answer = client.post(reverse("people:invite"), data)
    assert answer.url == reverse("people:invitations")
    invitation = ColleagueInvitation.objects.get()
    assert (invitation.address_key, invitation.role, invitation.created_by) == (
        "rui@northwind.example", "sales_agent", admin.user,
    )  # fmt: skip
    assert timedelta(days=7) <= invitation.expires_at - clock.now() <= timedelta(days=14)
    mail = OutgoingEmail.objects.get()
    assert (mail.kind, mail.recipient, mail.language) == ("colleague_invited", "rui@northwind.example", "pt-br")
    token = invitation_token(invitation)
    entry = ActivityRecord.objects.get()
    assert entry.action == "colleague_invitation.sent"
    assert token not in f"{mail.text}{mail.html}{entry.changes}"
    assert late_link(mail) == {"link": invitation_link(invitation)}
    assert "rui@<wbr>northwind.<wbr>example" in client.get(reverse("people:invitations")).content.decode()
    assert token not in client.get(invitation.get_absolute_url()).content.decode()


def test_nobody_invites_to_a_role_above_their_own(company: Partner, admin: Membership) -> None:
    agent = MembershipFactory(partner=company, role=Role.ADMIN_AGENT)
    with pytest.raises(NotPermitted, match="above your own"):
        invite(agent, role=Role.GLOBAL_ADMIN)
    for role in (Role.SALES_AGENT, Role.HELPDESK_AGENT):
        with pytest.raises(NotPermitted):
            invite(MembershipFactory(partner=company, role=role), role=Role.HELPDESK_AGENT)
    of_admin = invite(admin, role=Role.GLOBAL_ADMIN)
    client = Client()
    client.force_login(agent.user)
    for name in ("resend_invitation", "revoke_invitation"):
        assert client.post(reverse(f"people:{name}", args=[of_admin.public_id])).status_code == 403
    assert mails() == [("colleague_invited", "rui@northwind.example")]


def test_who_works_here_or_is_invited_is_not_invited_again(admin: Membership) -> None:
    with pytest.raises(Refused, match="already works for your company"):
        invite(admin, "ANA@northwind.example")
    invite(admin)
    with pytest.raises(Refused, match="has an invitation already"):
        invite(admin)
    assert ColleagueInvitation.objects.count() == 1


def test_the_answer_does_not_say_whether_an_address_has_an_account(admin: Membership) -> None:
    UserFactory(sign_in_name="known@elsewhere.example")
    client = Client()
    client.force_login(admin.user)
    pages = []
    for address in ("known@elsewhere.example", "other@elsewhere.example"):
        data = {"email": address, "role": "sales_agent", "language": "en"}
        page = client.post(reverse("people:invite"), data, follow=True).content.decode()
        pages.append(page.replace(address, "x")[-200:])
    assert pages[0] == pages[1]
    kept = ColleagueInvitation.objects.order_by("pk").values_list("role", "accepted_by")
    assert list(kept) == [("sales_agent", None)] * 2


def test_a_user_name_that_is_no_mailbox_is_refused(admin: Membership) -> None:
    client = Client()
    client.force_login(admin.user)
    data = {"email": "admin@bakery.onmicrosoft.com", "role": "sales_agent", "language": "en"}
    assert "not a mailbox" in client.post(reverse("people:invite"), data).content.decode()
    assert not ColleagueInvitation.objects.exists()


def test_limits_of_person_company_and_address(admin: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PER_PERSON", 2)
    for number in range(2):
        invite(admin, f"p{number}@northwind.example")
    with pytest.raises(services.LimitReached):
        invite(admin)
    monkeypatch.setattr(services, "PER_PERSON", 50)
    monkeypatch.setattr(services, "MAILS_PER_ADDRESS", 2)
    for _company in range(2):
        invite(MembershipFactory())
    with pytest.raises(services.LimitReached, match="no more invitations by mail today"):
        invite(admin)
    monkeypatch.setattr(services, "PER_COMPANY", 2)
    with pytest.raises(services.LimitReached):
        invite(admin, "p3@northwind.example")


# --- again, and no more -----------------------------------------------------------------------------------------------
def test_sent_again_only_the_new_link_works(admin: Membership) -> None:
    invitation = invite(admin)
    before = invitation_token(invitation)
    with pytest.raises(services.LimitReached, match="a moment ago"):
        resend_invitation(invitation=invitation, by=actor(admin))
    for _time in range(services.RESENDS):
        later(invitation, days=2)
        invitation = resend_invitation(invitation=invitation, by=actor(admin))
    later(invitation, days=2)
    with pytest.raises(services.LimitReached, match="5 times"):
        resend_invitation(invitation=invitation, by=actor(admin))
    assert Client().get(reverse("people:join_landing", args=[invitation.public_id, before])).status_code == 404
    assert opened(invitation).get(join(invitation)).status_code == 200
    assert len(mails()) == 1 + services.RESENDS


def test_a_revoked_link_is_dead_and_its_mail_does_not_leave(admin: Membership) -> None:
    invitation = invite(admin)
    client = opened(invitation)
    revoke_invitation(invitation=invitation, by=actor(admin))
    assert client.get(join(invitation)).status_code == 404
    assert client.post(join(invitation), NEWCOMER).status_code == 404
    assert late_link(OutgoingEmail.objects.get()) is None
    with pytest.raises(InvalidTransition):
        revoke_invitation(invitation=invitation, by=actor(admin))
    assert not User.objects.filter(sign_in_name="rui@northwind.example").exists()
    assert invite(admin).pk != invitation.pk


def test_an_expired_invitation_says_so_and_can_be_sent_anew(admin: Membership) -> None:
    invitation = invite(admin)
    client = opened(invitation)
    later(invitation, days=11)
    page = client.get(join(invitation))
    assert (page.status_code, "has expired" in page.content.decode()) == (410, True)
    assert client.post(join(invitation), NEWCOMER).status_code == 410
    assert late_link(OutgoingEmail.objects.get()) is None
    fresh = invite(admin)
    assert fresh.pk != invitation.pk
    assert opened(fresh).get(join(fresh)).status_code == 200


# --- accepting --------------------------------------------------------------------------------------------------------
def test_a_get_changes_nothing_and_the_token_leaves_the_address(admin: Membership) -> None:
    invitation = invite(admin)
    landing = reverse("people:join_landing", args=[invitation.public_id, invitation_token(invitation)])
    answer = Client().get(landing)
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert Client().head(landing).status_code == 302
    opened(invitation).get(join(invitation))
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
    assert list(ActivityRecord.objects.values_list("action", flat=True)) == ["colleague_invitation.sent"]


def test_a_newcomer_chooses_a_password_and_is_in(admin: Membership) -> None:
    invitation = invite(admin)
    client = opened(invitation)
    before = client.session.session_key
    page = client.get(join(invitation)).content.decode()
    assert "Ana Lima invites you to work for Northwind" in page
    answer = client.post(join(invitation), NEWCOMER)
    assert answer.url == reverse("home")
    user = User.objects.get(sign_in_name="rui@northwind.example")
    assert (user.full_name, user.email_proved_at is not None) == ("Rui Silva", True)
    assert Membership.objects.current().get(user=user).role == Role.SALES_AGENT
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session.session_key != before
    assert list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True)) == [
        "colleague_invitation.sent",
        "user.created",
        "colleague_invitation.accepted",
        "membership.began",
    ]
    assert mails()[1:] == [("colleague_joined", "ana@northwind.example")]
    # The link works once.
    assert opened(invitation).get(join(invitation)).status_code == 410
    assert opened(invitation).post(join(invitation), NEWCOMER).status_code == 410
    assert User.objects.filter(sign_in_name__startswith="rui").count() == 1


def test_a_newcomer_owes_the_second_factor(admin: Membership, settings: Any) -> None:
    settings.MFA_REQUIRED = True
    invitation = invite(admin)
    client = opened(invitation)
    client.post(join(invitation), NEWCOMER)
    assert client.get(reverse("home")).url == reverse("mfa_activate_totp")


@pytest.mark.parametrize(
    ("field", "value"), [("password1", "northwind2026!!"), ("password2", "another text"), ("full_name", "")]
)
def test_what_is_wrong_is_said_and_no_account_made(admin: Membership, field: str, value: str) -> None:
    invitation = invite(admin)
    page = opened(invitation).post(join(invitation), {**NEWCOMER, field: value})
    assert page.status_code == 200
    assert field in page.context["form"].errors
    assert not User.objects.filter(sign_in_name="rui@northwind.example").exists()


def test_who_has_an_account_signs_in_and_gains_the_membership(admin: Membership) -> None:
    elsewhere = MembershipFactory(user__sign_in_name="rui@northwind.example", user__email_proved_at=None)
    invitation = invite(admin)
    stranger = opened(invitation)
    page = stranger.get(join(invitation)).content.decode()
    assert "Sign in with it to accept" in page
    assert "password1" not in page
    # Nobody takes the account over by sending the form for newcomers.
    stranger.post(join(invitation), NEWCOMER)
    elsewhere.user.refresh_from_db()
    assert elsewhere.user.check_password(PASSWORD)
    assert Membership.objects.filter(user=elsewhere.user).count() == 1
    client = opened(invitation, elsewhere.user)
    assert client.get(join(invitation)).status_code == 200
    assert client.post(join(invitation)).url == reverse("home")
    roles = dict(Membership.objects.current().filter(user=elsewhere.user).values_list("partner__legal_name", "role"))
    assert roles["Northwind"] == Role.SALES_AGENT
    elsewhere.user.refresh_from_db()
    assert elsewhere.user.email_proved_at is not None
    # The next page is the new company's; pressed twice, nothing more happens.
    assert "Northwind" in client.get(reverse("home")).content.decode()
    assert client.post(join(invitation)).url == reverse("home")
    assert Membership.objects.filter(user=elsewhere.user).count() == 2


def test_another_account_is_told_and_can_switch(admin: Membership) -> None:
    invitation, other = invite(admin), MembershipFactory()
    client = opened(invitation, other.user)
    page = client.get(join(invitation))
    assert (page.status_code, "for another account" in page.content.decode()) == (409, True)
    assert "rui@northwind.example" not in page.content.decode()
    assert client.post(join(invitation)).status_code == 409
    assert not Membership.objects.filter(user=other.user, partner=admin.partner).exists()
    assert client.post(reverse("people:join_as_another", args=[invitation.public_id])).url == join(invitation)
    page = client.get(join(invitation))
    assert (page.status_code, "password1" in page.content.decode()) == (200, True)


def test_without_the_link_nobody_accepts(admin: Membership) -> None:
    """Not even who has the address: that somebody typed it in at enrolment proves no mailbox."""
    invitation = invite(admin)
    user = UserFactory(sign_in_name="rui@northwind.example")
    client = Client()
    client.force_login(user)
    assert client.get(join(invitation)).status_code == 404
    assert client.post(join(invitation)).status_code == 404
    wrong = reverse("people:join_landing", args=[invitation.public_id, "A" * 43])
    assert client.get(wrong).status_code == 404
    assert client.post(join(invitation)).status_code == 404
    other = invite(MembershipFactory(), "x@y.example")
    crossed = reverse("people:join_landing", args=[invitation.public_id, invitation_token(other)])
    assert client.get(crossed).status_code == 404
    assert not Membership.objects.filter(user=user).exists()


def test_guessing_is_stopped(admin: Membership) -> None:
    invitation = invite(admin)
    answers = [Client().get(join(invitation)).status_code for _try in range(21)]
    assert (answers[:20], answers[20]) == ([404] * 20, 429)


@pytest.mark.parametrize("state", ["suspended", "pending", "rejected"])
def test_a_company_that_may_not_act_takes_nobody_in(admin: Membership, state: str) -> None:
    invitation = invite(admin)
    Partner.objects.filter(pk=admin.partner_id).update(enrolment_state=state)
    client = opened(invitation)
    assert client.get(join(invitation)).status_code == 409
    assert client.post(join(invitation), NEWCOMER).status_code == 409
    invitation.refresh_from_db()
    assert invitation.is_open
    Partner.objects.filter(pk=admin.partner_id).update(enrolment_state="active")
    assert client.post(join(invitation), NEWCOMER).status_code == 302


def test_back_office_and_deactivated_accounts_cannot_accept(admin: Membership) -> None:
    invitation = invite(admin)
    user = UserFactory(sign_in_name="rui@northwind.example", is_staff=True)
    client = opened(invitation, user)
    assert client.post(join(invitation)).status_code == 409
    assert not Membership.objects.filter(user=user).exists()
    administrator = CustomerAdministratorFactory()
    assert opened(invitation, administrator.user).post(join(invitation)).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_accepted_many_times_at_once_it_counts_once() -> None:
    def fresh() -> tuple[ColleagueInvitation, User]:
        inviter = MembershipFactory()
        user = UserFactory()
        return invite(inviter, user.sign_in_name), user

    def accept(subject: tuple[ColleagueInvitation, User], _number: int) -> Membership:
        invitation, user = subject
        return accept_invitation(invitation=invitation, nonce=invitation.nonce, by=Actor(user=user))

    def once(subject: tuple[ColleagueInvitation, User], results: list[Any]) -> None:
        assert {type(one) for one in results} == {Membership}, results
        assert Membership.objects.filter(user=subject[1]).count() == 1

    run_parallel(accept, 4, 3, before=fresh, after=once)


# --- when the inviter leaves ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("choice", ["keep", "close", "colleague"])
def test_the_invitations_of_who_leaves_are_looked_at(company: Partner, admin: Membership, choice: str) -> None:
    leaver = MembershipFactory(partner=company, role=Role.ADMIN_AGENT)
    invitation = invite(leaver)
    (work,) = [one for one in open_work_of(leaver) if one.rows()]
    assert work.rows() == [("rui@northwind.example (Sales agent)", invitation.get_absolute_url())]
    wanted = str(admin.pk) if choice == "colleague" else choice
    deactivate_colleague(membership=leaver, choices={work.key: wanted}, by=actor(admin))
    invitation.refresh_from_db()
    assert (invitation.is_open, invitation.created_by) == (
        choice != "close", admin.user if choice == "colleague" else leaver.user,
    )  # fmt: skip
    # Whoever left is not told who joins.
    if choice == "keep":
        opened(invitation).post(join(invitation), NEWCOMER)
        assert "colleague_joined" not in [kind for kind, _to in mails()]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_many(admin: Membership, count: int, django_assert_num_queries: Any) -> None:
    for number in range(count):
        invite(admin, f"p{number}@northwind.example")
    client = Client()
    client.force_login(admin.user)
    client.get(reverse("people:invitations"))
    with django_assert_num_queries(5):
        client.get(reverse("people:invitations"))
