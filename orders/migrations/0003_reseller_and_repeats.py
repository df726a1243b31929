"""Resellers that are only suggested, and what was confirmed to be ordered once more."""

from typing import Any

from django.db import migrations, models


def suggest(apps: Any, schema_editor: Any) -> None:
    """The reseller of an open draft for a customer that exists was set by the portal: somebody has to choose it."""
    drafts = apps.get_model("orders", "OrderDraft").objects.filter(state="open", customer__isnull=False)
    drafts.update(reseller_is_suggested=True)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_fulfilment"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderdraft",
            name="reseller_is_suggested",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="orderdraftline",
            name="confirmed_beside",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(suggest, migrations.RunPython.noop),
    ]
