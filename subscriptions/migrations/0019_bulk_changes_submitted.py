"""When a bulk change was submitted; of older ones it is known when they were prepared."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


def fill(apps: Any, schema_editor: Any) -> None:
    """Whatever ran was submitted soon after it was prepared."""
    ran = Q(state__in=["running", "done"]) | Q(done_up_to__gt=0)
    apps.get_model("subscriptions", "BulkChange").objects.filter(ran).update(submitted_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0018_reseller_tallies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkchange",
            name="submitted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="bulkchange",
            index=models.Index(fields=["provider", "-submitted_at", "-id"], name="bulkchange_recent"),
        ),
    ]
