"""What the frame around every page shows: navigation, company, account, theme, the demo's ribbon."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import ANONYMOUS, Actor, can
from accounts.middleware import session_end
from accounts.roles import Permission, Role
from core.routes import address
from notifications.feed.counting import bell_text, unread_of


@dataclass(frozen=True)
class Item:
    """One entry of the navigation: its words, icon, address by name, and the permission it takes.

    `counts` says that it shows how much waits there for the company.
    """

    label: Any
    icon: str
    url_name: str
    permission: Permission | None = None
    counts: bool = False


HOME = Item(_("Home"), "house", "home")
CUSTOMERS = Item(_("Customers"), "building", "customers:list", Permission.VIEW_CUSTOMERS)
INCENTIVES = Item(_("Incentives"), "cash-coin", "incentives:list", Permission.VIEW_INCENTIVES)
RENEWALS = Item(_("Renewals"), "calendar3", "subscriptions:renewals", Permission.VIEW_CUSTOMERS)
ORDERS = Item(_("Orders"), "receipt", "orders:list", Permission.VIEW_ORDERS)
ACTIVITY = Item(_("Activity"), "clock-history", "activity:list", Permission.VIEW_ACTIVITY)
SUPPORT = Item(_("Support profile"), "life-preserver", "support_profile", Permission.CHANGE_SUPPORT_PROFILE)
PEOPLE = Item(_("People"), "people", "people:list", Permission.MANAGE_PEOPLE)
WEBHOOKS = Item(_("Webhooks"), "send", "webhooks:list", Permission.MANAGE_WEBHOOKS)
SUBSCRIPTIONS = Item(_("Subscriptions"), "box-seam", "subscriptions:all", Permission.VIEW_SUBSCRIPTIONS)
# More than so many requests that wait do not fit beside their entry.
MOST_SHOWN = 99
ASKED = Item(_("Requests"), "inbox", "subscriptions:change_requests", Permission.MANAGE_SUBSCRIPTION, counts=True)
ASKING = Item(_("Requests"), "inbox", "subscriptions:change_requests", Permission.REQUEST_CHANGE, counts=True)
PROVIDER = [
    HOME,
    CUSTOMERS,
    SUBSCRIPTIONS,
    RENEWALS,
    ASKED,
    Item(_("Indirect resellers"), "shop", "resellers:list", Permission.VIEW_RESELLERS),
    ORDERS,
    INCENTIVES,
    ACTIVITY,
    Item(_("Company profile"), "patch-check", "profile:own", Permission.VIEW_PROFILE),
    PEOPLE,
    SUPPORT,
    WEBHOOKS,
]
RESELLER = [
    HOME,
    CUSTOMERS,
    SUBSCRIPTIONS,
    RENEWALS,
    ASKING,
    ORDERS,
    INCENTIVES,
    ACTIVITY,
    Item(_("Indirect providers"), "diagram-3", "resellers:providers", Permission.VIEW_PROVIDERS),
    PEOPLE,
    SUPPORT,
    WEBHOOKS,
]
CUSTOMER = [
    Item(_("Subscriptions"), "box-seam", "subscriptions:list", Permission.VIEW_SUBSCRIPTIONS),
    Item(_("Partners"), "diagram-3", "customers:partners", Permission.ANSWER_RELATIONSHIP),
    Item(_("User settings"), "person-gear", "customers:user_settings", Permission.VIEW_TENANT_OWNERS),
    Item(_("Activity"), "clock-history", "customers:activity", Permission.VIEW_CUSTOMER_ACTIVITY),
]


def navigation(actor: Actor, path: str) -> list[dict[str, Any]]:
    """The entries the actor may open; the one for `path` says whether it is this page or the section of it."""
    arguments = []
    if actor.is_customer:
        items, arguments = CUSTOMER, [actor.customer.microsoft_id]
    elif actor.is_provider:
        items = PROVIDER
    elif actor.is_reseller:
        items = RESELLER
    else:
        return []
    entries = []
    for item in items:
        url = address(item.url_name, *arguments)
        if item.permission is not None and not can(actor, item.permission):
            continue
        inside = path == url or (url != "/" and path.startswith(url))
        entries.append(
            {
                "label": item.label,
                "icon": item.icon,
                "url": url,
                "current": ("page" if path == url else "true") if inside else "",
                "waiting": waiting_text(actor) if item.counts else "",
            }
        )
    return entries


def waiting_text(actor: Actor) -> str:
    """How many requests wait for the person's company and role, 99+ beyond what fits, nothing for none; no query."""
    if actor.partner is None:
        return ""
    count = actor.partner.requests_waiting
    if actor.is_provider and not can(actor, Permission.PLACE_ORDER):
        # The company's Sales agents decide these.
        count -= actor.partner.orders_waiting
    if count <= 0:
        return ""
    return f"{MOST_SHOWN}+" if count > MOST_SHOWN else str(count)


def bell(actor: Actor, path: str) -> dict[str, Any]:
    """The bell: where it leads, and how many unread notifications it says there are; no query."""
    count, url = unread_of(actor), address("notifications:list")
    return {"url": url, "count": count, "text": bell_text(count), "current": path == url}


def organization_note(actor: Actor) -> str:
    """What the company is and what the person is in it: Indirect provider · Admin agent."""
    if actor.is_customer:
        return str(_("Customer"))
    if actor.partner is None:
        return ""
    role = Role(actor.role).label if actor.role else ""
    return " · ".join(str(part) for part in (actor.partner.get_program_display(), role) if part)


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context of templates/base.html; complete for a stranger and on error pages too."""
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    user = actor.user
    frame: dict[str, Any] = {
        "theme": user.theme if user else "auto",
        "demo": settings.DEMO,
        "mailbox_url": address("demo:mailbox") if settings.DEMO else None,
        "home_url": address("home"),
    }
    if user is not None:
        memberships = getattr(request, "memberships", [])
        frame |= {
            "person": str(user),
            "bell": bell(actor, request.path),
            "sign_in_name": user.sign_in_name,
            "navigation": navigation(actor, request.path),
            "organization": str(actor.acting_for) if actor.acting_for else "",
            "organization_note": organization_note(actor),
            "switch_url": address("accounts:switch"),
            "memberships": [
                {
                    "pk": membership.pk,
                    "name": str(membership.partner),
                    "note": Role(membership.role).label,
                    "current": actor.partner is not None and membership.partner_id == actor.partner.pk,
                }
                for membership in memberships
            ]
            if len(memberships) > 1
            else [],
            "preferences_url": address("accounts:preferences"),
            "notification_preferences_url": address("notifications:preferences"),
            "password_url": address("account_change_password"),
            "security_url": address("mfa_index"),
            "session_end": session_end(request),
            # Its name, as browsers know it; get_current_timezone_name() says -03 for some.
            "zone": str(timezone.get_current_timezone()),
            "sessions_url": address("accounts:sessions"),
            "sign_out_url": address("account_logout"),
        }
    return {"shell": frame}
