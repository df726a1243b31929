"""Whether bills go on: what incentives are earned on."""

from subscriptions.rules.facts import Policy, Status


def is_billed(policy: Policy, status: Status) -> bool:
    """Active ones are; a suspension stops the bills under the legacy rules alone; what has ended is not billed."""
    return status == Status.ACTIVE or (status == Status.SUSPENDED and policy == Policy.NEW_COMMERCE)
