"""Nothing typed in the wizard is lost, and nothing is overwritten unseen by another tab."""

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from customers.services import PartnershipRequired
from orders.editions import LONGEST_TEXT, edition_of
from orders.models import OrderDraft
from orders.services import (
    EditedMeanwhile,
    NotReady,
    cancel_draft,
    choose_offers,
    keep_typed,
    save_details,
    save_subscriptions,
    start_draft,
)
from resellers.models import Partnership
from tests.contracts import html_faults
from tests.faults import fail_at_each_statement
from tests.orders.conftest import agreed, confirmed, make_details, make_price, posted, signed_in, submitted
from tests.races import at_once
from tests.reading import text as text_of


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def fresh(draft: OrderDraft) -> OrderDraft:
    """The draft as it is in the database."""
    return OrderDraft.objects.get(pk=draft.pk)


def sent_back(page) -> str:
    """The edition that the form of a page sends."""
    found = page.content.decode().split('name="version" value="')[1]
    return found.partition('"')[0]


def earning(reseller) -> dict:
    """The reseller of an addition; the provider answers."""
    return {"reseller": reseller, "support_contact": None}


def sides(page) -> list[tuple[str, str, str]]:
    """What the page that compares shows."""
    assert page.status_code == 409
    assert html_faults(page.content.decode()) == []
    return [(label, text_of(saved), text_of(mine)) for label, saved, mine in page.context["rows"]]


# --- what is typed ----------------------------------------------------------------------------------------------------
def test_details_with_errors_are_kept_as_typed_and_shown_with_them_again(draft, sales, reseller):
    data = posted(make_details(company_name="  Padaria  <b>", postal_code="wrong", contact_email="ana@"), reseller)
    client = signed_in(sales)
    assert client.post(url("details", draft), data).status_code == 200
    kept = fresh(draft)
    assert (kept.details, kept.typed["details"]["company_name"]) == ({}, "  Padaria  <b>")
    form = client.get(kept.get_absolute_url()).context["form"]
    assert {name: form[name].value() for name in ("postal_code", "contact_email", "city")} == {
        "postal_code": "wrong",
        "contact_email": "ana@",
        "city": "Cupertino",
    }
    assert set(form.errors) == {"postal_code", "contact_email"}
    # Home and the list of drafts offer it by the name that was typed.
    assert "Padaria &lt;b&gt;" in client.get("/").content.decode()
    assert str(kept) == "Padaria <b>"


@pytest.mark.parametrize("typed", ["", "   ", "evil\u202eknab", "a\x1b[2J", "two\nlines"])
def test_a_typed_name_that_deceives_stands_nowhere_else(draft, sales, typed):
    kept = keep_typed(draft=draft, step="details", typed={"company_name": typed}, by=sales)
    assert str(kept) == "New customer"


def test_errors_typed_over_good_details_keep_the_order_from_going(ready, sales, reseller):
    client = signed_in(sales)
    client.post(url("details", ready), posted(make_details(company_name="x"), reseller))
    assert fresh(ready).details["company_name"] == "Padaria São João"
    problem = "What you typed last in Customer details could not be used yet. Correct it there."
    review = client.get(url("review", ready))
    assert [message for message, _address in review.context["problems"]] == [problem]
    with pytest.raises(NotReady, match="could not be used yet"):
        submitted(ready, sales)
    client.post(url("details", ready), posted(make_details(company_name="Padaria Nova"), reseller))
    assert (fresh(ready).typed, fresh(ready).details["company_name"]) == ({}, "Padaria Nova")
    assert submitted(ready, sales).customer.company_name == "Padaria Nova"


def test_a_reseller_that_is_refused_loses_nothing_of_the_rest(draft, sales, reseller):
    reseller.agreement_accepted_on = None
    reseller.save()
    client = signed_in(sales)
    client.post(url("details", draft), posted(make_details(company_name="Typed Name"), reseller))
    assert fresh(draft).details == {}
    assert client.get(url("details", draft)).context["form"]["company_name"].value() == "Typed Name"


