"""The customers that an actor may choose among, for fields that find one by typing."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.access import Actor
from core.text import fold
from core.typeahead import Source, Suggestion
from customers.models import TENANT_DOMAIN, Customer

MOST_WORDS = 6


class CustomerSource(Source[Customer]):
    """Customers that the actor sees; the domain tells two of one name apart."""

    def __init__(self, actor: Actor, url: str = "") -> None:
        self.actor, self.url = actor, url

    def customers(self) -> QuerySet[Customer]:
        """All of them, by name."""
        return Customer.objects.visible_to(self.actor).select_related("provider").order_by("search_text", "pk")

    def search(self, text: str, limit: int) -> list[Customer]:
        """Each word in the name, the domain or an identifier."""
        rows = self.customers()
        for word in fold(text.replace("(", " ").replace(")", " ")).split()[:MOST_WORDS]:
            rows = rows.filter(search_text__contains=word)
        return list(rows[:limit])

    def named(self, text: str) -> list[Customer]:
        """By the domain, also as the label ends with it, or by the whole name."""
        folded = fold(text)
        domain = folded.rpartition("(")[2].rstrip(")").strip()
        if domain.endswith(f".{TENANT_DOMAIN}"):
            return list(self.customers().filter(domain_prefix=domain.removesuffix(f".{TENANT_DOMAIN}")))
        rows = self.customers().filter(search_text__startswith=folded)[: MOST_WORDS * 2]
        return [one for one in rows if fold(one.company_name) == folded]

    def find(self, key: str) -> Customer | None:
        """By the Microsoft ID."""
        try:
            return self.customers().filter(microsoft_id=UUID(key)).first()
        except ValueError:
            return None

    def suggestion(self, one: Customer) -> Suggestion:
        """Name and domain."""
        return Suggestion(str(one.microsoft_id), f"{one.company_name} ({one.domain})")
