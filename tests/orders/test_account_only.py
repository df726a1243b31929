"""A customer is added without a subscription, also while its agreement is still to come."""

import pytest
from django.test import Client
from django.urls import reverse

from activity.models import ActivityRecord
from core.exceptions import InvalidTransition
from customers.models import Customer, CustomerAgreement, TemporaryPassword
from mail.models import OutgoingEmail
from orders.account_only import skip_offers, submit_account
from orders.checks import draft_problems
from orders.models import Order, OrderDraft
from orders.refusals import DraftCanceled, NotReady, SomethingChanged
from orders.reviewed import fingerprint
from orders.services import cancel_draft, choose_offers, save_details, start_draft
from tests.contracts import header_faults, html_faults
from tests.faults import fail_at_each_statement
from tests.orders.conftest import SESSION, agreed, make_details, posted, signed_in, submitted
from tests.orders.test_finish import SHOWN
from tests.races import run_parallel
from tests.reading import text as text_of

LATER = {
    "agreement_to_come": True,
    "agreement_accepted_on": None,
    "agreement_first_name": "",
    "agreement_last_name": "",
    "agreement_email": "",
}


def url(name: str, draft: OrderDraft) -> str:
    """The address of a page of the draft."""
    return reverse(f"orders:{name}", args=[draft.public_id])


def page(response) -> str:
    """The words of a page that keeps the contracts."""
    assert html_faults(response.content.decode()) == []
    assert header_faults(response) == []
    return text_of(response.content.decode())


def fresh(draft: OrderDraft) -> OrderDraft:
    """The draft as it is in the database."""
    return OrderDraft.objects.select_related("provider", "reseller").get(pk=draft.pk)


def added(draft: OrderDraft, by) -> Customer:
    """Review and submit."""
    draft = fresh(draft)
    return submit_account(draft=draft, reviewed=fingerprint(draft), session_key=SESSION, by=by)


@pytest.fixture
def detailed(draft, sales, reseller, standard) -> OrderDraft:
    """Details, and no offer yet."""
    return save_details(draft=draft, details=make_details(), reseller=reseller, by=sales)


@pytest.fixture
def skipped(detailed, sales) -> OrderDraft:
    """Ready to be submitted without an order."""
    return skip_offers(draft=detailed, by=sales)


def test_skip_submit_and_copy_the_password(detailed, sales, reseller, either_fulfilment):
    client = signed_in(sales)
    assert "Skip: add only the account" in page(client.get(url("subscriptions", detailed)))
    assert client.post(url("skip_offers", detailed)).url == url("review", detailed)
    review = client.get(url("review", detailed))
    words = page(review)
    assert "None: only the account is created." in words
    assert "Submitting creates the customer and gives Fabrikam administrator access." in words
    assert "Attestation" not in words
    answer = client.post(url("submit", detailed), {"reviewed": review.context["form"]["reviewed"].value()})
    assert answer.url == url("confirmation", detailed)
    confirmation = client.get(answer.url)
    words = page(confirmation)
    [password] = SHOWN.findall(confirmation.content.decode())
    customer = Customer.objects.get()
    assert customer.administrators.get().user.check_password(password)
    assert customer.managing_relationship().reseller == reseller
    assert "Subscriptions can be added to the customer whenever you like." in words
    assert "What was ordered" not in words
    assert not Order.objects.exists()
    done = fresh(detailed)
    assert (done.created_customer, done.order, done.state, done.details) == (customer, None, "submitted", {})
    assert client.post(url("done", detailed), {"stored": "on"}).url == (
        f"{reverse('customers:list')}?new={customer.microsoft_id}"
    )
    assert SHOWN.findall(client.get(answer.url).content.decode()) == []