def test_the_fields_of_another_country_keep_what_was_typed(provider, draft, sales, reseller):
    provider.further_regions = ["brazil"]
    provider.save()
    client = signed_in(sales)
    data = {**posted(make_details(country="BR", company_name="Padaria"), reseller), "update_address": "1"}
    client.post(url("details", draft), data)
    form = client.get(url("details", draft)).context["form"]
    assert (form["country"].value(), form["company_name"].value()) == ("BR", "Padaria")


def test_numbers_with_errors_are_kept_as_typed(ready, sales, standard):
    other = make_price("Alpha Suite")
    client = signed_in(sales)
    data = {f"licenses-{standard.pk}": "", f"licenses-{other.pk}": "ten"}
    client.post(url("subscriptions", ready), data)
    assert [line.quantity for line in ready.lines.all()] == [5]
    page = client.get(url("subscriptions", ready))
    form = page.context["form"]
    assert [form[name].value() for name in data] == ["", "ten"]
    assert "in whole digits" in text_of(page.content.decode())
    problems = client.get(url("review", ready)).context["problems"]
    assert next(message for message, _address in problems).startswith("What you typed last in New subscription")
    client.post(url("subscriptions", ready), {f"licenses-{standard.pk}": "7", f"licenses-{other.pk}": ""})
    assert (fresh(ready).typed, [line.quantity for line in ready.lines.all()]) == ({}, [7])


def test_what_no_column_can_hold_is_taken_out_of_what_was_typed(draft, sales, reseller):
    data = {**posted(make_details(), reseller), "company_name": "a\0b" + "c" * 2 * LONGEST_TEXT, "made_up": "x"}
    assert signed_in(sales).post(url("details", draft), data).status_code == 200
    typed = fresh(draft).typed["details"]
    assert (typed["company_name"][:3], len(typed["company_name"])) == ("abc", LONGEST_TEXT - 1)
    assert "made_up" not in typed


def test_cancel_removes_what_was_typed(draft, sales):
    keep_typed(draft=draft, step="details", typed={"company_name": "Secret plan"}, by=sales)
    assert cancel_draft(draft=draft, by=sales).typed == {}


# --- two tabs ---------------------------------------------------------------------------------------------------------
def test_details_changed_in_another_tab_are_compared_before_they_are_overwritten(ready, sales, reseller):
    client = signed_in(sales)
    opened = sent_back(client.get(url("details", ready)))
    client.post(url("details", ready), posted(make_details(city="Palo Alto"), reseller))
    mine = {**posted(make_details(company_name="Mine", postal_code="94301"), reseller), "version": opened}
    page = client.post(url("details", ready), mine)
    assert sides(page) == [
        ("Company name", "Padaria São João", "Mine"),
        ("City", "Palo Alto", "Cupertino"),
        ("ZIP code", "95014", "94301"),
    ]
    assert fresh(ready).details["city"] == "Palo Alto"
    # Mine once more, on top of what is saved now: all of it as it was typed.
    again = dict(page.context["again"])
    assert again == {**mine, "version": edition_of(fresh(ready), "details")}
    assert client.post(page.context["again_url"], again).url == url("subscriptions", ready)
    assert (fresh(ready).details["company_name"], fresh(ready).details["city"]) == ("Mine", "Cupertino")


@pytest.mark.parametrize("edition", ["", "7.0123456789abcdef", "nonsense", "1.", "\u202e"])
def test_a_page_of_an_unknown_edition_overwrites_nothing(ready, sales, reseller, edition):
    data = {**posted(make_details(company_name="Mine"), reseller), "version": edition}
    page = signed_in(sales).post(url("details", ready), data)
    assert sides(page) == [("Company name", "Padaria São João", "Mine")]
    assert fresh(ready).details["company_name"] == "Padaria São João"


def test_errors_from_an_older_page_are_compared_too(ready, sales, reseller):
    client = signed_in(sales)
    opened = sent_back(client.get(url("details", ready)))
    save_details(draft=ready, details=make_details(city="Palo Alto"), reseller=reseller, by=sales)
    mine = {**posted(make_details(postal_code="wrong"), reseller), "version": opened}
    assert [row[0] for row in sides(client.post(url("details", ready), mine))] == ["City", "ZIP code"]
    assert fresh(ready).typed == {}


