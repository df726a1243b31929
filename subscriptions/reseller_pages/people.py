"""The people who can act for a reseller, as far as its provider may know them."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Case, Exists, IntegerField, OuterRef, Value, When

from accounts.models import Membership, Partner
from accounts.roles import Role
from accounts.second_factors import FACTORS

LONGEST = 50


def people_of(company: Partner) -> tuple[list[Any], int]:
    """The current members, the mightiest roles first, whether each gives a second factor, and how many are left out.

    A name, a role and when somebody was last here: no address of theirs is the provider's business.
    """
    second_factor = Authenticator.objects.filter(user=OuterRef("user"), type__in=FACTORS)
    rank = Case(*(When(role=role, then=Value(place)) for place, role in enumerate(Role)), output_field=IntegerField())
    members = Membership.objects.current().filter(partner=company).select_related("user")
    ranked = members.annotate(has_second_factor=Exists(second_factor), rank=rank).order_by("rank", "user__full_name")
    people = list(ranked[: LONGEST + 1])
    more = members.count() - LONGEST if len(people) > LONGEST else 0
    return people[:LONGEST], more
