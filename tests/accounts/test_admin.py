"""People and companies in the back office."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import Membership, Partner, User
from activity.models import ActivityRecord
from mail.models import OutgoingEmail
from tests.accounts.conftest import SignIn
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

State = Partner.EnrolmentState


@pytest.fixture
def back_office(db: None, client: Client) -> User:
    """Somebody of the back office, signed in."""
    person = UserFactory(back_office=True, full_name="Back Office")
    client.force_login(person)
    return person


def act(client: Client, model: str, action: str, *rows: object, **more: str) -> str:
    """Run an admin action and return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}  # type: ignore[attr-defined]
    response = client.post(reverse(f"admin:accounts_{model}_changelist"), data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def step(client: Client, user: User, name: str, reason: str = "Asked for by telephone", typed: str = "") -> Any:
    """Press the button of a page about one person."""
    return client.post(reverse("admin:accounts_user_step", args=[user.pk, name]), {"reason": reason, "typed": typed})


# --- the way in ---
def test_admin_sends_strangers_to_the_sign_in_of_the_portal(client: Client, db: None) -> None:
    for path in ("/admin/", "/admin/login/", "/admin/accounts/user/"):
        response = client.get(path, follow=True)
        assert response.redirect_chain[-1][0].startswith("/account/sign-in/?next=")


def test_admin_has_no_password_form_of_its_own(client: Client, sign_in: SignIn, db: None) -> None:
    person = UserFactory(back_office=True)
    posted = client.post("/admin/login/", {"username": person.sign_in_name, "password": "an old bicycle in the rain"})
    assert posted.status_code == 302
    assert "_auth_user_id" not in client.session
    client.force_login(person)
    assert client.get("/admin/password_change/")["Location"] == reverse("account_change_password")
    assert client.post("/admin/logout/")["Location"] == reverse("home")
    assert "_auth_user_id" in client.session


def test_admin_is_closed_to_partners(client: Client, membership: Membership) -> None:
    client.force_login(membership.user)
    response = client.get("/admin/accounts/user/", follow=True)
    assert response.status_code == 403
    assert membership.user.sign_in_name not in response.content.decode()


# --- what it does not offer ---
@pytest.mark.parametrize("model", [User, Partner, Membership])
def test_admin_neither_edits_nor_removes(client: Client, back_office: User, model: type) -> None:
    row = MembershipFactory()
    row = {User: row.user, Partner: row.partner, Membership: row}[model]
    name = model._meta.model_name  # type: ignore[attr-defined]
    address = reverse(f"admin:accounts_{name}_change", args=[row.pk])
    page = client.get(address)
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.post(address, {"enrolment_state": "suspended", "is_superuser": "on"}).status_code == 403
    assert client.post(reverse(f"admin:accounts_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    act(client, name, "delete_selected", row)
    assert model.objects.filter(pk=row.pk).exists()  # type: ignore[attr-defined]


def test_admin_shows_and_takes_no_password(client: Client, back_office: User, user: User) -> None:
    for page in (
        client.get(reverse("admin:accounts_user_change", args=[user.pk])),
        client.get(reverse("admin:accounts_user_add")),
    ):
        html = page.content.decode()
        assert user.password not in html
        assert 'type="password"' not in html
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_user_password_change", args=[user.pk])


def test_admin_lists_no_second_factors_addresses_or_groups() -> None:
    labels = {model._meta.label for model in admin.site._registry}
    assert labels.isdisjoint({"mfa.Authenticator", "account.EmailAddress", "account.EmailConfirmation", "auth.Group"})


# --- people ---
def test_admin_adds_a_person_who_chooses_a_password_by_mail(client: Client, back_office: User) -> None:
    data = {"sign_in_name": "New@Portal.example", "full_name": "New Person", "language": "en", "is_staff": "on"}
    response = client.post(reverse("admin:accounts_user_add"), data)
    assert response.status_code == 302
    person = User.objects.get(sign_in_name="new@portal.example")
    assert (person.is_staff, person.is_superuser, person.has_usable_password()) == (True, False, False)
    assert ActivityRecord.objects.get(action="user.created").actor_user_id == back_office.pk
    assert OutgoingEmail.objects.get().recipient == "new@portal.example"


def test_admin_refuses_a_person_twice(client: Client, back_office: User, user: User) -> None:
    data = {"sign_in_name": user.sign_in_name.upper(), "full_name": "New Person", "language": "en"}
    page = client.post(reverse("admin:accounts_user_add"), data)
    assert (page.status_code, list(page.context["adminform"].form.errors)) == (200, ["sign_in_name"])


@pytest.mark.parametrize(
    ("page", "name", "typed"),
    [
        ("user", "full_name", "New\u202e Person"),
        ("user", "full_name", "\u200b"),
        ("user", "language", "klingon"),
        ("membership", "full_name", "New\u202e Person"),
        ("membership", "full_name", "\u200b"),
    ],
)
def test_admin_refuses_names_that_deceive(client: Client, back_office: User, page: str, name: str, typed: str) -> None:
    data = {
        "user": {"sign_in_name": "new@portal.example", "full_name": "New Person", "language": "en"},
        "membership": {
            "partner": PartnerFactory().pk, "email": "new@portal.example", "full_name": "New Person",
            "role": "global_admin",
        },
    }[page]  # fmt: skip
    response = client.post(reverse(f"admin:accounts_{page}_add"), {**data, name: typed})
    assert (response.status_code, list(response.context["adminform"].form.errors)) == (200, [name])
    assert not User.objects.filter(sign_in_name="new@portal.example").exists()


def test_admin_deactivates_and_reactivates_through_the_service(client: Client, back_office: User, user: User) -> None:
    step(client, user, "deactivate", typed=user.sign_in_name)
    assert not User.objects.get(pk=user.pk).is_active
    act(client, "user", "reactivate", user, reason="Back from leave")
    assert User.objects.get(pk=user.pk).is_active
    rows = ActivityRecord.objects.order_by("pk").values_list("action", "actor_user_id")
    assert list(rows) == [("user.deactivated", back_office.pk), ("user.reactivated", back_office.pk)]


def test_admin_says_what_was_refused(client: Client, back_office: User, user: User) -> None:
    html = act(client, "user", "send_password_link", user, back_office, reason="Asked for by telephone")
    assert "This is your own account." in html
    assert "Done for 1 row." in html
    assert OutgoingEmail.objects.get().recipient == user.email


def test_admin_starts_a_reset_and_never_learns_the_password(client: Client, back_office: User, user: User) -> None:
    act(client, "user", "send_password_link", user, reason="Asked for by telephone")
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient) == ("password_reset", user.email)
    assert ActivityRecord.objects.get().action == "user.password_link_sent"


# --- companies ---
@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (State.PENDING, "approve", State.ACTIVE),
        (State.PENDING, "reject", State.REJECTED),
        (State.ACTIVE, "suspend", State.SUSPENDED),
        (State.SUSPENDED, "reinstate", State.ACTIVE),
        (State.REJECTED, "reconsider", State.PENDING),
    ],
)
def test_admin_decides_enrolments_through_the_service(
    client: Client, back_office: User, before: str, action: str, after: str
) -> None:
    partner = PartnerFactory(enrolment_state=before)
    act(client, "partner", action, partner, reason="Checked by telephone")
    partner.refresh_from_db()
    assert partner.enrolment_state == after
    row = ActivityRecord.objects.get()
    assert row.changes == {"enrolment_state": [before, after], "reason": "Checked by telephone"}
    assert row.actor_user_id == back_office.pk


