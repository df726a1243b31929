from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ActivityRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(db_index=True, default=core.clock.now, editable=False, verbose_name="when"),
                ),
                ("action", models.CharField(max_length=100, verbose_name="action")),
                ("actor_user_id", models.BigIntegerField(null=True, verbose_name="person's number")),
                ("actor_label", models.CharField(max_length=500, verbose_name="who")),
                ("acting_for_id", models.UUIDField(null=True, verbose_name="Microsoft ID acted for")),
                ("acting_for_label", models.CharField(blank=True, max_length=255, verbose_name="acting for")),
                ("target_type", models.CharField(max_length=100, verbose_name="kind of object")),
                ("target_id", models.CharField(max_length=64, verbose_name="object's ID")),
                ("target_label", models.CharField(max_length=255, verbose_name="object")),
                ("provider_id", models.UUIDField(null=True, verbose_name="provider's Microsoft ID")),
                ("reseller_id", models.UUIDField(null=True, verbose_name="reseller's Microsoft ID")),
                ("customer_id", models.UUIDField(null=True, verbose_name="customer's Microsoft ID")),
                ("changes", models.JSONField(default=dict, verbose_name="details")),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="network address")),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="request")),
            ],
            options={
                "verbose_name": "activity record",
                "verbose_name_plural": "activity records",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["target_type", "target_id", "-at"], name="activity_by_target"),
                    models.Index(fields=["provider_id", "-at"], name="activity_by_provider"),
                    models.Index(fields=["reseller_id", "-at"], name="activity_by_reseller"),
                    models.Index(fields=["customer_id", "-at"], name="activity_by_customer"),
                ],
            },
        ),
    ]
