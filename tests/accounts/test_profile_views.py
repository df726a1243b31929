"""A provider reviews its profile and asks for changes."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.access import Actor
from accounts.models import Partner, ProfileChange, ProviderProfile
from accounts.roles import Role
from accounts.services.profiles import approve_profile_change, reject_profile_change
from tests.accounts.profiles import actor_of, entries, make_change, make_profile, signed_in
from tests.contracts import header_faults, html_faults
from tests.factories import PartnerFactory, UserFactory

OWN, CHANGE = "/profile/", "/profile/change/"
CANARIES = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7777|add:7 }}"]
State = ProfileChange.State


@pytest.fixture
def northwind(db: None) -> Partner:
    """An indirect provider."""
    return PartnerFactory(
        legal_name="Northwind Distribution",
        contact_email="office@northwind.example",
        city="Seattle",
        state="WA",
        postal_code="98101",
    )


@pytest.fixture
def gail(northwind: Partner) -> Actor:
    """Its Global admin."""
    return actor_of(northwind, "gail@northwind.example", name="Gail Ortiz")


@pytest.fixture
def window(gail: Actor) -> Client:
    """Gail's browser."""
    return signed_in(gail)


@pytest.fixture
def office(db: None) -> Actor:
    """Somebody of the back office."""
    return Actor(user=UserFactory(back_office=True))


def page(client: Client, url: str = OWN) -> str:
    """A page that keeps what every page promises."""
    response = client.get(url)
    assert response.status_code == 200
    html = response.content.decode()
    assert (html_faults(html), header_faults(response)) == ([], [])
    return html.replace("<wbr>", "")


def errors(response: Any) -> dict[str, list[str]]:
    """What the form says is wrong."""
    return {name: list(found) for name, found in response.context["form"].errors.items()}


# --- the review ---
def test_an_empty_profile_says_what_is_missing(window: Client) -> None:
    html = page(window)
    assert "Review your company’s profile" in html
    assert "Not published" in html
    assert "0 of 5 parts are filled in." in html
    for part in ("description", "languages", "website", "phone", "specialties"):
        assert f'href="{CHANGE}#div_id_{part}"' in html
    assert not ProviderProfile.objects.exists()


def test_the_preview_is_the_public_page(window: Client, northwind: Partner) -> None:
    make_profile(
        northwind,
        description="We train resellers.",
        website="https://northwind.example",
        phone="+12065550100",
        specialties=["azure"],
    )
    html = page(window)
    public = Client().get(reverse("directory:provider", args=[northwind.microsoft_id])).content.decode()
    facts = public[public.index('<p class="provider-description">') : public.index("</dl>")]
    assert facts in html
    assert "5 of 5 parts are filled in." in html
    assert "Nothing is missing." in html
    assert reverse("directory:provider", args=[northwind.microsoft_id]) in html


def test_facts_of_the_programme_are_shown_and_locked(window: Client, northwind: Partner) -> None:
    html = page(window)
    for words in (northwind.mpn_id, "Seattle", "WA", "office@northwind.example", "United States", "Active"):
        assert words in html
    assert "To change these, contact your Microsoft representative." in html
    assert "<input" not in html.split("<main")[1].split("</main>")[0]


def test_who_may_only_look_is_offered_nothing(gail: Actor, northwind: Partner) -> None:
    change = make_change(gail)
    colleague = signed_in(actor_of(northwind, "hal@northwind.example", Role.HELPDESK_AGENT))
    html = page(colleague)
    assert "Waiting for the programme’s review" in html
    assert "A Global admin or Admin agent of your company may request changes." in html
    assert CHANGE not in html
    withdraw = reverse("profile:withdraw", args=[change.public_id])
    assert withdraw not in html
    assert colleague.get(CHANGE).status_code == 403
    assert colleague.post(CHANGE, entries(gail, city="Tacoma")).status_code == 403
    assert colleague.post(withdraw).status_code == 403
    change.refresh_from_db()
    assert change.state == State.PENDING


def test_others_have_no_such_page(db: None) -> None:
    reseller = signed_in(actor_of(PartnerFactory(reseller=True), "riley@fabrikam.example"))
    suspended = signed_in(actor_of(PartnerFactory(suspended=True), "sam@litware.example"))
    stranger = Client()
    stranger.force_login(UserFactory())
    for client in (reseller, suspended, stranger):
        for url in (OWN, CHANGE):
            assert client.get(url).status_code == 403
            assert client.post(url).status_code in (403, 405)
    for url in (OWN, CHANGE):
        assert Client().get(url)["Location"] == f"/account/sign-in/?next={url}"


def test_what_waits_is_shown_old_beside_new(window: Client, gail: Actor) -> None:
    make_profile(gail.partner, description="We help resellers.", languages=["en"])
    make_change(gail, description="We train resellers.", languages=["en", "pt-br"])
    html = page(window)
    assert "Pending review" in html
    assert "We <del>help </del>resellers." in html
    assert "We <ins>train </ins>resellers." in html
    assert "<ins>Brazilian Portuguese</ins>, English" in html


