"""What happens to providers' profiles: changes asked for, decided and applied, and what is published."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.access import Actor, require
from accounts.models import Partner, ProfileChange, ProviderProfile
from accounts.profile_facts import CHANGEABLE, LISTS, PROFILE_FIELDS, in_form_order, label_of, missing_parts
from accounts.roles import Permission
from activity.services import record
from core import clock
from core.exceptions import InvalidTransition, Refused
from mail.services import queue_email

State = ProfileChange.State


class NothingToChange(Refused):
    """What is asked for is what stands there already."""


class ProfileMoved(Refused):
    """The profile, or the change that waits for it, is no longer what the person saw."""


# --- reading ----------------------------------------------------------------------------------------------------------
def profile_of(partner: Partner) -> ProviderProfile:
    """The provider's profile; one that was never filled in is empty and not stored."""
    found = ProviderProfile.objects.filter(partner=partner).first() or ProviderProfile()
    found.partner = partner
    return found


def present_values(profile: ProviderProfile) -> dict[str, Any]:
    """What stands today in every field that may be asked to change."""
    return {
        field: getattr(profile if field in PROFILE_FIELDS else profile.partner, field, None) for field in CHANGEABLE
    }


def pending_change(partner: Partner) -> ProfileChange | None:
    """The company's change that nobody has decided, if there is one."""
    return ProfileChange.objects.pending().filter(partner=partner).select_related("requested_by").first()


def fingerprint(profile: ProviderProfile, pending: ProfileChange | None) -> str:
    """A mark of what a person saw who fills in a change: today's values and the change that waits."""
    seen = [present_values(profile), str(pending.public_id) if pending else ""]
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


# --- asking -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def request_profile_change(*, wanted: Mapping[str, Any], note: str = "", seen: str, by: Actor) -> ProfileChange:
    """Ask the programme to change the actor's company; this replaces what waits, if that is what `seen` knows of.

    `wanted` holds fields of CHANGEABLE with their new values; `seen` is the fingerprint of what the person saw.
    """
    require(by, Permission.CHANGE_PROFILE)
    assert by.partner is not None
    assert by.user is not None
    profile, user = _locked_profile(by.partner), by.user
    pending = pending_change(profile.partner)
    changes = _changes(profile, wanted)
    if pending and (pending.changes, pending.note, pending.requested_by_id) == (changes, note, user.pk):
        return pending
    if seen != fingerprint(profile, pending):
        raise ProfileMoved(_moved_text(pending))
    if not changes:
        raise NothingToChange(_("Nothing here differs from what your profile says today."))
    _refuse_unfit(profile, changes)
    if pending:
        _withdraw(pending, by=by)
    change = ProfileChange.objects.create(partner=profile.partner, changes=changes, note=note, requested_by=user)
    record("profile_change.requested", change, by=by, note=note, **changes)
    _tell_reviewers(change)
    return change


@transaction.atomic
def withdraw_profile_change(*, change: ProfileChange, by: Actor) -> ProfileChange:
    """Take back a change that nobody has decided; taken back twice it stays as it is."""
    require(by, Permission.CHANGE_PROFILE, change)
    _locked_profile(change.partner)
    change = ProfileChange.objects.select_for_update().get(pk=change.pk)
    if change.state == State.WITHDRAWN:
        return change
    _refuse_decided(change)
    return _withdraw(change, by=by)


def _withdraw(change: ProfileChange, *, by: Actor) -> ProfileChange:
    change.state, change.decided_by, change.decided_at = State.WITHDRAWN, by.user, clock.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])
    record("profile_change.withdrawn", change, by=by)
    return change