@pytest.mark.parametrize("action", ["approve", "reject", "suspend", "reinstate", "reconsider"])
def test_admin_refuses_a_decision_out_of_turn(client: Client, back_office: User, action: str) -> None:
    wrong = {"approve": State.SUSPENDED, "reinstate": State.PENDING, "suspend": State.PENDING}.get(action, State.ACTIVE)
    partner = PartnerFactory(enrolment_state=wrong)
    html = act(client, "partner", action, partner, reason="A reason")
    assert "not in the state" in html
    partner.refresh_from_db()
    assert partner.enrolment_state == wrong


def test_admin_asks_for_a_reason(client: Client, back_office: User) -> None:
    partner = PartnerFactory()
    assert "Give a reason" in act(client, "partner", "suspend", partner)
    partner.refresh_from_db()
    assert partner.enrolment_state == State.ACTIVE


APPLICATION = {
    "program": "indirect_reseller", "legal_name": "Fabrikam", "mpn_id": "0012345", "country": "US",
    "address_line_1": "1 Main Street", "contact_name": "Robin Silva", "contact_email": "robin@fabrikam.example",
    "language": "en", "enrolment_state": "active",
}  # fmt: skip


def test_admin_takes_down_an_application(client: Client, back_office: User) -> None:
    assert client.post(reverse("admin:accounts_partner_add"), APPLICATION).status_code == 302
    assert Partner.objects.get().enrolment_state == State.PENDING
    again = client.post(reverse("admin:accounts_partner_add"), {**APPLICATION, "mpn_id": "12345"})
    assert list(again.context["adminform"].form.errors) == ["mpn_id"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("legal_name", "Fabri\u202ekam"),
        ("legal_name", "Inc."),
        ("contact_name", "Robin\u202e Silva"),
        ("address_line_1", "1 Main\u2066 Street"),
        ("contact_email", "mıke@fabrikam.example"),
        ("contact_phone", "call me"),
        ("language", "klingon"),
        ("agreement_accepted_on", "2099-01-01"),
    ],
)
def test_an_application_is_held_to_what_companies_are(client: Client, back_office: User, name: str, typed: str) -> None:
    page = client.post(reverse("admin:accounts_partner_add"), {**APPLICATION, name: typed})
    assert (page.status_code, list(page.context["adminform"].form.errors)) == (200, [name])
    assert not Partner.objects.exists()


