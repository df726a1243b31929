"""Indexes of the list across all customers: what lives by its last change and by the end of its term, and the words."""

import datetime

from django.db import migrations, models
from django.db.models.functions import Coalesce

from core.search_index import search_index

LIVE = models.Q(status__in=("active", "suspended"))


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0005_ledger_and_flags")]

    operations = [
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["provider", "-changed_at", "-id"], condition=LIVE, name="subscription_provider_live"
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                models.F("provider"),
                Coalesce("ends_at", models.Value(datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC))),
                models.F("id"),
                condition=LIVE,
                name="subscription_live_term_end",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=models.Q(is_extended=True),
                name="subscription_extended",
            ),
        ),
        migrations.RemoveIndex(model_name="subscription", name="subscription_without_reseller"),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["provider", "-changed_at", "-id"],
                condition=models.Q(("has_reseller_of_record", False), ("status__in", ("active", "suspended"))),
                name="subscription_live_no_reseller",
            ),
        ),
        search_index("subscription_search_words", "subscriptions_subscription", "search_text"),
    ]
