"""Ending a partnership: everything that rests on it is handed over or let go, or nothing happens."""

import itertools
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Membership, Partner
from accounts.roles import Role
from activity.models import ActivityRecord
from core import clock
from core.exceptions import NotPermitted
from customers.models import Customer, ResellerRelationship
from customers.relationships import hand_over_customer
from mail.models import OutgoingEmail
from orders.checks import draft_problems
from orders.models import OrderDraft
from orders.partnerships.choices import MANAGER, NOBODY, OWNER, Choices, TooManyExceptions, let_go, resolved
from orders.partnerships.consequences import Consequences, Relation
from orders.partnerships.reviewing import SomethingChanged, fingerprint
from orders.partnerships.services import NotChosen, TakeoverRefused, end_partnership, leave_partnership
from orders.services import start_draft
from resellers.models import Partnership, PartnershipRequest, PendingAcceptance
from resellers.services import accept_request
from subscriptions.models import ResellerOfRecord, Subscription, SupportContact
from subscriptions.services import set_reseller_of_record, set_support_contact
from tests.factories import (
    CustomerFactory,
    MembershipFactory,
    OrderDraftFactory,
    PartnerFactory,
    PartnershipFactory,
    PartnershipRequestFactory,
)
from tests.faults import fail_at_each_statement
from tests.orders.conftest import actor_of, name_on, signed_in, submitted

US = "united_states"


def choose(managing, of_record=MANAGER, support=MANAGER, *, drafts=OWNER, region=US) -> Choices:
    """The same for everything of a kind; resellers are given as companies."""
    keys = [one.pk if isinstance(one, Partner) else one for one in (managing, of_record, support)]
    drafts = drafts.pk if isinstance(drafts, Partner) else drafts
    return Choices(
        for_all={relation: {region: key} for relation, key in zip(Relation, keys, strict=True)}, drafts=drafts
    )


def seen(partnership: Partnership, choices: Choices) -> str:
    """The fingerprint of the last page."""
    consequences = Consequences(partnership)
    return fingerprint(consequences, resolved(choices, consequences))


def end(shared, choices: Choices, reason: str = "", by=None) -> Partnership:
    """End it as somebody who has just seen the last page."""
    reviewed = seen(shared.partnership, choices)
    return end_partnership(
        partnership=shared.partnership, choices=choices, reason=reason, reviewed=reviewed, by=by or shared.admin
    )


def leave(shared, reason: str = "") -> Partnership:
    """End it from the reseller's side."""
    consequences = Consequences(shared.partnership)
    reviewed = fingerprint(consequences, let_go(consequences))
    return leave_partnership(partnership=shared.partnership, reason=reason, reviewed=reviewed, by=shared.reseller_admin)


def managers() -> dict[str, str | None]:
    """Customer -> who manages it."""
    return {
        one.company_name: relation.reseller.legal_name if (relation := one.managing_relationship()) else None
        for one in Customer.objects.all()
    }


def named(model) -> list[str | None]:
    """Who is named on each subscription, oldest first."""
    current = dict(model.objects.filter(ends_at=None).values_list("subscription", "reseller__legal_name"))
    return [current.get(pk) for pk in Subscription.objects.order_by("pk").values_list("pk", flat=True)]


def snapshot() -> list[list[dict]]:
    """Every row that an ending could touch."""
    models = (
        Partnership, ResellerRelationship, ResellerOfRecord, SupportContact, OrderDraft, PartnershipRequest,
        ActivityRecord, OutgoingEmail,
    )  # fmt: skip
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- what there is ----------------------------------------------------------------------------------------------------
def test_consequences_count_what_rests_on_this_partnership_alone(shared, provider, reseller, outsider):
    PartnershipFactory(provider=outsider.partner, reseller=reseller)
    theirs = CustomerFactory(provider=outsider.partner, managed_by=reseller)
    name_on(Subscription.objects.create(**{**_copy(shared.subscriptions[0]), "customer": theirs}), of_record=reseller)
    shared.subscriptions[1].status = Subscription.Status.DELETED
    shared.subscriptions[1].save()
    start_draft(reseller=reseller, by=shared.admin)
    OrderDraftFactory(provider=provider, reseller=reseller, state=OrderDraft.State.CANCELED)
    OrderDraftFactory(provider=provider, reseller=shared.contoso)
    assert Consequences(shared.partnership).counts() == {
        "customers": 2,
        "subscriptions_of_record": 3,
        "subscriptions_supported": 1,
        "drafts": 1,
        "requests": 0,
    }


