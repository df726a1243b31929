"""Asking for a change of a profile, deciding it, and publishing."""

import pytest
from django.db import IntegrityError, transaction

from accounts.access import Actor
from accounts.models import Membership, Partner, ProfileChange, ProviderProfile
from accounts.roles import Role
from accounts.services.profiles import (
    NothingToChange,
    ProfileMoved,
    approve_profile_change,
    publish_profile,
    reject_profile_change,
    request_profile_change,
    unpublish_profile,
    withdraw_profile_change,
)
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted, Refused
from mail.models import OutgoingEmail
from tests.accounts.profiles import actor_of, make_change, make_profile, seen_by
from tests.factories import PartnerFactory, UserFactory

State = ProfileChange.State


@pytest.fixture
def northwind(db: None) -> Partner:
    """An indirect provider."""
    return PartnerFactory(legal_name="Northwind Distribution", contact_email="office@northwind.example")


@pytest.fixture
def gail(northwind: Partner) -> Actor:
    """Its Global admin."""
    return actor_of(northwind, "gail@northwind.example", name="Gail Ortiz")


@pytest.fixture
def office(db: None) -> Actor:
    """Somebody of the back office."""
    return Actor(user=UserFactory(back_office=True, full_name="Olga Office", email="olga@portal.example"))


def ask(gail: Actor, note: str = "", **wanted: object) -> ProfileChange:
    """Ask as the form does."""
    return request_profile_change(wanted=wanted, note=note, seen=seen_by(gail), by=gail)


# --- asking ---
def test_a_request_keeps_old_and_new_and_changes_nothing(gail: Actor, northwind: Partner) -> None:
    make_profile(northwind)
    change = ask(gail, note="We moved.", description="New words.", city="Seattle", phone="", languages=["en"])
    assert change.changes == {
        "description": ["We help resellers of every size.", "New words."],
        "city": ["", "Seattle"],
    }
    assert (change.state, change.note, change.requested_by) == (State.PENDING, "We moved.", gail.user)
    assert ProviderProfile.objects.get().description == "We help resellers of every size."
    row = ActivityRecord.objects.get()
    assert (row.action, row.provider_id) == ("profile_change.requested", northwind.microsoft_id)
    assert row.changes == {"note": "We moved.", **change.changes}


def test_a_request_begins_without_a_profile(gail: Actor) -> None:
    assert ask(gail, languages=["pt-br", "en"]).changes == {"languages": [[], ["en", "pt-br"]]}
    assert not ProviderProfile.objects.exists()


def test_the_order_of_a_list_is_no_change(gail: Actor, northwind: Partner) -> None:
    make_profile(northwind, languages=["pt-br", "en"])
    with pytest.raises(NothingToChange):
        ask(gail, languages=["en", "pt-br"])


def test_no_difference_is_refused(gail: Actor, northwind: Partner) -> None:
    make_profile(northwind)
    with pytest.raises(NothingToChange):
        ask(gail, description="We help resellers of every size.", legal_name="Northwind Distribution")
    assert not ProfileChange.objects.exists()


@pytest.mark.parametrize("role", [Role.SALES_AGENT, Role.HELPDESK_AGENT])
def test_lesser_roles_may_not_ask(gail: Actor, northwind: Partner, role: Role) -> None:
    with pytest.raises(NotPermitted):
        ask(actor_of(northwind, "sam@northwind.example", role), description="New words.")


def test_resellers_have_no_profile_to_change(db: None) -> None:
    with pytest.raises(NotPermitted):
        ask(actor_of(PartnerFactory(reseller=True), "riley@fabrikam.example"), description="New words.")


def test_asking_again_replaces_what_waits(gail: Actor) -> None:
    first = ask(gail, description="First.")
    second = ask(gail, description="Second.")
    first.refresh_from_db()
    assert (first.state, second.state) == (State.WITHDRAWN, State.PENDING)
    assert list(ActivityRecord.objects.order_by("pk").values_list("action", flat=True)) == [
        "profile_change.requested",
        "profile_change.withdrawn",
        "profile_change.requested",
    ]


def test_a_second_press_is_the_first_request(gail: Actor, office: Actor) -> None:
    seen = seen_by(gail)
    first = request_profile_change(wanted={"description": "First."}, seen=seen, by=gail)
    assert request_profile_change(wanted={"description": "First."}, seen=seen, by=gail) == first
    assert ProfileChange.objects.get() == first
    assert OutgoingEmail.objects.count() == 1