def test_numbers_that_were_typed_are_kept_and_stand_in_the_way(detailed, sales, standard):
    client = signed_in(sales)
    words = page(client.post(url("skip_offers", detailed), {f"licenses-{standard.pk}": "4"}))
    assert "Clear the numbers of licenses to add the customer without subscriptions" in words
    assert [line.quantity for line in detailed.lines.all()] == [4]
    assert not fresh(detailed).is_account_only
    assert "in whole digits" in page(client.post(url("skip_offers", detailed), {f"licenses-{standard.pk}": "x"}))
    answer = client.post(url("skip_offers", detailed), {f"licenses-{standard.pk}": ""})
    assert answer.url == url("review", detailed)


def test_an_offer_chosen_after_all_makes_an_order(skipped, sales, standard):
    client = signed_in(sales)
    assert client.get(url("confirm_cancel", skipped)).context["back_url"] == url("review", skipped)
    client.post(url("subscriptions", skipped), {f"licenses-{standard.pk}": "4"})
    assert not fresh(skipped).is_account_only
    assert submitted(skipped, sales).lines.count() == 1
    assert fresh(skipped).created_customer == Customer.objects.get()


def test_nothing_is_skipped_by_opening_an_address(detailed, sales):
    assert signed_in(sales).get(url("skip_offers", detailed)).url == url("subscriptions", detailed)
    assert signed_in(sales).get(url("review", detailed)).url == f"{url('subscriptions', detailed)}?check=1"
    assert not fresh(detailed).is_account_only


def test_only_a_new_customer_with_details_can_go_without(draft, sales, provider, standard, ready):
    with pytest.raises(NotReady):
        skip_offers(draft=start_draft(reseller=None, by=sales), by=sales)
    with pytest.raises(NotReady):
        skip_offers(draft=ready, by=sales)
    addition = start_draft(reseller=None, customer=agreed(provider=provider), by=sales)
    with pytest.raises(InvalidTransition):
        skip_offers(draft=addition, by=sales)
    with pytest.raises(NotReady):
        added(addition, sales)


def test_a_second_submit_finds_the_same_customer(skipped, sales):
    customer = added(skipped, sales)
    assert added(skipped, sales) == customer
    assert (Customer.objects.count(), TemporaryPassword.objects.count()) == (1, 1)
    with pytest.raises(InvalidTransition):
        submitted(skipped, sales)


def test_what_changed_since_review_is_shown(skipped, sales, reseller, standard):
    client = signed_in(sales)
    reviewed = {"reviewed": client.get(url("review", skipped)).context["form"]["reviewed"].value()}
    save_details(draft=skipped, details=make_details(city="Palo Alto"), reseller=reseller, by=sales)
    changed = client.post(url("submit", skipped), reviewed)
    assert changed.status_code == 409
    assert [one.label for one in changed.context["differences"]] == ["City"]
    choose_offers(draft=skipped, quantities={standard: 3}, by=sales)
    again = client.post(url("submit", skipped), reviewed)
    assert again.status_code == 409
    assert ("Subscriptions", "None: only the account", "Wanted") in [tuple(one) for one in again.context["differences"]]
    with pytest.raises(NotReady):
        submit_account(draft=skipped, reviewed="", session_key=SESSION, by=sales)


def test_nobody_reviewed_is_refused_and_a_canceled_draft_too(skipped, sales):
    with pytest.raises(SomethingChanged):
        submit_account(draft=fresh(skipped), reviewed="", session_key=SESSION, by=sales)
    cancel_draft(draft=skipped, by=sales)
    with pytest.raises(DraftCanceled):
        submit_account(draft=fresh(skipped), reviewed="", session_key=SESSION, by=sales)
    assert not Customer.objects.exists()


def test_a_domain_taken_meanwhile_makes_nothing(skipped, sales, outsider):
    reviewed = fingerprint(fresh(skipped))
    agreed(provider=outsider.partner, domain_prefix="padaria")
    with pytest.raises(NotReady, match="is taken"):
        submit_account(draft=fresh(skipped), reviewed=reviewed, session_key=SESSION, by=sales)
    assert fresh(skipped).is_open


