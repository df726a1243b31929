"""Which address answers whom with what: one line per route and method, read by the tests and by people.

The columns are the kinds of user in KINDS. The object in the address always belongs to *ours*: the owner's provider,
the reseller that manages the customer, and the customer's administrator. The rival and the other reseller have the
same things of their own, and must never see these. 302 for anonymous is the way to the sign-in page.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver

from accounts.invitation_links import invitation_token
from accounts.models import ColleagueInvitation, User
from accounts.roles import Role
from core import clock
from resellers.models import PartnershipRequest
from resellers.tokens import link_token
from tests.world import World

KINDS: dict[str, Callable[[World], User | None]] = {
    "anonymous": lambda world: None,
    "owner": lambda world: world.ours.provider_admin.user,
    "helpdesk": lambda world: world.helpdesk.user,
    "rival": lambda world: world.theirs.provider_admin.user,
    "reseller": lambda world: world.ours.reseller_admin.user,
    "other_reseller": lambda world: world.theirs.reseller_admin.user,
    "administrator": lambda world: world.ours.administrator.user,
    "back_office": lambda world: world.back_office,
    "stranger": lambda world: world.stranger,
}


class Route(NamedTuple):
    """What is needed to build an address and to press its button."""

    arguments: Callable[[World], dict[str, Any]]
    data: Callable[[World], dict[str, Any]]


def nothing(world: World) -> dict[str, Any]:
    """No arguments, no data."""
    return {}


def customer(world: World) -> dict[str, Any]:
    """Our customer."""
    return {"microsoft_id": world.ours.customer.microsoft_id}


def subscription(world: World) -> dict[str, Any]:
    """Our customer's subscription."""
    return {**customer(world), "subscription_id": world.ours.subscription.subscription_id}


def version(world: World) -> dict[str, Any]:
    """The version that a page of our subscription was about."""
    return {"version": world.ours.subscription.version}


def temporary_password(world: World) -> dict[str, Any]:
    """The temporary password of our customer's administrator."""
    return {**customer(world), "public_id": world.ours.temporary_password.public_id}


def colleague(world: World) -> dict[str, Any]:
    """The helpdesk agent of our provider, as a member of it."""
    return {"pk": world.helpdesk.user.memberships.get().pk}


def our_invitation(world: World) -> ColleagueInvitation:
    """A colleague whom our owner has invited."""
    invited = {"partner": world.ours.provider, "address_key": "invited@ours.example"}
    by = world.ours.provider_admin.user
    return ColleagueInvitation.objects.get_or_create(**invited, defaults={"role": Role.SALES_AGENT, "created_by": by})[
        0
    ]


def invitation(world: World) -> dict[str, Any]:
    """That invitation."""
    return {"public_id": our_invitation(world).public_id}


def draft(world: World) -> dict[str, Any]:
    """Our owner's open draft."""
    return {"draft": world.ours.draft.public_id}


def submitted(world: World) -> dict[str, Any]:
    """Our owner's submitted draft."""
    return {"draft": world.ours.submitted_draft.public_id}


def order(world: World) -> dict[str, Any]:
    """What was ordered for our customer."""
    return {"public_id": world.ours.order.public_id}


def request(world: World) -> dict[str, Any]:
    """Our provider's partnership request."""
    return {"public_id": world.ours.request.public_id}


def incoming(world: World) -> dict[str, Any]:
    """What our provider asked the Global admin of our reseller, which is its partner already."""
    asker, asked = world.ours.provider_admin, world.ours.reseller_admin.user
    assert asked is not None
    facts = {"created_by": asker.user, "sent_by": asker.user, "recipient": asked.email, "sent_at": clock.now()}
    request, _made = PartnershipRequest.objects.get_or_create(
        provider=asker.partner,
        recipient_key=asked.email,
        state=PartnershipRequest.State.SENT,
        defaults={**facts, "expires_at": clock.now() + timedelta(days=14)},
    )
    return {"public_id": request.public_id}


def relationship_request(world: World) -> dict[str, Any]:
    """What our customer was asked."""
    return {"public_id": world.ours.relationship_request.public_id}


def relationship_draft(world: World) -> dict[str, Any]:
    """What our owner is about to ask our customer."""
    return {"public_id": world.ours.relationship_draft.public_id}


def whom(world: World) -> dict[str, Any]:
    """What is entered in that draft."""
    return {"reseller": str(world.ours.reseller.microsoft_id), "language": "en", "message": "Hello"}


def partnership(world: World) -> dict[str, Any]:
    """Our partnership."""
    return {"public_id": world.ours.partnership.public_id}


def acceptance(world: World) -> dict[str, Any]:
    """What a company has accepted and our provider has to confirm."""
    return {"public_id": world.ours.acceptance.public_id}


