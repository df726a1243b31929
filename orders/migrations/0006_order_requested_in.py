"""The request that an order came of."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_queue_of_lines"),
        ("subscriptions", "0014_without_reseller_flag"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="requested_in",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="order",
                to="subscriptions.changerequest",
            ),
        ),
    ]