def _copy(subscription: Subscription) -> dict:
    names = ("sku", "offer_name", "nickname", "quantity", "billing_plan", "segment", "unit_price", "currency")
    return {name: getattr(subscription, name) for name in names}


# --- handing over -----------------------------------------------------------------------------------------------------
def test_everything_goes_where_it_was_chosen_to_go(shared):
    before = clock.now()
    ended = end(shared, choose(shared.litware, MANAGER, shared.contoso), reason="Contract is over")
    assert managers() == {"Bakery A": "Litware", "Bakery B": "Litware", "Cinema": "Contoso"}
    # Who manages the customer from then on: of the cinema that is Contoso, as before.
    assert named(ResellerOfRecord) == ["Litware", "Litware", "Litware", "Contoso"]
    assert named(SupportContact) == ["Contoso", None, None, None]
    assert (ended.ended_by, ended.ended_side, ended.end_reason) == (shared.admin.user, "provider", "Contract is over")
    assert ended.ended_at >= before
    assert Partnership.objects.ended().get() == ended


def test_the_new_relations_are_what_the_old_ones_were_and_begin_when_those_end(shared):
    old = shared.customers[0].reseller_relationships.get()
    old.scope = ResellerRelationship.Scope.VIEW_AND_REQUEST
    old.save()
    ended = end(shared, choose(shared.litware))
    old.refresh_from_db()
    new = shared.customers[0].reseller_relationships.current().get()
    assert (new.scope, new.begins_at, new.set_by) == (old.scope, old.ends_at, shared.admin.user)
    assert new.partnership == Partnership.objects.get(reseller=shared.litware)
    assert old.ends_at == ended.ended_at
    of_record = shared.subscriptions[0].resellers_of_record.get(ends_at=None)
    assert (of_record.mpn_id, of_record.begins_at, of_record.set_by) == ("888", ended.ended_at, shared.admin.user)


def test_nobody_takes_over_if_so_chosen(shared):
    end(shared, choose(NOBODY, NOBODY, NOBODY))
    assert managers() == {"Bakery A": None, "Bakery B": None, "Cinema": "Contoso"}
    assert named(ResellerOfRecord) == named(SupportContact) == [None] * 4


def test_some_go_elsewhere_one_by_one(shared):
    a, b = (one.reseller_relationships.get().pk for one in shared.customers[:2])
    first = shared.subscriptions[0].resellers_of_record.get().pk
    choices = choose(shared.litware)
    choices = choices.with_exceptions(Relation.MANAGING, {a: shared.contoso.pk, b: NOBODY})
    choices = choices.with_exceptions(Relation.OF_RECORD, {first: shared.litware.pk})
    end(shared, Choices.read(choices.token(shared.partnership), shared.partnership))
    assert managers() == {"Bakery A": "Contoso", "Bakery B": None, "Cinema": "Contoso"}
    assert named(ResellerOfRecord) == ["Litware", "Contoso", None, "Contoso"]


def test_a_relation_on_a_deleted_subscription_ends_and_goes_to_nobody(shared):
    Subscription.objects.filter(pk=shared.subscriptions[2].pk).update(status=Subscription.Status.DELETED)
    end(shared, choose(shared.litware, shared.litware, NOBODY))
    assert named(ResellerOfRecord) == ["Litware", "Litware", None, "Litware"]


