"""Fill the columns of resellers and index them while people work: millions of subscriptions, a batch at a time.

The triggers of 0012 keep what changes meanwhile. Begun again after it was interrupted, it goes on.
"""

import importlib

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from core.search_index import AddIndexWhileWritten

named = importlib.import_module("subscriptions.migrations.0012_named_resellers")

BATCH = 10_000
LIVE = models.Q(status__in=("active", "suspended"))
LISTED = ~models.Q(status="deleted")


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the columns of what is there, each batch in a transaction of its own."""
    connection = schema_editor.connection
    last = apps.get_model("subscriptions", "Subscription").objects.aggregate(last=models.Max("pk"))["last"] or 0
    for first in range(0, last + 1, BATCH):
        batch = f"id >= {first} AND id < {first + BATCH}"
        schema_editor.execute(named.correction(batch, named.DIFFERS[connection.vendor], *named.TRUTHS))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("subscriptions", "0012_named_resellers")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                fields=["managing_reseller", "-changed_at", "-id"], condition=LIVE, name="subscription_manager_live"
            ),
        ),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                fields=["reseller_of_record", "-changed_at", "-id", "provider"],
                condition=LIVE,
                name="subscription_earner_live",
            ),
        ),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                fields=["reseller_of_record", "-starts_at", "-id", "provider"],
                condition=LISTED,
                name="subscription_earner_listed",
            ),
        ),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                fields=["support_contact", "-starts_at", "-id", "provider"],
                condition=models.Q(support_contact__isnull=False) & LISTED,
                name="subscription_contact_listed",
            ),
        ),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=models.Q(reseller_of_record=None) & LIVE,
                name="subscription_live_no_earner",
            ),
        ),
    ]
