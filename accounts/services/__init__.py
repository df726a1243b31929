"""Everything that changes people and companies."""

from accounts.services.companies import (
    ENROLMENT_TRANSITIONS,
    REASON_NEEDED,
    State,
    add_member,
    end_membership,
    enrol_partner,
    set_enrolment_state,
)
from accounts.services.people import (
    issue_temporary_password,
    open_account,
    record_second_factor,
    request_password_reset,
    reset_second_factor,
    send_password_link,
    set_own_password,
    set_user_active,
    update_preferences,
)

__all__ = [
    "ENROLMENT_TRANSITIONS",
    "REASON_NEEDED",
    "State",
    "add_member",
    "end_membership",
    "enrol_partner",
    "issue_temporary_password",
    "open_account",
    "record_second_factor",
    "request_password_reset",
    "reset_second_factor",
    "send_password_link",
    "set_enrolment_state",
    "set_own_password",
    "set_user_active",
    "update_preferences",
]