def test_a_box_ticked_in_another_tab_is_compared_in_words(ready, sales, reseller):
    client = signed_in(sales)
    opened = sent_back(client.get(url("details", ready)))
    nobody = dict.fromkeys(["agreement_first_name", "agreement_last_name", "agreement_email"], "")
    later = make_details(agreement_to_come=True, agreement_accepted_on=None, **nobody)
    save_details(draft=ready, details=later, reseller=reseller, by=sales)
    rows = sides(client.post(url("details", ready), {**posted(make_details(), reseller), "version": opened}))
    assert ("The customer accepts it at its first sign-in", "Yes", "— No") in rows


def test_the_same_from_two_tabs_is_no_conflict(ready, sales, reseller, standard):
    client = signed_in(sales)
    opened = sent_back(client.get(url("details", ready)))
    data = posted(make_details(city="Palo Alto", postal_code="94301"), reseller)
    for _tab in range(2):
        assert client.post(url("details", ready), {**data, "version": opened}).url == url("subscriptions", ready)
    opened = sent_back(client.get(url("subscriptions", ready)))
    for _tab in range(2):
        data = {f"licenses-{standard.pk}": "9", "version": opened}
        assert client.post(url("subscriptions", ready), data).url == url("review", ready)


def test_another_step_changed_meanwhile_is_no_conflict(ready, sales, reseller, standard):
    client = signed_in(sales)
    details, offers = (sent_back(client.get(url(name, ready))) for name in ("details", "subscriptions"))
    save_details(draft=ready, details=make_details(city="Palo Alto"), reseller=reseller, by=sales)
    data = {f"licenses-{standard.pk}": "9", "version": offers}
    assert client.post(url("subscriptions", ready), data).url == url("review", ready)
    choose_offers(draft=ready, quantities={standard: 11}, by=sales)
    page = client.post(url("details", ready), {**posted(make_details(), reseller), "version": details})
    assert [row[0] for row in sides(page)] == ["City"]


def test_numbers_changed_in_another_tab_are_compared(ready, sales, standard):
    other = make_price("Alpha Suite")
    client = signed_in(sales)
    opened = sent_back(client.get(url("subscriptions", ready)))
    choose_offers(draft=ready, quantities={standard: 50}, by=sales)
    data = {f"licenses-{standard.pk}": "5", f"licenses-{other.pk}": "3", "version": opened}
    for name in ("subscriptions", "update_offers"):
        page = client.post(url(name, ready), data)
        assert sorted(row[1:] for row in sides(page)) == [("50", "5"), ("— Empty", "3")]
        assert [line.quantity for line in ready.lines.all()] == [50]
    again = dict(page.context["again"])
    client.post(url("subscriptions", ready), again)
    assert sorted(line.quantity for line in ready.lines.all()) == [3, 5]


def test_the_reseller_of_an_addition_changed_in_another_tab_is_compared_by_name(sales, provider, reseller, standard):
    draft = start_draft(reseller=None, customer=agreed(provider=provider), by=sales)
    client = signed_in(sales)
    opened = sent_back(client.get(url("subscriptions", draft)))
    save_subscriptions(draft=draft, quantities={standard: 5}, partners=earning(reseller), by=sales)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "none", "version": opened}
    page = client.post(url("subscriptions", draft), data)
    assert sides(page) == [
        ("Reseller", "Another reseller", "No reseller: no incentive will be paid"),
        ("Another reseller from the list", "Fabrikam (MPN ID 0012345)", "Choose a reseller"),
    ]
    client.post(url("subscriptions", draft), dict(page.context["again"]))
    assert fresh(draft).reseller is None


def test_offers_and_reseller_are_saved_both_or_neither(sales, provider, reseller, standard):
    draft = start_draft(reseller=None, customer=agreed(provider=provider), by=sales)
    Partnership.objects.update(ended_at=clock.now())
    with pytest.raises(PartnershipRequired):
        save_subscriptions(draft=draft, quantities={standard: 5}, partners=earning(reseller), by=sales)
    assert (draft.lines.count(), fresh(draft).reseller) == (0, None)
    data = {f"licenses-{standard.pk}": "5", "reseller_choice": "other", "reseller": str(reseller.microsoft_id)}
    client = signed_in(sales)
    assert client.post(url("subscriptions", draft), data).status_code == 200
    assert (draft.lines.count(), fresh(draft).reseller) == (0, None)
    page = client.get(url("subscriptions", draft))
    assert page.context["partners"]["reseller_choice"].value() == "other"
    assert page.context["forms"][0][f"licenses-{standard.pk}"].value() == "5"


