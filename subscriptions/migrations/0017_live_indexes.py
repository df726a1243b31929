"""Count in the index alone what renews or ends soon, can still be canceled, or is a trial."""

from django.db import migrations, models

from core.search_index import AddIndexWhileWritten


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("accounts", "0010_requests_waiting"),
        ("catalogue", "0003_policy"),
        ("customers", "0008_newest_relationships"),
        ("subscriptions", "0016_requests_of_orders"),
    ]

    operations = [
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                condition=models.Q(("status__in", ("active", "suspended"))),
                fields=["provider", "ends_at", "id", "status", "at_end"],
                name="subscription_live_ends",
            ),
        ),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                condition=models.Q(("cancellable_until__isnull", False), ("status__in", ("active", "suspended"))),
                fields=["provider", "cancellable_until", "id", "ends_at", "version", "is_extended"],
                name="subscription_live_windows",
            ),
        ),
        AddIndexWhileWritten(
            "subscription",
            models.Index(
                condition=models.Q(("is_trial", True), ("status__in", ("active", "suspended"))),
                fields=["provider", "-changed_at", "-id"],
                name="subscription_live_trials",
            ),
        ),
        migrations.RemoveIndex("subscription", "subscription_provider_ends"),
        migrations.RemoveIndex("subscription", "subscription_provider_window"),
        migrations.RemoveIndex("subscription", "subscription_provider_trials"),
    ]
