from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="orders_waiting",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