def test_who_was_overtaken_by_a_colleague_is_told(gail: Actor, northwind: Partner) -> None:
    colleague = actor_of(northwind, "ana@northwind.example", Role.ADMIN_AGENT, "Ana Lima")
    seen = seen_by(gail)
    ask(colleague, description="Ana’s.")
    with pytest.raises(ProfileMoved, match="Ana Lima has asked for a change meanwhile"):
        request_profile_change(wanted={"description": "Gail’s."}, seen=seen, by=gail)
    assert ProfileChange.objects.get().changes["description"][1] == "Ana’s."


def test_who_saw_an_older_profile_is_told(gail: Actor, northwind: Partner) -> None:
    profile = make_profile(northwind)
    seen = seen_by(gail)
    ProviderProfile.objects.filter(pk=profile.pk).update(phone="+12065550100")
    with pytest.raises(ProfileMoved, match="has changed since you opened"):
        request_profile_change(wanted={"description": "New.", "phone": ""}, seen=seen, by=gail)
    assert not ProfileChange.objects.exists()


def test_an_unfit_wish_is_refused_and_touches_nothing(gail: Actor, northwind: Partner) -> None:
    with pytest.raises(Refused):
        ask(gail, website="javascript:alert(1)")
    with pytest.raises(Refused):
        ask(gail, legal_name="")
    with pytest.raises(ValueError, match="Unknown entries of languages"):
        ask(gail, languages=["tlh"])
    with pytest.raises(ValueError, match="No fields of a profile"):
        ask(gail, mpn_id="1")
    assert not ProfileChange.objects.exists()


def test_a_published_profile_keeps_its_description(gail: Actor, northwind: Partner) -> None:
    make_profile(northwind)
    with pytest.raises(Refused, match="would lack: Description"):
        ask(gail, description="")


def test_the_database_holds_one_pending_change_per_company(gail: Actor) -> None:
    make_change(gail)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_change(gail)


def test_reviewers_are_mailed_once_each(gail: Actor, office: Actor) -> None:
    UserFactory(is_staff=True, email="looks-only@portal.example")
    UserFactory(back_office=True, is_active=False)
    UserFactory(is_superuser=True, email="no-staff@portal.example")
    ask(gail, note="Please hurry.", description="New words.")
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient, email.reply_to) == (
        "profile_change_requested",
        "olga@portal.example",
        "gail@northwind.example",
    )
    assert email.subject == "Profile change to review: Northwind Distribution"
    words = " ".join(email.text.split())
    assert "Gail Ortiz of Northwind Distribution asks for a change of: Description." in words
    assert "Please hurry." in words
    change = ProfileChange.objects.get()
    assert f"http://localhost:8000/admin/accounts/profilechange/{change.pk}/change/" in email.text


def test_mail_names_the_company_as_it_is_and_not_as_it_wishes(gail: Actor, office: Actor) -> None:
    change = ask(gail, legal_name="Southwind Distribution")
    assert change.partner.legal_name == "Northwind Distribution"
    assert "Southwind" not in OutgoingEmail.objects.get().text
    assert ActivityRecord.objects.get().target_label == "Northwind Distribution · Pending review"


# --- taking back ---
def test_withdrawing_twice_is_withdrawing_once(gail: Actor) -> None:
    change = ask(gail, description="New.")
    assert withdraw_profile_change(change=change, by=gail).state == State.WITHDRAWN
    assert withdraw_profile_change(change=change, by=gail).state == State.WITHDRAWN
    assert ActivityRecord.objects.filter(action="profile_change.withdrawn").count() == 1


def test_another_provider_withdraws_nothing(gail: Actor) -> None:
    change = ask(gail, description="New.")
    with pytest.raises(NotPermitted):
        withdraw_profile_change(change=change, by=actor_of(PartnerFactory(), "toni@tailwind.example"))


def test_what_is_decided_is_not_withdrawn(gail: Actor, office: Actor) -> None:
    change = ask(gail, description="New.")
    approve_profile_change(change=change, by=office)
    with pytest.raises(InvalidTransition, match="no longer waiting: Approved"):
        withdraw_profile_change(change=change, by=gail)


