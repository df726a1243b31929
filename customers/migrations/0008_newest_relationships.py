from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_requests_waiting"),
        ("customers", "0007_managing_reseller"),
        ("resellers", "0002_tracked_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="resellerrelationship",
            index=models.Index(
                condition=models.Q(("ends_at", None)),
                fields=["partnership", "-begins_at", "-id", "scope"],
                name="resellerrelationship_newest",
            ),
        ),
    ]