def customers_list(world: World) -> dict[str, Any]:
    """The list whose views are kept."""
    return {"page": "customers:list"}


def saved_view(world: World) -> dict[str, Any]:
    """What our owner shares with its colleagues."""
    return {**customers_list(world), "pk": world.ours.saved_view.pk}


def bulk_change(world: World) -> dict[str, Any]:
    """A change of many subscriptions that our owner has prepared."""
    return {"public_id": world.ours.bulk_change.public_id}


def webhook(world: World) -> dict[str, Any]:
    """Our provider's endpoint."""
    return {"public_id": world.ours.webhook.public_id}


def webhook_delivery(world: World) -> dict[str, Any]:
    """What was sent to it."""
    return {**webhook(world), "number": world.ours.webhook.deliveries.get().public_id}


def change_request(world: World) -> dict[str, Any]:
    """What our reseller has asked for."""
    return {"public_id": world.ours.change_request.public_id}


def change_draft(world: World) -> dict[str, Any]:
    """What our reseller is about to ask for."""
    return {"public_id": world.ours.change_draft.public_id}


def notification(world: World) -> dict[str, Any]:
    """What our owner is told of."""
    return {"pk": world.ours.provider_admin.user.notifications.get().pk}  # type: ignore[union-attr]


def view_name(world: World) -> dict[str, Any]:
    """What a view is called, and who sees it."""
    return {"name": "Without a reseller", "audience": "private"}