def test_an_application_is_kept_in_the_normal_forms(client: Client, back_office: User) -> None:
    typed = {
        "legal_name": " Fabrikam   Cloud",
        "contact_email": "Robin@Fabrikam.example",
        "contact_phone": "2065550100",
    }
    client.post(reverse("admin:accounts_partner_add"), {**APPLICATION, **typed})
    kept = Partner.objects.get()
    assert (kept.legal_name, kept.contact_email, kept.contact_phone) == (
        "Fabrikam Cloud", "robin@fabrikam.example", "+12065550100",
    )  # fmt: skip


# --- memberships ---
def test_admin_adds_and_ends_memberships_through_the_services(client: Client, back_office: User) -> None:
    partner = PartnerFactory()
    data = {"partner": partner.pk, "email": "New@Company.example", "full_name": "New Person", "role": "global_admin"}
    assert client.post(reverse("admin:accounts_membership_add"), data).status_code == 302
    membership = Membership.objects.get()
    assert membership.user.sign_in_name == "new@company.example"
    page = client.post(reverse("admin:accounts_membership_add"), data)
    assert list(page.context["adminform"].form.errors) == ["email"]
    act(client, "membership", "end", membership, reason="Left the company")
    membership.refresh_from_db()
    assert membership.ended_at is not None
    assert set(ActivityRecord.objects.values_list("action", flat=True)) == {
        "user.created", "membership.began", "membership.ended",
    }  # fmt: skip


def test_admin_lists_can_be_searched(client: Client, back_office: User) -> None:
    wanted, other = MembershipFactory(partner__legal_name="Zanzibar Trading"), MembershipFactory()
    for model, q in (
        ("user", wanted.user.sign_in_name),
        ("partner", wanted.partner.legal_name),
        ("membership", wanted.user.sign_in_name),
    ):
        html = client.get(reverse(f"admin:accounts_{model}_changelist"), {"q": q.lower()}).content.decode()
        assert (str(wanted.partner) in html or wanted.user.sign_in_name in html) is True
        assert other.user.sign_in_name not in html


def test_admin_without_rights_offers_nothing(client: Client, user: User) -> None:
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 403
    sent = {"action": "send_password_link", "_selected_action": [user.pk], "reason": "Wanted"}
    client.post(reverse("admin:accounts_user_changelist"), sent)
    assert step(client, user, "deactivate", typed=user.sign_in_name).status_code == 403
    assert User.objects.get(pk=user.pk).is_active
    assert not ActivityRecord.objects.exists()


def test_admin_lets_those_who_may_only_look_do_nothing(client: Client, user: User) -> None:
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(looker)
    page = client.get(reverse("admin:accounts_user_changelist"))
    assert user.sign_in_name in page.content.decode()
    assert page.context["action_form"] is None
    assert client.get(reverse("admin:accounts_user_change", args=[user.pk])).context["steps"] == []
    act(client, "user", "send_password_link", user, reason="Wanted")
    assert step(client, user, "deactivate", typed=user.sign_in_name).status_code == 403
    assert not ActivityRecord.objects.exists()