# --- deciding ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def approve_profile_change(*, change: ProfileChange, by: Actor) -> ProfileChange:
    """Apply a change to the profile and the company's facts, all of it or nothing, and tell who asked."""
    profile = _locked_profile(change.partner)
    change = _locked_change(change)
    _refuse_decided(change)
    _refuse_moved(profile, change)
    _refuse_unfit(profile, change.changes)
    fields = _apply(profile, change.changes)
    if profile._state.adding:
        profile.save()
    else:
        profile.save(update_fields=[*(field for field in fields if field in PROFILE_FIELDS), "changed_at"])
    facts = [field for field in fields if field not in PROFILE_FIELDS]
    if facts:
        profile.partner.save(update_fields=facts)
    _decide(change, State.APPROVED, by=by)
    record("profile_change.approved", change, by=by, **change.changes)
    return change


@transaction.atomic
def reject_profile_change(*, change: ProfileChange, reason: str, by: Actor) -> ProfileChange:
    """Leave the profile as it is, and tell who asked why."""
    _locked_profile(change.partner)
    change = _locked_change(change)
    _refuse_decided(change)
    if not reason.strip():
        raise Refused(_("Give a reason: the company will ask for it."))
    change.reason = reason.strip()
    _decide(change, State.REJECTED, by=by)
    record("profile_change.rejected", change, by=by, reason=change.reason)
    return change


def _decide(change: ProfileChange, state: str, *, by: Actor) -> None:
    """Close the change and mail whoever asked for it, or the company when that person has left."""
    change.state, change.decided_by, change.decided_at = state, by.user, clock.now()
    change.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    asker, partner = change.requested_by, change.partner
    is_there = asker.is_active and asker.email and partner.memberships.current().filter(user=asker).exists()
    language = asker.language if is_there else partner.language
    context = {
        "name": asker.full_name if is_there else partner.contact_name,
        "company": str(partner),
        "fields": field_names(change, language),
        "reason": change.reason,
    }
    kinds = {State.APPROVED: "profile_change_approved", State.REJECTED: "profile_change_rejected"}
    queue_email(
        kinds[State(state)],
        to=asker.email if is_there else partner.contact_email,
        language=language,
        context=context,
        about=change,
        dedupe_key=f"profile-change-decided:{change.public_id}",
    )


# --- publishing -------------------------------------------------------------------------------------------------------
@transaction.atomic
def publish_profile(*, profile: ProviderProfile, by: Actor) -> ProviderProfile:
    """Show the profile to everybody, once it says what it must and its provider is enrolled."""
    profile = _locked_profile(profile.partner)
    if profile.published_at is not None:
        raise InvalidTransition(_("This profile is already published."))
    if not (profile.partner.is_provider and profile.partner.is_enrolled):
        raise Refused(_("Only an indirect provider whose enrolment is active can be published."))
    if lacking := _needed_and_missing(profile):
        raise Refused(_("The profile lacks: %(fields)s.") % {"fields": ", ".join(lacking)})
    profile.published_at = clock.now()
    profile.save(update_fields=["published_at"])
    record("profile.published", profile, by=by, published_at=[None, profile.published_at])
    return profile


@transaction.atomic
def unpublish_profile(*, profile: ProviderProfile, reason: str, by: Actor) -> ProviderProfile:
    """Take the profile from the public list; caches may show it for five minutes more."""
    profile = _locked_profile(profile.partner)
    if profile.published_at is None:
        raise InvalidTransition(_("This profile is not published."))
    if not reason.strip():
        raise Refused(_("Give a reason: the company will ask for it."))
    before, profile.published_at = profile.published_at, None
    profile.save(update_fields=["published_at"])
    record("profile.unpublished", profile, by=by, published_at=[before, None], reason=reason.strip())
    return profile


# --- what the services share ------------------------------------------------------------------------------------------
def _locked_profile(partner: Partner) -> ProviderProfile:
    """The profile with its company, both locked; everybody locks the company first, so nobody waits in a circle."""
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    found = ProviderProfile.objects.select_for_update().filter(partner=partner).first() or ProviderProfile()
    found.partner = partner
    return found


def _locked_change(change: ProfileChange) -> ProfileChange:
    rows = ProfileChange.objects.select_for_update(of=("self",)).select_related("partner", "requested_by")
    return rows.get(pk=change.pk)


