"""The chain over the record, and the queue that the database fills for it.

As with the record itself, a later migration that alters one of these tables on SQLite puts their triggers aside first.
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FORBID = {
    "postgresql": [
        """
        CREATE TRIGGER activity_seal_append_only BEFORE UPDATE OR DELETE ON activity_activityseal
        FOR EACH ROW EXECUTE FUNCTION activity_refuse_change()
        """,
        """
        CREATE OR REPLACE FUNCTION activity_await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO activity_unsealedrecord (record_id) SELECT id FROM written;
            RETURN NULL;
        END
        $$
        """,
        """
        CREATE TRIGGER activity_await_seal AFTER INSERT ON activity_activityrecord REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION activity_await_seal()
        """,
    ],
    "sqlite": [
        """
        CREATE TRIGGER activity_seal_append_only_update BEFORE UPDATE ON activity_activityseal
        BEGIN SELECT RAISE(ABORT, 'The activity record is append-only.'); END
        """,
        """
        CREATE TRIGGER activity_seal_append_only_delete BEFORE DELETE ON activity_activityseal
        BEGIN SELECT RAISE(ABORT, 'The activity record is append-only.'); END
        """,
        """
        CREATE TRIGGER activity_await_seal AFTER INSERT ON activity_activityrecord
        BEGIN INSERT INTO activity_unsealedrecord (record_id) VALUES (NEW.id); END
        """,
    ],
}
ALLOW = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS activity_await_seal ON activity_activityrecord",
        "DROP FUNCTION IF EXISTS activity_await_seal()",
        "DROP TRIGGER IF EXISTS activity_seal_append_only ON activity_activityseal",
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS activity_await_seal",
        "DROP TRIGGER IF EXISTS activity_seal_append_only_update",
        "DROP TRIGGER IF EXISTS activity_seal_append_only_delete",
    ],
}


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers, then queue what was recorded before them."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        # A year's records are more than the seconds that a page may take.
        schema_editor.execute("SET LOCAL statement_timeout = 0", params=None)
    for statement in FORBID[vendor]:
        schema_editor.execute(statement, params=None)
    schema_editor.execute(
        "INSERT INTO activity_unsealedrecord (record_id) SELECT id FROM activity_activityrecord ORDER BY id",
        params=None,
    )


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop them."""
    for statement in ALLOW[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("activity", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="ActivitySeal",
            fields=[
                (
                    "position",
                    models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name="position"),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "record",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="seal",
                        to="activity.activityrecord",
                        verbose_name="record",
                    ),
                ),
            ],
            options={"verbose_name": "seal", "verbose_name_plural": "seals", "default_permissions": ("view",)},
        ),
        migrations.CreateModel(
            name="UnsealedRecord",
            fields=[
                (
                    "record",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="activity.activityrecord",
                        verbose_name="record",
                    ),
                ),
            ],
            options={
                "verbose_name": "record to be sealed",
                "verbose_name_plural": "records to be sealed",
                "default_permissions": (),
            },
        ),
        migrations.RunPython(forbid, allow),
    ]
