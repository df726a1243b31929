"""Fill the new columns of what is there: the provider, the rules' own facts, and when the clock has to look next."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Case, F, OuterRef, Subquery, Value, When

from core.text import fold

ROWS_AT_ONCE = 2_000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """In a few statements for what SQL can say, and row by row for batches and searched words."""
    subscription = apps.get_model("subscriptions", "Subscription")
    customer = apps.get_model("customers", "Customer")
    own = customer.objects.filter(pk=OuterRef("customer_id")).values("provider_id")[:1]
    renews: Any = Case(
        When(auto_renew=True, then=Value("renew")), When(ends_at=None, then=Value("renew")), default=Value("cancel")
    )
    # Everything so far was sold for a term that began with it, under the new commerce rules.
    subscription.objects.update(
        provider_id=Subquery(own),
        at_end=renews,
        term_starts_at=F("starts_at"),
        changed_at=F("created_at"),
        next_step_at=F("ends_at"),
    )
    rows = []
    for row in subscription.objects.iterator(ROWS_AT_ONCE):
        row.anchor_day = row.starts_at.day
        row.batches = [{"quantity": row.quantity, "bought_at": row.starts_at.isoformat()}]
        row.search_text = fold(f"{row.nickname} {row.offer_name}")
        rows.append(row)
        if len(rows) == ROWS_AT_ONCE:
            subscription.objects.bulk_update(rows, ["anchor_day", "batches", "search_text"])
            rows = []
    subscription.objects.bulk_update(rows, ["anchor_day", "batches", "search_text"])


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0002_lifecycle")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
