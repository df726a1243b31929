import django.db.models.deletion
from django.db import migrations, models

from core.triggers import put_triggers_back, set_triggers_aside


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_lifecycle_data")]

    operations = [
        set_triggers_aside(),
        migrations.AlterField(
            model_name="subscription",
            name="provider",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="subscriptions",
                to="accounts.partner",
            ),
        ),
        migrations.RemoveField(
            model_name="subscription",
            name="auto_renew",
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["provider", "-changed_at", "-id"], name="subscription_provider_changed"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["provider", "status", "-changed_at", "-id"], name="subscription_provider_status"
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["provider", "ends_at", "id"], name="subscription_provider_ends"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["provider", "cancellable_until", "id"], name="subscription_provider_window"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("is_trial", True)),
                fields=["provider", "-changed_at", "-id"],
                name="subscription_provider_trials",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("has_reseller_of_record", False)),
                fields=["provider", "-changed_at", "-id"],
                name="subscription_without_reseller",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("next_step_at__isnull", False)),
                fields=["next_step_at", "id"],
                name="subscription_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("policy__in", ["legacy", "new_commerce"])), name="subscription_policy_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("at_end__in", ["renew", "cancel", "extend", "undecided"])),
                name="subscription_at_end_known",
            ),
        ),
        put_triggers_back(),
    ]
