"""Write the demo through the same services that pages use, so that it has a true record and a past."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import get_hasher, make_password
from django.db import transaction
from django.utils import timezone

from accounts.access import Actor, system_actor
from accounts.models import Partner, User
from accounts.roles import Program, Role
from accounts.services import add_member, enrol_partner, set_enrolment_state
from activity.models import Source
from catalogue.models import Price
from catalogue.services import import_offer_matrix, import_price_list
from core import clock
from core.text import fold
from csp_portal.demo.change_requests import load_change_requests
from csp_portal.demo.colleagues import load_colleagues
from csp_portal.demo.companies import (
    BASKETS,
    COMPANIES,
    CONTACTS,
    CUSTOMERS,
    PARTNERSHIPS,
    PLACES,
    DemoCompany,
    DemoCustomers,
)
from csp_portal.demo.incentives import change_hands, load_incentives
from csp_portal.demo.orders import AT_ONCE, load_orders
from csp_portal.demo.profiles import load_profiles
from csp_portal.demo.requests import load_requests, refuse_mail
from csp_portal.demo.subscriptions import CUSTOMER, load_subscriptions
from csp_portal.demo.webhooks import load_webhooks
from customers.details import CustomerDetails
from mail.models import OutgoingEmail
from orders.attesting import attestation_of
from orders.partnerships.choices import let_go
from orders.partnerships.consequences import Consequences
from orders.partnerships.reviewing import fingerprint as review_mark
from orders.partnerships.services import leave_partnership
from orders.services import choose_offers, fingerprint, save_details, start_draft, submit_draft
from resellers.models import Partnership, PartnershipRequest
from resellers.services import accept_request, change_draft, draft_request, send_request

BACK_OFFICE = "backoffice@portal.example"
# The customer whose subscriptions are in every state.
EVERY_STATE = DemoCustomers("northwind.example", "fabrikam.example", "US", (CUSTOMER,))
# The least that Argon2 takes, or whichever hasher is in use.
QUICK = {"time_cost": 1, "memory_cost": 8, "parallelism": 1, "iterations": 1}
CATALOGUE = Path(settings.BASE_DIR) / "demo" / "catalogue"


def is_loaded() -> bool:
    """Whether the demo is there already: it is loaded with its back-office person or not at all."""
    return User.objects.filter(sign_in_name=BACK_OFFICE).exists()


@transaction.atomic
def load() -> None:
    """Load everything or nothing: a first start that is interrupted begins again."""
    now = timezone.now()
    with clock.at(now - timedelta(days=430)):
        for pattern, import_file in (
            ("price-list*.csv", import_price_list),
            ("offer-matrix*.csv", import_offer_matrix),
        ):
            for path in sorted(CATALOGUE.glob(pattern)):
                with path.open("rb") as file:
                    import_file(file=file, by=system_actor("demo data"))
    people = Companies()
    for provider, reseller, days in PARTNERSHIPS:
        with clock.at(now - timedelta(days=days)):
            _partner(people, provider, reseller)
    with quick_hashing():
        # Mixed, so that every company's customers came over the whole time.
        everybody = [
            (place / len(group.names), group, name) for group in CUSTOMERS for place, name in enumerate(group.names)
        ]
        for number, (_place, group, name) in enumerate(sorted(everybody)):
            with clock.at(now - timedelta(days=121 - 3 * number, minutes=37 * number)):
                _customer(people, group, name, number)
    change_hands(people.actors["northwind.example"], people.partners, now)
    _changes_of_fortune(people, now)
    load_requests(people.actors, now)
    load_profiles(people.actors, now)
    load_colleagues(people.actors, now)
    superuser = User.objects.create_superuser(BACK_OFFICE, full_name="Back office")
    office = Actor(user=superuser, source=Source.ADMIN)
    with quick_hashing():
        load_subscriptions(people.actors, office, lambda name: _customer(people, EVERY_STATE, name, 1), now)
    load_orders(people.actors["northwind.example"], office, now)
    load_change_requests(people.actors, now)
    load_incentives(now)
    load_webhooks(people.actors["northwind.example"])
    # What the demo wrote about its past was read long ago; only what happens from now on is sent.
    OutgoingEmail.objects.filter(state=OutgoingEmail.State.QUEUED).update(
        state=OutgoingEmail.State.SENT, sent_at=now, attempts=1
    )
    refuse_mail()
    # The customers' administrators have long chosen a password of their own: the demo's, like everybody.
    User.objects.update(
        password=make_password(settings.DEMO_PASSWORD),
        must_change_password=False,
        password_expires_at=None,
    )


@contextmanager
def quick_hashing() -> Iterator[None]:
    """Hash in no time what is replaced before anybody can sign in; properly, it would take half a minute."""
    hasher = get_hasher()
    proper = {name: getattr(hasher, name) for name in QUICK if hasattr(hasher, name)}
    vars(hasher).update({name: QUICK[name] for name in proper})
    try:
        yield
    finally:
        vars(hasher).update(proper)


class Companies:
    """The demo's companies by domain, with an actor for the first person of each."""

    def __init__(self) -> None:
        self.partners: dict[str, Partner] = {}
        self.actors: dict[str, Actor] = {}
        with clock.at(timezone.now() - timedelta(days=420)):
            for company in COMPANIES:
                self._enrol(company)

    def _enrol(self, company: DemoCompany) -> None:
        office = system_actor("demo data", Source.COMMAND)
        street, city, state, postal_code = company.address
        partner = enrol_partner(
            program=company.program,
            legal_name=company.legal_name,
            mpn_id=company.mpn_id,
            country=company.country,
            address_line_1=street,
            city=city,
            state=state,
            postal_code=postal_code,
            contact_name=company.people[0][1],
            contact_email=f"{company.people[0][0]}@{company.domain}",
            contact_phone=company.phone,
            language=company.language,
            further_regions=list(company.further_regions),
            agreement_accepted_on=clock.now().date(),
            by=office,
        )
        if company.enrolled:
            partner = set_enrolment_state(
                partner=partner, state=Partner.EnrolmentState.ACTIVE, reason="Verified.", by=office
            )
        for local, full_name, role in company.people:
            member = add_member(
                partner=partner, email=f"{local}@{company.domain}", full_name=full_name, role=role, by=office
            )
            User.objects.filter(pk=member.user_id).update(
                language=company.language, time_zone=company.time_zone, email_proved_at=clock.now()
            )
            if company.domain not in self.actors:
                self.actors[company.domain] = Actor(
                    user=member.user, partner=partner, role=Role(role), source=Source.PAGE
                )
        self.partners[company.domain] = partner