def test_each_change_has_the_records_that_it_would_have_alone(shared):
    """The services for one and the ones for all leave the same traces."""
    bakery, subscription = shared.customers[0], shared.subscriptions[0]

    def traces(*targets) -> list[tuple]:
        rows = ActivityRecord.objects.filter(target_id__in=[_id(target) for target in targets]).order_by("pk")
        return sorted(
            [row.action, row.target_label, *map(str, (row.reseller_id, row.customer_id, sorted(row.changes.items())))]
            for row in rows
        )

    relationship = bakery.reseller_relationships.get()
    hand_over_customer(relationship=relationship, to=shared.litware, by=shared.admin, reason="Over", notify=False)
    set_reseller_of_record(subscription=subscription, reseller=shared.contoso, by=shared.admin)
    set_support_contact(subscription=subscription, reseller=None, by=shared.admin)
    alone = traces(bakery, subscription)
    bakery.reseller_relationships.current().delete()
    for model in (ResellerOfRecord, SupportContact):
        model.objects.filter(subscription=subscription).delete()
    name_on(subscription, of_record=shared.reseller, support=shared.reseller)
    ResellerRelationship.objects.create(
        customer=bakery, reseller=shared.reseller, partnership=shared.partnership, set_by=shared.admin.user
    )
    bakery = Customer.objects.get(pk=bakery.pk)
    known = set(ActivityRecord.objects.values_list("pk", flat=True))
    end(shared, choose(shared.litware, shared.contoso, NOBODY), reason="Over")
    rows = ActivityRecord.objects.exclude(pk__in=known)
    together = sorted(
        [row.action, row.target_label, *map(str, (row.reseller_id, row.customer_id, sorted(row.changes.items())))]
        for row in rows.filter(target_id__in=[_id(bakery), _id(subscription)])
    )
    assert together == alone
    assert len(alone) == 5


def _id(target) -> str:
    return str(target.microsoft_id if isinstance(target, Customer) else target.subscription_id)


def test_the_end_is_recorded_for_both_sides_and_names_no_other_reseller(shared):
    end(shared, choose(shared.litware), reason="Contract is over")
    kept = ActivityRecord.objects.get(action="partnership.ended")
    assert (kept.provider_id, kept.reseller_id) == (shared.provider.microsoft_id, shared.reseller.microsoft_id)
    assert kept.changes == {
        "side": "provider",
        "reason": "Contract is over",
        "customers": 2,
        "subscriptions_of_record": 4,
        "subscriptions_supported": 1,
        "drafts": 0,
        "requests": 0,
    }
    assert "Litware" not in str(list(ActivityRecord.objects.filter(reseller_id=kept.reseller_id).values()))


# --- drafts and requests ----------------------------------------------------------------------------------------------
@pytest.fixture
def draft(ready) -> OrderDraft:
    """A sales agent's complete draft for a new customer of Fabrikam's."""
    return ready


def test_the_owner_of_a_draft_is_asked_for_another_reseller(shared, draft):
    end(shared, choose(NOBODY, NOBODY, NOBODY, drafts=OWNER))
    draft.refresh_from_db()
    assert draft.reseller == shared.reseller
    (problem,) = draft_problems(draft)
    assert problem == (
        "details",
        "You have no partnership with Fabrikam. Request a partnership, or choose another indirect reseller.",
    )


def test_a_draft_goes_to_another_reseller_and_submits(shared, draft, sales):
    end(shared, choose(NOBODY, NOBODY, NOBODY, drafts=shared.contoso))
    order = submitted(draft, sales)
    assert order.reseller == shared.contoso
    assert managers()["Padaria São João"] == "Contoso"


def test_a_draft_loses_its_reseller(shared, draft):
    end(shared, choose(NOBODY, NOBODY, NOBODY, drafts=NOBODY))
    draft.refresh_from_db()
    assert draft.reseller is None
    assert draft_problems(draft) == []


def open_request(shared, recipient: str, **facts) -> PartnershipRequest:
    """A request of Northwind's that awaits an answer."""
    facts = {"provider": shared.provider, "created_by": shared.admin.user, "sent": True, **facts}
    return PartnershipRequestFactory(recipient=recipient, recipient_key=recipient, **facts)