def _changes(profile: ProviderProfile, wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{field: [today's value, the wanted one]} of what differs, in the order of the form."""
    present = present_values(profile)
    if unknown := set(wanted) - set(present):
        raise ValueError(f"No fields of a profile: {sorted(unknown)}")
    found = {}
    for field in CHANGEABLE:
        if field not in wanted:
            continue
        before, after = present[field], wanted[field]
        if field in LISTS:
            before, after = _in_order(field, before), _in_order(field, after)
            if set(after) - set(before) - set(LISTS[field][0]):
                raise ValueError(f"Unknown entries of {field}: {after}")
        if before != after:
            found[field] = [present[field], after]
    return found


def _in_order(field: str, codes: Sequence[str]) -> list[str]:
    """A list without repetitions in the order of its vocabulary: two lists of the same entries are the same list."""
    known = {code: place for place, code in enumerate(LISTS[field][0])}
    return sorted(dict.fromkeys(codes), key=lambda code: (known.get(code, len(known)), code))


def _apply(profile: ProviderProfile, changes: Mapping[str, Any]) -> list[str]:
    """Set the wanted values on the objects, unsaved; return which fields."""
    for field, (_before, after) in changes.items():
        setattr(profile if field in PROFILE_FIELDS else profile.partner, field, after)
    profile.changed_at = clock.now()
    return list(changes)


def _needed_and_missing(profile: ProviderProfile) -> list[str]:
    return [label_of(part.field) for part in missing_parts(profile) if part.is_needed]


def _refuse_unfit(profile: ProviderProfile, changes: Mapping[str, Any]) -> None:
    """Refuse a change that would break the profile or the company, or leave a published profile without what it needs.

    Tried on copies: what the caller holds still says what is so.
    """
    trial = copy(profile)
    trial.partner = copy(profile.partner)
    _apply(trial, changes)
    try:
        trial.partner.full_clean(exclude={"mpn_key"})
        trial.full_clean(exclude={"partner"})
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    if trial.published_at and (lacking := _needed_and_missing(trial)):
        text = _("The profile is published, and would lack: %(fields)s.")
        raise Refused(text % {"fields": ", ".join(lacking)})


def _refuse_decided(change: ProfileChange) -> None:
    if change.state != State.PENDING:
        text = _("This change is no longer waiting: %(state)s.")
        raise InvalidTransition(text % {"state": change.get_state_display()})


def _refuse_moved(profile: ProviderProfile, change: ProfileChange) -> None:
    """Refuse to overwrite what was changed since the change was asked for."""
    present = present_values(profile)
    moved = [label_of(field) for field, (before, _after) in in_form_order(change.changes) if present[field] != before]
    if moved:
        text = _("Changed since it was asked for: %(fields)s. Reject it and ask the company to look again.")
        raise Refused(text % {"fields": ", ".join(moved)})


def _moved_text(pending: ProfileChange | None) -> str:
    if pending:
        text = _("%(person)s has asked for a change meanwhile. Check your entries; if you send them, they replace it.")
        return text % {"person": pending.requested_by}
    return _("The profile has changed since you opened this page. Check your entries, then send them again.")


def field_names(change: ProfileChange, language: str) -> str:
    """Which fields a change is about, in a language."""
    with override(language):
        return ", ".join(label_of(field) for field, _values in in_form_order(change.changes))


def _tell_reviewers(change: ProfileChange) -> None:
    """Mail everybody in the back office who may decide it."""
    reviewers = ModelBackend().with_perm("accounts.change_profilechange").filter(is_staff=True).exclude(email="")
    for reviewer in reviewers.order_by("pk"):
        context = {
            "name": reviewer.full_name,
            "company": str(change.partner),
            "asker": str(change.requested_by),
            "fields": field_names(change, reviewer.language),
            "note": change.note,
            "number": change.pk,
        }
        queue_email(
            "profile_change_requested",
            to=reviewer.email,
            language=reviewer.language,
            context=context,
            about=change,
            reply_to=change.requested_by.email,
            dedupe_key=f"profile-change-requested:{change.public_id}:{reviewer.pk}",
        )