def _partner(people: Companies, provider: str, reseller: str) -> None:
    """Request and accept a partnership as its people would."""
    sender, receiver = people.actors[provider], people.actors[reseller]
    request = draft_request(by=sender)
    request = change_draft(
        request=request,
        recipient=receiver.user.email if receiver.user else "",
        language=people.partners[reseller].language,
        message=request.message,
        valid_days=14,
        by=sender,
    )
    request = send_request(request=request, by=sender)
    with clock.at(clock.now() + timedelta(hours=26)):
        request = PartnershipRequest.objects.get(pk=request.pk)
        accept_request(request=request, nonce=request.nonce, by=receiver)


def _changes_of_fortune(people: Companies, now: datetime) -> None:
    """One reseller left its provider, and another was suspended: new business with it would be refused today."""
    with clock.at(now - timedelta(days=40)):
        partnership = Partnership.objects.get(reseller=people.partners["treyresearch.example"])
        consequences = Consequences(partnership)
        leave_partnership(
            partnership=partnership,
            reason="We concentrate on our own services.",
            reviewed=review_mark(consequences, let_go(consequences)),
            by=people.actors["treyresearch.example"],
        )
    with clock.at(now - timedelta(days=6)):
        set_enrolment_state(
            partner=people.partners["woodgrove.example"],
            state=Partner.EnrolmentState.SUSPENDED,
            reason="The yearly authorization has run out. Send us the signed form.",
            by=system_actor("demo data", Source.COMMAND),
        )


