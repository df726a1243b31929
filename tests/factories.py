"""Test objects, dull ones: one factory per model, and what is left unsaid is valid."""

from datetime import timedelta

import factory
from factory.django import DjangoModelFactory, Password

from accounts.models import Membership, Partner, User
from accounts.roles import Program, Role
from core import clock
from resellers.models import Partnership, PartnershipRequest

PASSWORD = "an old bicycle in the rain"


# --- accounts ---------------------------------------------------------------------------------------------------------
class UserFactory(DjangoModelFactory):
    """A person who may sign in with PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    sign_in_name = factory.Sequence(lambda n: f"person{n}@company.example")
    email = factory.SelfAttribute("sign_in_name")
    full_name = factory.Sequence(lambda n: f"Robin Silva {n}")
    password = Password(PASSWORD)

    class Params:
        back_office = factory.Trait(is_staff=True, is_superuser=True)
        customer_administrator = factory.Trait(
            sign_in_name=factory.Sequence(lambda n: f"admin@customer{n}.onmicrosoft.com"), email=""
        )


class PartnerFactory(DjangoModelFactory):
    """An enrolled indirect provider; `reseller=True` makes it an indirect reseller."""

    class Meta:
        model = Partner

    program = Program.INDIRECT_PROVIDER
    legal_name = factory.Sequence(lambda n: f"Distribution {n}")
    mpn_id = factory.Sequence(lambda n: f"00{51000 + n}")
    country = "US"
    address_line_1 = "1 Main Street"
    contact_name = "Robin Silva"
    contact_email = factory.Sequence(lambda n: f"contact{n}@company.example")
    enrolment_state = Partner.EnrolmentState.ACTIVE

    class Params:
        reseller = factory.Trait(
            program=Program.INDIRECT_RESELLER, legal_name=factory.Sequence(lambda n: f"Services {n}")
        )
        pending = factory.Trait(enrolment_state=Partner.EnrolmentState.PENDING)
        suspended = factory.Trait(enrolment_state=Partner.EnrolmentState.SUSPENDED)


class MembershipFactory(DjangoModelFactory):
    """A Global admin of a provider."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    partner = factory.SubFactory(PartnerFactory)
    role = Role.GLOBAL_ADMIN


# --- resellers --------------------------------------------------------------------------------------------------------
class PartnershipFactory(DjangoModelFactory):
    """An active partnership of a provider with a reseller."""

    class Meta:
        model = Partnership

    provider = factory.SubFactory(PartnerFactory)
    reseller = factory.SubFactory(PartnerFactory, reseller=True)


class PartnershipRequestFactory(DjangoModelFactory):
    """A draft to riley@fabrikam.example that somebody has written in; `sent=True` has left the portal by mail."""

    class Meta:
        model = PartnershipRequest

    provider = factory.SubFactory(PartnerFactory)
    created_by = factory.SubFactory(UserFactory)
    recipient = "riley@fabrikam.example"
    recipient_key = factory.SelfAttribute("recipient")
    message = "We would like to work with you."
    changed_at = factory.LazyFunction(clock.now)

    class Params:
        sent = factory.Trait(
            state=PartnershipRequest.State.SENT,
            channel=PartnershipRequest.Channel.PORTAL,
            sent_at=factory.LazyFunction(clock.now),
            sent_by=factory.SelfAttribute("created_by"),
            expires_at=factory.LazyAttribute(lambda request: clock.now() + timedelta(days=14)),
        )
