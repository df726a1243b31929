"""Let a request be about a customer: the column comes empty, which no page waits for; 0010 fills it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_managing_reseller"),
        ("subscriptions", "0008_change_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="changerequest",
            name="customer",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="change_requests",
                to="customers.customer",
            ),
        ),
        migrations.AlterField(
            model_name="changerequest",
            name="subscription",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="change_requests",
                to="subscriptions.subscription",
            ),
        ),
    ]
