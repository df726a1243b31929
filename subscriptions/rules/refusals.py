"""Refusals that both rule sets share, in words."""

from django.utils.translation import gettext as _

from core.html import number_text
from subscriptions.rules.answers import Refused
from subscriptions.rules.facts import TRIAL_LICENSES, Facts, Status


def unchanged() -> Refused:
    """Nothing would be different."""
    return Refused("unchanged", _("This is how it is already. Nothing was changed."))


def not_active(facts: Facts) -> Refused | None:
    """What a suspended subscription says to everything but its return."""
    if facts.status == Status.SUSPENDED:
        text = _("The subscription is suspended. Reactivate it first.")
        return Refused("2001", text, instead="Reactivate")
    return None


def outside_limits(quantity: int, least: int, most: int) -> Refused | None:
    """A number of licenses that the offer is not sold in."""
    if least <= quantity <= most:
        return None
    if least == most:
        text = _("This offer comes with %(number)s licenses.") % {"number": number_text(least)}
    else:
        text = _("Enter a number of licenses from %(least)s to %(most)s.") % {
            "least": number_text(least),
            "most": number_text(most),
        }
    return Refused("2002", text)


def trial_is_fixed() -> Refused:
    """The licenses of a trial."""
    text = _("A trial has %(number)s licenses that cannot be changed. Convert it to a paid subscription instead.")
    return Refused("800107", text % {"number": number_text(TRIAL_LICENSES)}, instead="ConvertTrial")


def not_a_trial() -> Refused:
    """A conversion of what is paid for."""
    return Refused("800021", _("Only a trial can be converted. Upgrade this subscription instead."), instead="Upgrade")


def parent_away(facts: Facts) -> Refused | None:
    """An add-on whose base does not run."""
    if facts.is_add_on and (facts.base is None or facts.base.status != Status.ACTIVE):
        return Refused("27009", _("The subscription that this add-on belongs to is not active. Reactivate that first."))
    return None


def no_path(title: str) -> Refused:
    """An upgrade that the catalogue does not list."""
    text = _("There is no upgrade from this offer to %(offer)s. Choose one of the listed offers.") % {"offer": title}
    return Refused("900258", text)


def usage_has_no_licenses() -> Refused:
    """Azure and its like."""
    return Refused("2006", _("This subscription is billed by usage and has no number of licenses."))


def extended_never_renews() -> Refused:
    """A renewal, or what waits for one, in an extended service term."""
    return Refused("800121", _("An extended service term is no term to renew. Order the offer anew to commit again."))