def test_open_requests_to_its_people_are_revoked_and_no_others(shared, outsider):
    MembershipFactory(partner=shared.reseller, user__sign_in_name="Robin@fabrikam.example")
    both = MembershipFactory(partner=shared.reseller, user__sign_in_name="both@fabrikam.example").user
    MembershipFactory(partner=PartnerFactory(reseller=True), user=both)
    gone = MembershipFactory(partner=shared.reseller, user__sign_in_name="gone@fabrikam.example")
    Membership.objects.filter(pk=gone.pk).update(ended_at=clock.now())
    mine = [open_request(shared, address) for address in ("robin@fabrikam.example", "hello@fabrikam.example")]
    others = [
        open_request(shared, ""),
        open_request(shared, "both@fabrikam.example"),
        open_request(shared, "gone@fabrikam.example"),
        open_request(shared, "finn@fabrikam.example", provider=outsider.partner),
        open_request(shared, "finn@fabrikam.example", expires_at=clock.now() - timedelta(days=1)),
    ]
    waiting = PendingAcceptance.objects.create(
        request=mine[0], reseller=PartnerFactory(reseller=True), accepted_by=shared.admin.user, from_other_domain=True
    )
    end(shared, choose(NOBODY, NOBODY, NOBODY))
    for request in mine:
        nonce = request.nonce
        request.refresh_from_db()
        assert request.state == "revoked"
        assert request.nonce != nonce
    for request in others:
        request.refresh_from_db()
        assert request.state == "sent"
    waiting.refresh_from_db()
    assert waiting.outcome == "lapsed"
    assert ActivityRecord.objects.get(action="partnership.ended").changes["requests"] == 2


def test_a_new_request_starts_it_again_beside_the_ended_one(shared):
    ended = end(shared, choose(shared.litware))
    request = open_request(shared, "finn@fabrikam.example")
    again = accept_request(request=request, nonce=request.nonce, by=shared.reseller_admin)
    assert Partnership.objects.filter(provider=shared.provider, reseller=shared.reseller).count() == 2
    assert (again.pk != ended.pk, again.ended_at) == (True, None)
    assert managers()["Bakery A"] == "Litware"


# --- refusals ---------------------------------------------------------------------------------------------------------
def test_a_reseller_that_cannot_serve_the_country_is_refused_and_nothing_is_done(shared):
    before = snapshot()
    brazilian = CustomerFactory(provider=shared.provider, country="US")
    shared.contoso.country = "BR"
    shared.contoso.save()
    with pytest.raises(TakeoverRefused) as refusal:
        end(shared, choose(shared.contoso))
    assert [one.text for one in refusal.value.objections] == [
        "Contoso is enrolled for Brazil, and the customer is in United States. Choose a reseller of the "
        "same region, or ask the back office to authorize the company for it."
    ]
    assert snapshot() == before
    assert brazilian.managing_relationship() is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"enrolment_state": "suspended"}, "The enrolment of Contoso is not active: Suspended."),
        ({"agreement_accepted_on": None}, "Contoso has not accepted the Microsoft Partner Agreement."),
        ({"mpn_id": "", "mpn_key": "x"}, "Contoso has no MPN ID, so no incentive could be paid to it."),
    ],
)
def test_a_reseller_that_would_be_refused_takes_nothing_over(shared, fault, words):
    Partner.objects.filter(pk=shared.contoso.pk).update(**fault)
    for choices in (choose(shared.contoso, NOBODY, NOBODY), choose(NOBODY, NOBODY, shared.contoso)):
        with pytest.raises(TakeoverRefused, match=words):
            end(shared, choices)
    # It manages the cinema, and would be reseller of record there.
    with pytest.raises(TakeoverRefused, match=words):
        end(shared, choose(NOBODY, MANAGER, NOBODY))
    assert Partnership.objects.active().filter(pk=shared.partnership.pk).exists()


def test_only_partners_take_over_and_never_the_reseller_itself(shared, outsider):
    stranger = PartnershipFactory(provider=outsider.partner).reseller
    for reseller in (stranger, shared.reseller):
        with pytest.raises(TakeoverRefused, match=f"You have no partnership with {reseller.legal_name}"):
            end(shared, choose(reseller, NOBODY, NOBODY))
    start_draft(reseller=shared.reseller, by=shared.admin)
    with pytest.raises(TakeoverRefused, match="You have no partnership with"):
        end(shared, choose(NOBODY, NOBODY, NOBODY, drafts=stranger))


