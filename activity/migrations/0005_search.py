"""Indexes for the back office's search, and for what a reseller looks for of a kind that is rare among much else."""

from django.db import migrations, models

from core.admin_search import indexed_words
from core.search_index import AddIndexWhileWritten, known_together, search_index

WORDS = indexed_words("actor_label", "target_label", "action")


class Migration(migrations.Migration):
    # The record is written to at every change: no index may keep it waiting.
    atomic = False
    dependencies = [("activity", "0004_source")]

    operations = [
        AddIndexWhileWritten(
            "activityrecord",
            models.Index(fields=["reseller_id", "action", "-at", "-id"], name="activity_reseller_action"),
        ),
        known_together("activity_provider_actions", "activity_activityrecord", "provider_id", "action"),
        known_together("activity_reseller_actions", "activity_activityrecord", "reseller_id", "action"),
        AddIndexWhileWritten("activityrecord", models.Index(fields=["request_id"], name="activity_request")),
        search_index("activity_search_words", "activity_activityrecord", WORDS, concurrently=True),
    ]
