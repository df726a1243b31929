"""Providers' profiles and the changes they ask for, in the back office."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.access import Actor
from accounts.models import Partner, ProfileChange, ProviderProfile, User
from activity.models import ActivityRecord
from mail.models import OutgoingEmail
from tests.accounts.profiles import actor_of, make_change, make_profile
from tests.accounts.test_admin import act
from tests.contracts import header_faults
from tests.factories import PartnerFactory, UserFactory

State = ProfileChange.State
QUEUE = "/admin/accounts/profilechange/"
CANARIES = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7777|add:7 }}"]


@pytest.fixture
def back_office(db: None, client: Client) -> User:
    """Somebody of the back office, signed in."""
    person = UserFactory(back_office=True, full_name="Back Office")
    client.force_login(person)
    return person


@pytest.fixture
def gail(db: None) -> Actor:
    """Global admin of a provider."""
    partner = PartnerFactory(legal_name="Northwind Distribution", city="Seattle")
    return actor_of(partner, "gail@northwind.example", name="Gail Ortiz")


def button(change: ProfileChange, name: str) -> str:
    """The address of a button on the page of a change."""
    return reverse(f"admin:accounts_profilechange_{name}", args=[change.pk])


def page(client: Client, url: str) -> str:
    """A page of the back office."""
    response = client.get(url)
    assert response.status_code == 200
    assert header_faults(response) == []
    return response.content.decode()


# --- the queue ---
def test_the_queue_shows_what_waits_old_and_new(client: Client, back_office: User, gail: Actor) -> None:
    decided = make_change(gail, city="Boston")
    ProfileChange.objects.filter(pk=decided.pk).update(state=State.REJECTED)
    make_change(gail, city="Tacoma", languages=["en", "pt-br"])
    html = page(client, QUEUE)
    assert "Languages: – → Brazilian Portuguese, English<br>City: Seattle → Tacoma" in html
    assert "Boston" not in html
    assert "Boston" in page(client, f"{QUEUE}?state=rejected")
    both = page(client, f"{QUEUE}?state=all")
    assert ("Boston" in both, "Tacoma" in both) == (True, True)
    assert client.get(f"{QUEUE}?state=nonsense").status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_the_queue_takes_as_many_queries_for_three_as_for_one(
    client: Client, back_office: User, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(rows):
        partner = PartnerFactory()
        make_change(actor_of(partner, f"gail@provider{number}.example"))
        make_profile(partner)
    client.get("/admin/")  # begins the session
    for url in (QUEUE, "/admin/accounts/providerprofile/"):
        with django_assert_num_queries(6):
            client.get(url)


def test_the_page_of_a_change_shows_both_sides(client: Client, back_office: User, gail: Actor) -> None:
    make_profile(gail.partner, description="We help resellers.", phone="+12065550100")
    change = make_change(gail, description="We train resellers.", city="Tacoma")
    Partner.objects.filter(pk=gail.partner.pk).update(city="Olympia")
    html = page(client, f"{QUEUE}{change.pk}/change/")
    assert "We <del>help </del>resellers." in html
    assert "We <ins>train </ins>resellers." in html
    assert "Changed meanwhile to:</strong> " in html
    assert "Olympia" in html
    assert (button(change, "approve") in html, button(change, "reject") in html) == (True, True)
    assert 'name="_save"' not in html
    ProfileChange.objects.update(state=State.APPROVED)
    html = page(client, f"{QUEUE}{change.pk}/change/")
    assert (button(change, "approve") in html, "Changed meanwhile" in html) == (False, False)


@pytest.mark.parametrize("canary", CANARIES)
def test_what_was_typed_is_shown_as_text(client: Client, back_office: User, gail: Actor, canary: str) -> None:
    Partner.objects.filter(pk=gail.partner.pk).update(legal_name=canary)
    profile = make_profile(gail.partner, description=canary, website=canary, phone=canary[:30], languages=[canary])
    change = make_change(gail, description=f"new {canary}", languages=["en"], city=canary, website=f"{canary}x")
    ProfileChange.objects.update(note=canary, reason=canary)
    for url in (
        QUEUE,
        f"{QUEUE}{change.pk}/change/",
        "/admin/accounts/providerprofile/",
        f"/admin/accounts/providerprofile/{profile.pk}/change/",
    ):
        html = page(client, url)
        for broken in ("<script>alert", "<img src=x", "7784", 'href="javascript:'):
            assert broken not in html, (url, broken)


# --- deciding ---
def test_approving_applies_and_records(client: Client, back_office: User, gail: Actor) -> None:
    change = make_change(gail, description="New words.", city="Tacoma")
    response = client.post(button(change, "approve"), follow=True)
    assert "Decided. The company is told by e-mail." in response.content.decode()
    profile = ProviderProfile.objects.select_related("partner").get()
    assert (profile.description, profile.partner.city) == ("New words.", "Tacoma")
    row = ActivityRecord.objects.get()
    assert (row.action, row.actor_user_id) == ("profile_change.approved", back_office.pk)
    assert row.changes == {"description": ["", "New words."], "city": ["Seattle", "Tacoma"]}
    assert OutgoingEmail.objects.get().kind == "profile_change_approved"


def test_rejecting_takes_a_reason(client: Client, back_office: User, gail: Actor) -> None:
    change = make_change(gail)
    assert "Give a reason" not in page(client, button(change, "reject"))
    empty = client.post(button(change, "reject"), {"reason": " "}).content.decode()
    assert "Give a reason: the company will ask for it." in empty
    assert "Other words." in empty
    client.post(button(change, "reject"), {"reason": "Too vague.\r\nSay more."})
    change.refresh_from_db()
    assert (change.state, change.reason) == (State.REJECTED, "Too vague. Say more.")
    again = client.post(button(change, "reject"), {"reason": "Once more."}).content.decode()
    assert "This can no longer be decided" in again
    assert ("Too vague. Say more." in again, "Once more." in again, "</textarea>" in again) == (True, True, False)
    assert OutgoingEmail.objects.count() == 1


@pytest.mark.parametrize("reason", ["\x00", "\u202e", "x" * 501])
def test_an_odd_reason_is_told_and_nothing_happens(client: Client, back_office: User, gail: Actor, reason: str) -> None:
    profile, change = make_profile(gail.partner), make_change(gail)
    response = client.post(button(change, "reject"), {"reason": reason})
    assert (response.status_code, list(response.context["form"].errors)) == (200, ["reason"])
    change.refresh_from_db()
    assert change.state == State.PENDING
    act(client, "providerprofile", "unpublish", profile, reason=reason)
    assert list(ProviderProfile.objects.published()) == [profile]


def test_a_conflict_is_named(client: Client, back_office: User, gail: Actor) -> None:
    change = make_change(gail, city="Tacoma")
    Partner.objects.update(city="Olympia")
    response = client.post(button(change, "approve"), follow=True)
    assert "Changed since it was asked for: City." in response.content.decode()
    assert ProfileChange.objects.get().state == State.PENDING


def test_the_buttons_are_posts_of_those_who_may(client: Client, back_office: User, gail: Actor) -> None:
    change = make_change(gail)
    assert client.get(button(change, "approve")).status_code == 405
    for name in ("approve", "reject"):
        assert client.post(button(change, name).replace(str(change.pk), "999999")).status_code == 404
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_profilechange"))
    watching, owner, stranger = Client(), Client(), Client()
    watching.force_login(looker)
    owner.force_login(gail.user)
    html = page(watching, f"{QUEUE}{change.pk}/change/")
    assert button(change, "approve") not in html
    for name in ("approve", "reject"):
        data = {"reason": "Because."}
        assert watching.post(button(change, name), data).status_code == 403
        assert owner.get(button(change, name)).status_code in (302, 403, 405)
        assert owner.post(button(change, name), data).status_code in (302, 403)
        assert stranger.post(button(change, name), data).status_code == 302
    assert ProfileChange.objects.get().state == State.PENDING


# --- publishing ---
def test_publishing_and_taking_back(client: Client, back_office: User) -> None:
    whole, empty = make_profile(published=False), make_profile(published=False, description="", languages=[])
    html = act(client, "providerprofile", "publish", whole, empty)
    assert "Done for 1 row." in html
    assert "The profile lacks: Description, Languages." in html
    assert list(ProviderProfile.objects.published()) == [whole]
    assert "Give a reason" in act(client, "providerprofile", "unpublish", whole)
    act(client, "providerprofile", "unpublish", whole, reason="Asked to.")
    assert not ProviderProfile.objects.published().exists()
    rows = ActivityRecord.objects.order_by("pk").values_list("action", "actor_user_id")
    assert list(rows) == [("profile.published", back_office.pk), ("profile.unpublished", back_office.pk)]


@pytest.mark.parametrize("model", ["profilechange", "providerprofile"])
def test_nothing_is_added_edited_or_removed_by_hand(client: Client, back_office: User, gail: Actor, model: str) -> None:
    profile, change = make_profile(gail.partner), make_change(gail)
    row = {"profilechange": change, "providerprofile": profile}[model]
    base = f"/admin/accounts/{model}/"
    assert client.get(f"{base}add/").status_code == 403
    assert client.post(f"{base}{row.pk}/change/", {"state": "approved", "description": "By hand"}).status_code == 403
    assert client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    html = page(client, f"{base}{row.pk}/change/")
    assert 'name="_save"' not in html
    assert "delete_selected" not in page(client, base)
    change.refresh_from_db()
    profile.refresh_from_db()
    assert (change.state, profile.description) == (State.PENDING, "We help resellers of every size.")
    for odd in ("x", "0", "9" * 30, "%00"):
        assert client.get(f"{base}{odd}/change/").status_code in (302, 400, 404)
