"""Find by an index whatever has a window to be canceled in: legacy offers of other publishers have one, too."""

from django.db import migrations, models

from core.search_index import AddIndexWhileWritten


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("subscriptions", "0019_bulk_changes_submitted")]

    operations = [
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                condition=models.Q(("cancellable_until__isnull", False), ("status__in", ("active", "suspended"))),
                fields=["provider", "cancellable_until", "id", "ends_at", "version", "is_extended"],
                name="subscription_live_windows",
            ),
        ),
        migrations.RemoveIndex("subscription", "subscription_live_window"),
    ]
