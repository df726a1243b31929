"""The state of each month of the ledger, and its totals."""

import django.db.models.deletion
from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_saved_views"),
        ("subscriptions", "0006_full_list"),
    ]

    operations = [
        migrations.CreateModel(
            name="IncentiveMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("done_up_to", models.BigIntegerField(default=0, editable=False)),
                ("waiting", models.JSONField(default=list, editable=False)),
                ("finished_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="written")),
                ("confirmed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="confirmed")),
                ("paid_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paid")),
                ("is_settled", models.BooleanField(default=True, editable=False)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incentive_months",
                        to="accounts.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "month of incentives",
                "verbose_name_plural": "months of incentives",
                "constraints": [models.UniqueConstraint(fields=("provider", "month"), name="incentivemonth_once")],
            },
        ),
        migrations.CreateModel(
            name="IncentiveTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("entries", models.PositiveIntegerField(default=0, verbose_name="entries")),
                ("base", models.DecimalField(decimal_places=2, default=0, max_digits=17, verbose_name="base")),
                ("amount", models.DecimalField(decimal_places=2, default=0, max_digits=17, verbose_name="amount")),
                (
                    "confirmed",
                    models.DecimalField(decimal_places=2, default=0, max_digits=17, verbose_name="confirmed"),
                ),
                ("paid", models.DecimalField(decimal_places=2, default=0, max_digits=17, verbose_name="paid")),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.partner"
                    ),
                ),
                (
                    "reseller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.partner"
                    ),
                ),
            ],
            options={
                "verbose_name": "total of incentives",
                "verbose_name_plural": "totals of incentives",
                "indexes": [models.Index(fields=["reseller", "-month", "id"], name="incentivetotal_reseller")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "month", "reseller", "currency"), name="incentivetotal_once"
                    )
                ],
            },
        ),
    ]
