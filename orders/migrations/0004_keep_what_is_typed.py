"""Keep what could not be taken as it was typed, and let a draft say that it orders nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_reseller_and_repeats")]
    operations = [
        migrations.AddField("orderdraft", "typed", models.JSONField(blank=True, default=dict)),
        migrations.AddField("orderdraft", "is_account_only", models.BooleanField(default=False)),
    ]