# --- deciding ---
def test_approval_applies_everything_and_tells_who_asked(gail: Actor, office: Actor, northwind: Partner) -> None:
    change = ask(gail, description="New words.", legal_name="Northwind Group", further_regions=["brazil"])
    OutgoingEmail.objects.all().delete()
    with clock.at(clock.now()):
        now = clock.now()
        approve_profile_change(change=change, by=office)
    profile = ProviderProfile.objects.select_related("partner").get()
    assert (profile.description, profile.changed_at, profile.published_at) == ("New words.", now, None)
    assert profile.partner.legal_name == "Northwind Group"
    assert profile.partner.further_regions == ["brazil"]
    assert profile.partner.search_text.startswith("northwind group ")
    change.refresh_from_db()
    assert (change.state, change.decided_by, change.decided_at) == (State.APPROVED, office.user, now)
    row = ActivityRecord.objects.get(action="profile_change.approved")
    assert row.changes == {
        "description": ["", "New words."],
        "legal_name": ["Northwind Distribution", "Northwind Group"],
        "further_regions": [[], ["brazil"]],
    }
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient) == ("profile_change_approved", "gail@northwind.example")
    assert "Changed now: Description, Legal name, Further regions." in " ".join(email.text.split())


def test_approval_changes_a_profile_that_exists(gail: Actor, office: Actor, northwind: Partner) -> None:
    profile = make_profile(northwind, phone="+12065550100")
    approve_profile_change(change=ask(gail, website="https://northwind.example"), by=office)
    profile.refresh_from_db()
    assert (profile.website, profile.phone) == ("https://northwind.example", "+12065550100")
    assert profile.published_at is not None


def test_approval_refuses_to_overwrite_what_moved(gail: Actor, office: Actor, northwind: Partner) -> None:
    profile = make_profile(northwind)
    change = ask(gail, description="New words.", phone="+12065550100")
    ProviderProfile.objects.filter(pk=profile.pk).update(description="Changed meanwhile.")
    with pytest.raises(Refused, match=r"Changed since it was asked for: Description\."):
        approve_profile_change(change=change, by=office)
    change.refresh_from_db()
    profile.refresh_from_db()
    assert (change.state, profile.description, profile.phone) == (State.PENDING, "Changed meanwhile.", "")


def test_approval_refuses_what_became_unfit(gail: Actor, office: Actor, northwind: Partner) -> None:
    change = make_change(gail, website="javascript:alert(1)")
    with pytest.raises(Refused):
        approve_profile_change(change=change, by=office)
    assert not ProviderProfile.objects.exists()


def test_approval_leaves_no_published_profile_without_a_description(gail: Actor, office: Actor) -> None:
    make_profile(gail.partner)
    with pytest.raises(Refused, match="would lack: Description"):
        approve_profile_change(change=make_change(gail, description=""), by=office)


def test_rejection_needs_a_reason_and_tells_it(gail: Actor, office: Actor, northwind: Partner) -> None:
    gail.user.language = "pt-br"
    gail.user.save()
    change = ask(gail, description="New words.")
    OutgoingEmail.objects.all().delete()
    with pytest.raises(Refused, match="Give a reason"):
        reject_profile_change(change=change, reason="  ", by=office)
    reject_profile_change(change=change, reason="Too vague.", by=office)
    change.refresh_from_db()
    assert (change.state, change.reason, change.decided_by) == (State.REJECTED, "Too vague.", office.user)
    assert not ProviderProfile.objects.exists()
    email = OutgoingEmail.objects.get()
    assert (email.kind, email.recipient, email.language) == (
        "profile_change_rejected",
        "gail@northwind.example",
        "pt-br",
    )
    assert "Too vague." in email.text
    assert ActivityRecord.objects.get(action="profile_change.rejected").changes == {"reason": "Too vague."}


def test_the_company_is_told_when_who_asked_has_left(gail: Actor, office: Actor) -> None:
    change = ask(gail, description="New words.")
    Membership.objects.update(ended_at=clock.now())
    OutgoingEmail.objects.all().delete()
    reject_profile_change(change=change, reason="Too vague.", by=office)
    assert OutgoingEmail.objects.get().recipient == "office@northwind.example"


def test_what_is_decided_stays_decided(gail: Actor, office: Actor) -> None:
    change = ask(gail, description="New words.")
    withdraw_profile_change(change=change, by=gail)
    with pytest.raises(InvalidTransition, match="no longer waiting: Withdrawn"):
        approve_profile_change(change=change, by=office)
    with pytest.raises(InvalidTransition, match="no longer waiting: Withdrawn"):
        reject_profile_change(change=change, reason="Too vague.", by=office)


