"""Names under which a secret would travel, for whatever is kept for years and read by many."""

import re
from collections.abc import Iterable

SECRET_NAME = re.compile(
    r"password|passwd|passphrase|secret|token|nonce|cipher|private_?key|api_?key|recovery_?code|otp\b|cookie", re.I
)


def refuse_secrets(names: Iterable[object]) -> None:
    """Raise if any of these names is one under which a secret would be kept."""
    for name in names:
        if SECRET_NAME.search(str(name)):
            raise ValueError(f"{name!r} looks like a secret, and secrets are not kept here.")