def test_the_account_is_all_or_nothing_at_every_statement(skipped, sales):
    def nothing():
        assert not Customer.objects.exists()
        assert not TemporaryPassword.objects.exists()
        assert not OutgoingEmail.objects.exists()
        assert not ActivityRecord.objects.filter(action="customer.created").exists()
        assert fresh(skipped).is_open

    fail_at_each_statement(lambda: added(skipped, sales), nothing)
    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_eight_submits_at_once_make_one_customer(sales, reseller):
    made = []

    def new():
        made.append(None)
        draft = start_draft(reseller=reseller, by=sales)
        details = make_details(domain_prefix=f"padaria{len(made)}")
        save_details(draft=draft, details=details, reseller=reseller, by=sales)
        draft = skip_offers(draft=draft, by=sales)
        return draft, fingerprint(draft)

    def press(subject, number):
        draft, reviewed = subject
        return submit_account(draft=draft, reviewed=reviewed, session_key=f"session-{number}", by=sales)

    def check(subject, results):
        assert results == [OrderDraft.objects.get(pk=subject[0].pk).created_customer] * 8

    run_parallel(press, rounds=4, before=new, after=check)
    assert (Customer.objects.count(), TemporaryPassword.objects.count()) == (4, 4)


# --- the agreement is still to come -----------------------------------------------------------------------------------
def test_the_form_asks_for_nobody_where_the_agreement_is_to_come(draft, sales, reseller):
    client = signed_in(sales)
    data = {**posted(make_details(**LATER), reseller), "agreement_to_come": "on", "agreement_accepted_on": "soon"}
    assert client.post(url("details", draft), data).url == url("subscriptions", draft)
    kept = fresh(draft).details
    assert (kept["agreement_to_come"], kept["agreement_accepted_on"], kept["agreement_email"]) == (True, None, "")
    form = client.get(url("details", draft)).context["form"]
    assert form["agreement_to_come"].value() is True
    del data["agreement_to_come"]
    errors = client.post(url("details", draft), data).context["form"].errors
    assert set(errors) == {"agreement_accepted_on"}


def test_without_the_agreement_only_the_account_is_added(draft, sales, reseller, standard):
    save_details(draft=draft, details=make_details(**LATER), reseller=reseller, by=sales)
    client = signed_in(sales)
    words = page(client.get(url("subscriptions", draft)))
    assert "Nothing can be ordered yet" in words
    assert client.post(url("skip_offers", draft)).url == url("review", draft)
    assert "Not yet: the customer’s administrator is asked at the first sign-in." in page(
        client.get(url("review", draft))
    )
    customer = added(draft, sales)
    assert not CustomerAgreement.objects.exists()
    assert not OutgoingEmail.objects.filter(kind="agreement_confirmed").exists()
    assert "There the administrator also accepts the customer agreement." in page(
        client.get(url("confirmation", draft))
    )
    addition = start_draft(reseller=None, customer=customer, by=sales)
    assert "First the customer agreement" in page(client.get(url("subscriptions", addition)))


def test_nothing_is_ordered_without_the_agreement(ready, sales, reseller):
    save_details(draft=ready, details=make_details(**LATER), reseller=reseller, by=sales)
    refused = "The customer has not accepted its agreement yet, so nothing can be ordered."
    assert refused in " ".join(problem.message for problem in draft_problems(fresh(ready)))
    with pytest.raises(NotReady, match=refused):
        submitted(ready, sales)
    assert not Customer.objects.exists()


def test_the_administrator_is_asked_to_accept_at_the_first_sign_in(draft, sales, reseller):
    save_details(draft=draft, details=make_details(**LATER), reseller=reseller, by=sales)
    customer = added(skip_offers(draft=draft, by=sales), sales)
    administrator = customer.administrators.get().user
    administrator.must_change_password = False
    administrator.save()
    client = Client()
    client.force_login(administrator)
    answer = client.get(customer.get_absolute_url())
    assert answer.url.startswith(reverse("customers:accept_agreement"))