def test_nothing_is_saved_when_the_record_fails(
    gail: Actor, office: Actor, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = make_change(gail)
    profile = make_profile(northwind, published=False)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.services.profiles.record", fail)
    OutgoingEmail.objects.all().delete()
    for attempt in (
        lambda: request_profile_change(wanted={"phone": "+12065550100"}, seen=seen_by(gail), by=gail),
        lambda: withdraw_profile_change(change=waiting, by=gail),
        lambda: reject_profile_change(change=waiting, reason="No.", by=office),
        lambda: publish_profile(profile=profile, by=office),
    ):
        with pytest.raises(RuntimeError):
            attempt()
    ProviderProfile.objects.update(description="")
    with pytest.raises(RuntimeError):
        approve_profile_change(change=waiting, by=office)
    assert ProfileChange.objects.get().state == State.PENDING
    assert list(ProviderProfile.objects.values_list("description", "published_at")) == [("", None)]
    assert not OutgoingEmail.objects.exists()


# --- publishing ---
def test_publishing_and_taking_back(office: Actor) -> None:
    profile = make_profile(published=False)
    published_at = publish_profile(profile=profile, by=office).published_at
    assert published_at is not None
    assert list(ProviderProfile.objects.published()) == [profile]
    with pytest.raises(InvalidTransition, match="already published"):
        publish_profile(profile=profile, by=office)
    with pytest.raises(Refused, match="Give a reason"):
        unpublish_profile(profile=profile, reason="", by=office)
    unpublish_profile(profile=profile, reason="Asked to.", by=office)
    assert not ProviderProfile.objects.published().exists()
    with pytest.raises(InvalidTransition, match="not published"):
        unpublish_profile(profile=profile, reason="Asked to.", by=office)
    rows = ActivityRecord.objects.order_by("pk").values_list("action", "changes", "actor_user_id")
    moment = published_at.isoformat()
    assert list(rows) == [
        ("profile.published", {"published_at": [None, moment]}, office.user.pk),
        ("profile.unpublished", {"published_at": [moment, None], "reason": "Asked to."}, office.user.pk),
    ]


@pytest.mark.parametrize(
    ("lacking", "said"),
    [({"description": ""}, "Description"), ({"languages": []}, "Languages")],
)
def test_what_is_incomplete_is_not_published(office: Actor, lacking: dict[str, object], said: str) -> None:
    profile = make_profile(published=False, **lacking)
    with pytest.raises(Refused, match=f"The profile lacks: {said}\\."):
        publish_profile(profile=profile, by=office)


@pytest.mark.parametrize("kind", ["suspended", "pending", "reseller"])
def test_only_enrolled_providers_are_published(office: Actor, kind: str) -> None:
    profile = make_profile(PartnerFactory(**{kind: True}), published=False)
    with pytest.raises(Refused, match="Only an indirect provider"):
        publish_profile(profile=profile, by=office)


# --- the mails, in words ---
@pytest.mark.parametrize("kind", ["profile_change_requested", "profile_change_approved", "profile_change_rejected"])
def test_both_bodies_of_a_mail_say_the_same_and_hold_one_link(gail: Actor, office: Actor, kind: str) -> None:
    Partner.objects.update(legal_name="North <b>wind</b>")
    gail.partner.refresh_from_db()
    change = ask(gail, note="<i>Hurry</i>", description="New words.")
    if kind == "profile_change_approved":
        approve_profile_change(change=change, by=office)
    elif kind == "profile_change_rejected":
        reject_profile_change(change=change, reason="<i>Hurry</i>", by=office)
    email = OutgoingEmail.objects.get(kind=kind)
    path = f"admin/accounts/profilechange/{change.pk}/change/" if kind.endswith("requested") else "profile/"
    assert f"http://localhost:8000/{path}\n" in email.text
    assert f'href="http://localhost:8000/{path}"' in email.html
    assert ("North <b>wind</b>" in email.text, "North <b>wind</b>" in email.html) == (True, False)
    assert "North &lt;b&gt;wind&lt;/b&gt;" in email.html
    hurry = kind != "profile_change_approved"
    assert ("<i>Hurry</i>" in email.text, "&lt;i&gt;Hurry&lt;/i&gt;" in email.html) == (hurry, hurry)
    assert "New words." not in email.text + email.html
