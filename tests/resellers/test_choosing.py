"""Choosing one of many resellers: what is suggested, what typed text means, and that nobody learns of a stranger's."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import override

from accounts.access import Actor
from accounts.models import Partner
from core import clock
from core.counting import REMEMBERED
from core.forms import PortalForm
from core.typeahead import LONGEST_SELECT, MOST_SUGGESTIONS, Suggestion, TypeaheadField
from customers.forms import ResellerChoiceField
from resellers import choosing
from resellers.choosing import ResellerSource
from resellers.models import Partnership
from tests.contracts import header_faults
from tests.factories import PartnerFactory, PartnershipFactory
from tests.resellers.conftest import signed_in

SUGGEST = reverse("resellers:suggest")
DIRECT = Suggestion("none", "No reseller (direct)", alias="nobody")


def partner_with(provider: Partner, name: str, mpn_id: str, **facts: Any) -> Partner:
    """A reseller in partnership with the provider."""
    reseller = PartnerFactory(reseller=True, legal_name=name, mpn_id=mpn_id, **facts)
    PartnershipFactory(provider=provider, reseller=reseller)
    return reseller


@pytest.fixture
def crowd(northwind: Partner) -> dict[str, Partner]:
    """More resellers than a select holds, three of them with something in common."""
    for number in range(LONGEST_SELECT - 1):
        partner_with(
            northwind, f"Company {number:02d}", f"70{number:02d}", contact_email=f"litware{number}@box.example"
        )
    named = {
        "acao": partner_with(northwind, "Ação Digital", "0012345"),
        "fabrikam": partner_with(northwind, "Fabrikam", "555"),
        "services": partner_with(northwind, "Fabrikam Services", "556", contact_email="info@fabrikam.example"),
    }
    foreign = PartnershipFactory(reseller__legal_name="Fabrikam Foreign", reseller__mpn_id="999123").reseller
    return {**named, "foreign": foreign}


@pytest.fixture
def ended(northwind: Partner) -> Partner:
    """A reseller with which the partnership is over."""
    reseller = partner_with(northwind, "Zephyr Works", "4711")
    Partnership.objects.filter(reseller=reseller).update(ended_at=clock.now())
    return reseller


def form_with(actor: Actor, data: Any = None, *, with_ended: bool = False, **initial: Any) -> PortalForm:
    """A form with nothing but the field."""

    class ChoiceForm(PortalForm):
        reseller = TypeaheadField(label="Indirect reseller", empty_label="All", extras=(DIRECT,), required=False)

    form = ChoiceForm(QueryDict(data) if isinstance(data, str) else data, initial=initial)
    field = form.fields["reseller"]
    assert isinstance(field, TypeaheadField)
    field.offer(ResellerSource(actor, with_ended=with_ended))
    return form


def chosen(actor: Actor, typed: str) -> Any:
    """What the field makes of a text."""
    form = form_with(actor, {"reseller": typed})
    assert form.is_valid(), form.errors
    return form.cleaned_data["reseller"]


def refusal(actor: Actor, data: Any) -> str:
    """Why the field refuses what was sent."""
    form = form_with(actor, data)
    assert not form.is_valid()
    return str(form.errors["reseller"][0])


def names(found: list[Partner]) -> list[str]:
    return [one.legal_name for one in found]


# --- what is found ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("acao", ["Ação Digital"]),
        ("AÇÃO dig", ["Ação Digital"]),
        ("igita", ["Ação Digital"]),
        ("12345", ["Ação Digital"]),
        ("0012", ["Ação Digital"]),
        ("fabri", ["Fabrikam", "Fabrikam Services"]),
        ("services", ["Fabrikam Services"]),
        ("services fabrikam", ["Fabrikam Services"]),
        ("fabrikam 556", ["Fabrikam Services"]),
        ("Fabrikam Services (MPN ID 556)", ["Fabrikam Services"]),
        ("litware", []),
        ("foreign", []),
        ("999123", []),
        ("100%", []),
        ("' OR 1=1 --", []),
    ],
)
def test_search_finds_parts_of_words_in_name_and_mpn_id(
    crowd: dict[str, Partner], sender: Actor, typed: str, expected: list[str]
) -> None:
    assert names(ResellerSource(sender).search(typed, 20)) == expected


def test_names_that_begin_so_come_first(northwind: Partner, sender: Actor) -> None:
    for name, mpn_id in (("Alpha Zulu", "1"), ("Zulu Beta", "2"), ("Beta Zulu", "3"), ("Zulu Alpha", "4")):
        partner_with(northwind, name, mpn_id)
    assert names(ResellerSource(sender).search("zul", 3)) == ["Zulu Alpha", "Zulu Beta", "Alpha Zulu"]
    assert names(ResellerSource(sender).search("", 2)) == ["Alpha Zulu", "Beta Zulu"]


def test_few_are_all_of_them_by_name(northwind: Partner, sender: Actor, django_assert_num_queries: Any) -> None:
    zulu, alpha = partner_with(northwind, "Zulu", "1"), partner_with(northwind, "Alpha", "2")
    past = {"began_at": clock.now() - timedelta(days=9), "ended_at": clock.now()}
    PartnershipFactory(provider=northwind, reseller=zulu, **past)  # a former one with the same reseller
    PartnershipFactory(provider=northwind, **past)
    now, ever = ResellerSource(sender), ResellerSource(sender, with_ended=True)
    with django_assert_num_queries(4):
        assert now.few(2) == [alpha, zulu]
        assert now.few(1) is None
        assert len(ever.few(3) or []) == 3
        assert ever.few(2) is None
    with django_assert_num_queries(0):  # of all times they stay more; of today's they are taken for more for a minute
        assert ever.few(2) is None
        assert now.few(1) is None
    assert ResellerSource(Actor()).few(2) == []


def test_a_provider_with_fewer_resellers_than_before_chooses_from_a_list(
    northwind: Partner, sender: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered of today's is so for a minute; of the past it stays true."""
    moment = [1000.0]
    monkeypatch.setattr(choosing.time, "monotonic", lambda: moment[0])
    alpha, beta, gamma = (partner_with(northwind, name, str(number)) for number, name in enumerate("ABC", 1))
    now, ever = ResellerSource(sender), ResellerSource(sender, with_ended=True)
    assert [now.few(2), ever.few(2)] == [None, None]
    Partnership.objects.filter(reseller__in=[beta, gamma]).update(ended_at=clock.now())
    moment[0] += REMEMBERED - 1
    assert now.few(2) is None
    moment[0] += 2
    assert now.few(2) == [alpha]
    assert (ever.few(2), ever.search("", 9)) == (None, [alpha, beta, gamma])
    PartnershipFactory(provider=northwind, reseller=beta)
    assert now.few(2) == [alpha, beta]