def test_only_its_own_company_sees_what_waits(gail: Actor) -> None:
    change = make_change(gail, description="Secret plans.")
    rival = signed_in(actor_of(PartnerFactory(), "toni@tailwind.example"))
    assert "Secret plans" not in page(rival) + page(rival, CHANGE)
    foreign = rival.post(reverse("profile:withdraw", args=[change.public_id]))
    missing = rival.post(reverse("profile:withdraw", args=[uuid.uuid4()]))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.content == missing.content
    change.refresh_from_db()
    assert change.state == State.PENDING


def test_the_last_decision_is_shown(window: Client, gail: Actor, office: Actor) -> None:
    reject_profile_change(change=make_change(gail), reason="Too <vague>.", by=office)
    html = page(window)
    assert "Your last request was rejected on" in html
    assert "Too &lt;vague&gt;." in html
    approve_profile_change(change=make_change(gail), by=office)
    assert "Your last request was approved on" in page(window)


@pytest.mark.parametrize("canary", CANARIES)
def test_what_was_typed_is_shown_as_text(window: Client, gail: Actor, canary: str) -> None:
    facts = dict.fromkeys(("legal_name", "address_line_1", "city", "contact_name", "contact_phone"), canary[:30])
    Partner.objects.filter(pk=gail.partner.pk).update(**facts)
    make_profile(gail.partner, published=False, description=canary, website=canary, phone=canary[:30])
    ProfileChange.objects.create(
        partner=gail.partner,
        requested_by=gail.user,
        note=canary,
        changes={
            "description": [canary, f"new {canary}"],
            "languages": [[canary], ["en"]],
            "legal_name": [canary, "x"],
            "phone": ["", canary],
        },
    )
    for html in (page(window), page(window, CHANGE)):
        for broken in ("<script>alert", "<img", "7784"):
            assert broken not in html, broken


# --- the form ---
def test_a_change_is_sent_to_the_programme(window: Client, gail: Actor) -> None:
    html = page(window, CHANGE)
    assert "Facts that only the programme may change" in html
    assert gail.partner.mpn_id not in html
    typed = entries(
        gail,
        description="We train\r\nresellers.",
        website="northwind.example",
        phone="(206) 555-0100",
        languages=["pt-br", "en"],
        specialties=["azure"],
        city="Tacoma",
        contact_email="Office@Northwind.example",
        further_regions=["brazil"],
        note="We moved.",
    )
    response = window.post(CHANGE, typed)
    assert (response.status_code, response["Location"]) == (302, OWN)
    change = ProfileChange.objects.get()
    assert {field: after for field, (_before, after) in change.changes.items()} == {
        "description": "We train\nresellers.",
        "website": "https://northwind.example",
        "phone": "+12065550100",
        "languages": ["en", "pt-br"],
        "specialties": ["azure"],
        "city": "Tacoma",
        "further_regions": ["brazil"],
    }
    assert change.note == "We moved."
    assert "Your request is with the programme." in page(window)


def test_a_second_press_makes_no_second_request(window: Client, gail: Actor) -> None:
    typed = entries(gail, city="Tacoma")
    assert [window.post(CHANGE, typed).status_code for _press in range(2)] == [302, 302]
    assert ProfileChange.objects.count() == 1


def test_an_unchanged_form_says_so(window: Client, gail: Actor) -> None:
    response = window.post(CHANGE, entries(gail))
    assert errors(response) == {"__all__": ["Nothing here differs from what your profile says today."]}
    assert html_faults(response.content.decode()) == []


def test_the_form_shows_what_waits_and_replaces_it(window: Client, gail: Actor) -> None:
    first = make_change(gail, city="Tacoma", description="Waiting words.")
    html = page(window, CHANGE)
    assert "This request waits, and would be replaced" in html
    assert 'value="Tacoma"' in html
    assert ">\nWaiting words.</textarea>" in html
    assert window.post(CHANGE, entries(gail, city="Spokane")).status_code == 302
    first.refresh_from_db()
    second = ProfileChange.objects.pending().get()
    assert (first.state, second.changes) == (State.WITHDRAWN, {"city": ["Seattle", "Spokane"]})


def test_who_was_overtaken_keeps_every_entry_and_may_send_again(window: Client, gail: Actor) -> None:
    typed = entries(gail, city="Tacoma", note="Mine.")
    colleague = actor_of(gail.partner, "ana@northwind.example", name="Ana Lima")
    theirs = make_change(colleague, phone="+12065550100")
    response = window.post(CHANGE, typed)
    html = response.content.decode()
    assert response.status_code == 409
    assert "Ana Lima has asked for a change meanwhile." in html
    assert 'value="Tacoma"' in html
    assert "+1 206-555-0100" in html
    assert ProfileChange.objects.get() == theirs
    again = {**typed, "seen": response.context["form"]["seen"].value()}
    assert window.post(CHANGE, again).status_code == 302
    assert ProfileChange.objects.pending().get().changes == {"city": ["Seattle", "Tacoma"]}


