"""Find the customers with a registration number among a million."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_search_index")]
    operations = [
        migrations.AddIndex(
            "customer",
            models.Index(
                fields=["registration_id", "provider"],
                condition=~Q(registration_id=""),
                name="customer_registration_id",
            ),
        ),
    ]