def test_ended_partnerships_count_only_where_they_are_asked_for(ended: Partner, sender: Actor) -> None:
    now, ever = ResellerSource(sender), ResellerSource(sender, with_ended=True)
    key = str(ended.microsoft_id)
    assert [now.search("zephyr", 9), now.named("Zephyr Works"), now.find(key)] == [[], [], None]
    assert [ever.search("zephyr", 9), ever.named("Zephyr Works"), ever.find(key)] == [[ended], [ended], ended]
    assert now.label(key) == "Zephyr Works (MPN ID 4711)"


def test_nobody_else_finds_a_providers_resellers(crowd: dict[str, Partner], riley: Actor, tailwind: Actor) -> None:
    PartnershipFactory(provider=crowd["fabrikam"].partnerships_as_reseller.get().provider, reseller=riley.partner)
    for actor in (riley, tailwind, Actor(), Actor(user=riley.user)):
        source = ResellerSource(actor, with_ended=True)
        assert source.search("", 20) == []
        assert source.search("fabrikam", 20) == []
        assert source.named("Fabrikam") == []
        assert source.find(str(crowd["fabrikam"].microsoft_id)) is None
        assert source.label(str(crowd["fabrikam"].microsoft_id)) == ""


def test_a_reseller_that_would_be_refused_today_says_why(northwind: Partner, sender: Actor) -> None:
    reseller = partner_with(northwind, "Sleepy", "8", enrolment_state="suspended")
    suggestion = ResellerSource(sender).suggestion(reseller)
    assert str(suggestion) == "Sleepy (MPN ID 8)"
    assert suggestion.note == "The enrolment of Sleepy is not active: Suspended."
    assert ResellerSource(sender, with_ended=True).suggestion(reseller).note == ""


