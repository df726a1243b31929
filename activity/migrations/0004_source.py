"""By which way something was done, and indexes that end in the order of the lists: latest first, then the number."""

from django.db import migrations, models

from core.triggers import put_triggers_back, set_triggers_aside

LATEST = {
    "activity_by_target": ("activity_target_latest", ["target_type", "target_id"]),
    "activity_by_provider": ("activity_provider_latest", ["provider_id"]),
    "activity_by_reseller": ("activity_reseller_latest", ["reseller_id"]),
    "activity_by_customer": ("activity_customer_latest", ["customer_id"]),
}
NEW = {
    "activity_person_latest": ["actor_user_id"],
    "activity_action_latest": ["provider_id", "action"],
}


def latest(name: str, fields: list[str]) -> migrations.AddIndex:
    """An index on these fields that ends in the order of the lists."""
    return migrations.AddIndex("activityrecord", models.Index(fields=[*fields, "-at", "-id"], name=name))


class Migration(migrations.Migration):
    dependencies = [("activity", "0003_seals")]

    operations = [
        set_triggers_aside(),
        migrations.AddField(
            "activityrecord",
            "source",
            models.CharField(
                blank=True,
                choices=[
                    ("page", "Page"),
                    ("admin", "Back office"),
                    ("import", "Import"),
                    ("task", "Background task"),
                    ("command", "Command"),
                ],
                default="",
                max_length=10,
                verbose_name="source",
            ),
        ),
        *[migrations.RemoveIndex("activityrecord", name) for name in LATEST],
        *[latest(name, fields) for name, fields in (*LATEST.values(), *NEW.items())],
        put_triggers_back(),
    ]
