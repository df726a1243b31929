"""A draft goes to a colleague, or is removed once nobody changes it."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Membership
from accounts.roles import Permission, Program, Role, roles_that_may
from activity.models import ActivityRecord
from core import clock
from core.exceptions import InvalidTransition, NotPermitted
from csp_portal.home import attention
from mail.models import OutgoingEmail
from orders.handing_over import NoSuchColleague, colleagues, hand_over_draft, left_drafts, reassign_draft
from orders.models import OrderDraft
from orders.services import cancel_draft, keep_typed, start_draft
from tests.contracts import header_faults, html_faults
from tests.faults import fail_at_each_statement
from tests.orders.conftest import actor_of, agreed, make_details, posted, signed_in, submitted
from tests.races import at_once
from tests.reading import text as text_of


@pytest.fixture
def boss(provider):
    """The Global admin of the provider."""
    return actor_of(provider, Role.GLOBAL_ADMIN, sign_in_name="gina@northwind.example", full_name="Gina Global")


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def member(actor) -> Membership:
    """Where the person works."""
    return Membership.objects.get(user=actor.user)


def flat(text: str) -> str:
    """A mail without its line ends."""
    return " ".join(text.split())


def leave(actor) -> None:
    """The person works there no more."""
    Membership.objects.filter(user=actor.user).update(ended_at=clock.now())


# --- to a colleague ---------------------------------------------------------------------------------------------------
def test_only_people_at_work_who_may_order_can_take_a_draft(ready, colleague, helpdesk, outsider, provider, boss):
    gone = actor_of(provider, Role.SALES_AGENT)
    leave(gone)
    asleep = actor_of(provider, Role.SALES_AGENT, is_active=False)
    assert set(colleagues(ready)) == {member(colleague), member(boss)}
    assert asleep.user.is_active is False


def test_roles_that_may_do_all_of_it():
    provider = Program.INDIRECT_PROVIDER
    assert roles_that_may(provider, Permission.PLACE_ORDER) == {Role.GLOBAL_ADMIN, Role.ADMIN_AGENT, Role.SALES_AGENT}
    assert roles_that_may(provider, Permission.PLACE_ORDER, Permission.REASSIGN_DRAFTS) == {Role.GLOBAL_ADMIN}
    assert roles_that_may(provider, Permission.VIEW_PROVIDERS) == frozenset()


def test_the_colleague_gets_the_draft_a_mail_and_the_owner_loses_it(ready, sales, colleague):
    client = signed_in(sales)
    page = client.get(url("hand_over", ready))
    assert html_faults(page.content.decode()) == []
    assert header_faults(page) == []
    version = ready.version
    answer = client.post(url("hand_over", ready), {"colleague": member(colleague).pk}, follow=True)
    assert f"The draft Padaria São João is now with {colleague.user.full_name}." in text_of(answer.content.decode())
    ready.refresh_from_db()
    assert (ready.owner, ready.version) == (colleague.user, version + 1)
    assert client.get(url("review", ready)).status_code == 404
    assert signed_in(colleague).get(url("review", ready)).status_code == 200
    mail = OutgoingEmail.objects.get(kind="draft_handed_over")
    assert (mail.recipient, mail.subject) == (colleague.user.email, "A draft for you: Padaria São João")
    assert "Sam Sales handed the draft of the new customer Padaria São João over to you." in flat(mail.text)
    assert ready.get_absolute_url() in mail.text
    record = ActivityRecord.objects.get(action="order_draft.handed_over")
    assert record.changes == {"owner": ["Sam Sales", colleague.user.full_name]}
    assert (record.provider_id, record.reseller_id, record.customer_id) == (
        ready.provider.microsoft_id,
        None,
        None,
    )
    submitted(ready, colleague)


def test_pressed_twice_it_is_handed_over_once(ready, sales, colleague, outsider, boss):
    client, address = signed_in(sales), url("hand_over", ready)
    for _press in range(2):
        page = client.post(address, {"colleague": member(colleague).pk}, follow=True).content.decode()
        assert f"The draft Padaria São João is now with {colleague.user.full_name}." in text_of(page)
    assert ActivityRecord.objects.filter(action="order_draft.handed_over").count() == 1
    assert client.get(address).status_code == 404
    for somebody in (outsider, boss):
        assert signed_in(somebody).post(address, {"colleague": member(boss).pk}).status_code == 404
    # Whoever had it before its last owner learns nothing of where it went from there.
    hand_over_draft(draft=ready, to=member(boss), by=colleague)
    assert client.post(address, {"colleague": member(colleague).pk}).status_code == 404


def test_a_draft_for_a_customer_that_exists_names_it_in_the_mail(sales, colleague, provider):
    draft = start_draft(reseller=None, customer=agreed(provider=provider, company_name="Bakery"), by=sales)
    hand_over_draft(draft=draft, to=member(colleague), by=sales)
    assert "handed the draft of new subscriptions for Bakery over to you" in flat(OutgoingEmail.objects.get().text)


def test_it_can_be_handed_over_only_to_those_who_are_offered(ready, sales, colleague, helpdesk, outsider):
    left = actor_of(sales.partner, Role.SALES_AGENT)
    leave(left)
    client = signed_in(sales)
    for somebody in (helpdesk, outsider, left, sales):
        with pytest.raises(NoSuchColleague):
            hand_over_draft(draft=ready, to=member(somebody), by=sales)
        page = client.post(url("hand_over", ready), {"colleague": member(somebody).pk})
        assert page.status_code == 200
        assert list(page.context["form"].errors) == ["colleague"]
    for value in ("", "x", "\x00", str(9**30)):
        assert client.post(url("hand_over", ready), {"colleague": value}).status_code == 200
    ready.refresh_from_db()
    assert ready.owner == sales.user
    assert not OutgoingEmail.objects.exists()


def test_only_the_owner_hands_it_over(ready, colleague, outsider, boss):
    for somebody in (colleague, outsider, boss):
        assert signed_in(somebody).get(url("hand_over", ready)).status_code == 404
        with pytest.raises(NotPermitted):
            hand_over_draft(draft=ready, to=member(colleague), by=somebody)


def test_finished_drafts_are_not_handed_over(ready, sales, colleague, draft):
    other = cancel_draft(draft=start_draft(reseller=None, by=sales), by=sales)
    submitted(ready, sales)
    for finished in (other, ready):
        with pytest.raises(InvalidTransition):
            hand_over_draft(draft=finished, to=member(colleague), by=sales)
    assert signed_in(sales).get(url("hand_over", other)).status_code == 410
    assert signed_in(sales).get(url("hand_over", ready)).url == url("confirmation", ready)


def test_nobody_to_hand_it_to_is_said(ready, sales):
    assert "Nobody else in your company may place orders." in text_of(
        signed_in(sales).get(url("hand_over", ready)).content.decode()
    )


def test_handing_over_is_all_or_nothing(ready, sales, colleague):
    def nothing():
        ready.refresh_from_db()
        assert ready.owner == sales.user
        assert not OutgoingEmail.objects.exists()
        assert not ActivityRecord.objects.filter(action="order_draft.handed_over").exists()

    fail_at_each_statement(lambda: hand_over_draft(draft=ready, to=member(colleague), by=sales), nothing)
    assert OrderDraft.objects.get(pk=ready.pk).owner == colleague.user


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_what_the_owner_sends_while_handing_over_is_saved_before_or_not_at_all(ready, sales, colleague, reseller):
    clients = [signed_in(sales), signed_in(sales)]
    data = posted(make_details(company_name="Late"), reseller)
    saved, handed = at_once(
        lambda: clients[0].post(url("details", ready), data),
        lambda: clients[1].post(url("hand_over", ready), {"colleague": member(colleague).pk}),
    )
    assert handed.status_code == 302
    ready.refresh_from_db()
    assert ready.owner == colleague.user
    assert (ready.details["company_name"] == "Late") == (saved.status_code == 302)
    assert saved.status_code in (302, 403, 404)


# --- of people who left -----------------------------------------------------------------------------------------------
def test_a_global_admin_reassigns_the_drafts_of_who_left(ready, sales, colleague, boss):
    assert not left_drafts(boss)
    assert signed_in(boss).get(url("reassign_draft", ready)).status_code == 404
    with pytest.raises(InvalidTransition):
        reassign_draft(draft=ready, to=member(colleague), by=boss)
    leave(sales)
    start_draft(reseller=None, by=actor_of(sales.partner, Role.SALES_AGENT))
    client = signed_in(boss)
    page = client.get(reverse("orders:left_drafts"))
    assert html_faults(page.content.decode()) == []
    assert list(page.context["drafts"]) == [ready]
    assert "Sam Sales no longer works in your company." in text_of(
        client.get(url("reassign_draft", ready)).content.decode()
    )
    assert client.post(url("reassign_draft", ready), {"colleague": member(colleague).pk}).url == reverse(
        "orders:left_drafts"
    )
    ready.refresh_from_db()
    assert ready.owner == colleague.user
    assert OutgoingEmail.objects.get().recipient == colleague.user.email
    assert not left_drafts(boss)


def test_a_global_admin_takes_such_a_draft_and_goes_on(ready, sales, boss):
    sales.user.is_active = False
    sales.user.save()
    answer = signed_in(boss).post(url("reassign_draft", ready), {"colleague": member(boss).pk})
    assert answer.url == ready.get_absolute_url()
    assert signed_in(boss).get(answer.url).status_code == 200
    assert not OutgoingEmail.objects.exists()


def test_nobody_else_reassigns(ready, sales, colleague, helpdesk, outsider, provider):
    leave(sales)
    agent = actor_of(provider, Role.ADMIN_AGENT)
    for somebody in (colleague, helpdesk, agent):
        assert signed_in(somebody).get(reverse("orders:left_drafts")).status_code == 403
        assert signed_in(somebody).get(url("reassign_draft", ready)).status_code == 403
        with pytest.raises(NotPermitted):
            reassign_draft(draft=ready, to=member(colleague), by=somebody)
    client = signed_in(outsider)
    assert list(client.get(reverse("orders:left_drafts")).context["drafts"]) == []
    assert client.get(url("reassign_draft", ready)).status_code == 404
    assert client.post(url("reassign_draft", ready), {"colleague": member(colleague).pk}).status_code == 404
    with pytest.raises(InvalidTransition):
        reassign_draft(draft=ready, to=member(colleague), by=outsider)
    ready.refresh_from_db()
    assert ready.owner == sales.user


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_such_drafts_costs_the_same_for_any_number(sales, boss, number, django_assert_num_queries):
    for _one in range(number):
        draft = start_draft(reseller=None, by=sales)
        keep_typed(draft=draft, step="details", typed={"company_name": "Left"}, by=sales)
    leave(sales)
    client = signed_in(boss)
    client.get(reverse("orders:left_drafts"))
    with django_assert_num_queries(4):
        assert client.get(reverse("orders:left_drafts")).content.decode().count("<bdi>Left</bdi>") == number


# --- the last days ----------------------------------------------------------------------------------------------------
def test_home_warns_in_the_last_five_days_and_says_until_when(ready, sales, colleague):
    for days, warned in ((24, False), (26, True)):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            text = text_of(signed_in(sales).get("/").content.decode())
            assert ("1 draft is removed within 5 days unless you go on with it" in text) == warned
            assert ("Removed soon" in text) == warned
            assert ("Removed soon" in text_of(signed_in(sales).get(reverse("orders:start")).content.decode())) == warned
            assert attention(colleague) == []


def test_any_change_keeps_it_for_another_thirty_days(ready, sales):
    with time_machine.travel(clock.now() + timedelta(days=29)):
        keep_typed(draft=ready, step="details", typed={"city": "x"}, by=sales)
        ready.refresh_from_db()
        assert not ready.is_removed_soon
        assert not OrderDraft.objects.abandoned()
    with time_machine.travel(clock.now() + timedelta(days=60)):
        assert list(OrderDraft.objects.abandoned()) == [ready]


def test_home_tells_a_global_admin_of_drafts_without_an_owner(ready, sales, boss):
    leave(sales)
    assert [(item.url, item.count) for item in attention(boss)] == [(reverse("orders:left_drafts"), 1)]