def test_a_reseller_of_another_region_than_the_customer_says_so(northwind: Partner, sender: Actor) -> None:
    """Northwind is in the United States and may serve Europe, too; so may only one of its resellers."""
    Partner.objects.filter(pk=northwind.pk).update(further_regions=["europe"])
    sender.partner.refresh_from_db()
    both, here = partner_with(northwind, "Both", "8", further_regions=["europe"]), partner_with(northwind, "Here", "9")
    note = "Here is enrolled for United States, and the customer is in France."
    for country, expected in (("", ["", ""]), ("US", ["", ""]), ("FR", ["", note])):
        source = ResellerSource(sender, customer_country=country)
        assert [source.suggestion(one).note for one in (both, here)] == expected
        assert [one["note"] for one in asked(signed_in(sender), country=country)["results"]] == expected
        # The field asks the same question of the server, or shows the answer in its select.
        assert source.url == (f"{SUGGEST}?country={country}" if country else SUGGEST)
        field = ResellerChoiceField(empty_label="None")
        field.offer(source)
        assert (f"Here (MPN ID 9) – {note}" in [words for _key, words in field.choices]) == (country == "FR")
    assert [one["note"] for one in asked(signed_in(sender), country="<b>")["results"]] == ["", ""]


# --- what typed text means --------------------------------------------------------------------------------------------
def test_a_unique_name_number_or_part_is_taken(crowd: dict[str, Partner], sender: Actor) -> None:
    for typed in (
        str(crowd["acao"].microsoft_id),
        "Ação Digital (MPN ID 0012345)",
        "acao  digital",
        "12345",
        "00012345",
        "digit",
    ):
        assert chosen(sender, typed) == crowd["acao"], typed
    # The whole name of one is a part of another's.
    assert chosen(sender, "fabrikam") == crowd["fabrikam"]
    assert chosen(sender, "555") == crowd["fabrikam"]


def test_nothing_and_the_words_for_nothing(crowd: dict[str, Partner], sender: Actor) -> None:
    for typed in ("", "  ", "all"):
        assert chosen(sender, typed) is None
    for typed in ("none", "NO RESELLER (direct)", "Nobody"):
        assert chosen(sender, typed) == DIRECT


def test_several_matches_are_shown_to_choose_from(crowd: dict[str, Partner], sender: Actor) -> None:
    form = form_with(sender, {"reseller": "fabri"})
    assert form.errors["reseller"] == ["Several match “fabri”. Choose the one that you mean."]
    control = str(form["reseller"])
    assert control.count('type="radio"') == 2
    assert 'value="fabri"' in control
    assert f'name="reseller" value="{crowd["services"].microsoft_id}"' in control
    assert "Fabrikam Services (MPN ID 556)" in control
    assert "Foreign" not in control
    picked = form_with(sender, f"reseller=fabri&reseller={crowd['services'].microsoft_id}")
    assert picked.is_valid()
    assert picked.cleaned_data["reseller"] == crowd["services"]
    assert 'type="radio"' not in str(picked["reseller"])


def test_a_pick_belongs_to_the_text_whose_matches_were_shown(crowd: dict[str, Partner], sender: Actor) -> None:
    key = crowd["services"].microsoft_id
    changed = form_with(sender, f"reseller=acao&reseller={key}")
    assert changed.is_valid()
    assert changed.cleaned_data["reseller"] == crowd["acao"]
    assert refusal(sender, QueryDict(f"reseller=company&reseller={key}")).startswith("Many match “company”")
    foreign = QueryDict(f"reseller=fabri&reseller={crowd['foreign'].microsoft_id}")
    assert refusal(sender, foreign).startswith("Several match “fabri”")


def test_many_matches_show_the_first(crowd: dict[str, Partner], sender: Actor) -> None:
    form = form_with(sender, {"reseller": "company"})
    assert form.errors["reseller"] == ["Many match “company”. Choose one of the first, or enter more of the name."]
    assert str(form["reseller"]).count('type="radio"') == MOST_SUGGESTIONS


def test_two_companies_of_one_name_are_told_apart(northwind: Partner, crowd: dict[str, Partner], sender: Actor) -> None:
    twin = partner_with(northwind, "Fabrikam", "557")
    assert refusal(sender, {"reseller": "Fabrikam"}).startswith("Several match")
    assert chosen(sender, "Fabrikam (MPN ID 557)") == twin
    with override("pt-br"):
        assert ResellerSource(sender).suggestion(twin).label == "Fabrikam (ID MPN 557)"
        assert chosen(sender, "Fabrikam (ID MPN 557)") == chosen(sender, "Fabrikam (MPN ID 557)") == twin
        assert ResellerSource(sender).search("fabrikam (ID MPN 557)", 9) == [twin]


