"""What the demo's providers say of themselves, and a change that one of them asks for."""

from datetime import datetime, timedelta
from typing import Any

from accounts.access import Actor, system_actor
from accounts.services.profiles import (
    approve_profile_change,
    fingerprint,
    pending_change,
    profile_of,
    publish_profile,
    request_profile_change,
)
from activity.models import Source
from core import clock

PROFILES: dict[str, dict[str, Any]] = {
    "northwind.example": {
        "description": (
            "Northwind Distribution brings Microsoft cloud solutions to resellers in the United States and Brazil. "
            "Our partner desk answers in English and Portuguese, and a dedicated team helps with your first Azure "
            "migration, with licensing questions and with the onboarding of your customers."
        ),
        "website": "https://www.northwind.example/partners",
        "phone": "+12065550100",
        "languages": ["en", "pt-br"],
        "specialties": ["modern_work", "azure", "training"],
    },
    "tailwind.example": {
        "description": (
            "Tailwind Wholesale works with managed service providers of every size. Monthly billing, same-day orders "
            "and a security practice of its own."
        ),
        "website": "https://www.tailwind.example",
        "phone": "+14045550100",
        "languages": ["en", "es"],
        "specialties": ["security", "business_applications"],
    },
}
WISH = {
    "provider": "tailwind.example",
    "wanted": {"specialties": ["security", "business_applications", "data_and_ai"], "contact_phone": "+14045550177"},
    "note": "We opened a data practice, and our switchboard has a new number.",
}


def load_profiles(actors: dict[str, Actor], now: datetime) -> None:
    """Ask, approve and publish as people would; one change still waits for the back office."""
    office = system_actor("demo data", Source.COMMAND)
    for number, (domain, wanted) in enumerate(PROFILES.items()):
        with clock.at(now - timedelta(days=380 - 20 * number)):
            change = request_profile_change(wanted=wanted, seen=_seen(actors[domain]), by=actors[domain])
            approve_profile_change(change=change, by=office)
            publish_profile(profile=profile_of(change.partner), by=office)
    asker = actors[str(WISH["provider"])]
    with clock.at(now - timedelta(days=1)):
        request_profile_change(wanted=WISH["wanted"], note=str(WISH["note"]), seen=_seen(asker), by=asker)  # type: ignore[arg-type]


def _seen(actor: Actor) -> str:
    """The mark of what the person would see on the page."""
    assert actor.partner is not None
    return fingerprint(profile_of(actor.partner), pending_change(actor.partner))