def test_something_not_chosen_is_asked_for(shared):
    with pytest.raises(NotChosen) as refusal:
        end(shared, Choices())
    assert refusal.value.missing == [(relation, US) for relation in Relation]


def test_a_customer_that_came_meanwhile_is_shown_first(shared):
    choices = choose(shared.litware)
    reviewed = seen(shared.partnership, choices)
    CustomerFactory(provider=shared.provider, company_name="Newcomer", managed_by=shared.reseller)
    shared.customers[1].reseller_relationships.update(ends_at=clock.now())
    before = snapshot()
    with pytest.raises(SomethingChanged) as change:
        end_partnership(partnership=shared.partnership, choices=choices, reason="", reviewed=reviewed, by=shared.admin)
    assert change.value.differences == [
        "1 customer more than before: Newcomer",
        "1 customer is no longer managed by it",
    ]
    assert snapshot() == before
    end(shared, choices)
    assert managers() == {"Bakery A": "Litware", "Bakery B": None, "Cinema": "Contoso", "Newcomer": "Litware"}


def test_it_is_shown_when_another_reseller_would_take_over_than_the_page_said(shared):
    choices = choose(shared.litware)
    reviewed = seen(shared.partnership, choices)
    cinema = shared.customers[2].reseller_relationships.get()
    hand_over_customer(relationship=cinema, to=shared.litware, by=shared.admin)
    with pytest.raises(SomethingChanged) as change:
        end_partnership(partnership=shared.partnership, choices=choices, reason="", reviewed=reviewed, by=shared.admin)
    assert change.value.differences == ["Some of it would go to another reseller than the page showed."]


@pytest.mark.parametrize("reviewed", ["", "x", "a.b", "é\x00", ":" * 5000])
def test_what_is_no_fingerprint_ends_nothing(shared, reviewed):
    with pytest.raises(SomethingChanged):
        end_partnership(
            partnership=shared.partnership, choices=choose(NOBODY), reason="", reviewed=reviewed, by=shared.admin
        )


def test_who_may_end_it(shared, sales, helpdesk, outsider):
    choices = choose(NOBODY, NOBODY, NOBODY)
    reseller_sales = actor_of(shared.reseller, Role.SALES_AGENT)
    for actor in (sales, helpdesk, outsider, shared.reseller_admin, reseller_sales):
        with pytest.raises(NotPermitted):
            end(shared, choices, by=actor)
    for actor in (shared.admin, reseller_sales, outsider):
        with pytest.raises(NotPermitted):
            leave_partnership(partnership=shared.partnership, reason="", reviewed="", by=actor)


def test_pressed_again_it_is_the_same_end(shared):
    choices = choose(shared.litware)
    reviewed = seen(shared.partnership, choices)
    first = end(shared, choices, reason="First")
    before = snapshot()
    again = end_partnership(
        partnership=shared.partnership, choices=choices, reason="Second", reviewed=reviewed, by=shared.admin
    )
    assert (again, again.end_reason) == (first, "First")
    assert leave(shared, reason="Third").end_reason == "First"
    assert snapshot() == before


# --- the reseller's side ----------------------------------------------------------------------------------------------
def test_the_reseller_lets_go_of_everything_at_once(shared, draft):
    ended = leave(shared, reason="We retire")
    assert managers() == {"Bakery A": None, "Bakery B": None, "Cinema": "Contoso"}
    assert named(ResellerOfRecord) == named(SupportContact) == [None] * 4
    assert (ended.ended_side, ended.ended_by, ended.end_reason) == ("reseller", shared.reseller_admin.user, "We retire")
    draft.refresh_from_db()
    assert draft.reseller == shared.reseller
    assert len(draft_problems(draft)) == 1


# --- all or nothing, at once ------------------------------------------------------------------------------------------
def test_a_failure_at_any_statement_leaves_everything_as_it_was(shared, draft):
    open_request(shared, "finn@fabrikam.example")
    choices = choose(shared.litware, MANAGER, shared.contoso, drafts=shared.contoso)
    reviewed = seen(shared.partnership, choices)
    before = snapshot()

    def act() -> None:
        end_partnership(partnership=shared.partnership, choices=choices, reason="", reviewed=reviewed, by=shared.admin)

    def check() -> None:
        assert snapshot() == before

    fail_at_each_statement(act, check)
    assert Partnership.objects.active().filter(pk=shared.partnership.pk).exists() is False