def test_what_is_foreign_is_as_unknown_as_what_does_not_exist(
    crowd: dict[str, Partner], ended: Partner, sender: Actor
) -> None:
    foreign, missing = str(crowd["foreign"].microsoft_id), str(uuid.uuid4())
    pages = []
    for typed in (foreign, missing):
        form = form_with(sender, {"reseller": typed})
        assert not form.is_valid()
        pages.append((str(form.errors) + str(form["reseller"])).replace(typed, "KEY"))
    assert pages[0] == pages[1]
    assert "KEY" in pages[0]
    for typed in ("Fabrikam Foreign", "999123", str(ended.microsoft_id), "Zephyr Works"):
        assert refusal(sender, {"reseller": typed}).startswith("Nothing matches")


@pytest.mark.parametrize("typed", ["a\u202eb", "a\x00b", "x" * 251, "one\ntwo", "<script>"])
def test_bad_text_is_an_error_and_kept(crowd: dict[str, Partner], sender: Actor, typed: str) -> None:
    form = form_with(sender, {"reseller": typed})
    assert not form.is_valid()
    assert "<script>" not in str(form["reseller"]) + str(form.errors)
    assert escape(typed) in str(form["reseller"])


def test_a_kept_choice_comes_back_in_words(crowd: dict[str, Partner], ended: Partner, sender: Actor) -> None:
    for reseller in (crowd["acao"], ended):
        control = str(form_with(sender, reseller=str(reseller.microsoft_id))["reseller"])
        assert f'value="{reseller.name_and_mpn}"' in control
        assert f'data-key="{reseller.microsoft_id}"' in control
    foreign = str(form_with(sender, reseller=str(crowd["foreign"].microsoft_id))["reseller"])
    assert "Foreign" not in foreign
    assert 'value="fab"' in str(form_with(sender, reseller="fab")["reseller"])


def test_few_resellers_stand_in_a_select(northwind: Partner, sender: Actor) -> None:
    first = partner_with(northwind, "Fabrikam", "555")
    for number in range(LONGEST_SELECT - 1):
        partner_with(northwind, f"Company {number}", f"70{number:02d}")
    control = str(form_with(sender, {"reseller": "fabri"})["reseller"])
    assert "<select" in control
    assert control.count("<option") == LONGEST_SELECT + 2
    # An address with typed text keeps its meaning when there are fewer to choose from.
    form = form_with(sender, {"reseller": "fabri"})
    assert form.is_valid()
    assert f'value="{first.microsoft_id}" selected' in str(form["reseller"])
    partner_with(northwind, "One more", "7999")
    assert "<select" not in str(form_with(sender)["reseller"])


# --- the answer to a script -------------------------------------------------------------------------------------------
def asked(browser: Client, **query: str) -> dict[str, Any]:
    response = browser.get(SUGGEST, query)
    assert response.status_code == 200
    assert header_faults(response) == []
    found: dict[str, Any] = response.json()
    return found


def test_suggestions(crowd: dict[str, Partner], ended: Partner, sender: Actor, helpdesk: Actor) -> None:
    browser = signed_in(sender)
    entry = {"value": str(crowd["acao"].microsoft_id), "label": "Ação Digital (MPN ID 0012345)", "note": ""}
    assert asked(browser, q="acao") == {"results": [entry], "more": False}
    many = asked(browser, q="")
    assert (len(many["results"]), many["more"]) == (MOST_SUGGESTIONS, True)
    nothing = {"results": [], "more": False}
    for words in ("foreign", "zephyr", "a\x01b", "\u202e", "x" * 5000):
        assert asked(browser, q=words) == nothing
    assert [one["label"] for one in asked(browser, q="zephyr", ended="1")["results"]] == ["Zephyr Works (MPN ID 4711)"]
    assert asked(signed_in(helpdesk), q="acao") == {"results": [entry], "more": False}


def test_suggestions_are_for_providers(crowd: dict[str, Partner], riley: Actor, tailwind: Actor) -> None:
    refused = signed_in(riley).get(SUGGEST, {"q": "fabrikam"})
    assert refused.status_code == 403
    assert "Services" not in refused.content.decode()
    assert asked(signed_in(tailwind), q="fabrikam") == {"results": [], "more": False}
    assert Client().get(SUGGEST).status_code == 302


def test_suggestions_take_one_query_of_their_own(
    crowd: dict[str, Partner], sender: Actor, django_assert_num_queries: Any
) -> None:
    browser = signed_in(sender)
    browser.get(SUGGEST)
    for words in ("", "acao", "company", "nobody at all"):
        with django_assert_num_queries(4):
            asked(browser, q=words)
