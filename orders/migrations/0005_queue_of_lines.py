from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_keep_what_is_typed")]

    operations = [
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["order"], name="orderline_pending"),
        ),
    ]
