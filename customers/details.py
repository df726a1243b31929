"""Customer details as they travel from the form through a draft to the service that makes the customer."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from core.exceptions import Refused


class DetailsRejected(Refused):
    """The details break a rule; `errors` says which field and why."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(" ".join(text for texts in errors.values() for text in texts))
        self.errors = dict(errors)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CustomerDetails:
    """What is known of a customer before it exists; every text is normalised, an empty text says "not given"."""

    company_name: str = ""
    domain_prefix: str = ""
    country: str = ""
    address_line_1: str = ""
    address_line_2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    registration_id: str = ""
    qualification: str = "none"
    contact_first_name: str = ""
    contact_last_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    language: str = "en"
    # The customer accepts at its first sign-in: then nothing is said of who accepted, and nothing can be ordered yet.
    agreement_to_come: bool = False
    agreement_accepted_on: date | None = None
    agreement_first_name: str = ""
    agreement_last_name: str = ""
    agreement_email: str = ""
    agreement_phone: str = ""

    # Without these no customer is made in any country; what else a country asks for, customers.rules knows.
    REQUIRED: ClassVar[tuple[str, ...]] = (
        "company_name",
        "domain_prefix",
        "country",
        "address_line_1",
        "contact_first_name",
        "contact_last_name",
        "contact_email",
        "agreement_accepted_on",
        "agreement_first_name",
        "agreement_last_name",
        "agreement_email",
    )

    def to_json(self) -> dict[str, Any]:
        """The details as a JSON column holds them."""
        data = dataclasses.asdict(self)
        data["agreement_accepted_on"] = self.agreement_accepted_on and self.agreement_accepted_on.isoformat()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "tuple[CustomerDetails, tuple[str, ...]]":
        """Read what an older draft kept: the details, and the names of required ones that are missing.

        Unknown names are dropped; a value of another type than today's counts as missing.
        """
        known: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            value = data.get(field.name)
            if field.name == "agreement_accepted_on":
                known[field.name] = _date(value)
            elif field.name == "agreement_to_come":
                known[field.name] = value is True
            elif isinstance(value, str):
                known[field.name] = value
        details = cls(**known)
        to_come = [name for name in cls.REQUIRED if name.startswith("agreement_") and details.agreement_to_come]
        return details, tuple(name for name in cls.REQUIRED if not getattr(details, name) and name not in to_come)


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