def _customer(people: Companies, group: DemoCustomers, name: str, number: int) -> None:
    """Add a customer with an order, as the wizard does on Submit."""
    places = PLACES[group.country]
    street, city, state, postal_code = places[number % len(places)]
    first_name, last_name = CONTACTS[number % len(CONTACTS)]
    prefix = domain_prefix(name)
    details = CustomerDetails(
        company_name=name,
        domain_prefix=prefix,
        country=group.country,
        address_line_1=street,
        address_line_2="",
        city=city,
        state=state,
        postal_code=postal_code,
        registration_id=cnpj(number) if group.country == "BR" else "",
        qualification="none",
        contact_first_name=first_name,
        contact_last_name=last_name,
        contact_email=f"{first_name}.{last_name}@{prefix}.example".lower(),
        contact_phone="+551130550100" if group.country == "BR" else "+12065550199",
        language="pt-br" if group.country == "BR" else "en",
        agreement_accepted_on=clock.now().date(),
        agreement_first_name=first_name,
        agreement_last_name=last_name,
        agreement_email=f"{first_name}.{last_name}@{prefix}.example".lower(),
        agreement_phone="",
    )
    actor, reseller = people.actors[group.provider], people.partners.get(group.reseller)
    draft = start_draft(reseller=reseller, by=actor)
    draft = save_details(draft=draft, details=details, reseller=reseller, by=actor)
    on_sale = Price.objects.on_sale(country=group.country, at=clock.now(), segments=["Commercial"])
    quantities = {
        on_sale.get(sku__title=title, term_duration=term, billing_plan=plan): quantity
        for title, quantity, term, plan in BASKETS[number % len(BASKETS)]
    }
    draft = choose_offers(draft=draft, quantities=quantities, by=actor)
    submit_draft(
        draft=draft,
        reviewed=fingerprint(draft),
        attestation=attestation_of(draft),
        session_key="demo data",
        by=actor,
        fulfilment=AT_ONCE,
    )


def domain_prefix(name: str) -> str:
    """A name's letters and digits without accents: the domain that a company would choose."""
    return "".join(char for char in fold(name) if char.isascii() and char.isalnum())[:27]


def cnpj(number: int) -> str:
    """A well-formed CNPJ for the demo: twelve digits and their two check digits modulo 11."""
    digits = [int(char) for char in f"{27_518_403 + 7_919 * number:08d}0001"]
    for _check in range(2):
        weights = [(i % 8) + 2 for i in range(len(digits))]
        total = sum(digit * weight for digit, weight in zip(reversed(digits), weights, strict=True))
        digits.append(0 if total % 11 < 2 else 11 - total % 11)
    return "".join(map(str, digits))


def sign_ins() -> str:
    """How to sign in to the demo, as text for the terminal."""
    lines = ["", f"Demo sign-ins, password for all: {settings.DEMO_PASSWORD}", ""]
    for company in COMPANIES:
        kind = Program(company.program).label.lower()
        state = "" if company.enrolled else ", enrolment pending"
        lines.append(f"  {company.legal_name} ({kind}{state})")
        lines += [f"    {f'{local}@{company.domain}':<38} {role.label}" for local, _name, role in company.people]
    for name, note in (
        (CUSTOMERS[0].names[0], "customer"),
        (CUSTOMER, "customer with a subscription in every state"),
        ("Datum Corporation", "customer with a request to answer"),
    ):
        sign_in_name = f"admin@{domain_prefix(name)}.{settings.TENANT_DOMAIN}"
        lines += [f"  {name} ({note})", f"    {sign_in_name:<38} Customer administrator"]
    lines += ["  Back office", f"    {BACK_OFFICE:<38} Django admin", ""]
    return "\n".join(lines)
