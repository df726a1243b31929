"""Whether new business may be done with a reseller today, and if not, why and what repairs it.

Pages, orders and changes ask `obstacles()`; lists ask `partnerships_refused_today()`, which says the same in SQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django_countries import countries

from accounts.models import Partner
from core.html import date_text
from core.markets import REGION_NAMES, REGIONS, region_of
from core.text import one_period
from resellers.models import Partnership


@dataclass(frozen=True)
class Obstacle:
    """One reason why an order or a change that names the reseller would be refused, and what to do about it.

    `own` is both in words for the reseller itself, which names no other in its place.
    """

    code: str
    sentence: str
    repair: str
    own: str


def obstacles(provider: Partner, reseller: Partner, *, customer_country: str = "") -> list[Obstacle]:
    """Everything that keeps this provider from naming this reseller today; empty when it may (one query).

    With a country, it is asked for a customer there; without, for any customer that the two could serve together.
    """
    active = Partnership.objects.active().filter(provider=provider, reseller=reseller)
    partnership = active.select_related("reseller").first()
    # As the company is now: the caller may hold it from before it was suspended.
    company = partnership.reseller if partnership else reseller
    return company_obstacles(provider, company, active=partnership is not None, customer_country=customer_country)


def reasons(found: Iterable[Obstacle]) -> str:
    """The obstacles and their repairs as one text for an error beside a field."""
    return " ".join(f"{obstacle.sentence} {obstacle.repair}" for obstacle in found)


def company_obstacles(
    provider: Partner, reseller: Partner, *, active: bool, customer_country: str = ""
) -> list[Obstacle]:
    """The same when it is known whether the partnership is active (no query): for lists."""
    name = {"reseller": reseller.legal_name}
    found = []
    if not active:
        found.append(
            Obstacle(
                "partnership",
                one_period(_("You have no partnership with %(reseller)s.") % name),
                _("Request a partnership, or choose another indirect reseller."),
                _("Your company has no partnership with %(provider)s. Ask it for one.")
                % {"provider": provider.legal_name},
            )
        )
    if not reseller.is_enrolled:
        found.append(_enrolment_obstacle(reseller))
    if not reseller.mpn_id:
        found.append(
            Obstacle(
                "mpn_id",
                _("%(reseller)s has no MPN ID, so no incentive could be paid to it.") % name,
                _("Ask the reseller to give its MPN ID to the back office."),
                _("Your company has no MPN ID. Give it to the back office."),
            )
        )
    if reseller.agreement_accepted_on is None:
        found.append(
            Obstacle(
                "agreement",
                _("%(reseller)s has not accepted the Microsoft Partner Agreement.") % name,
                _("Ask the reseller to accept it and to tell the back office the day."),
                _(
                    "Your company has not accepted the Microsoft Partner Agreement. Accept it and tell the back office "
                    "the day."
                ),
            )
        )
    found += _region_obstacles(provider, reseller, customer_country)
    return found


def _enrolment_obstacle(reseller: Partner) -> Obstacle:
    state = {"reseller": reseller.legal_name, "state": reseller.get_enrolment_state_display()}
    sentence = _("The enrolment of %(reseller)s is not active: %(state)s.") % state
    if reseller.enrolment_state == Partner.EnrolmentState.PENDING:
        own = _("The enrolment of your company is not active: %(state)s. The back office decides it; wait for that.")
        repair = _("The back office decides it; nothing is left for you to do.")
    else:
        own = _("The enrolment of your company is not active: %(state)s. Settle it with the back office.")
        repair = _("Ask the reseller to settle it with the back office.")
    return Obstacle("enrolment", sentence, repair, own % state)


def _region_obstacles(provider: Partner, reseller: Partner, customer_country: str) -> list[Obstacle]:
    if not customer_country:
        if provider.regions & reseller.regions:
            return []
        sentence = _("%(reseller)s is enrolled for %(theirs)s, and your company for %(ours)s.")
        names = {
            "reseller": reseller.legal_name,
            "theirs": region_names(reseller),
            "ours": region_names(provider),
        }
        own = _("Your company is enrolled for %(theirs)s, and your provider for %(ours)s.")
        own_repair = _("Ask the back office to authorize your company for a region of your provider.")
    else:
        region = region_of(customer_country)
        if region in provider.regions and region in reseller.regions:
            return []
        other = provider if region not in provider.regions else reseller
        sentence = _("%(company)s is enrolled for %(regions)s, and the customer is in %(country)s.")
        names = {
            "company": other.legal_name,
            "regions": region_names(other),
            "country": str(countries.name(customer_country) or customer_country),
        }
        own = sentence
        own_repair = (
            _("Ask your provider to settle it with the back office.")
            if other == provider
            else _("Ask the back office to authorize your company for it.")
        )
    return [
        Obstacle(
            "region",
            sentence % names,
            _("Choose a reseller of the same region, or ask the back office to authorize the company for it."),
            f"{own % names} {own_repair}",
        )
    ]


def region_names(company: Partner) -> str:
    """The regions in which the company may do business, by name."""
    return _by_name(company.regions)


def _by_name(regions: Iterable[str]) -> str:
    return ", ".join(sorted(str(REGION_NAMES[region]) for region in regions if region in REGION_NAMES)) or "–"


@dataclass(frozen=True)
class Condition:
    """One condition of new business: what is so, whether that is enough, and what repairs it."""

    is_met: bool
    sentence: str
    repair: str = ""


def conditions(provider: Partner, reseller: Partner, found: Iterable[Obstacle]) -> list[Condition]:
    """All conditions in their order, for a page that shows also those that hold; `found` is what obstacles() said."""
    day_accepted = reseller.agreement_accepted_on
    holds = {
        "partnership": _("The partnership is active."),
        "enrolment": _("The enrolment as an indirect reseller is active."),
        "mpn_id": _("The MPN ID is known: %(mpn_id)s.") % {"mpn_id": reseller.mpn_id},
        "agreement": _("The Microsoft Partner Agreement was accepted on %(day)s.")
        % {"day": date_text(day_accepted) if day_accepted else ""},
        "region": _("Both companies may serve customers in: %(regions)s.")
        % {"regions": _by_name(provider.regions & reseller.regions)},
    }
    missing = {obstacle.code: Condition(False, obstacle.sentence, obstacle.repair) for obstacle in found}
    return [missing.get(code) or Condition(True, sentence) for code, sentence in holds.items()]


def partnerships_refused_today(active: QuerySet[Partnership], provider: Partner) -> QuerySet[Partnership]:
    """Those of the provider's active partnerships for whose reseller `obstacles()` finds something."""
    return active.exclude(_ready(provider))


