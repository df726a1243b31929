from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_requests_waiting"),
        ("catalogue", "0003_policy"),
        ("customers", "0008_newest_relationships"),
        ("subscriptions", "0016_requests_of_orders"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="subscription",
            name="subscription_provider_ends",
        ),
        migrations.RemoveIndex(
            model_name="subscription",
            name="subscription_provider_window",
        ),
        migrations.RemoveIndex(
            model_name="subscription",
            name="subscription_provider_trials",
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("status__in", ("active", "suspended"))),
                fields=["provider", "ends_at", "id", "status", "at_end"],
                name="subscription_live_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("policy", "new_commerce"), ("status__in", ("active", "suspended"))),
                fields=["provider", "cancellable_until", "id", "ends_at", "version", "is_extended"],
                name="subscription_live_window",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("is_trial", True), ("status__in", ("active", "suspended"))),
                fields=["provider", "-changed_at", "-id"],
                name="subscription_live_trials",
            ),
        ),
    ]
