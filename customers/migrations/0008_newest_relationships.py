"""Find the newest customers of a partnership, and count them by scope, without reading all of them."""

from django.conf import settings
from django.db import migrations, models

from core.search_index import AddIndexWhileWritten


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("accounts", "0010_requests_waiting"),
        ("customers", "0007_managing_reseller"),
        ("resellers", "0002_tracked_requests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexWhileWritten(
            "resellerrelationship",
            models.Index(
                condition=models.Q(("ends_at", None)),
                fields=["partnership", "-begins_at", "-id", "scope"],
                name="resellerrelationship_newest",
            ),
        ),
    ]