def test_the_reseller_leaving_is_all_or_nothing_too(shared, draft):
    consequences = Consequences(shared.partnership)
    reviewed = fingerprint(consequences, let_go(consequences))
    before = snapshot()

    def check() -> None:
        assert snapshot() == before

    fail_at_each_statement(
        lambda: leave_partnership(
            partnership=shared.partnership, reason="", reviewed=reviewed, by=shared.reseller_admin
        ),
        check,
    )


@pytest.mark.parametrize("is_left", [False, True])
def test_what_is_lost_is_lost_at_the_next_request(shared, is_left):
    desk = signed_in(shared.reseller_admin)
    pages = [
        reverse("subscriptions:list", args=[shared.customers[0].microsoft_id]),
        reverse("customers:detail", args=[shared.customers[0].microsoft_id]),
        shared.subscriptions[0].get_absolute_url(),
    ]
    assert [desk.get(page).status_code for page in pages] == [200, 200, 200]
    leave(shared) if is_left else end(shared, choose(shared.litware))
    assert [desk.get(page).status_code for page in pages] == [404, 404, 404]
    assert "Bakery" not in desk.get(reverse("customers:list")).content.decode()


def test_what_takes_over_has_it_at_the_next_request(shared):
    desk = signed_in(actor_of(shared.litware))
    page = reverse("subscriptions:list", args=[shared.customers[0].microsoft_id])
    assert desk.get(page).status_code == 404
    end(shared, choose(shared.litware))
    assert desk.get(page).status_code == 200


@pytest.mark.parametrize("many", [1, 6])
def test_the_statements_do_not_grow_with_the_customers(shared, django_assert_num_queries, many):
    for _one in range(many):
        customer = CustomerFactory(provider=shared.provider, managed_by=shared.reseller)
        subscription = Subscription.objects.create(**{**_copy(shared.subscriptions[0]), "customer": customer})
        name_on(subscription, of_record=shared.reseller, support=shared.reseller)
    choices = choose(shared.litware)
    reviewed = seen(shared.partnership, choices)
    with django_assert_num_queries(52):
        end_partnership(partnership=shared.partnership, choices=choices, reason="", reviewed=reviewed, by=shared.admin)


# --- choices as an address --------------------------------------------------------------------------------------------
def test_choices_survive_their_address(shared):
    choices = choose(shared.litware, MANAGER, NOBODY, drafts=shared.contoso)
    choices = choices.with_exceptions(Relation.MANAGING, {5: NOBODY, 3: 7, 900: 7})
    choices = choices.with_exceptions(Relation.SUPPORT, {1: MANAGER})
    assert Choices.read(choices.token(shared.partnership), shared.partnership) == choices
    assert choices.with_exceptions(Relation.MANAGING, {5: None}).by_row(Relation.MANAGING) == {3: 7, 900: 7}


def test_choices_of_another_partnership_or_of_nobody_are_none(shared):
    token = choose(shared.litware).token(shared.partnership)
    assert Choices.read(token, PartnershipFactory()) == Choices()
    for odd in ("", "x", ".", "é", "\x00", token[:-1], token + "x", "." + token, ":" * 4000):
        assert Choices.read(odd, shared.partnership) == Choices()


def test_as_many_exceptions_as_there_may_be_fit_into_an_address(shared):
    keys = itertools.accumulate(itertools.cycle([99_991, 7, 1_000_003, 31]), initial=10_000_000)
    rows = dict(zip(itertools.islice(keys, 500), itertools.cycle([12_345, 67_890, NOBODY, MANAGER, 5]), strict=False))
    choices = choose(shared.litware).with_exceptions(Relation.MANAGING, rows)
    assert Choices.read(choices.token(shared.partnership), shared.partnership) == choices
    assert len(choices.token(shared.partnership)) < 3_000
    with pytest.raises(TooManyExceptions, match="500"):
        choices.with_exceptions(Relation.SUPPORT, {1: NOBODY})