def test_a_form_without_its_mark_is_looked_at_again(window: Client, gail: Actor) -> None:
    for seen in ("", "x" * 64):
        response = window.post(CHANGE, entries(gail, city="Tacoma", seen=seen))
        assert response.status_code == 409
    assert window.post(CHANGE, entries(gail, city="Tacoma", seen="x" * 65)).status_code == 200
    assert not ProfileChange.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("website", "javascript:alert(1)", "Enter an address like https://company.com."),
        ("website", "ftp://northwind.example", "Enter an address like https://company.com."),
        ("website", "https://microsoft.com@evil.example", "Enter the website without a user name or password in it."),
        ("website", "https://northwind.example/" + "x" * 200, "Website must be 200 characters or fewer."),
        ("website", "https://" + "x" * 100 + ".example", "Enter an address like https://company.com."),
        ("phone", "twelve", "Enter the telephone number, like +1 201-555-0123."),
        ("description", "x" * 2001, "Description must be 2000 characters or fewer."),
        ("description", "Invoice \u202efdp.exe", "Remove the invisible control characters from this text."),
        ("legal_name", "", "Enter the legal name."),
        ("legal_name", "Ltd", "Enter the whole company name; “Ltd” is only its legal form."),
        ("legal_name", "North\nwind", "Enter this on one line."),
        ("contact_email", "somebody", "Enter an e-mail address like name@company.com."),
        ("contact_email", "a@b.example, c@d.example", "Enter an e-mail address like name@company.com."),
        ("languages", ["tlh"], "Select a choice of the list for the languages."),
        ("further_regions", ["united_states"], "Select a choice of the list for the further regions."),
        ("further_regions", ["moon"], "Select a choice of the list for the further regions."),
        ("postal_code", "abc", "Enter the ZIP code, like 95014."),
        ("state", "XX", "Select a choice of the list for the state."),
        ("note", "x" * 501, "Note to your Microsoft representative must be 500 characters or fewer."),
    ],
)
def test_a_bad_entry_is_told_beside_its_field(
    window: Client, gail: Actor, field: str, typed: object, said: str
) -> None:
    response = window.post(CHANGE, entries(gail, city="Tacoma", **{field: typed}))
    assert response.status_code == 200
    assert errors(response)[field] == [said]
    html = response.content.decode()
    assert 'value="Tacoma"' in html
    assert html_faults(html) == []
    assert not ProfileChange.objects.exists()


def test_a_published_profile_keeps_what_it_needs(window: Client, gail: Actor) -> None:
    make_profile(gail.partner)
    response = window.post(CHANGE, entries(gail, description="", languages=[]))
    assert errors(response) == {
        "description": ["Description: your profile is published, and needs this."],
        "languages": ["Languages: your profile is published, and needs this."],
    }


def test_what_stands_there_today_is_no_error_however_it_is_spelled(window: Client, gail: Actor) -> None:
    odd = {"contact_phone": "call reception", "postal_code": "9", "state": "Somewhere", "legal_name": "X"}
    Partner.objects.filter(pk=gail.partner.pk).update(**odd, further_regions=["atlantis"])
    make_profile(gail.partner, published=False, languages=["tlh"])
    gail.partner.refresh_from_db()
    response = window.post(CHANGE, entries(gail, description="New words."))
    assert response.status_code == 302
    assert ProfileChange.objects.get().changes == {"description": ["We help resellers of every size.", "New words."]}


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "9" * 100_000, ["a", "b"]])
def test_no_entry_breaks_the_form(window: Client, gail: Actor, odd: Any) -> None:
    typed = dict.fromkeys(entries(gail), odd)
    if odd == "\ud800":
        typed = {name: odd.encode("utf-8", "surrogatepass") for name in typed}
    assert window.post(CHANGE, typed).status_code in (200, 400)
    assert not ProfileChange.objects.exists()


# --- taking back ---
def test_withdrawing_is_a_post_and_twice_the_same(window: Client, gail: Actor, office: Actor) -> None:
    change = make_change(gail)
    withdraw = reverse("profile:withdraw", args=[change.public_id])
    assert window.get(withdraw).status_code == 405
    assert [window.post(withdraw)["Location"] for _press in range(2)] == [OWN, OWN]
    change.refresh_from_db()
    assert change.state == State.WITHDRAWN
    html = page(window)
    assert "The request is withdrawn." in html
    assert "Your last request" not in html
    decided = make_change(gail)
    approve_profile_change(change=decided, by=office)
    window.post(reverse("profile:withdraw", args=[decided.public_id]))
    assert "This change is no longer waiting: Approved." in page(window)


# --- what it costs ---
@pytest.mark.parametrize(("url", "number"), [(OWN, 7), (CHANGE, 5)])
def test_the_number_of_queries_is_the_same_however_much_was_asked(
    window: Client, gail: Actor, url: str, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_profile(gail.partner)
    window.get(url)
    make_change(gail, phone="+12065550100")
    with django_assert_num_queries(number):
        window.get(url)
    ProfileChange.objects.update(state=State.WITHDRAWN)
    for city in ("Tacoma", "Spokane", "Olympia"):
        make_change(gail, city=city, description=city)
        ProfileChange.objects.update(state=State.APPROVED, decided_at="2026-01-01T00:00Z")
    with django_assert_num_queries(number):
        window.get(url)
