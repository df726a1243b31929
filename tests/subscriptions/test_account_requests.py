"""A reseller that may only view and request asks for changes of the account: the same forms, and the same service."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.access import Actor
from accounts.models import Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core.exceptions import NotPermitted
from customers.editing import CompanyInfo, ContactInfo, EditedMeanwhile, change_company, change_contact
from customers.models import BillTo, Customer, ResellerRelationship
from customers.relationships import change_scope, end_reseller_relationship
from mail.models import OutgoingEmail
from subscriptions.change_requests.matters import AlreadyAsked, NotReadable, asked_rows
from subscriptions.change_requests.of_accounts import NothingAsked, save_account_request, submit_account_request
from subscriptions.change_requests.services import (
    approve_change_request,
    ask_about_change_request,
    close_impossible_requests,
)
from subscriptions.models import ChangeRequest
from tests.customers.conftest import actor_of
from tests.customers.test_editing_pages import bill_to, company, contact
from tests.factories import MembershipFactory, PartnerFactory, PartnershipFactory
from tests.reading import checked, text, words
from tests.subscriptions.asking import Scope, asking_customer, current

State = ChangeRequest.State
MESSAGE = "They moved."


@pytest.fixture
def customer(provider: Partner, reseller: Partner) -> Customer:
    return asking_customer(
        provider, reseller, company_name="Padaria", domain_prefix="padaria", contact_phone="+14085550123"
    )


@pytest.fixture
def asker(reseller: Partner) -> Actor:
    return actor_of(reseller, Role.SALES_AGENT)


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.user)
    return client


def page(actor: Actor, url: str) -> str:
    """What a person reads of a page."""
    return text(checked(browser(actor).get(url)).content.decode())


def address(customer: Customer, name: str) -> str:
    return reverse(f"customers:{name}", args=[customer.microsoft_id])


def step(request: ChangeRequest, name: str) -> str:
    return reverse(f"subscriptions:{name}_change", args=[request.public_id])


def info(customer: Customer, **changes: Any) -> dict[str, Any]:
    """The company as it is saved, but for what is wanted."""
    return {**vars(CompanyInfo.of(customer)), **changes}


def ask(customer: Customer, by: Actor, kind: str = "company", version: int | None = None, **wanted: Any) -> Any:
    answers = wanted if kind == "bill-to" else info(customer, **(wanted or {"city": "San Jose"}))
    if kind == "contact":
        answers = {**vars(ContactInfo.of(customer)), **wanted}
    return submit_account_request(
        customer=customer, kind=kind, answers=answers, message=MESSAGE, version=version, by=by
    )


def in_portuguese(customer: Customer) -> dict[str, Any]:
    """The contact as it is saved, with another language."""
    return {**vars(ContactInfo.of(customer)), "language": "pt-br"}


def own_bills() -> dict[str, Any]:
    return {
        "bills_to": True,
        **{name: value for name, value in bill_to().items() if name not in ("version", "bills_to")},
    }


# --- the service -----------------------------------------------------------------------------------------------------
def test_a_request_changes_nothing_and_names_what_is_wanted(
    customer: Customer, asker: Actor, provider: Partner
) -> None:
    request = ask(customer, asker)
    customer.refresh_from_db()
    assert (customer.city, customer.version) == ("Cupertino", 1)
    assert (request.state, request.subscription, request.before["city"]) == (State.SUBMITTED, None, "Cupertino")
    mail = OutgoingEmail.objects.get(kind="change_request")
    assert (mail.recipient, mail.subject) == (provider.contact_email, "Padaria: a change is requested")
    assert "City: Cupertino → San Jose" in mail.text


def test_the_record_names_the_customer_and_is_none_of_its_own(customer: Customer, asker: Actor, sales: Actor) -> None:
    ask(customer, asker)
    record = ActivityRecord.objects.get(action="change_request.submitted")
    assert record.customer_id == customer.microsoft_id
    for reader, sees in ((sales, True), (asker, True), (Actor(user=asker.user, customer=customer), False)):
        assert ActivityRecord.objects.visible_to(reader).filter(pk=record.pk).exists() is sees


def test_an_approval_saves_by_the_usual_service(customer: Customer, asker: Actor, sales: Actor) -> None:
    request = approve_change_request(request=ask(customer, asker), version=1, by=sales)
    customer.refresh_from_db()
    assert (request.state, customer.city, customer.version) == (State.APPROVED, "San Jose", 2)
    record = ActivityRecord.objects.get(action="customer.changed")
    assert (record.changes["city"], record.actor_user_id) == (["Cupertino", "San Jose"], sales.user.pk)
    assert approve_change_request(request=request, version=2, by=sales).state == State.APPROVED
    assert ActivityRecord.objects.filter(action="customer.changed").count() == 1


def test_what_others_saved_since_stays(customer: Customer, asker: Actor, sales: Actor) -> None:
    request = ask(customer, asker)
    other = CompanyInfo(**info(customer, company_name="Padaria Nova"))
    change_company(customer=customer, version=1, company=other, by=sales)
    with pytest.raises(EditedMeanwhile):
        approve_change_request(request=current(request), version=1, by=sales)
    assert current(request).state == State.SUBMITTED
    approve_change_request(request=current(request), version=2, by=sales)
    customer.refresh_from_db()
    assert (customer.company_name, customer.city) == ("Padaria Nova", "San Jose")


def test_contact_and_bill_to_are_asked_for_too(customer: Customer, asker: Actor, sales: Actor) -> None:
    approve_change_request(
        request=ask(customer, asker, "contact", contact_email="bia@padaria.example"), version=1, by=sales
    )
    approve_change_request(request=ask(customer, asker, "bill-to", **own_bills()), version=2, by=sales)
    customer.refresh_from_db()
    assert (customer.contact_email, BillTo.objects.get().company_name) == ("bia@padaria.example", "Holding")
    back = dict.fromkeys(own_bills(), "") | {"bills_to": False}
    request = ask(customer, asker, "bill-to", **back)
    assert [row[1:] for row in asked_rows(request)] == [("Yes", "No")]
    approve_change_request(request=request, version=3, by=sales)
    assert not BillTo.objects.exists()


def test_nothing_new_is_not_asked(customer: Customer, asker: Actor) -> None:
    with pytest.raises(NothingAsked):
        ask(customer, asker, city="Cupertino")
    assert not ChangeRequest.objects.exists()


def test_asked_twice_is_asked_once_and_each_section_by_itself(customer: Customer, asker: Actor) -> None:
    first = ask(customer, asker)
    assert ask(customer, asker) == first
    with pytest.raises(AlreadyAsked):
        ask(customer, asker, city="Oakland")
    assert ask(customer, asker, "contact", contact_email="bia@padaria.example") != first
    with pytest.raises(IntegrityError), transaction.atomic():
        ChangeRequest.objects.create(
            customer=customer, reseller=first.reseller, kind="company", created_by=asker.user,
            state="submitted", submitted_at=first.submitted_at,
        )  # fmt: skip


def test_a_request_is_about_one_thing(customer: Customer, asker: Actor) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ChangeRequest.objects.create(customer=customer, reseller=asker.partner, kind="suspend", created_by=asker.user)


def test_who_was_faster_is_heard_first(customer: Customer, asker: Actor, sales: Actor) -> None:
    change_contact(
        customer=customer,
        version=1,
        contact=ContactInfo(**in_portuguese(customer)),
        by=sales,
    )
    with pytest.raises(EditedMeanwhile):
        ask(customer, asker, version=1)
    assert ask(customer, asker, version=2).state == State.SUBMITTED


def test_strangers_staff_and_managers_of_others_do_not_ask(
    customer: Customer, asker: Actor, sales: Actor, provider: Partner
) -> None:
    sibling = PartnerFactory(reseller=True)
    PartnershipFactory(provider=provider, reseller=sibling)
    for by in (sales, actor_of(sibling), Actor()):
        with pytest.raises((NotPermitted, PermissionDenied)):
            ask(customer, by)


def test_nobody_approves_its_own(customer: Customer, asker: Actor, provider: Partner) -> None:
    request = ask(customer, asker)
    MembershipFactory(user=asker.user, partner=provider, role=Role.GLOBAL_ADMIN)
    with pytest.raises(NotPermitted):
        approve_change_request(
            request=request, version=1, by=Actor(user=asker.user, partner=provider, role=Role.GLOBAL_ADMIN)
        )
    assert current(request).state == State.SUBMITTED


def test_what_is_there_already_or_wrong_by_now_is_refused(customer: Customer, asker: Actor, sales: Actor) -> None:
    request = ask(customer, asker)
    change_company(customer=customer, version=1, company=CompanyInfo(**info(customer, city="San Jose")), by=sales)
    with pytest.raises(NotReadable):
        approve_change_request(request=current(request), version=2, by=sales)
    ChangeRequest.objects.update(values={**request.values, "city": "", "state": "nowhere"})
    assert "The rules forbid this now" in page(sales, request.get_absolute_url())
    with pytest.raises(NotReadable):
        approve_change_request(request=current(request), version=2, by=sales)
    assert current(request).state == State.SUBMITTED


def test_with_the_customer_the_request_is_lost(customer: Customer, asker: Actor, admin: Actor) -> None:
    request = ask(customer, asker)
    save_account_request(
        customer=customer, kind="contact", answers=in_portuguese(customer),
        message="", version=None, by=asker,
    )  # fmt: skip
    end_reseller_relationship(relationship=ResellerRelationship.objects.current().get(customer=customer), by=admin)
    assert not ChangeRequest.objects.visible_to(asker).exists()
    assert close_impossible_requests() == 1
    assert (current(request).state, ChangeRequest.objects.count()) == (State.CLOSED, 1)


# --- the pages -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("section", "data", "shown"),
    [
        ("company", company(city="San Jose"), "City Cupertino → San Jose"),
        ("contact", contact(contact_email="bia@padaria.example"), "→ bia@padaria.example"),
        ("bill_to", bill_to(), "Bill-to company name — → Holding"),
    ],
)
def test_the_same_form_asks(
    section: str, data: dict[str, Any], shown: str, customer: Customer, asker: Actor, sales: Actor
) -> None:
    assert "Change (request)" in page(asker, address(customer, "detail"))
    before = page(asker, address(customer, f"change_{section}"))
    assert "Ask for this change" in before
    assert "Message to the provider" in before
    client = browser(asker)
    assert client.post(address(customer, f"change_{section}"), data).status_code == 403
    response = client.post(address(customer, f"ask_{section}"), {**data, "message": MESSAGE}, follow=True)
    assert "was asked. You are told of its decision by e-mail." in words(response)
    request = ChangeRequest.objects.get()
    assert (request.state, request.message) == (State.SUBMITTED, MESSAGE)
    assert shown in page(sales, request.get_absolute_url())
    assert "Asked for, and not decided yet" in page(asker, address(customer, "detail"))
    assert str(customer) in page(sales, reverse("subscriptions:change_requests"))
    done = words(browser(sales).post(step(request, "approve"), {"version": "1"}, follow=True))
    assert "Approved. The change is made, and the reseller is told." in done
    assert current(request).state == State.APPROVED
    assert Customer.objects.get(pk=customer.pk).version == 2


def test_wrong_answers_come_back_with_what_was_typed(customer: Customer, asker: Actor) -> None:
    data = {**company(postal_code="", city="Nova"), "message": "Please."}
    response = browser(asker).post(address(customer, "ask_company"), data)
    shown = response.content.decode()
    assert "There is a problem" in shown
    assert 'value="Nova"' in shown
    assert "Please." in shown
    long = words(browser(asker).post(address(customer, "ask_company"), {**company(), "message": "x" * 1001}))
    assert "There is a problem" in long
    nothing = words(browser(asker).post(address(customer, "ask_company"), {**company(), "message": ""}))
    assert "This is what is saved already" in nothing
    assert not ChangeRequest.objects.exists()


def test_another_country_brings_its_fields(customer: Customer, asker: Actor) -> None:
    data = {**bill_to(country="US"), "update_address": "1", "message": "Please."}
    shown = browser(asker).post(address(customer, "ask_bill_to"), data).content.decode()
    assert "There is a problem" not in shown
    assert "Please." in shown
    assert not ChangeRequest.objects.exists()


def test_a_draft_stands_there_again(customer: Customer, asker: Actor, reseller: Partner, sales: Actor) -> None:
    client = browser(asker)
    saved = client.post(
        address(customer, "draft_company"), {**company(city="San Jose"), "message": "Soon"}, follow=True
    )
    assert "The draft is saved. Nobody was told." in words(saved)
    draft = ChangeRequest.objects.get()
    again = client.get(address(customer, "change_company")).content.decode()
    assert 'value="San Jose"' in again
    assert "Soon" in again
    colleague = browser(actor_of(reseller))
    assert 'value="San Jose"' not in colleague.get(address(customer, "change_company")).content.decode()
    assert address(customer, "change_company") in client.get(draft.get_absolute_url()).content.decode()
    client.post(step(draft, "submit"), {"message": "Now", "version": "1"})
    assert (current(draft).state, current(draft).message) == (State.SUBMITTED, "Now")
    other = client.post(address(customer, "ask_company"), {**company(city="Oakland"), "message": ""}, follow=True)
    assert "Another request for this is open already" in words(other)
    second = save_account_request(
        customer=customer, kind="contact", answers=in_portuguese(customer),
        message="", version=None, by=asker,
    )  # fmt: skip
    assert client.post(step(second, "discard")).url == address(customer, "detail")


def test_two_edits_meet_on_the_way(customer: Customer, asker: Actor, sales: Actor) -> None:
    """Another section is no conflict; the same one is compared, and the words go along."""
    change_contact(
        customer=customer,
        version=1,
        contact=ContactInfo(**in_portuguese(customer)),
        by=sales,
    )
    client = browser(asker)
    assert (
        client.post(address(customer, "draft_company"), {**company(city="San Jose"), "message": ""}).status_code == 302
    )
    change_company(customer=customer, version=2, company=CompanyInfo(**info(customer, city="Oakland")), by=sales)
    response = client.post(
        address(customer, "ask_company"), {**company(city="Fresno", version="2"), "message": MESSAGE}
    )
    assert response.status_code == 409
    assert MESSAGE in response.content.decode()
    assert address(customer, "ask_company") in response.content.decode()


def test_the_provider_asks_back_and_sees_what_changed(customer: Customer, asker: Actor, sales: Actor) -> None:
    request = ask(customer, asker)
    browser(sales).post(step(request, "question"), {"text": "Since when?"})
    browser(asker).post(step(request, "answer"), {"text": "May."})
    change_company(customer=customer, version=1, company=CompanyInfo(**info(customer, city="Oakland")), by=sales)
    shown = page(sales, request.get_absolute_url())
    assert "The account was changed since this was asked" in shown
    assert "City: Cupertino when it was asked, Oakland now" in shown
    stale = words(browser(sales).post(step(request, "approve"), {"version": "1"}, follow=True))
    assert "Somebody else changed this account after you opened the page." in stale
    assert current(request).state == State.SUBMITTED


def test_who_manages_changes_and_does_not_ask(customer: Customer, asker: Actor, admin: Actor, sales: Actor) -> None:
    change_scope(
        relationship=ResellerRelationship.objects.current().get(customer=customer), scope=Scope.MANAGE, by=admin
    )
    client = browser(asker)
    assert client.post(address(customer, "ask_company"), {**company(city="San Jose")}).status_code == 403
    assert client.post(address(customer, "change_company"), company(city="San Jose")).status_code == 302
    assert browser(sales).post(address(customer, "ask_company"), company(city="Oakland")).status_code == 403
    assert Customer.objects.get(pk=customer.pk).city == "San Jose"


def test_a_sibling_finds_no_such_customer(customer: Customer, provider: Partner, asker: Actor) -> None:
    sibling = PartnerFactory(reseller=True)
    PartnershipFactory(provider=provider, reseller=sibling)
    client, request = browser(actor_of(sibling)), ask(customer, asker)
    for url in (address(customer, "change_company"), request.get_absolute_url()):
        assert client.get(url).status_code == 404
    assert client.post(address(customer, "ask_company"), company(city="San Jose")).status_code == 404
    ask_about_change_request(request=request, text="?", by=actor_of(provider))
    assert client.post(step(request, "answer"), {"text": "x"}).status_code == 404