ROUTES: dict[str, Route] = {
    **{
        f"webhooks:{name}": Route(webhook, nothing)
        for name in "detail change secret rotate enable disable test remove replay_failed deliveries".split()
    },
    "notifications:read": Route(notification, nothing),
    "demo:receiver": Route(webhook, nothing),
    **{f"webhooks:{name}": Route(webhook_delivery, nothing) for name in ("delivery", "replay")},
    **{f"subscriptions:{name}": Route(bulk_change, nothing) for name in ("bulk", "submit_bulk", "cancel_bulk")},
    **{
        f"people:{name}": Route(colleague, nothing)
        for name in "detail deactivate reactivate password_link second_factor".split()
    },
    **{
        f"people:{name}": Route(invitation, nothing)
        for name in "invitation resend_invitation revoke_invitation join join_as_another".split()
    },
    "people:join_landing": Route(
        lambda world: {**invitation(world), "token": invitation_token(our_invitation(world))}, nothing
    ),
    "people:invite": Route(
        nothing, lambda world: {"email": "new@ours.example", "role": "helpdesk_agent", "language": "en"}
    ),
    "people:role": Route(colleague, lambda world: {"role": "sales_agent"}),
    "saved_views:list": Route(customers_list, nothing),
    "saved_views:save": Route(customers_list, view_name),
    "saved_views:rename": Route(saved_view, view_name),
    **{f"saved_views:{name}": Route(saved_view, nothing) for name in ("update", "delete")},
    "profile:withdraw": Route(lambda world: {"public_id": world.ours.profile_change.public_id}, nothing),
    "directory:provider": Route(lambda world: {"microsoft_id": world.ours.provider.microsoft_id}, nothing),
    **{
        f"resellers:{name}": Route(partnership, nothing)
        for name in (
            "detail detail_customers detail_subscriptions detail_incentives detail_access detail_activity "
            "end end_choose end_check end_done provider end_provider"
        ).split()
    },
    "resellers:end_rows": Route(lambda world: {**partnership(world), "relation": "managing"}, nothing),
    "resellers:remove_access": Route(
        lambda world: {**partnership(world), "microsoft_id": world.ours.customer.microsoft_id}, nothing
    ),
    **{f"resellers:{name}": Route(acceptance, nothing) for name in ("confirm_acceptance", "refuse_acceptance")},
    "customers:export": Route(nothing, lambda world: {"columns": ["microsoft_id", "company_name"]}),
    "customers:detail": Route(customer, nothing),
    **{
        f"customers:{name}": Route(customer, nothing)
        for name in (
            "establish_relationship change_reseller narrow_relationship widen_relationship end_relationship partners "
            "request_for_customer"
        ).split()
    },
    **{
        f"customers:{name}_relationship_request": Route(relationship_draft, whom)
        for name in "mail copy send finish unsent discard".split()
    },
    "customers:relationship_request": Route(relationship_draft, whom),
    "customers:revoke_relationship_request": Route(relationship_request, nothing),
    **{
        f"customers:{name}": Route(lambda world: {**customer(world), **relationship_request(world)}, nothing)
        for name in "answer_request accept_request decline_request".split()
    },
    **{
        f"customers:{name}": Route(customer, nothing)
        for name in (
            "change_company change_contact change_bill_to attest_agreement ask_company ask_contact ask_bill_to "
            "draft_company draft_contact draft_bill_to"
        ).split()
    },
    "customers:user_settings": Route(customer, nothing),
    "customers:activity": Route(customer, nothing),
    "customers:orders": Route(customer, nothing),
    **{
        f"customers:{name}_tenant_owner": Route(
            lambda world: {**customer(world), "reseller": world.ours.reseller.microsoft_id}, nothing
        )
        for name in ("grant", "remove")
    },
    "customers:issue_credentials": Route(
        customer, lambda world: {"reason": "lost", "replaces": str(world.ours.temporary_password.public_id)}
    ),
    "customers:credentials": Route(temporary_password, nothing),
    "customers:store_credentials": Route(temporary_password, lambda world: {"stored": "on"}),
    "subscriptions:list": Route(customer, nothing),
    "subscriptions:detail": Route(
        lambda world: {**customer(world), "subscription_id": world.ours.subscription.subscription_id}, nothing
    ),
    **{
        f"subscriptions:{name}": Route(subscription, nothing)
        for name in ("rename", "reseller", "verify_reseller", "support_contact")
    },
    "subscriptions:change": Route(lambda world: {**subscription(world), "kind": "suspend"}, version),
    **{
        f"subscriptions:{name}_change": Route(lambda world: {**subscription(world), "kind": "suspend"}, version)
        for name in ("ask", "draft")
    },
    **{
        f"subscriptions:{name}": Route(change_request, lambda world: {**version(world), "text": "Why?"})
        for name in "change_request approve_change reject_change question_change answer_change withdraw_change".split()
    },
    **{
        f"subscriptions:{name}_change": Route(change_draft, lambda world: {**version(world), "message": "Please"})
        for name in ("submit", "save", "discard")
    },
    "orders:detail": Route(order, nothing),
    "orders:repeat": Route(order, nothing),
    "orders:retry_line": Route(lambda world: {**order(world), "line": world.ours.order.lines.get().pk}, nothing),
    "incentives:entry": Route(lambda world: {"public_id": world.ours.incentive.public_id}, nothing),
    "orders:start": Route(nothing, lambda world: {"reseller": str(world.ours.reseller.microsoft_id)}),
    **{f"orders:{name}": Route(customer, nothing) for name in "ask_subscription update_asked all_asked".split()},
    "orders:add_subscription": Route(lambda world: {"customer": world.ours.customer.microsoft_id}, nothing),
    **{
        f"orders:{name}": Route(draft, nothing)
        for name in (
            "details subscriptions update_offers all_offers skip_offers review submit hand_over "
            "confirm_cancel cancel canceled"
        ).split()
    },
    "orders:left_drafts": Route(nothing, nothing),
    "orders:reassign_draft": Route(draft, nothing),
    "orders:confirmation": Route(submitted, nothing),
    "orders:done": Route(submitted, nothing),
    **{
        f"resellers:{name}": Route(request, nothing)
        for name in (
            "request copy_request mail_request send_request finish_request unsent_request discard_request "
            "revoke_request resend_request correct_request extend_request invitation accept decline switch_account "
            "continue create_account withdraw_acceptance ask_for_new_link"
        ).split()
    },
    **{
        f"resellers:{name}": Route(lambda world: {**request(world), "token": link_token(world.ours.request)}, nothing)
        for name in ("landing", "landing_cut_short")
    },
    "resellers:mail_again": Route(incoming, nothing),
    "resellers:broken_link": Route(lambda world: {"rest": "nothing/of/ours"}, nothing),
    "accounts:switch": Route(
        nothing, lambda world: {"membership": world.ours.provider_admin.user.memberships.get().pk}
    ),  # type: ignore[union-attr]
    "accounts:end_session": Route(lambda world: {"pk": 1}, nothing),
    "accounts:openid_remove": Route(lambda world: {"pk": 1}, nothing),  # none without a provider
    **{f"mfa_{name}_webauthn": Route(lambda world: {"pk": 1}, nothing) for name in ("edit", "remove")},
    "account_reset_password_from_key": Route(lambda world: {"uidb36": "1", "key": "set-password"}, nothing),
    "demo:mail": Route(lambda world: {"key": "nothing"}, nothing),
}
SIMPLE = Route(nothing, nothing)


def named_routes(patterns: list[URLPattern | URLResolver], namespace: str = "") -> list[str]:
    """The full names of all routes but the admin's, which has a sweep of its own."""
    names = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            if inner != "admin:":
                names += named_routes(pattern.url_patterns, inner)
        elif not str(pattern.pattern).startswith("admin/"):
            assert pattern.name, f"The route {pattern.pattern} has no name, so nobody can say who may use it."
            names.append(f"{namespace}{pattern.name}")
    return names
