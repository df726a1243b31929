"""Changing many subscriptions at once: what is chosen, the preview, the run, and everything that can come between."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Membership, Partner, User
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import NotPermitted, Refused
from subscriptions import tasks
from subscriptions.bulk import choosing, services
from subscriptions.bulk.preview import preview
from subscriptions.bulk.services import (
    MatchesChanged,
    cancel_bulk_change,
    prepare_bulk_change,
    run_bulk_change,
    step,
    submit_bulk_change,
)
from subscriptions.models import BulkChange, ResellerOfRecord, Subscription, SupportContact
from tests.contracts import html_faults
from tests.customers.conftest import actor_of
from tests.factories import CustomerFactory, PartnerFactory, SkuFactory, SubscriptionFactory
from tests.races import at_once
from tests.subscriptions.together import done, prepared

Browser = Callable[[User | None], Client]
LIST = reverse("subscriptions:all")
NEW = reverse("subscriptions:prepare_bulk")
State, Kind = BulkChange.State, BulkChange.Kind


def sold(provider: Partner, nickname: str = "Desk", **values: Any) -> Subscription:
    customer = values.pop("customer", None) or CustomerFactory(provider=provider)
    return SubscriptionFactory(customer=customer, nickname=nickname, **values)


def outcome(change: BulkChange) -> tuple[int, int, int]:
    return change.changed, change.unchanged, change.refused


# --- what is chosen ---------------------------------------------------------------------------------------------------
def test_only_what_the_actor_sees_is_chosen(provider: Partner, reseller: Partner, admin: Actor) -> None:
    mine, foreign = sold(provider), SubscriptionFactory()
    ids = [str(mine.subscription_id), str(foreign.subscription_id), "x", "", str(mine.subscription_id)]
    assert choosing.picked(ids, admin) == [mine.pk]
    assert choosing.matching("status=all", admin) == [mine.pk]
    assert choosing.matching("q=nobody", admin) == []
    with pytest.raises(Refused, match="filters could not be applied"):
        choosing.matching("status=wrong", admin)


def test_the_number_is_limited(provider: Partner, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "MOST", 1)
    rows = [sold(provider), sold(provider)]
    for choose in (
        lambda: choosing.picked([str(row.subscription_id) for row in rows], admin),
        lambda: choosing.matching("", admin),
    ):
        with pytest.raises(Refused, match="At most 1 subscriptions"):
            choose()


# --- what becomes of each ---------------------------------------------------------------------------------------------
def test_auto_renew_is_what_the_rules_answer(provider: Partner, admin: Actor) -> None:
    rows = [
        sold(provider, "Renews"),
        sold(provider, "Ends already", at_end="cancel"),
        sold(provider, "Suspended", status="suspended"),
        sold(provider, "Legacy", policy="legacy"),
        sold(provider, "Over", status="expired"),
    ]
    change = prepared(rows, admin)
    found = preview(change, [row.pk for row in rows], admin)
    assert [row.nickname for row in found.changed.first] == ["Renews"]
    assert [row.nickname for row in found.unchanged.first] == ["Ends already"]
    assert {group.first[0].nickname for group in found.refused.values()} == {"Suspended", "Legacy", "Over"}
    assert not ActivityRecord.objects.exists()
    done(change, admin)
    assert outcome(change) == (1, 1, 3)
    assert [[row[1], row[3]] for row in change.refusals if row[1] != "Ends already"] == [
        [group.first[0].nickname, group.reason] for group in found.refused.values()
    ]
    rows[0].refresh_from_db()
    assert rows[0].at_end == "cancel"
    assert ActivityRecord.objects.filter(action="subscription.end_decided").count() == 1


def test_the_reseller_of_record_is_named_where_business_may_be_done(
    provider: Partner, reseller: Partner, admin: Actor
) -> None:
    named, deleted = sold(provider, "Named"), sold(provider, "Deleted", status="deleted")
    free, brazil = sold(provider, "Free"), sold(provider, "Abroad", customer__country="BR")
    brazil.customer.country = "BR"
    brazil.customer.save()
    ResellerOfRecord.objects.create(subscription=named, reseller=reseller, mpn_id="1", set_by=admin.user)
    change = prepared([named, deleted, free, brazil], admin, Kind.RESELLER_OF_RECORD, reseller=reseller)
    done(change, admin)
    assert outcome(change) == (1, 1, 2)
    current = ResellerOfRecord.objects.filter(ends_at=None, reseller=reseller)
    assert set(current.values_list("subscription", flat=True)) == {named.pk, free.pk}
    nobody = done(prepared([named, free, brazil], admin, Kind.RESELLER_OF_RECORD, reseller=None), admin)
    assert outcome(nobody) == (2, 1, 0)
    assert not ResellerOfRecord.objects.filter(ends_at=None).exists()


def test_the_support_contact_must_manage_the_customer(provider: Partner, reseller: Partner, admin: Actor) -> None:
    managed = sold(provider, "Managed", customer=CustomerFactory(provider=provider, managed_by=reseller))
    direct = sold(provider, "Direct")
    change = done(prepared([managed, direct], admin, Kind.SUPPORT_CONTACT, reseller=reseller), admin)
    assert outcome(change) == (1, 0, 1)
    assert change.refusals == [
        [str(direct.subscription_id), "Direct", direct.customer.company_name, "Fabrikam does not manage this customer."]
    ]
    assert SupportContact.objects.get(ends_at=None).subscription == managed


def test_a_reseller_that_is_no_partner_is_refused_for_all(provider: Partner, admin: Actor) -> None:
    stranger = PartnerFactory(reseller=True)
    rows = [sold(provider), sold(provider)]
    change = done(prepared(rows, admin, Kind.RESELLER_OF_RECORD, reseller=stranger), admin)
    assert outcome(change) == (0, 0, 2)
    assert "You have no partnership" in change.refusals[0][3]


# --- the run ----------------------------------------------------------------------------------------------------------
def test_a_run_that_was_interrupted_goes_on_behind_it(
    provider: Partner, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sold(provider) for _number in range(4)]
    change = prepared(rows, admin)
    submit_bulk_change(change=change, expected=4, by=admin)
    assert step(change.pk)
    with monkeypatch.context() as broken:

        def crash(*args: object, **kwargs: object) -> None:
            raise KeyboardInterrupt

        broken.setattr(services, "count", crash)
        with pytest.raises(KeyboardInterrupt):
            run_bulk_change(change_id=change.pk)
    change.refresh_from_db()
    assert outcome(change) == (1, 0, 0)
    assert Subscription.objects.filter(at_end="cancel").count() == 1
    assert run_bulk_change(change_id=change.pk)
    assert run_bulk_change(change_id=change.pk)
    change.refresh_from_db()
    assert (change.state, outcome(change)) == (State.DONE, (4, 0, 0))
    actions = ActivityRecord.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["bulk_change.submitted", *["subscription.end_decided"] * 4, "bulk_change.finished"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_change_each_once(provider: Partner, admin: Actor) -> None:
    rows = [sold(provider) for _number in range(6)]
    change = prepared(rows, admin)
    submit_bulk_change(change=change, expected=6, by=admin)
    outcomes = at_once(*[lambda: run_bulk_change(change_id=change.pk)] * 4)
    assert outcomes == [True] * 4
    change.refresh_from_db()
    assert (change.state, outcome(change)) == (State.DONE, (6, 0, 0))
    assert ActivityRecord.objects.filter(action="subscription.end_decided").count() == 6
    assert ActivityRecord.objects.filter(action="bulk_change.finished").count() == 1


def test_a_change_that_fails_keeps_no_other_from_being_resumed(
    provider: Partner, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (prepared([sold(provider, name)], admin) for name in ("One", "Two"))
    for change in (first, second):
        submit_bulk_change(change=change, expected=1, by=admin)
    real = services.finish

    def failing(change: BulkChange) -> None:
        if change.pk == first.pk:
            raise OperationalError
        real(change)

    monkeypatch.setattr(services, "finish", failing)
    # No more than one a time: the one that failed does not come first again.
    monkeypatch.setattr(services, "MOST_PER_SWEEP", 1)
    for _number in range(2):
        assert tasks.resume_bulk_changes() == 1
    assert set(BulkChange.objects.values_list("pk", "state")) == {(first.pk, "running"), (second.pk, "done")}


def test_the_task_and_the_sweep(provider: Partner, admin: Actor) -> None:
    first, second = prepared([sold(provider)], admin), prepared([sold(provider)], admin)
    assert tasks.resume_bulk_changes() == 0
    submit_bulk_change(change=first, expected=1, by=admin)
    submit_bulk_change(change=second, expected=1, by=admin)
    assert tasks.run_bulk_change(first.pk)
    assert tasks.resume_bulk_changes() == 1
    assert set(BulkChange.objects.values_list("state", flat=True)) == {State.DONE}


def test_the_sweep_leaves_alone_what_a_worker_works_on(provider: Partner, admin: Actor) -> None:
    change = prepared([sold(provider), sold(provider)], admin)
    submit_bulk_change(change=change, expected=2, by=admin)
    step(change.pk)
    assert tasks.resume_bulk_changes() == 0
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert tasks.resume_bulk_changes() == 1


def test_a_long_run_hands_over(provider: Partner, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    hints: list[int] = []
    monkeypatch.setattr(services, "kick", hints.append)
    monkeypatch.setattr(services, "TURN", -1)
    change = prepared([sold(provider), sold(provider)], admin)
    submit_bulk_change(change=change, expected=2, by=admin)
    assert not run_bulk_change(change_id=change.pk)
    assert hints == [change.pk]
    change.refresh_from_db()
    assert change.changed == 1


def test_one_that_fails_keeps_no_other_from_its_turn(
    provider: Partner, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sold(provider, "Bad"), sold(provider, "Good")]
    change = prepared(rows, admin)
    original = services.apply

    def fail(change: BulkChange, row: Subscription, by: Actor) -> None:
        original(change, row, by)
        if row.nickname == "Bad":
            raise OperationalError

    monkeypatch.setattr(services, "apply", fail)
    done(change, admin)
    assert outcome(change) == (1, 0, 1)
    assert list(Subscription.objects.filter(at_end="cancel")) == [rows[1]]
    assert "could not change it" in change.refusals[0][3]


def test_rights_are_those_of_the_moment_of_each_change(provider: Partner, reseller: Partner, admin: Actor) -> None:
    rows = [sold(provider) for _number in range(3)]
    change = prepared(rows, admin, Kind.RESELLER_OF_RECORD, reseller=reseller)
    submit_bulk_change(change=change, expected=3, by=admin)
    step(change.pk)
    Membership.objects.filter(user=admin.user).update(role=Role.HELPDESK_AGENT)
    step(change.pk)
    Membership.objects.filter(user=admin.user).update(ended_at=clock.now())
    run_bulk_change(change_id=change.pk)
    change.refresh_from_db()
    assert (change.state, outcome(change)) == (State.DONE, (1, 0, 2))
    assert [row[3] for row in change.refusals] == ["You may no longer change it.", "You can no longer see it."]
    assert [row[1] for row in change.refusals] == ["Desk", ""]


def test_reasons_are_in_the_language_of_whoever_submitted(provider: Partner, admin: Actor) -> None:
    User.objects.filter(pk=admin.user.pk).update(language="pt-br")  # type: ignore[union-attr]
    change = done(prepared([sold(provider, status="suspended")], admin), admin)
    assert "suspensa" in change.refusals[0][3]


# --- submitting and canceling -----------------------------------------------------------------------------------------
def test_the_filters_choose_until_it_is_submitted(provider: Partner, admin: Actor) -> None:
    first = sold(provider, "Desk 1")
    query = "q=desk&sort=ends"
    change = prepare_bulk_change(kind=Kind.AT_END, at_end="cancel", keys=[first.pk], filters=query, by=admin)
    assert (change.query, change.subscription_ids, change.expected) == ("q=desk&sort=ends", [], 1)
    second = sold(provider, "Desk 2")
    with pytest.raises(MatchesChanged):
        submit_bulk_change(change=change, expected=1, by=admin)
    change.refresh_from_db()
    assert change.state == State.PREPARED
    submit_bulk_change(change=change, expected=2, by=admin)
    third = sold(provider, "Desk 3")
    run_bulk_change(change_id=change.pk)
    assert set(Subscription.objects.filter(at_end="cancel")) == {first, second}
    third.refresh_from_db()
    assert third.at_end == "renew"


def test_all_of_a_list_without_filters(provider: Partner, admin: Actor) -> None:
    rows = [sold(provider), sold(provider), sold(provider, status="deleted")]
    keys = choosing.matching("", admin)
    change = prepare_bulk_change(kind=Kind.AT_END, at_end="cancel", keys=keys, filters="", by=admin)
    assert change.query
    done(change, admin)
    assert (change.subscription_ids, outcome(change)) == ([rows[0].pk, rows[1].pk], (2, 0, 0))


def test_filters_that_are_too_long_to_be_kept_are_refused(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    sold(provider, "ç" * 180)
    query = urlencode({"q": "ç" * 180, "all": "1"})
    response = signed_in(admin.user).post(f"{NEW}?{query}", {"kind": "at_end", "at_end": "cancel"})
    assert (response.status_code, BulkChange.objects.count()) == (302, 0)


def test_submitting_again_changes_nothing(provider: Partner, admin: Actor) -> None:
    change = done(prepared([sold(provider)], admin), admin)
    assert submit_bulk_change(change=change, expected=1, by=admin).state == State.DONE
    assert ActivityRecord.objects.filter(action="bulk_change.submitted").count() == 1


def test_a_change_is_stopped_and_what_is_done_stays(provider: Partner, admin: Actor) -> None:
    change = prepared([sold(provider), sold(provider)], admin)
    submit_bulk_change(change=change, expected=2, by=admin)
    step(change.pk)
    cancel_bulk_change(change=change, by=admin)
    assert run_bulk_change(change_id=change.pk)
    change.refresh_from_db()
    assert (change.state, outcome(change)) == (State.CANCELED, (1, 0, 0))
    with pytest.raises(Refused, match="was canceled"):
        submit_bulk_change(change=change, expected=2, by=admin)
    assert Subscription.objects.filter(at_end="cancel").count() == 1


def test_who_may(provider: Partner, reseller: Partner, admin: Actor) -> None:
    helpdesk, rival = actor_of(provider, Role.HELPDESK_AGENT), actor_of(PartnerFactory())
    row = sold(provider, customer=CustomerFactory(provider=provider, managed_by=reseller))
    for actor in (helpdesk, actor_of(reseller)):
        with pytest.raises(NotPermitted):
            prepared([row], actor, Kind.SUPPORT_CONTACT, reseller=reseller)
    with pytest.raises(NotPermitted):
        prepared([row], actor_of(reseller))
    change = prepared([row], helpdesk)
    for actor in (admin, rival):
        with pytest.raises(PermissionDenied):
            submit_bulk_change(change=change, expected=1, by=actor)
    with pytest.raises(NotPermitted):
        cancel_bulk_change(change=change, by=rival)
    assert outcome(done(change, helpdesk)) == (1, 0, 0)
    # A provider cannot reach another's subscription, whatever keys it gives.
    foreign = done(prepared([row], rival), rival)
    assert (outcome(foreign), foreign.refusals[0][:3]) == ((0, 0, 1), ["", "", ""])


# --- pages ------------------------------------------------------------------------------------------------------------
def test_from_the_list_to_the_result(provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser) -> None:
    rows = [sold(provider, f"<b>Desk {number}") for number in range(7)]
    sold(provider, "Other")
    Subscription.objects.filter(pk=rows[0].pk).update(status="suspended")
    browser = signed_in(admin.user)
    page = browser.get(f"{LIST}?q=desk").content.decode()
    assert html_faults(page) == []
    assert "Change all 7 that match" in page
    assert page.count('name="pick"') == 7
    assert '<input type="hidden" name="q" value="desk">' in page
    address = f"{NEW}?q=desk&all=1"
    page = browser.get(address).content.decode()
    assert html_faults(page) == []
    assert "7 subscriptions" in page
    assert "and 2 more" in page
    assert "Other" not in re.sub(r"<nav.*?</nav>", "", page, flags=re.DOTALL)
    response = browser.post(address, {"kind": "at_end", "at_end": "cancel"})
    change = BulkChange.objects.get()
    assert (response.status_code, response.url) == (302, change.get_absolute_url())
    page = browser.get(response.url).content.decode()
    assert html_faults(page) == []
    assert "6 subscriptions will be changed" in page
    assert "1 subscription is refused" in page
    assert "The subscription is suspended. Reactivate it first." in page
    assert change.state == State.PREPARED
    submit = reverse("subscriptions:submit_bulk", args=[change.public_id])
    assert browser.post(submit, {"expected": "6"}).url == change.get_absolute_url()
    assert "Check the preview once more" in browser.get(change.get_absolute_url()).content.decode()
    browser.post(submit, {"expected": "7"})
    running = browser.get(change.get_absolute_url())
    assert running.headers["Refresh"] == "5"
    assert "0 of 7 subscriptions" in running.content.decode()
    assert html_faults(running.content.decode()) == []
    run_bulk_change(change_id=change.pk)
    result = browser.get(change.get_absolute_url())
    assert "Refresh" not in result.headers
    page = result.content.decode()
    assert html_faults(page) == []
    assert [row.pk for row in result.context["changed_rows"]] == [row.pk for row in rows[1:]]
    assert "&lt;b&gt;Desk 0" in page


def test_selected_rows_alone(provider: Partner, admin: Actor, signed_in: Browser) -> None:
    rows = [sold(provider) for _number in range(3)]
    query = urlencode({"pick": [row.subscription_id for row in rows[:2]]}, doseq=True)
    signed_in(admin.user).post(f"{NEW}?{query}", {"kind": "reseller_of_record", "reseller": "nobody"})
    change = BulkChange.objects.get()
    assert (change.subscription_ids, change.reseller, change.query) == ([rows[0].pk, rows[1].pk], None, "")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "kind"),
        ({"kind": "price"}, "kind"),
        ({"kind": "at_end"}, "at_end"),
        ({"kind": "at_end", "at_end": "undecided"}, "at_end"),
        ({"kind": "support_contact"}, "reseller"),
        ({"kind": "reseller_of_record", "reseller": "nobody at all"}, "reseller"),
    ],
)
def test_what_is_no_change_is_asked_again(
    provider: Partner, admin: Actor, signed_in: Browser, data: dict[str, str], field: str
) -> None:
    sold(provider)
    response = signed_in(admin.user).post(f"{NEW}?all=1", data)
    assert list(response.context["form"].errors) == [field]
    assert html_faults(response.content.decode()) == []
    assert not BulkChange.objects.exists()


@pytest.mark.parametrize("query", ["", "pick=x", "q=nobody&all=1", "status=wrong&all=1"])
def test_nothing_chosen_leads_back_to_the_list(provider: Partner, admin: Actor, signed_in: Browser, query: str) -> None:
    sold(provider)
    response = signed_in(admin.user).get(f"{NEW}?{query}")
    assert response.status_code == 302
    assert response.url.startswith(LIST)


def test_helpdesk_decides_the_end_of_terms_only(provider: Partner, reseller: Partner, signed_in: Browser) -> None:
    sold(provider)
    browser = signed_in(actor_of(provider, Role.HELPDESK_AGENT).user)
    form = browser.get(f"{NEW}?all=1").context["form"]
    assert [value for value, _label in form.fields["kind"].choices] == ["at_end"]
    refused = browser.post(f"{NEW}?all=1", {"kind": "reseller_of_record", "reseller": "nobody"})
    assert refused.context["form"].errors["kind"]


def test_others_changes_are_not_found_and_resellers_have_none(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser
) -> None:
    row = sold(provider, customer=CustomerFactory(provider=provider, managed_by=reseller))
    change = prepared([row], admin)
    rival, theirs = signed_in(actor_of(PartnerFactory()).user), signed_in(actor_of(reseller).user)
    for name in ("submit_bulk", "cancel_bulk"):
        assert rival.post(reverse(f"subscriptions:{name}", args=[change.public_id])).status_code == 404
        assert theirs.post(reverse(f"subscriptions:{name}", args=[change.public_id])).status_code == 403
    assert rival.get(change.get_absolute_url()).status_code == 404
    assert theirs.get(f"{NEW}?all=1").status_code == 403
    assert 'name="pick"' not in theirs.get(LIST).content.decode()
    submit_url = reverse("subscriptions:submit_bulk", args=[change.public_id])
    for actor, offered in ((admin, True), (actor_of(provider), False)):
        page = signed_in(actor.user).get(change.get_absolute_url()).content.decode()
        assert (submit_url in page) is offered


def test_the_preview_costs_the_same_for_three_as_for_one(
    provider: Partner, reseller: Partner, admin: Actor, signed_in: Browser, django_assert_num_queries: Callable
) -> None:
    browser, sku = signed_in(admin.user), SkuFactory()
    for number in (1, 3):
        customers = [CustomerFactory(provider=provider, managed_by=reseller) for _more in range(number)]
        rows = [sold(provider, customer=customer, sku=sku) for customer in customers]
        change = prepared(rows, admin, Kind.SUPPORT_CONTACT, reseller=reseller)
        browser.get(change.get_absolute_url())
        with django_assert_num_queries(8):
            browser.get(change.get_absolute_url())