def partnerships_ready_today(active: QuerySet[Partnership], provider: Partner) -> QuerySet[Partnership]:
    """Those of the provider's active partnerships for whose reseller `obstacles()` finds nothing."""
    return active.filter(_ready(provider))


def resellers_ready_today(provider: Partner, *, region: str) -> QuerySet[Partner]:
    """Those for which `obstacles()` finds nothing for a customer of this region."""
    active = Partnership.objects.active().filter(provider=provider)
    ready = active.filter(_ready(provider, {region} & set(provider.regions)))
    return Partner.objects.filter(pk__in=ready.values("reseller"))


def _ready(provider: Partner, regions: Iterable[str] | None = None) -> Q:
    """What company_obstacles() asks of the company, as one condition of a partnership; in some of the regions.

    Of the company alone, so that the database first finds the few companies and not the thousands of partnerships.
    """
    served = provider.regions if regions is None else regions
    shared = Q(reseller__country__in=sorted(code for region in served for code in REGIONS.get(region, ())))
    for region in served:
        # A JSON list of names: the quotes keep one name from being found inside another.
        shared |= Q(reseller__further_regions__icontains=f'"{region}"')
    settled = Q(
        reseller__enrolment_state=Partner.EnrolmentState.ACTIVE,
        reseller__agreement_accepted_on__isnull=False,
    )
    return shared & settled & ~Q(reseller__mpn_id="")