@pytest.mark.parametrize("step", ["details", "subscriptions"])
def test_each_form_says_what_it_was_opened_with(ready, sales, step):
    assert sent_back(Client.get(signed_in(sales), url(step, ready))) == edition_of(fresh(ready), step)


def test_each_change_is_another_version_and_an_old_one_is_refused(ready, sales, reseller, standard):
    seen = fresh(ready).version
    calls = [
        lambda: save_details(draft=ready, details=make_details(), reseller=reseller, version=seen, by=sales),
        lambda: choose_offers(draft=ready, quantities={standard: 1}, version=seen, by=sales),
        lambda: keep_typed(draft=ready, step="details", typed={"city": "x"}, version=seen, by=sales),
    ]
    choose_offers(draft=ready, quantities={standard: 6}, version=seen, by=sales)
    assert fresh(ready).version == seen + 1
    for call in calls:
        with pytest.raises(EditedMeanwhile):
            call()
    assert (fresh(ready).version, fresh(ready).typed) == (seen + 1, {})
    assert [line.quantity for line in ready.lines.all()] == [6]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_of_two_tabs_that_save_at_once_one_compares(ready, sales, reseller):
    clients = [signed_in(sales), signed_in(sales)]
    opened = edition_of(fresh(ready), "details")
    forms = [posted(make_details(city=city), reseller) for city in ("Palo Alto", "San Jose")]
    pages = at_once(
        *(
            lambda client=client, form=form: client.post(url("details", ready), {**form, "version": opened})
            for client, form in zip(clients, forms, strict=True)
        )
    )
    assert sorted(page.status_code for page in pages) == [302, 409]
    won = next(number for number, page in enumerate(pages) if page.status_code == 302)
    assert fresh(ready).details["city"] == forms[won]["city"]


def test_a_save_that_fails_in_the_middle_keeps_nothing(sales, provider, reseller, standard, partnership):
    draft = start_draft(reseller=None, customer=agreed(provider=provider), by=sales)

    def unchanged():
        assert (fresh(draft).version, draft.lines.count(), fresh(draft).reseller) == (1, 0, None)

    def save():
        save_subscriptions(draft=draft, quantities={standard: 5}, partners=earning(reseller), by=sales)

    fail_at_each_statement(save, unchanged)
    assert (draft.lines.count(), fresh(draft).reseller) == (1, reseller)


# --- too many Submits -------------------------------------------------------------------------------------------------
def test_too_many_submits_are_refused_in_words_and_lose_nothing(ready, sales, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "submit_order": "2/1h/key"}
    client = signed_in(sales)
    for _time in range(2):
        assert client.post(url("submit", ready), {"reviewed": "x"}).status_code == 302
    data = confirmed(client.get(url("review", ready)))
    page = client.post(url("submit", ready), data)
    assert (page.status_code, page.headers["Retry-After"]) == (429, "3600")
    assert "Wait 60 minutes, then press Submit again; nothing is lost." in text_of(page.content.decode())
    assert html_faults(page.content.decode()) == []
    assert (fresh(ready).state, ready.lines.count()) == ("open", 1)
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "submit_order": "3/1h/key"}
    assert client.post(url("submit", ready), confirmed(page)).url == url("confirmation", ready)
    # Pressed again it leads to the confirmation, however often.
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "submit_order": "1/1h/key"}
    assert client.post(url("submit", ready), data).url == url("confirmation", ready)


def test_thirty_submits_an_hour_are_each_persons_own(settings):
    assert settings.ACCOUNT_RATE_LIMITS["submit_order"] == "30/1h/key"


def test_submits_of_a_colleague_do_not_count(ready, sales, colleague, settings, reseller, standard):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "submit_order": "1/1h/key"}
    theirs = start_draft(reseller=reseller, by=colleague)
    assert signed_in(colleague).post(url("submit", theirs), {"reviewed": "x"}).status_code == 302
    client = signed_in(sales)
    data = confirmed(client.get(url("review", ready)))
    assert client.post(url("submit", ready), data).url == url("confirmation", ready)
